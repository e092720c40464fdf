"""Moist air against psychrolib over everything that weather and halls reach."""

import importlib
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from benchmarks.evidence import Evidence
from site_models.arrays import Floats
from twin.physics.law import Law
from twin.physics.moist_air import (
    dew_point_c,
    humidity_ratio,
    moist_air_density_kg_per_m3,
    moist_air_enthalpy_j_per_kg,
    saturation_pressure_pa,
    wet_bulb_c,
)

DRY_BULBS_C = np.arange(-30.0, 56.0, 5.0)
HUMIDITIES = np.array([0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 1.0])
PRESSURES_PA = np.array([75_000.0, 90_000.0, 101_325.0])
REFERENCE = "psychrolib, SI units"
PEER_TOLERANCE_K = 0.001
"""psychrolib stops its own bisections here; twice this is asked of temperatures."""
BOTH_PHASES_K = 0.5
"""Nearer to 0 C a wick may carry ice or water, two wet bulbs of the same air: each solver of
the two equations picks one, and neither is wrong."""


def rows() -> Iterator[Evidence]:
    """Yield the largest difference of each law on the grid."""
    try:
        peer = importlib.import_module("psychrolib")
    except ImportError:
        yield Evidence.skipped("moist air", "psychrolib", "psychrolib is not installed")
        return
    peer.SetUnitSystem(peer.SI)
    grid = np.array(list(product(DRY_BULBS_C, HUMIDITIES, PRESSURES_PA)))
    dry_c, humidity, pressure_pa = grid.T
    vapour_pa = humidity * saturation_pressure_pa(dry_c)
    ratio = humidity_ratio(vapour_pa, pressure_pa)
    relative = partial(difference, relative=True)
    absolute = partial(difference, relative=False)

    def row(
        what: str,
        law: Law,
        theirs: Callable[..., float],
        inputs: tuple[Floats, ...],
        judged: Callable[[Floats, Floats], float],
        limit: float,
        unit: str,
    ) -> Evidence:
        answers = np.array([theirs(*numbers) for numbers in zip(*inputs, strict=True)])
        name = f"{what}, {len(answers)} points from -30 to 55 C"
        return Evidence.at_most(name, REFERENCE, judged(law(*inputs), answers), limit, unit)

    yield row(
        "saturation pressure", saturation_pressure_pa, peer.GetSatVapPres, (dry_c,), relative,
        0.01, "%",
    )  # fmt: skip
    yield row(
        "humidity ratio", humidity_ratio, peer.GetHumRatioFromVapPres, (vapour_pa, pressure_pa),
        relative, 0.01, "%",
    )  # fmt: skip
    far = np.abs(wet_bulb_c(dry_c, humidity, pressure_pa)) > BOTH_PHASES_K
    yield row(
        f"wet bulb more than {BOTH_PHASES_K:g} K from freezing", wet_bulb_c,
        peer.GetTWetBulbFromRelHum, (dry_c[far], humidity[far], pressure_pa[far]), absolute,
        2.0 * PEER_TOLERANCE_K, "K",
    )  # fmt: skip
    yield humidity_of_wet_bulb(peer, dry_c, ratio, humidity, pressure_pa)
    yield row(
        "dew point", dew_point_c, peer.GetTDewPointFromRelHum, (dry_c, humidity), absolute,
        2.0 * PEER_TOLERANCE_K, "K",
    )  # fmt: skip
    yield row(
        "enthalpy of moist air", moist_air_enthalpy_j_per_kg, peer.GetMoistAirEnthalpy,
        (dry_c, ratio), absolute, 1.0, "J/kg",
    )  # fmt: skip
    yield row(
        "density of moist air", moist_air_density_kg_per_m3, peer.GetMoistAirDensity,
        (dry_c, ratio, pressure_pa), relative, 0.01, "%",
    )  # fmt: skip


def humidity_of_wet_bulb(
    peer: Any, dry_c: Floats, ratio: Floats, humidity: Floats, pressure_pa: Floats
) -> Evidence:
    """Return how far the humidity of our wet bulbs is from the true one, all points."""
    wet_c = wet_bulb_c(dry_c, humidity, pressure_pa)
    back = [
        peer.GetHumRatioFromTWetBulb(*numbers)
        for numbers in zip(dry_c, wet_c, pressure_pa, strict=True)
    ]
    apart = difference(np.array(back), ratio, relative=False)
    name = f"humidity that belongs to our wet bulb, {len(back)} points"
    return Evidence.at_most(name, REFERENCE, apart, 1e-6, "kg/kg")


def difference(ours: Floats, theirs: Floats, relative: bool) -> float:
    """Return the largest difference, in percent of theirs or as it is."""
    apart = np.abs(ours - theirs)
    return float(np.max(100.0 * apart / np.abs(theirs) if relative else apart))
