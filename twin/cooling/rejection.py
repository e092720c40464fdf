"""Exchangers and outdoor coolers during one substep, and the valves and fans that hold them."""

from site_models.plant import Arrays, Exchangers
from twin.cooling.towers import cool_in_tower
from twin.physics.cooling_tower import blowdown_kg_per_s, evaporation_kg_per_s
from twin.physics.heat_exchange import (
    counterflow_effectiveness,
    crossflow_effectiveness,
    exchanged_heat_w,
    ua_off_design,
)
from twin.physics.law import borrowing
from twin.physics.moist_air import evaporation_heat_j_per_kg
from twin.physics.movers import cube_law_power_w
from twin.scratch import Scratch, clear
from twin.state import Inputs, State

BYPASS_K = 1.0
"""Outdoor units are bypassed where they would cool this far below their setpoint."""
WETTING_STARTS = 0.8
"""Fan position above which an adiabatic cooler begins to wet its pads."""


@borrowing
def exchange(arrays: Arrays, state: State, scratch: Scratch, inputs: Inputs) -> float:
    """Set each exchanger's heat, fan power and water; return what towers lose as drops [kg/s].

    The units of a circuit share its flow by their rated flows. Make-up water comes in at the
    temperature at which it leaves: its heat is not in the account.
    """
    exchangers, circuits = arrays.exchangers, arrays.circuits
    in_use = scratch.units_kg_per_s
    clear(in_use)
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
        return_c, cp = state.circuit_arriving_c[hot], circuits.cp_j_per_kg_k[hot]
        flows = (hot_flow, state.exchanger_cold_flow_kg_per_s[x])
        cold = exchangers.cold_circuit[x]
        if cold >= 0:
            at = (return_c, state.circuit_supply_c[cold])
            state.exchanger_heat_w[x] = coil_heat_w(exchangers, x, at, flows, cp)
            continue
        lost_kg_per_s = 0.0
        if exchangers.tower[x] >= 0:
            at = (return_c, inputs.wet_bulb_c)
            heat_w, lost_kg_per_s = cool_in_tower(exchangers, arrays.towers, x, at, flows, cp)
        else:
            air_c = (inputs.dry_bulb_c, inputs.wet_bulb_c)
            opening = state.exchanger_opening[x]
            heat_w, evaporated = cool_in_air(exchangers, x, return_c, air_c, flows, cp, opening)
        floor_c = inputs.exchanger_setpoint_c[x] - BYPASS_K
        heat_w = min(heat_w, hot_flow * cp * max(return_c - floor_c, 0.0))
        if exchangers.tower[x] >= 0:
            evaporated = evaporation_kg_per_s(heat_w)
        drift_kg_per_s += lost_kg_per_s
        state.exchanger_heat_w[x] = heat_w
        state.exchanger_evaporated_kg_per_s[x] = evaporated
        bled = blowdown_kg_per_s(evaporated, exchangers.concentration_cycles[x])
        state.exchanger_make_up_kg_per_s[x] = evaporated + bled + lost_kg_per_s
        if state.exchanger_cold_flow_kg_per_s[x] > 0.0:
            state.exchanger_fan_power_w[x] = cube_law_power_w(
                state.exchanger_opening[x], exchangers.fan_power_max_w[x]
            )
    return drift_kg_per_s


@borrowing
def coil_heat_w(
    exchangers: Exchangers,
    x: int,
    entering_c: tuple[float, float],
    flows: tuple[float, float],
    hot_cp: float,
) -> float:
    """Return the heat through plates or a finned coil: counter-flow, outdoors cross-flow [W].

    `entering_c` [C] and `flows` [kg/s] are of the hot and the cold stream.
    """
    hot_flow, cold_flow = flows
    hot_w_per_k = hot_flow * hot_cp
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
    difference_k = max(entering_c[0] - entering_c[1], 0.0)
    heat_w: float = exchanged_heat_w(part, hot_w_per_k, cold_w_per_k, difference_k)
    return heat_w


@borrowing
def cool_in_air(
    exchangers: Exchangers,
    x: int,
    return_c: float,
    air_c: tuple[float, float],
    flows: tuple[float, float],
    cp: float,
    opening: float,
) -> tuple[float, float]:
    """Return heat [W] and evaporation [kg/s] of a dry cooler; fast fans wet its pads.

    `air_c` is dry and wet bulb [C], `flows` are of water and air [kg/s].
    """
    wetted = max((opening - WETTING_STARTS) / (1.0 - WETTING_STARTS), 0.0)
    cooled_k = wetted * exchangers.adiabatic_effectiveness[x] * (air_c[0] - air_c[1])
    heat_w = coil_heat_w(exchangers, x, (return_c, air_c[0] - cooled_k), flows, cp)
    air_w_per_k = flows[1] * exchangers.cold_cp_j_per_kg_k[x] * (flows[0] > 0.0)
    return heat_w, air_w_per_k * cooled_k / evaporation_heat_j_per_kg(air_c[1])


@borrowing
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
        setpoint_c = max(inputs.exchanger_setpoint_c[x], exchangers.setpoint_least_c[x])
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
            wanted_k = max(state.circuit_arriving_c[hot] - setpoint_c, 1.0)
            most = min(max((state.circuit_arriving_c[hot] - coldest_c) / wanted_k, 0.0), 1.0)
        opening = min(integral + error, most)
        opening = max(opening, exchangers.opening_min[x])
        state.exchanger_opening[x] = min(opening, exchangers.opening_max[x])
