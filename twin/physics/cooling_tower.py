"""Wet cooling towers: an empirical correlation, Merkel's theory, and the water they use."""

import math

from twin.physics.heat_exchange import counterflow_effectiveness
from twin.physics.law import law
from twin.physics.moist_air import (
    STANDARD_PRESSURE_PA,
    humidity_ratio,
    moist_air_enthalpy_j_per_kg,
    saturation_pressure_pa,
)

AIR_CP_J_PER_KG_K = 1006.0
EVAPORATED_KG_PER_J = 1.47 / 3.6e6
"""1.47 litres for a kilowatt-hour of heat (ENGINEERING section 3)."""
DRIFT_SHARE = 2e-5
"""Of the circulated water, carried off as drops (ENGINEERING section 3)."""
SATURATION_SPAN_K = 0.01
"""Shortest span over which the heat capacity of saturated air is taken."""

YORK = (
    (
        (-0.359741205, -0.055053608, 0.0023850432),
        (0.173926877, -0.0248473764, 0.00048430224),
        (-0.005589849456, 0.0005770079712, -0.00001342427256),
    ),
    (
        (2.84765801111111, -0.121765149, 0.0014599242),
        (1.680428651, -0.0166920786, -0.0007190532),
        (-0.025485194448, 0.0000487491696, 0.00002719234152),
    ),
    (
        (-0.0653766255555556, -0.002278167, 0.0002500254),
        (-0.0910565458, 0.00318176316, 0.000038621772),
        (-0.0034285382352, 0.00000856589904, -0.000001516821552),
    ),
)
"""YorkCalc: powers of liquid over gas, of the range, of the wet bulb."""
YORK_WET_BULB_C = (-34.4, 26.7)
YORK_RANGE_K = (1.1, 22.2)
YORK_APPROACH_K = (1.1, 40.0)
YORK_WATER_RATIO = (0.75, 1.25)
YORK_LIQUID_TO_GAS_MAX = 8.0


@law
def yorkcalc_approach_k(wet_bulb_c: float, range_k: float, liquid_to_gas: float) -> float:
    """Return how far water leaves a tower above the air's wet bulb [K].

    Parameters
    ----------
    wet_bulb_c
        Of the entering air. -34.4..26.7 [C]
    range_k
        Entering less leaving water temperature. 1.1..22.2 [K]
    liquid_to_gas
        Water flow over air flow, both relative to the rating: 1 there. At most 8 [-]

    Notes
    -----
    27 coefficients fitted to towers of one maker; they hold for approaches of 1.1..40 K
    (:func:`yorkcalc_holds`), and the polynomial is not guarded outside. Checked by golden
    values, and against Dymola's, in ``benchmarks/validation/rejection.py``.

    References
    ----------
    EnergyPlus Engineering Reference, variable speed tower; Modelica Buildings Library,
    `Fluid.HeatExchangers.CoolingTowers.Correlations.yorkCalc`.
    """
    approach_k = 0.0
    for i in range(2, -1, -1):
        by_range = 0.0
        for j in range(2, -1, -1):
            first, second, third = YORK[i][j]
            by_range = by_range * range_k + first + wet_bulb_c * (second + wet_bulb_c * third)
        approach_k = approach_k * liquid_to_gas + by_range
    return approach_k


@law
def yorkcalc_holds(
    wet_bulb_c: float, range_k: float, approach_k: float, water_ratio: float, liquid_to_gas: float
) -> bool:
    """Return whether a working point lies inside the bounds of the correlation.

    `water_ratio` is the water flow over its rating [-]; others as above.
    """
    return (
        YORK_WET_BULB_C[0] <= wet_bulb_c <= YORK_WET_BULB_C[1]
        and YORK_RANGE_K[0] <= range_k <= YORK_RANGE_K[1]
        and YORK_APPROACH_K[0] <= approach_k <= YORK_APPROACH_K[1]
        and YORK_WATER_RATIO[0] <= water_ratio <= YORK_WATER_RATIO[1]
        and liquid_to_gas <= YORK_LIQUID_TO_GAS_MAX
    )


