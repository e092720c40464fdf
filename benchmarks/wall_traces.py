"""Wall-power traces of MLPerf runs: distinct files, loaded window, and profiles fitted to them."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.shared import shared
from benchmarks.validation.servers import wall_w
from site_models.arrays import Floats
from site_models.catalog import open_catalog
from site_models.kinds.gpu import Gpu
from site_models.kinds.node import Node
from site_models.kinds.workload import Workload
from telemetry.files.readings import Log, read_text
from telemetry.importing import importers
from twin.physics.converters import converter_input_w
from twin.workload import busy_s, pattern_of, phase_power_w

TRAINING = "data/mlperf-train-v4.0-smc-h100-1node"
INFERENCE = {
    "H200 SXM": "data/mlperf-inf-v4.1-h200-wall/H200-SXM-141GBx8_TRT_MaxQ",
    "H100 PCIe": "data/mlperf-inf-v3.0-h100pcie-a100pcie-wall/H100-PCIe-80GBx8_TRT_MaxQ",
    "A100 PCIe": "data/mlperf-inf-v3.0-h100pcie-a100pcie-wall/A100-PCIe-80GBx8_TRT_MaxQ",
}
PCIE_LIMIT_W = {"H100 PCIe": 350.0, "A100 PCIe": 300.0}
"""Board power limits by the data sheets, recalled. The catalog has no such boards."""
PCIE_IDLE_W = 50.0
TENTHS = (0.1, 0.8, 0.1)
"""Parts of the loaded window, sorted by power, that make the phases low, usual and high."""
NAMES = ("low", "usual", "high")
CYCLE_S = 60.0
"""Length of such a profile's step."""


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """The loaded window of one run at the wall."""

    benchmark: str
    run: str
    power_w: Floats
    floor_w: float
    """Least power of the whole run."""
    path: Path

    @property
    def session(self) -> str:
        """Name of the batch that the run was made in: `result_5119-...`."""
        return self.run.split("-")[0]

    @property
    def mean_w(self) -> float:
        """Mean power."""
        return float(self.power_w.mean())

    @property
    def p95_w(self) -> float:
        """95th percentile of power."""
        return float(np.percentile(self.power_w, 95.0))


@dataclass(frozen=True, slots=True, eq=False)
class Server:
    """Eight equal GPUs and what their server draws at the wall for them."""

    idle_w: float
    limit_w: float
    wall_w: Callable[[Floats], Floats]
    """Board power of each GPU -> power at the wall [W]."""


def loaded(power_w: Floats) -> Floats:
    """Return the samples from the first to the last above the middle of floor and load.

    The load is the 95th percentile of the run; pauses within the window stay.
    """
    valid = power_w[~np.isnan(power_w)]
    middle_w = 0.5 * (float(valid.min()) + float(np.percentile(valid, 95.0)))
    above = np.flatnonzero(valid > middle_w)
    return np.asarray(valid[above[0] : above[-1] + 1])


def training_runs() -> list[Trace]:
    """Return the distinct training runs of one immersed 8x H100 server, AC side."""
    folder = shared() / TRAINING / "smc-ac-power"
    paths = sorted(folder.glob("*/*/power/*/node_*.txt"))
    return [_trace("mllog", path, path.parents[2].name, path.parent.name) for path in _new(paths)]


def inference_runs(system: str) -> list[Trace]:
    """Return the distinct inference runs of one system; the benchmark names its scenario."""
    paths = sorted((shared() / INFERENCE[system]).glob("*/*/performance/run_1/spl.txt"))
    found = []
    for path in _new(paths):
        benchmark, scenario = path.parents[3].name, path.parents[2].name
        found.append(_trace("spec-ptd", path, f"{benchmark} {scenario}", system))
    return found


def _new(paths: Iterable[Path]) -> list[Path]:
    """Return the first of each set of files with equal content."""
    found: dict[str, Path] = {}
    for path in paths:
        found.setdefault(hashlib.sha256(path.read_bytes()).hexdigest(), path)
    return list(found.values())


def _trace(format: str, path: Path, benchmark: str, run: str) -> Trace:
    readings = importers()[format].read(Log(path, read_text(path)))
    power_w = readings.values["node_power_w"]
    return Trace(benchmark, run, loaded(power_w), float(np.nanmin(power_w)), path)


@cache
def immersed_h100() -> Server:
    """Return the catalog's H100 server without fans, in closed form."""
    catalog = open_catalog()
    node, gpu = catalog.get(Node, "hgx_h100"), catalog.get(Gpu, "h100_sxm5_80")
    assert node.supply is not None
    loss = [float(getattr(node.supply, key)) for key in type(node.supply).model_fields]
    idle_w, count = float(gpu.idle_power_w), node.gpu_count

    def wall(board_w: Floats) -> Floats:
        load_w = count * float(node.load_power_per_gpu_w) * (board_w - idle_w)
        return np.asarray(
            converter_input_w(count * board_w + load_w + float(node.base_power_w), *loss)
        )

    return Server(idle_w, float(gpu.power_max_w), wall)


