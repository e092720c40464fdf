"""Cooling towers and chillers against golden values and other people's solvers."""

from collections.abc import Iterator

from benchmarks.evidence import Evidence
from benchmarks.tower_plant import account_rows, chiller_rows, tower_rows
from site_models.catalog import open_catalog
from site_models.kinds.eir_chiller import EirChiller
from twin.physics.chiller import biquadratic, eir_chiller_power_w
from twin.physics.cooling_tower import (
    blowdown_kg_per_s,
    drift_kg_per_s,
    evaporation_kg_per_s,
    yorkcalc_approach_k,
    yorkcalc_leaving_c,
)
from twin.physics.merkel import merkel_heat_w, merkel_ua_factor

LIMIT_PERCENT = 0.1
YORK_GOLDEN = ((25.56, 5.56, 1.0, 3.843), (25.56, 10.0, 1.0, 6.039), (15.0, 10.0, 1.0, 9.872))
YORK_DYMOLA = (
    (0.25, 1.0, 0.210221350),
    (1.25, 1.0, 5.054871559),
    (1.0, 0.25, 18.333335876),
    (1.0, 1.25, 2.875842810),
)
"""Water ratio, air ratio, approach [K] at 25.55 C and 5.56 K."""
CHILLER_GOLDEN = (
    ("mcquay_wsc_471", 8.89, 26.67, 80.2e3),
    ("mcquay_wsc_471", 12.78, 20.0, 82.8e3),
)
ENERGYPLUS = (
    (18.377405652832184, 33.894490694903176, 0.4181832079772767, 17724.445718143867),
    (18.518143486145217, 33.781453894560556, 0.411861341863553, 17209.997284985657),
    (19.085887215690178, 33.116516785296675, 0.3666532641260072, 14183.762633162309),
)
"""Wet bulb [C], entering water [C], air ratio, heat [W] at 12:00, 11:29 and 16:30."""
ENERGYPLUS_WATER_KG_PER_S = 1.0887939800087665
ENERGYPLUS_AIR_KG_PER_S = ENERGYPLUS_WATER_KG_PER_S / 1.61599
ENERGYPLUS_UA_W_PER_K = 2011.28668
ENERGYPLUS_WET_BULB_C = 18.85
WATER_CP_J_PER_KG_K = 4180.0


def rows() -> Iterator[Evidence]:
    """Yield towers, their water, and chillers."""
    yield from york()
    yield merkel()
    yield from water()
    yield from chillers()
    yield from tower_rows()
    yield from chiller_rows()
    yield from account_rows()


def york() -> Iterator[Evidence]:
    """Yield the correlation's golden values, Dymola's, and the solved leaving temperature."""
    worst = max(abs(yorkcalc_approach_k(*at) / golden - 1.0) for *at, golden in YORK_GOLDEN)
    yield Evidence.at_most(
        "YorkCalc approach, golden", "ENGINEERING 3, three values", 100.0 * worst,
        LIMIT_PERCENT, "%",
    )  # fmt: skip
    worst = max(
        abs(yorkcalc_approach_k(25.55, 5.56, water / air) / theirs - 1.0)
        for water, air, theirs in YORK_DYMOLA
    )
    yield Evidence.at_most(
        "YorkCalc approach over water and air flow",
        "Dymola's stored result of Modelica Buildings, four values", 100.0 * worst,
        LIMIT_PERCENT, "%",
    )  # fmt: skip
    worst = max(
        abs(yorkcalc_leaving_c(wet + approach + span, wet, ratio) - wet - approach)
        for wet, span, ratio, approach in YORK_GOLDEN
    )
    yield Evidence.at_most(
        "water leaving a YorkCalc tower, from its entering temperature", "the same golden values",
        worst, 0.001, "K",
    )  # fmt: skip


def merkel() -> Evidence:
    """Return the largest error of Merkel's heat at part air flow."""
    worst = 0.0
    for wet_c, entering_c, air_ratio, theirs_w in ENERGYPLUS:
        factor = merkel_ua_factor(ENERGYPLUS_WET_BULB_C - wet_c, air_ratio, 1.0)
        ours_w = merkel_heat_w(
            entering_c,
            wet_c,
            ENERGYPLUS_WATER_KG_PER_S * WATER_CP_J_PER_KG_K,
            air_ratio * ENERGYPLUS_AIR_KG_PER_S,
            ENERGYPLUS_UA_W_PER_K * factor,
        )
        worst = max(worst, abs(ours_w / theirs_w - 1.0))
    return Evidence.at_most(
        "heat of a Merkel tower at 37 to 42 % air flow",
        "EnergyPlus 9.2, three points of Modelica Buildings' comparison", 100.0 * worst, 5.0, "%",
        "the limit is ours: pressure and air density of that run are not stated",
    )  # fmt: skip


def water() -> Iterator[Evidence]:
    """Yield the water account of a tower that gives off 1 MW, 48 kg/s, four cycles."""
    evaporated = evaporation_kg_per_s(1e6)
    yield Evidence.within(
        "water evaporated by a tower, per kWh of heat",
        "ENGINEERING 3: 1.47 L, a latent heat of 2.45 MJ/kg",
        evaporated * 3.6, 1.47 * 0.999, 1.47 * 1.001, "L",
    )  # fmt: skip
    made_up = evaporated + drift_kg_per_s(48.0) + blowdown_kg_per_s(evaporated, 4.0)
    by_hand = 1.47 / 3.6 + 48.0 * 2e-5 + 1.47 / 3.6 / 3.0
    yield Evidence.at_most(
        "make-up of a tower: evaporation, drift and blowdown", "by hand, 0.002 % drift, 4 cycles",
        100.0 * abs(made_up / by_hand - 1.0), LIMIT_PERCENT, "%",
    )  # fmt: skip


def chillers() -> Iterator[Evidence]:
    """Yield golden powers, and how well the curves meet their own rating."""
    catalog = open_catalog()
    for name, leaving_c, entering_c, golden_w in CHILLER_GOLDEN:
        power_w = full_load_w(catalog.get(EirChiller, name), leaving_c, entering_c)
        yield Evidence.at_most(
            f"chiller power at {leaving_c} / {entering_c} C, full load",
            f"golden {golden_w / 1e3:.1f} kW, ENGINEERING 3 ({name})",
            100.0 * abs(power_w / golden_w - 1.0), LIMIT_PERCENT, "%",
        )  # fmt: skip
    for name in catalog.names("eir_chiller"):
        model = catalog.get(EirChiller, name)
        rated_w = float(model.capacity_w) / float(model.rated_cop)
        at = float(model.rated_leaving_c), float(model.rated_entering_c)
        yield Evidence.at_most(
            f"{model.label}: power of the curves at the rating", "capacity over COP of the rating",
            100.0 * abs(full_load_w(model, *at) / rated_w - 1.0), 1.0, "%",
        )  # fmt: skip


def full_load_w(model: EirChiller, leaving_c: float, entering_c: float) -> float:
    """Return the power of a chiller that gives all it can at two temperatures."""
    rated_w = float(model.capacity_w)
    capacity_w = rated_w * biquadratic(
        leaving_c, entering_c, *model.capacity_by_temperature.coefficients
    )
    return eir_chiller_power_w(
        capacity_w,
        capacity_w,
        float(model.rated_cop),
        biquadratic(leaving_c, entering_c, *model.input_by_temperature.coefficients),
        *model.input_by_part_load.coefficients,
        model.part_load_range[0],
    )