@law
def yorkcalc_leaving_c(entering_c: float, wet_bulb_c: float, liquid_to_gas: float) -> float:
    """Return the temperature of the water that leaves a tower [C].

    Range and approach add up to entering water over wet bulb; bisection between both. The
    wet bulb and the range are held inside their bounds where the correlation is asked, the
    ratio below its largest. Water colder than the wet bulb leaves as it came.
    """
    total_k = entering_c - wet_bulb_c
    if total_k <= 0.0:
        return entering_c
    held_c = min(max(wet_bulb_c, YORK_WET_BULB_C[0]), YORK_WET_BULB_C[1])
    ratio = min(liquid_to_gas, YORK_LIQUID_TO_GAS_MAX)
    low_k, high_k = 0.0, total_k
    for _ in range(60):
        range_k = 0.5 * (low_k + high_k)
        held_k = min(max(range_k, YORK_RANGE_K[0]), YORK_RANGE_K[1])
        approach_k = max(yorkcalc_approach_k(held_c, held_k, ratio), 0.0)
        if range_k + approach_k > total_k:
            high_k = range_k
        else:
            low_k = range_k
    return entering_c - 0.5 * (low_k + high_k)


@law
def merkel_heat_w(
    entering_c: float,
    wet_bulb_c: float,
    water_w_per_k: float,
    air_kg_per_s: float,
    ua_w_per_k: float,
) -> float:
    """Return the heat that a tower takes from its water after Merkel [W].

    Parameters
    ----------
    entering_c, wet_bulb_c
        Of the entering water, of the entering air [C]
    water_w_per_k
        Capacity rate of the water [W/K]
    air_kg_per_s
        Flow of (dry) air [kg/s]
    ua_w_per_k
        Conductance with dry air's heat capacity, at these flows (:func:`merkel_ua_factor`) [W/K]

    Notes
    -----
    Air is a gas whose temperature is its wet bulb and whose heat capacity is the rise of
    the saturated enthalpy over it; a counter-flow exchanger whose UA grows with that heat
    capacity. The air's leaving wet bulb is found by bisection. 0 where the water is not
    warmer than the wet bulb, or where nothing flows. At sea level. Checked against
    EnergyPlus in ``benchmarks/validation/rejection.py``.

    References
    ----------
    EnergyPlus Engineering Reference, CoolingTower:VariableSpeed:Merkel; F. Merkel,
    Verdunstungskühlung, VDI-Zeitschrift 70, 1926.
    """
    if entering_c <= wet_bulb_c or air_kg_per_s <= 0.0 or water_w_per_k <= 0.0:
        return 0.0
    low_c, high_c = wet_bulb_c, entering_c
    heat_w = 0.0
    for _ in range(50):
        leaving_c = 0.5 * (low_c + high_c)
        cp = saturated_cp_j_per_kg_k(wet_bulb_c, leaving_c)
        air_w_per_k = air_kg_per_s * cp
        least = min(air_w_per_k, water_w_per_k)
        ntu = ua_w_per_k * cp / AIR_CP_J_PER_KG_K / least
        part = counterflow_effectiveness(ntu, least / max(air_w_per_k, water_w_per_k))
        heat_w = part * least * (entering_c - wet_bulb_c)
        if wet_bulb_c + heat_w / air_w_per_k > leaving_c:
            low_c = leaving_c
        else:
            high_c = leaving_c
    return heat_w


