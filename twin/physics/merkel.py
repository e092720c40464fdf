"""Wet cooling towers after Merkel: an exchanger with air as an equivalent gas."""

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
SATURATION_SPAN_K = 0.01
"""Shortest span over which the heat capacity of saturated air is taken."""


@law
def saturated_cp_j_per_kg_k(cold_c: float, warm_c: float) -> float:
    """Return the rise of saturated air's enthalpy per kelvin of wet bulb [J/(kg K)]."""
    top_c = max(warm_c, cold_c + SATURATION_SPAN_K)
    cold_pa, top_pa = saturation_pressure_pa(cold_c), saturation_pressure_pa(top_c)
    cold = moist_air_enthalpy_j_per_kg(cold_c, humidity_ratio(cold_pa, STANDARD_PRESSURE_PA))
    top = moist_air_enthalpy_j_per_kg(top_c, humidity_ratio(top_pa, STANDARD_PRESSURE_PA))
    return (top - cold) / (top_c - cold_c)


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
def merkel_ua_factor(wet_bulb_drop_k: float, air_ratio: float, water_ratio: float) -> float:
    """Return UA away from the rating over its rated value [-].

    Rated less present wet bulb -10..25 [K]; air flow 0.2..1 and water flow 0.3..1 of their
    rating [-]; held at the bounds, and going to nothing in proportion below them. Factors
    (ENGINEERING section 3): 1 + 0.0081 x, 1.3 x - 0.3 x^2, 0.1082 + 1.667 x - 0.7713 x^2.
    Checked by hand values in ``tests/twin/physics/test_merkel.py``.
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
