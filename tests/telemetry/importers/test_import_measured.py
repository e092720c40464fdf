"""Published logs import whole: energy as recorded agrees with the raw file's to 0.1 %.

The second integration shares nothing with the importers: it splits lines and parses
numbers with the standard library.
"""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from telemetry.importing import import_files
from telemetry.recording import Recording

Points = list[tuple[float, float]]

DCGM_POWER, DCGM_GPU, DCGM_TIME = 4, 2, 0
B200_MAP = """\
time: {column: timestamp, unit: iso}
id: {column: gpu_id, prefix: gpu}
signals:
  gpu_power_w: {column: gpu_power_w, unit: W}
  gpu_temp_c: {column: gpu_temp_c, unit: degC}
  gpu_utilization: {column: gpu_util_pct, unit: percent}
"""
RTX_MAP = """\
time: {column: ts, unit: s}
id: {column: index, prefix: gpu}
signals:
  gpu_power_w: {column: power_w, unit: W}
  gpu_temp_c: {column: temp_c, unit: degC}
  gpu_cap_w: {column: power_limit_w, unit: W}
  memory_used_bytes: {column: mem_used_mib, unit: MiB}
"""


def energy_j(points: Points) -> float:
    """Integrate by trapezoids, one after another."""
    return sum((b[0] - a[0]) * (a[1] + b[1]) / 2.0 for a, b in pairwise(points))


def spl_points(path: Path) -> Points:
    cells = [line.split(",") for line in path.read_text().splitlines() if line]
    form = "%m-%d-%Y %H:%M:%S.%f"
    return [
        (datetime.strptime(c[1], form).replace(tzinfo=UTC).timestamp(), float(c[3])) for c in cells
    ]


def mllog_points(path: Path) -> Points:
    events = (json.loads(line.split(" ", 1)[1]) for line in path.read_text().splitlines() if line)
    return [
        (e["time_ms"] / 1000.0, float(e["value"])) for e in events if e["key"] == "power_reading"
    ]


def csv_points(
    path: Path, time: int, gpu: int, power: int, wanted: str
) -> Iterator[tuple[float, float]]:
    for line in path.read_text().splitlines()[1:]:
        cells = line.split(",")
        if cells[gpu] == wanted:
            stamp = cells[time]
            at = (
                datetime.fromisoformat(stamp).replace(tzinfo=UTC).timestamp()
                if "T" in stamp
                else float(stamp)
            )
            yield at, float(cells[power])


def recorded_j(recording: Recording, signal: str, name: str) -> float:
    times, power_w = recording.series(signal, name)
    return float(np.trapezoid(power_w, times))


def agree(
    files: list[Path], out: Path, signal: str, points: Callable[[Path], Points], fmt: str
) -> Recording:
    """Import files, each a node, and compare the energy of each."""
    report = import_files(files, out, format=fmt)
    recording = Recording(out)
    assert len(recording.ids("node")) == len(files)
    assert report.signals == (signal,)
    for k, file in enumerate(files):
        raw = points(file)
        assert recorded_j(recording, signal, f"node{k}") == pytest.approx(energy_j(raw), rel=1e-3)
    return recording


@pytest.mark.parametrize(
    ("folder", "count"),
    [("mlperf-inf-v4.1-h200-wall", 26), ("mlperf-inf-v3.0-h100pcie-a100pcie-wall", 32)],
)
def test_spec_ptd_reads_every_run(shared: Path, tmp_path: Path, folder: str, count: int) -> None:
    files = sorted((shared / "data" / folder).glob("*/*/*/performance/run_1/spl.txt"))
    assert len(files) == count
    recording = agree(files, tmp_path / "r", "node_power_w", spl_points, "spec-ptd")
    for k, file in enumerate(files):
        times, _ = recording.series("node_power_w", f"node{k}")
        session = json.loads((file.parents[1] / "power" / "server.json").read_text())
        stops = [m["cmd_time"] for m in session["messages"] if m["cmd"].endswith("stop,testing")]
        assert times[-1] == pytest.approx(stops[-1], abs=15.0)


@pytest.mark.parametrize(("side", "signal"), [("ac", "node_power_w"), ("dc", "node_dc_power_w")])
def test_mllog_reads_every_one_node_run(
    shared: Path, tmp_path: Path, side: str, signal: str
) -> None:
    folder = shared / "data" / "mlperf-train-v4.0-smc-h100-1node" / f"smc-{side}-power"
    files = sorted(folder.rglob("node_*.txt"))
    assert len(files) == 80
    agree(files, tmp_path / "r", signal, mllog_points, "mllog")


@pytest.mark.parametrize("name", ["t2", "t3"])
def test_dcgm_csv_reads_the_h100_log(shared: Path, tmp_path: Path, name: str) -> None:
    file = shared / "calibration_only" / "h100-dcgm-10hz" / f"{name}_telemetry.csv"
    report = import_files([file], tmp_path / "r")
    recording = Recording(tmp_path / "r")
    assert len(report.signals) == 14
    assert recording.ids("gpu") == tuple(f"gpu{k}" for k in range(8))
    for k in range(8):
        raw = list(csv_points(file, DCGM_TIME, DCGM_GPU, DCGM_POWER, str(k)))
        found = recorded_j(recording, "gpu_power_w", f"gpu{k}")
        assert found == pytest.approx(energy_j(raw), rel=1e-3)
        _, count = recording.series("gpu_energy_j", f"gpu{k}")
        assert count[-1] - count[0] == pytest.approx(found, rel=0.02)


def test_a_map_reads_the_b200_burns(shared: Path, tmp_path: Path) -> None:
    files = sorted((shared / "calibration_only" / "b200-hgx-gpuburn" / "0107").glob("*.csv"))
    assert len(files) == 15
    (tmp_path / "map.yaml").write_text(B200_MAP)
    for file in files:
        out = tmp_path / file.stem
        import_files([file], out, map=tmp_path / "map.yaml")
        for k in range(8):
            raw = list(csv_points(file, 0, 2, 5, str(k)))
            found = recorded_j(Recording(out), "gpu_power_w", f"gpu{k}")
            assert found == pytest.approx(energy_j(raw), rel=1e-3)
    report = import_files(files, tmp_path / "all", map=tmp_path / "map.yaml")
    assert report.rows == sum(len(file.read_text().splitlines()) - 1 for file in files)
    assert report.rejected == {}


def test_a_map_reads_the_rtx_monitor(shared: Path, tmp_path: Path) -> None:
    files = sorted((shared / "data" / "rtx3090-monitor-apache").glob("*.csv"))
    (tmp_path / "map.yaml").write_text(RTX_MAP)
    report = import_files(files, tmp_path / "r", map=tmp_path / "map.yaml")
    assert report.rows == sum(len(file.read_text().splitlines()) - 1 for file in files)
    assert Recording(tmp_path / "r").ids("gpu") == ("gpu0", "gpu1")


def test_a_headerless_log_and_dmon_are_read(shared: Path, tmp_path: Path) -> None:
    report = import_files([shared / "data" / "plato-gpulog" / "gpu_log.csv"], tmp_path / "a")
    assert report.rows == 1923
    power = Recording(tmp_path / "a").series("gpu_power_w", "gpu0")[1]
    assert (power.min(), power.max()) == pytest.approx((10.8, 67.6), abs=0.05)
    logs = shared / "data" / "v100-dmon-mit"
    report = import_files([logs / "dmon-20260725-230726.load"], tmp_path / "b")
    assert (report.rows, report.span_s) == (225, 74.0)