@law
def saturated_cp_j_per_kg_k(cold_c: float, warm_c: float) -> float:
    """Return the rise of saturated air's enthalpy per kelvin of wet bulb [J/(kg K)]."""
    top_c = max(warm_c, cold_c + SATURATION_SPAN_K)
    cold_pa, top_pa = saturation_pressure_pa(cold_c), saturation_pressure_pa(top_c)
    cold = moist_air_enthalpy_j_per_kg(cold_c, humidity_ratio(cold_pa, STANDARD_PRESSURE_PA))
    top = moist_air_enthalpy_j_per_kg(top_c, humidity_ratio(top_pa, STANDARD_PRESSURE_PA))
    return (top - cold) / (top_c - cold_c)


@law
def merkel_ua_factor(wet_bulb_drop_k: float, air_ratio: float, water_ratio: float) -> float:
    """Return UA away from the rating over its rated value [-].

    Rated less present wet bulb -10..25 [K]; air flow 0.2..1 and water flow 0.3..1 of their
    rating [-]; held at the bounds, and going to nothing in proportion below them. Factors
    (ENGINEERING section 3): 1 + 0.0081 x, 1.3 x - 0.3 x^2, 0.1082 + 1.667 x - 0.7713 x^2.
    Checked by hand values in ``tests/twin/physics/test_cooling_tower.py``.
    """
    drop = min(max(wet_bulb_drop_k, -10.0), 25.0)
    air, water = min(max(air_ratio, 0.2), 1.0), min(max(water_ratio, 0.3), 1.0)
    by_air = air * (1.3 - 0.3 * air) * min(max(air_ratio, 0.0) / 0.2, 1.0)
    by_water = 0.1082 + water * (1.667 - 0.7713 * water)
    by_water *= min(max(water_ratio, 0.0) / 0.3, 1.0)
    return (1.0 + 0.0081 * drop) * by_air * by_water


@law
def merkel_rated_ua_w_per_k(
    entering_c: float,
    leaving_c: float,
    wet_bulb_c: float,
    water_w_per_k: float,
    air_kg_per_s: float,
) -> float:
    """Return the UA with which a tower meets its rating [W/K]; infinite if none does.

    The inverse of :func:`merkel_heat_w` at the rated temperatures and flows.
    """
    heat_w = water_w_per_k * (entering_c - leaving_c)
    low_c, high_c = wet_bulb_c, entering_c
    cp = AIR_CP_J_PER_KG_K
    for _ in range(60):
        out_c = 0.5 * (low_c + high_c)
        cp = saturated_cp_j_per_kg_k(wet_bulb_c, out_c)
        if air_kg_per_s * cp * (out_c - wet_bulb_c) < heat_w:
            low_c = out_c
        else:
            high_c = out_c
    air_w_per_k = air_kg_per_s * cp
    least = min(air_w_per_k, water_w_per_k)
    ratio = least / max(air_w_per_k, water_w_per_k)
    part = heat_w / (least * (entering_c - wet_bulb_c))
    if part >= 1.0:
        return math.inf
    if ratio > 1.0 - 1e-9:
        ntu = part / (1.0 - part)
    else:
        ntu = math.log((1.0 - part * ratio) / (1.0 - part)) / (1.0 - ratio)
    return ntu * least * AIR_CP_J_PER_KG_K / cp


@law
def evaporation_kg_per_s(heat_w: float) -> float:
    """Return the water that a tower evaporates for the heat it gives off [kg/s]."""
    return max(heat_w, 0.0) * EVAPORATED_KG_PER_J


@law
def drift_kg_per_s(circulated_kg_per_s: float) -> float:
    """Return the water that the air carries off as drops [kg/s]."""
    return circulated_kg_per_s * DRIFT_SHARE


@law
def blowdown_kg_per_s(evaporated_kg_per_s: float, concentration_cycles: float) -> float:
    """Return the water let off to hold the salts at so many times the make-up's [kg/s].

    Evaporation / (cycles - 1), cycles > 1 (3 to 6 in practice); drift is on top. Make-up is
    the sum of the three. Source: ENGINEERING section 3.
    """
    return evaporated_kg_per_s / (concentration_cycles - 1.0)
