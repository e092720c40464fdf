"""Cooling towers during one substep: heat by their law, and the water that they use."""

from site_models.plant import YORKCALC, Exchangers, Towers
from twin.physics.cooling_tower import YORK_WATER_RATIO, yorkcalc_heat_w
from twin.physics.law import borrowing
from twin.physics.merkel import merkel_heat_w, merkel_ua_factor


@borrowing
def cool_in_tower(
    exchangers: Exchangers,
    towers: Towers,
    x: int,
    at: tuple[float, float],
    flows: tuple[float, float],
    cp: float,
) -> tuple[float, float]:
    """Return the heat of a tower [W] and the water that drifts off [kg/s].

    `at` is entering water and wet bulb [C], `flows` are of water and air [kg/s], `cp` is the
    water's [J/(kg K)]. With slow fans, or none, natural draught still gives its share of what
    full fans would (an eighth in EnergyPlus and Modelica Buildings).
    """
    hot_flow, air_flow = flows
    tower = exchangers.tower[x]
    blown = air_flow / exchangers.cold_flow_rated_kg_per_s[x]
    by_fans_w = tower_heat_w(exchangers, towers, x, at, cp, hot_flow, blown)
    full_w = tower_heat_w(exchangers, towers, x, at, cp, hot_flow, 1.0)
    heat_w: float = max(by_fans_w, towers.free_convection_share[tower] * full_w)
    most: float = YORK_WATER_RATIO[1] * exchangers.hot_flow_rated_kg_per_s[x]
    drift_share: float = towers.drift_share[tower]
    return heat_w, min(hot_flow, most) * drift_share


@borrowing
def tower_heat_w(
    exchangers: Exchangers,
    towers: Towers,
    x: int,
    at: tuple[float, float],
    cp: float,
    hot_flow: float,
    air_ratio: float,
) -> float:
    """Return what a tower takes off at a share of its air flow, by its own law [W].

    `at` is entering water and wet bulb [C], `cp` and `hot_flow` are of the water
    [J/(kg K), kg/s].
    """
    entering_c, wet_bulb_c = at
    tower = exchangers.tower[x]
    rated = exchangers.hot_flow_rated_kg_per_s[x]
    heat_w: float = 0.0
    if towers.law[tower] == YORKCALC:
        heat_w = yorkcalc_heat_w(
            entering_c,
            wet_bulb_c,
            rated * cp,
            hot_flow / rated,
            air_ratio,
            towers.liquid_to_gas_rated[tower],
        )
    else:
        factor = merkel_ua_factor(
            towers.wet_bulb_rated_c[tower] - wet_bulb_c, air_ratio, hot_flow / rated
        )
        heat_w = merkel_heat_w(
            entering_c,
            wet_bulb_c,
            hot_flow * cp,
            air_ratio * exchangers.cold_flow_rated_kg_per_s[x],
            factor * exchangers.ua_rated_w_per_k[x],
        )
    return heat_w
