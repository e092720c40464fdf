"""Effectiveness and off-design conductance of heat exchangers against `ht` and by hand."""

import importlib
from collections.abc import Callable, Iterator
from itertools import product

import numpy as np

from benchmarks.evidence import Evidence
from site_models.catalog import open_catalog
from site_models.kinds.fluid import Fluid
from twin.physics.fluids import property_at
from twin.physics.heat_exchange import (
    counterflow_effectiveness,
    crossflow_effectiveness,
    exchanged_heat_w,
    ua_off_design,
)
from twin.physics.law import Law

LIMIT = 1e-6
GOLDEN = ((1.0, 1.0, 0.5), (2.0, 1.0, 0.666667), (3.0, 0.8, 0.804328), (5.0, 0.9, 0.866439))
GRID = tuple(
    product((0.05, 0.2, 0.5, 1.0, 2.0, 3.5, 6.0, 12.0), (0.0, 0.1, 0.3, 0.5, 0.8, 0.999, 1.0))
)
MEASURED_RANGE = tuple((ntu, ratio) for ntu, ratio in GRID if ratio > 0.0 and ntu <= 6.0)
RATED_CDU = ((1200.0, 319e3), (1440.0, 249e3))
"""Facility water flow [L/min] and conductance [W/K] of a 1,368 kW CDU (ENGINEERING 3)."""


def rows() -> Iterator[Evidence]:
    """Yield golden values, the library, and the conductances of a real unit."""
    error = max(abs(counterflow_effectiveness(n, c) - golden) for n, c, golden in GOLDEN)
    yield Evidence.at_most(
        "counterflow effectiveness, golden", "ENGINEERING 9.2, four values", error, LIMIT, "-"
    )
    yield from against_the_library()
    yield rated_unit()
    yield off_design()


def against_the_library() -> Iterator[Evidence]:
    """Yield both flow patterns against `ht`, and the fit against the exact integral."""
    try:
        peer = importlib.import_module("ht")
    except ImportError:
        yield Evidence.skipped("effectiveness of exchangers", "ht", "ht is not installed")
        return
    theirs: Callable[..., float] = peer.effectiveness_from_NTU

    def worst(ours: Law, pattern: str, points: tuple[tuple[float, float], ...]) -> float:
        return max(abs(ours(n, c) - theirs(n, c, subtype=pattern)) for n, c in points)

    reference = f"ht {peer.__version__}"
    apart = worst(counterflow_effectiveness, "counterflow", GRID)
    name = f"counterflow effectiveness, {len(GRID)} points"
    yield Evidence.at_most(name, reference, apart, LIMIT, "-")
    apart = worst(crossflow_effectiveness, "crossflow approximate", MEASURED_RANGE)
    name = f"crossflow effectiveness, {len(MEASURED_RANGE)} points"
    yield Evidence.at_most(name, f"{reference}, the same fit", apart, LIMIT, "-")
    apart = worst(crossflow_effectiveness, "crossflow", MEASURED_RANGE)
    yield Evidence.at_most(
        "crossflow fit against the exact integral, NTU to 6", reference, apart, 0.02, "-",
        "the counterflow formula for a crossflow coil: "
        f"{worst(counterflow_effectiveness, 'crossflow', MEASURED_RANGE):.2g}",
    )  # fmt: skip


def rated_unit() -> Evidence:
    """Return how far the CDU's heat is from its rating with the conductances stated for it."""
    catalog = open_catalog()

    def capacity_rate(fluid: str, l_per_min: float, temp_c: float) -> float:
        model = catalog.get(Fluid, fluid)
        density, cp = (
            property_at(temp_c, *(*curve.coefficients, 0.0, 0.0, 0.0, 0.0)[:5])
            for curve in (model.density_kg_per_m3, model.cp_j_per_kg_k)
        )
        return l_per_min / 6e4 * density * cp

    hot = capacity_rate("pg25", 1200.0, 40.0)
    worst = 0.0
    for l_per_min, ua in RATED_CDU:
        cold = capacity_rate("water", l_per_min, 36.0)
        least = min(hot, cold)
        part = counterflow_effectiveness(ua / least, least / max(hot, cold))
        heat_w = exchanged_heat_w(part, hot, cold, 4.0 + 1368e3 / hot)
        worst = max(worst, abs(heat_w / 1368e3 - 1.0))
    return Evidence.at_most(
        "heat of a CDU at its rated approach of 4 K", "XDU1350, 1,368 kW; UA by LMTD, 3 digits",
        100.0 * worst, 0.2, "%",
    )  # fmt: skip


def off_design() -> Evidence:
    """Return how far UA is from the sum of two film resistances taken one by one."""
    worst = 0.0
    for share, hot, cold in product((0.3, 0.5, 0.7), (0.1, 0.5, 1.0, 1.3), (0.1, 0.5, 1.0, 1.3)):
        ua = 300e3
        hot_film_w_per_k = ua / share * np.exp(0.7 * np.log(hot))
        cold_film_w_per_k = ua / (1.0 - share) * np.exp(0.7 * np.log(cold))
        series = 1.0 / (1.0 / hot_film_w_per_k + 1.0 / cold_film_w_per_k)
        worst = max(worst, abs(ua_off_design(ua, share, hot, cold) / series - 1.0))
    return Evidence.at_most(
        "off-design UA", "two films in series, flow to the 0.7", worst, LIMIT, "-",
        "constant UA: off by a factor of 5 at a tenth of both flows",
    )  # fmt: skip
