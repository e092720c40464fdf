"""Power and temperature of 8-GPU servers from catalog values against measurements.

Nothing is fitted to a run: sites are compiled as shipped and brought to rest. Where the
catalog itself was made from the measurement, the row says so beside its figure.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.evidence import Evidence
from benchmarks.shared import shared
from site_models.arrays import Floats
from site_models.catalog import open_catalog
from site_models.compile import compile_site
from site_models.kinds.fluid import Fluid
from site_models.kinds.gpu import Gpu
from site_models.kinds.node import Node
from telemetry.files.readings import Log, read_text
from telemetry.importing import importers
from telemetry.recording import Recording
from telemetry.samples import H200_WALL
from twin.physics.converters import converter_output_w
from twin.physics.thermal_chain import DIE, MEMORY, chain_rates
from twin.start import idle_inputs
from twin.state import State
from twin.steady import steady

AC_DC = "data/mlperf-train-v4.0-smc-h100-1node"
BUSY_W = 4000.0
"""A server above this works; between runs it idles near 2.1 to 2.4 kW."""
BUSY_GPU_W = (350.0, 560.0)
"""Half and four fifths of the H200's limit, what inference is taken to draw."""
LIQUID_SUPPLY_C = 22.0


def rows() -> Iterator[Evidence]:
    """Yield H200 at the wall, its supplies, H100 in training, and H100 temperatures."""
    yield from h200()
    yield from supplies()
    yield from h100()
    yield liquid_h100()


def h200() -> Iterator[Evidence]:
    """Yield idle and busy wall power, and the GPU power that the measured runs imply."""
    idle_w = wall_w("hgx-h200", 110.0)
    yield Evidence.at_most(
        "8x H200 at idle, wall power", "MLPerf Inference v4.1, 26 runs: 2.36 kW",
        100.0 * abs(idle_w / 2360.0 - 1.0), 8.0, "%",
        f"ours {idle_w / 1e3:.3f} kW; the catalog's base power was computed from this idle",
    )  # fmt: skip
    for busy_w in BUSY_GPU_W:
        yield Evidence.within(
            f"8x H200 busy at {busy_w:g} W a GPU, wall power",
            "MLPerf Inference v4.1: 4.3 kW lowest mean, 6.4 kW peak",
            wall_w("hgx-h200", busy_w) / 1e3, 4.3, 6.4, "kW",
            "GPU power was not recorded: the catalog's load share closes the peak at 560 W",
        )  # fmt: skip
    means_w = busy_means_w()
    gpu_w = np.linspace(110.0, 700.0, 7)
    curve_w = [wall_w("hgx-h200", float(p)) for p in gpu_w]
    implied_w = np.interp(means_w, curve_w, gpu_w)
    for word, implied in (("least", implied_w.min()), ("greatest", implied_w.max())):
        yield Evidence.within(
            f"GPU power behind the {word} busy mean of {len(means_w)} runs",
            "idle and limit of the H200", float(implied), 110.0, 700.0, "W",
        )  # fmt: skip


def busy_means_w() -> Floats:
    """Return the mean wall power of each measured run while it works [W]."""
    runs = Recording(H200_WALL)
    traces = (runs.series("node_power_w", name)[1] for name in runs.ids("node"))
    return np.array([float(trace[trace > BUSY_W].mean()) for trace in traces])


def supplies() -> Iterator[Evidence]:
    """Yield the ratio of DC to AC power of the immersed H100 server's runs."""
    folder = shared() / AC_DC
    reference = "MLPerf Training v4.0, SMC: AC and DC of the same runs"
    if not folder.is_dir():
        yield Evidence.skipped("DC over AC power, 8x H100", reference, "no shared data here")
        return
    supply = open_catalog().get(Node, "hgx_h100").supply
    assert supply is not None
    loss = tuple(
        float(x)
        for x in (supply.rating_w, supply.loss_fixed, supply.loss_linear, supply.loss_square)
    )
    pairs = ac_dc(folder)
    ours = np.array([(converter_output_w(ac, *loss)).sum() / ac.sum() for ac, _ in pairs])
    measured = np.array([dc.sum() / ac.sum() for ac, dc in pairs])
    span = f"measured {measured.min():.3f} to {measured.max():.3f} over {len(pairs)} runs"
    for word, value in (("lowest", ours.min()), ("highest", ours.max())):
        yield Evidence.within(
            f"DC over AC power, 8x H100 busy, {word} of the runs", reference, float(value),
            0.967, 0.982, "-", span,
        )  # fmt: skip
    yield Evidence.at_most(
        "DC power from AC power, mean error over the runs", reference,
        100.0 * float(np.mean(np.abs(ours / measured - 1.0))), 1.0, "%",
        f"worst run {100 * np.max(np.abs(ours / measured - 1.0)):.2g} %;"
        " the catalog's supply was fitted on these runs as one",
    )  # fmt: skip


