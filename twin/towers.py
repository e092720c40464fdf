"""Cooling towers during one substep: heat by their law, and the water that they use."""

from site_models.plant import YORKCALC, Arrays
from twin.physics.cooling_tower import YORK_WATER_RATIO, evaporation_kg_per_s, yorkcalc_heat_w
from twin.physics.law import compiled
from twin.physics.merkel import merkel_heat_w, merkel_ua_factor
from twin.state import Inputs, State

BYPASS_K = 1.0
"""Outdoor units are bypassed where they would cool this far below their setpoint."""


@compiled
def bypass_heat_w(arrays: Arrays, state: State, inputs: Inputs, x: int, hot_flow: float) -> float:
    """Return the most that an outdoor unit takes off before its bypass opens [W]."""
    hot = arrays.exchangers.hot_circuit[x]
    floor_c = inputs.exchanger_setpoint_c[x] - BYPASS_K
    above_k: float = max(state.circuit_return_c[hot] - floor_c, 0.0)
    cp: float = arrays.circuits.cp_j_per_kg_k[hot]
    return hot_flow * cp * above_k


@compiled
def cool_in_tower(arrays: Arrays, state: State, inputs: Inputs, x: int, hot_flow: float) -> float:
    """Set heat and evaporation of a tower; return the water that drifts off [kg/s].

    With slow fans, or none, natural draught still gives its share of what full fans would
    (an eighth in EnergyPlus and Modelica Buildings).
    """
    exchangers = arrays.exchangers
    blown = state.exchanger_cold_flow_kg_per_s[x] / exchangers.cold_flow_rated_kg_per_s[x]
    by_fans_w = tower_heat_w(arrays, state, inputs, x, hot_flow, blown)
    full_w = tower_heat_w(arrays, state, inputs, x, hot_flow, 1.0)
    tower = exchangers.tower[x]
    heat_w = max(by_fans_w, arrays.towers.free_convection_share[tower] * full_w)
    heat_w = min(heat_w, bypass_heat_w(arrays, state, inputs, x, hot_flow))
    state.exchanger_heat_w[x] = heat_w
    state.exchanger_evaporated_kg_per_s[x] = evaporation_kg_per_s(heat_w)
    most: float = YORK_WATER_RATIO[1] * exchangers.hot_flow_rated_kg_per_s[x]
    drift_share: float = arrays.towers.drift_share[tower]
    return min(hot_flow, most) * drift_share


@compiled
def tower_heat_w(
    arrays: Arrays, state: State, inputs: Inputs, x: int, hot_flow: float, air_ratio: float
) -> float:
    """Return what a tower takes off at a share of its air flow, by its own law [W]."""
    exchangers, towers = arrays.exchangers, arrays.towers
    hot, tower = exchangers.hot_circuit[x], exchangers.tower[x]
    entering_c, cp = state.circuit_return_c[hot], arrays.circuits.cp_j_per_kg_k[hot]
    rated = exchangers.hot_flow_rated_kg_per_s[x]
    heat_w: float = 0.0
    if towers.law[tower] == YORKCALC:
        heat_w = yorkcalc_heat_w(
            entering_c,
            inputs.wet_bulb_c,
            rated * cp,
            hot_flow / rated,
            air_ratio,
            towers.liquid_to_gas_rated[tower],
        )
    else:
        factor = merkel_ua_factor(
            towers.wet_bulb_rated_c[tower] - inputs.wet_bulb_c, air_ratio, hot_flow / rated
        )
        heat_w = merkel_heat_w(
            entering_c,
            inputs.wet_bulb_c,
            hot_flow * cp,
            air_ratio * exchangers.cold_flow_rated_kg_per_s[x],
            factor * exchangers.ua_rated_w_per_k[x],
        )
    return heat_w
