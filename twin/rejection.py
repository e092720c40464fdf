"""Exchangers and outdoor coolers during one substep, and the valves and fans that hold them."""

import numpy as np

from site_models.plant import Arrays
from twin.physics.cooling_tower import blowdown_kg_per_s
from twin.physics.heat_exchange import (
    counterflow_effectiveness,
    crossflow_effectiveness,
    exchanged_heat_w,
    ua_off_design,
)
from twin.physics.law import compiled
from twin.physics.moist_air import evaporation_heat_j_per_kg
from twin.physics.movers import cube_law_power_w
from twin.state import Inputs, State
from twin.towers import bypass_heat_w, cool_in_tower

WETTING_STARTS = 0.8
"""Fan position above which an adiabatic cooler begins to wet its pads."""


@compiled
def exchange(arrays: Arrays, state: State, inputs: Inputs) -> float:
    """Set each exchanger's heat, fan power and water; return what towers lose as drops [kg/s].

    The units of a circuit share its flow by their rated flows. Make-up water comes in at the
    temperature at which it leaves: its heat is not in the account.
    """
    exchangers, circuits = arrays.exchangers, arrays.circuits
    in_use = np.zeros(circuits.kind.size)
    for x in range(exchangers.hot_circuit.size):
        in_use[exchangers.hot_circuit[x]] += (
            exchangers.hot_flow_rated_kg_per_s[x] * exchangers.in_service[x]
        )
    drift_kg_per_s = 0.0
    for x in range(exchangers.hot_circuit.size):
        state.exchanger_heat_w[x] = 0.0
        state.exchanger_fan_power_w[x] = 0.0
        state.exchanger_evaporated_kg_per_s[x] = 0.0
        state.exchanger_make_up_kg_per_s[x] = 0.0
        if not exchangers.in_service[x]:
            continue
        hot = exchangers.hot_circuit[x]
        share = exchangers.hot_flow_rated_kg_per_s[x] / in_use[hot]
        hot_flow = state.circuit_flow_kg_per_s[hot] * share
        if exchangers.cold_circuit[x] >= 0:
            state.exchanger_heat_w[x] = coil_heat_w(
                arrays, state, x, hot_flow, state.circuit_supply_c[exchangers.cold_circuit[x]]
            )
            continue
        lost_kg_per_s = 0.0
        if exchangers.tower[x] >= 0:
            lost_kg_per_s = cool_in_tower(arrays, state, inputs, x, hot_flow)
            drift_kg_per_s += lost_kg_per_s
        else:
            cool_in_air(arrays, state, inputs, x, hot_flow)
        evaporated = state.exchanger_evaporated_kg_per_s[x]
        bled = blowdown_kg_per_s(evaporated, exchangers.concentration_cycles[x])
        state.exchanger_make_up_kg_per_s[x] = evaporated + bled + lost_kg_per_s
        if state.exchanger_cold_flow_kg_per_s[x] > 0.0:
            state.exchanger_fan_power_w[x] = cube_law_power_w(
                state.exchanger_opening[x], exchangers.fan_power_max_w[x]
            )
    return drift_kg_per_s


@compiled
def coil_heat_w(arrays: Arrays, state: State, x: int, hot_flow: float, cold_c: float) -> float:
    """Return the heat through plates or a finned coil: counter-flow, outdoors cross-flow [W].

    `hot_flow` [kg/s] passes it, its cold stream enters at `cold_c` [C].
    """
    exchangers = arrays.exchangers
    hot = exchangers.hot_circuit[x]
    cold_flow = state.exchanger_cold_flow_kg_per_s[x]
    hot_w_per_k = hot_flow * arrays.circuits.cp_j_per_kg_k[hot]
    cold_w_per_k = cold_flow * exchangers.cold_cp_j_per_kg_k[x]
    smaller = min(hot_w_per_k, cold_w_per_k)
    if smaller <= 0.0:
        return 0.0
    ua = ua_off_design(
        exchangers.ua_rated_w_per_k[x],
        exchangers.hot_share[x],
        hot_flow / exchangers.hot_flow_rated_kg_per_s[x],
        cold_flow / exchangers.cold_flow_rated_kg_per_s[x],
    )
    ratio = smaller / max(hot_w_per_k, cold_w_per_k)
    if exchangers.cold_circuit[x] >= 0:
        part = counterflow_effectiveness(ua / smaller, ratio)
    else:
        part = crossflow_effectiveness(ua / smaller, ratio)
    difference_k = max(state.circuit_return_c[hot] - cold_c, 0.0)
    heat_w: float = exchanged_heat_w(part, hot_w_per_k, cold_w_per_k, difference_k)
    return heat_w


