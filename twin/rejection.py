"""Exchangers, coolers and chillers during one substep, and the valves and fans that hold them."""

import numpy as np

from site_models.plant import Arrays
from twin.physics.heat_exchange import (
    counterflow_effectiveness,
    crossflow_effectiveness,
    exchanged_heat_w,
    ua_off_design,
)
from twin.physics.law import compiled
from twin.physics.moist_air import evaporation_heat_j_per_kg
from twin.physics.movers import cube_law_power_w, second_law_cop
from twin.state import Inputs, State

BYPASS_K = 1.0
"""Outdoor coolers are bypassed where they would cool this far below their setpoint."""
WETTING_STARTS = 0.8
"""Fan position above which an adiabatic cooler begins to wet its pads."""


@compiled
def exchange(arrays: Arrays, state: State, inputs: Inputs) -> float:
    """Set each exchanger's heat and fan power; return water evaporated [kg/s]."""
    exchangers, circuits = arrays.exchangers, arrays.circuits
    in_use = np.zeros(circuits.kind.size)
    for x in range(exchangers.hot_circuit.size):
        in_use[exchangers.hot_circuit[x]] += (
            exchangers.hot_flow_rated_kg_per_s[x] * exchangers.in_service[x]
        )
    water_kg_per_s = 0.0
    for x in range(exchangers.hot_circuit.size):
        state.exchanger_heat_w[x] = 0.0
        state.exchanger_fan_power_w[x] = 0.0
        if not exchangers.in_service[x]:
            continue
        hot, cold = exchangers.hot_circuit[x], exchangers.cold_circuit[x]
        rated_hot = exchangers.hot_flow_rated_kg_per_s[x]
        hot_flow = state.circuit_flow_kg_per_s[hot] * rated_hot / in_use[hot]
        cold_flow = state.exchanger_cold_flow_kg_per_s[x]
        hot_w_per_k = hot_flow * circuits.cp_j_per_kg_k[hot]
        cold_w_per_k = cold_flow * exchangers.cold_cp_j_per_kg_k[x]
        smaller = min(hot_w_per_k, cold_w_per_k)
        if smaller <= 0.0:
            continue
        ua = ua_off_design(
            exchangers.ua_rated_w_per_k[x],
            exchangers.hot_share[x],
            hot_flow / rated_hot,
            cold_flow / exchangers.cold_flow_rated_kg_per_s[x],
        )
        ratio = smaller / max(hot_w_per_k, cold_w_per_k)
        if cold >= 0:
            cold_c = state.circuit_supply_c[cold]
            part = counterflow_effectiveness(ua / smaller, ratio)
        else:
            wetted = (state.exchanger_opening[x] - WETTING_STARTS) / (1.0 - WETTING_STARTS)
            wetted = max(wetted, 0.0) * exchangers.adiabatic_effectiveness[x]
            cooled_k = wetted * (inputs.dry_bulb_c - inputs.wet_bulb_c)
            cold_c = inputs.dry_bulb_c - cooled_k
            water_kg_per_s += cold_w_per_k * cooled_k / evaporation_heat_j_per_kg(inputs.wet_bulb_c)
            part = crossflow_effectiveness(ua / smaller, ratio)
            state.exchanger_fan_power_w[x] = cube_law_power_w(
                state.exchanger_opening[x], exchangers.fan_power_max_w[x]
            )
        difference_k = max(state.circuit_arriving_c[hot] - cold_c, 0.0)
        heat_w = exchanged_heat_w(part, hot_w_per_k, cold_w_per_k, difference_k)
        if cold < 0:
            floor_c = inputs.exchanger_setpoint_c[x] - BYPASS_K
            heat_w = min(heat_w, hot_w_per_k * max(state.circuit_arriving_c[hot] - floor_c, 0.0))
        state.exchanger_heat_w[x] = heat_w
    return water_kg_per_s


@compiled
def chill(arrays: Arrays, state: State, inputs: Inputs) -> None:
    """Set each chiller's heat and power: it takes off what its circuit's coolers left."""
    chillers, circuits = arrays.chillers, arrays.circuits
    left_w = np.zeros(circuits.kind.size)
    size_w = np.zeros(circuits.kind.size)
    for x in range(arrays.exchangers.hot_circuit.size):
        left_w[arrays.exchangers.hot_circuit[x]] -= state.exchanger_heat_w[x]
    for c in range(chillers.circuit.size):
        size_w[chillers.circuit[c]] += chillers.capacity_w[c] * (
            chillers.in_service[c] * state.chiller_powered[c]
        )
    for c in range(chillers.circuit.size):
        k = chillers.circuit[c]
        state.chiller_heat_w[c] = 0.0
        state.chiller_power_w[c] = 0.0
        if not chillers.in_service[c] or state.chiller_powered[c] == 0.0:
            continue
        capacity_rate = state.circuit_flow_kg_per_s[k] * circuits.cp_j_per_kg_k[k]
        needed_w = left_w[k] + capacity_rate * (
            state.circuit_arriving_c[k] - chillers.trim_setpoint_c[c]
        )
        part = min(max(needed_w / size_w[k], 0.0), 1.0)
        heat_w = part * chillers.capacity_w[c]
        cop = second_law_cop(
            chillers.trim_setpoint_c[c],
            inputs.dry_bulb_c + chillers.condenser_approach_k[c],
            chillers.second_law_efficiency[c],
        )
        state.chiller_heat_w[c] = heat_w
        state.chiller_power_w[c] = heat_w / cop


@compiled
def move_valves(arrays: Arrays, state: State, inputs: Inputs, h_s: float) -> None:
    """Move valves and fans of the exchangers: PI on the hot circuit's supply temperature.

    The integral stays between closed and open, so it cannot wind up. Outdoor coolers run
    their fans no faster than the share of the wanted drop that air of this temperature could
    give at best: beyond, the fans cost more than the chiller that takes over.
    """
    exchangers = arrays.exchangers
    for x in range(exchangers.hot_circuit.size):
        hot = exchangers.hot_circuit[x]
        held_c = max(inputs.exchanger_setpoint_c[x], exchangers.setpoint_least_c[x])
        error = state.circuit_supply_c[hot] - held_c
        error /= exchangers.band_k[x]
        integral = state.exchanger_integral[x] + error * h_s / exchangers.reset_s[x]
        integral = min(max(integral, 0.0), 1.0)
        state.exchanger_integral[x] = integral
        most = 1.0
        if exchangers.cold_circuit[x] < 0:
            depression_k = inputs.dry_bulb_c - inputs.wet_bulb_c
            coldest_c = inputs.dry_bulb_c - exchangers.adiabatic_effectiveness[x] * depression_k
            wanted_k = max(state.circuit_arriving_c[hot] - inputs.exchanger_setpoint_c[x], 1.0)
            most = min(max((state.circuit_arriving_c[hot] - coldest_c) / wanted_k, 0.0), 1.0)
        opening = min(integral + error, most)
        opening = max(opening, exchangers.opening_min[x])
        state.exchanger_opening[x] = min(opening, exchangers.opening_max[x])