def ac_dc(folder: Path) -> list[tuple[Floats, Floats]]:
    """Return AC and DC power of each run's busy instants [W], read by the importer."""
    read = importers()["mllog"].read
    found = []
    for ac_path in sorted(folder.glob("smc-ac-power/*/*/power/*/node_0.txt")):
        dc_path = folder / "smc-dc-power" / ac_path.relative_to(folder / "smc-ac-power")
        if not dc_path.is_file():
            continue
        ac, dc = (read(Log(path, read_text(path))) for path in (ac_path, dc_path))
        if not np.array_equal(ac.time_us, dc.time_us):
            continue
        ac_w, dc_w = ac.values["node_power_w"], dc.values["node_dc_power_w"]
        busy = (ac_w > BUSY_W) & ~np.isnan(dc_w)
        found.append((ac_w[busy], dc_w[busy]))
    return found


def h100() -> Iterator[Evidence]:
    """Yield the power and the temperatures of an H100 server with every GPU at its limit."""
    state = at_rest("hgx-h100", 700.0)
    power_w = float(state.node_power_w[0])
    yield Evidence.at_most(
        "8x H100 node in training, wall power", "measured 8.4 kW at most (arXiv:2412.08602)",
        100.0 * abs(power_w / 8400.0 - 1.0), 2.0, "%",
        f"ours {power_w / 1e3:.2f} kW, nameplate 10.2 kW;"
        " the catalog's load share was chosen to close 8.4 kW",
    )  # fmt: skip
    yield Evidence.at_most("8x H100 node under its rating", "DGX H100", power_w / 1e3, 10.2, "kW")
    for word, value in (("coolest", state.gpu_temp_c.min()), ("hottest", state.gpu_temp_c.max())):
        yield Evidence.within(
            f"{word} H100 in air at 700 W, inlet 23 C", "measured under load (arXiv:2507.16781)",
            float(value), 54.0, 72.0, "C",
        )  # fmt: skip


def liquid_h100() -> Evidence:
    """Return the temperature of an H100 on its cold plate at the limit, from its chain at rest."""
    catalog = open_catalog()
    gpu, fluid = catalog.get(Gpu, "h100_sxm5_80"), catalog.get(Fluid, "pg25")
    chain = gpu.liquid
    assert chain is not None
    assert chain.flow_reference_m3_per_s is not None
    volume = float(chain.flow_reference_m3_per_s)
    flow = volume * fluid.density_kg_per_m3.at(LIQUID_SUPPLY_C)
    stream = 2.0 * flow * fluid.cp_j_per_kg_k.at(LIQUID_SUPPLY_C)
    share, power_w = float(gpu.memory_share), float(gpu.power_max_w)
    ones = np.ones(4)
    rates = chain_rates(
        ones,
        (1.0 - share) / float(chain.die_resistance_k_per_w),
        1.0 / float(chain.body_resistance_k_per_w),
        1.0 / float(gpu.memory_resistance_k_per_w),
        stream,
    )
    drive = np.zeros(4)
    drive[DIE], drive[MEMORY] = (1.0 - share) * power_w, share * power_w
    drive[3] = stream * LIQUID_SUPPLY_C
    temps_c = np.linalg.solve(-rates[:4, :4], drive)
    over_k = float(temps_c[DIE]) - LIQUID_SUPPLY_C
    return Evidence.within(
        f"H100 on a cold plate at 700 W, supply {LIQUID_SUPPLY_C:g} C",
        "measured under load (arXiv:2507.16781)", float(temps_c[DIE]), 41.0, 50.0, "C",
        "the supply of that test is not published;"
        f" {41.0 - over_k:.0f} to {50.0 - over_k:.0f} C would all fit",
    )  # fmt: skip


def wall_w(site: str, gpu_w: float) -> float:
    """Return the power of the site's only server at the wall, every GPU drawing the same [W]."""
    return float(at_rest(site, gpu_w).node_power_w[0])


@cache
def at_rest(site: str, gpu_w: float) -> State:
    """Return the rest of a one-server site with every GPU drawing the same."""
    plant = compile_site(site)
    inputs = idle_inputs(plant, 25.0, 18.0)
    return steady(plant, inputs._replace(gpu_power_w=np.full(len(plant.gpu_names), gpu_w)))