@compiled
def cool_in_air(arrays: Arrays, state: State, inputs: Inputs, x: int, hot_flow: float) -> None:
    """Set heat and evaporation of a dry cooler; its pads are wetted at high fan speed."""
    exchangers = arrays.exchangers
    wetted = (state.exchanger_opening[x] - WETTING_STARTS) / (1.0 - WETTING_STARTS)
    wetted = max(wetted, 0.0) * exchangers.adiabatic_effectiveness[x]
    cooled_k = wetted * (inputs.dry_bulb_c - inputs.wet_bulb_c)
    heat_w = coil_heat_w(arrays, state, x, hot_flow, inputs.dry_bulb_c - cooled_k)
    state.exchanger_heat_w[x] = min(heat_w, bypass_heat_w(arrays, state, inputs, x, hot_flow))
    if hot_flow > 0.0:
        air_w_per_k = state.exchanger_cold_flow_kg_per_s[x] * exchangers.cold_cp_j_per_kg_k[x]
        state.exchanger_evaporated_kg_per_s[x] = (
            air_w_per_k * cooled_k / evaporation_heat_j_per_kg(inputs.wet_bulb_c)
        )


@compiled
def move_valves(arrays: Arrays, state: State, inputs: Inputs, h_s: float) -> None:
    """Move valves and fans of the exchangers: PI on the hot circuit's supply temperature.

    The integral stays between closed and open, so it cannot wind up. Outdoor coolers and
    economisers work no harder than the share of the wanted drop that air or water of this
    temperature could give at best: beyond, they cost more than the chiller that takes over.
    Towers are let run for the chillers' sake; what they hold is no colder than their approach
    above the wet bulb.
    """
    exchangers = arrays.exchangers
    for x in range(exchangers.hot_circuit.size):
        hot, cold = exchangers.hot_circuit[x], exchangers.cold_circuit[x]
        setpoint_c = inputs.exchanger_setpoint_c[x]
        if exchangers.tower[x] >= 0:
            near_c = inputs.wet_bulb_c + arrays.towers.approach_k[exchangers.tower[x]]
            setpoint_c = max(setpoint_c, near_c)
        error = (state.circuit_supply_c[hot] - setpoint_c) / exchangers.band_k[x]
        integral = state.exchanger_integral[x] + error * h_s / exchangers.reset_s[x]
        integral = min(max(integral, 0.0), 1.0)
        state.exchanger_integral[x] = integral
        most = 1.0
        if exchangers.economiser[x] or (cold < 0 and exchangers.tower[x] < 0):
            depression_k = inputs.dry_bulb_c - inputs.wet_bulb_c
            coldest_c = inputs.dry_bulb_c - exchangers.adiabatic_effectiveness[x] * depression_k
            if cold >= 0:
                coldest_c = state.circuit_supply_c[cold]
            wanted_k = max(state.circuit_return_c[hot] - setpoint_c, 1.0)
            most = min(max((state.circuit_return_c[hot] - coldest_c) / wanted_k, 0.0), 1.0)
        opening = min(integral + error, most)
        state.exchanger_opening[x] = max(opening, exchangers.opening_min[x])