@cache
def h200() -> Server:
    """Return the shipped H200 server at rest, fans by its temperatures."""
    gpu = open_catalog().get(Gpu, "h200_sxm")
    grid_w = np.linspace(float(gpu.idle_power_w), float(gpu.power_max_w), 7)
    at_w = np.array([wall_w("hgx-h200", float(board_w)) for board_w in grid_w])
    return Server(grid_w[0], grid_w[-1], lambda board_w: np.interp(board_w, grid_w, at_w))


def pcie(system: str, floor_w: float) -> Server:
    """Return a server of PCIe boards as a line from its measured floor.

    Nothing of these servers is in the catalog. A watt of GPU above idle costs at their wall
    what it costs the H200 server on average.
    """
    like = h200()
    ends_w = like.wall_w(np.array([like.idle_w, like.limit_w]))
    slope = float(ends_w[1] - ends_w[0]) / (like.limit_w - like.idle_w)
    idle_w = PCIE_IDLE_W
    return Server(
        idle_w, PCIE_LIMIT_W[system], lambda board_w: floor_w + slope * (board_w - idle_w)
    )


def fitted(traces: Iterable[Trace], server: Server) -> Floats:
    """Return the power shares of the phases low, usual and high of a profile [-].

    The means of the lowest tenth, the middle and the highest tenth of each run's loaded
    window, averaged over the runs, taken back through the server.
    """
    levels_w = np.mean([_levels_w(trace.power_w) for trace in traces], axis=0)
    share = np.linspace(0.0, 1.0, 2001)
    board_w = server.idle_w + share * (server.limit_w - server.idle_w)
    return np.asarray(np.interp(levels_w, server.wall_w(board_w), share))


def profile_of(shares: Floats) -> Workload:
    """Return a profile of three phases, a minute together, with these power shares."""
    return Workload.model_validate(raw_profile(shares, "fitted to wall power"))


def raw_profile(
    shares: Floats, label: str, source: str = "E", note: str = "", units: str = ""
) -> dict[str, Any]:
    """Return the keys and values of such a profile; `units` is what it would count, if known."""

    def figure(value: float, unit: str = "") -> dict[str, Any]:
        told = {"value": value, "unit": unit, "basis": "measured", "source": source}
        return {**told, "date": "2026-11-22", "note": note}

    phases = []
    for name, part, share in zip(NAMES, TENTHS, shares.tolist(), strict=True):
        length = "fixed_s" if name == "low" else "compute_s"
        phases.append(
            {
                "name": name,
                length: figure(CYCLE_S * part, "s"),
                "power_share": figure(round(share, 4)),
                "sm_active": figure(1.0),
            }
        )
    return {
        "kind": "workload",
        "label": label,
        "work": "inference",
        "unit": units or "none",
        "together": "job",
        "units_per_step": figure(0.0),
        "core_share": figure(0.7),
        "wait_power_share": figure(0.26),
        "phases": phases,
    }


def foretold(profile: Workload, server: Server) -> tuple[float, float]:
    """Return mean and 95th percentile of wall power of a profile at full clock [W].

    Every GPU runs the same phase; the percentile is that of the phases by their lengths.
    """
    pattern = pattern_of(profile, [open_catalog().get(Gpu, "h200_sxm")])
    one, idle_w, limit_w = np.ones(1), np.array([server.idle_w]), np.array([server.limit_w])
    phase_w = phase_power_w(pattern, one, idle_w, limit_w, 0.5 * one, one)[0]
    # at full clock neither the voltage curve nor, without arithmetic counts, the model matters
    lasts_s = busy_s(pattern, one)[0]
    wall = server.wall_w(phase_w)
    order = np.argsort(wall)
    reached = np.cumsum(lasts_s[order]) / lasts_s.sum()
    p95_w = float(wall[order][int(np.searchsorted(reached, 0.95))])
    return float(wall @ lasts_s / lasts_s.sum()), p95_w


def errors(trace: Trace, profile: Workload, server: Server) -> tuple[float, float]:
    """Return how far mean and 95th percentile of a profile are from a run's, signed [-]."""
    mean_w, p95_w = foretold(profile, server)
    return mean_w / trace.mean_w - 1.0, p95_w / trace.p95_w - 1.0


def _levels_w(power_w: Floats) -> Floats:
    ordered = np.sort(power_w)
    edges = np.round(np.cumsum((0.0, *TENTHS)) * len(ordered)).astype(np.int64)
    edges[1] = max(edges[1], 1)
    edges[2] = min(edges[2], len(ordered) - 1)
    return np.array([ordered[a:b].mean() for a, b in pairwise(edges)])
