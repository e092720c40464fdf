"""Circuits, exchangers, chillers and the power chain during one substep."""

import numpy as np

from site_models.arrays import Floats
from site_models.plant import Arrays
from twin.physics.circuit import circulate
from twin.physics.converters import converter_input_w
from twin.physics.heat_exchange import (
    counterflow_effectiveness,
    crossflow_effectiveness,
    exchanged_heat_w,
    ua_off_design,
)
from twin.physics.law import compiled
from twin.physics.moist_air import evaporation_heat_j_per_kg
from twin.physics.movers import cube_law_power_w, second_law_cop
from twin.servers import units_in_service
from twin.state import Inputs, State

AIR_BYPASS = 1.05
"""Room units move this much more air than the servers ask for."""
BYPASS_K = 1.0
"""Outdoor coolers are bypassed where they would cool this far below their setpoint."""
WETTING_STARTS = 0.8
"""Fan position above which an adiabatic cooler begins to wet its pads."""


@compiled
def set_circuit_flows(arrays: Arrays, state: State) -> None:
    """Set each circuit's flow from what its users draw, and the power of its movers.

    Pumps stand in the unit that cools: where none is in service, nothing circulates.
    """
    circuits, nodes, racks, exchangers = (
        arrays.circuits,
        arrays.nodes,
        arrays.racks,
        arrays.exchangers,
    )
    flow = np.zeros(circuits.kind.size)
    for n in range(nodes.rack.size):
        flow[nodes.air_circuit[n]] += AIR_BYPASS * state.node_airflow_kg_per_s[n]
    for r in range(racks.row.size):
        if racks.liquid_circuit[r] >= 0:
            flow[racks.liquid_circuit[r]] += state.rack_flow_kg_per_s[r]
        if racks.lumped[r]:
            flow[racks.air_circuit[r]] += lumped_airflow_kg_per_s(state.rack_air_heat_w[r])
    for x in range(exchangers.hot_circuit.size):
        k = exchangers.cold_circuit[x]
        wanted = state.exchanger_opening[x] * exchangers.cold_flow_rated_kg_per_s[x]
        state.exchanger_cold_flow_kg_per_s[x] = wanted * exchangers.in_service[x]
        if k >= 0:
            flow[k] += state.exchanger_cold_flow_kg_per_s[x]
    for x in range(exchangers.hot_circuit.size):
        k = exchangers.cold_circuit[x]
        if k >= 0 and flow[k] > circuits.flow_max_kg_per_s[k]:
            state.exchanger_cold_flow_kg_per_s[x] *= circuits.flow_max_kg_per_s[k] / flow[k]
    cooled = units_in_service(arrays)
    for k in range(circuits.kind.size):
        held = min(max(flow[k], circuits.flow_min_kg_per_s[k]), circuits.flow_max_kg_per_s[k])
        held *= cooled[k] > 0.0
        state.circuit_flow_kg_per_s[k] = held
        state.circuit_mover_power_w[k] = cube_law_power_w(
            held / circuits.flow_max_kg_per_s[k], circuits.mover_power_max_w[k]
        )


@compiled
def lumped_airflow_kg_per_s(air_heat_w: float) -> float:
    """Return the air that a lumped rack draws: its fans hold a rise of 15 K."""
    return air_heat_w / (1006.0 * 15.0)


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
        difference_k = max(state.circuit_return_c[hot] - cold_c, 0.0)
        heat_w = exchanged_heat_w(part, hot_w_per_k, cold_w_per_k, difference_k)
        if cold < 0:
            floor_c = inputs.exchanger_setpoint_c[x] - BYPASS_K
            heat_w = min(heat_w, hot_w_per_k * max(state.circuit_return_c[hot] - floor_c, 0.0))
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
        size_w[chillers.circuit[c]] += chillers.capacity_w[c] * chillers.in_service[c]
    for c in range(chillers.circuit.size):
        k = chillers.circuit[c]
        state.chiller_heat_w[c] = 0.0
        state.chiller_power_w[c] = 0.0
        if not chillers.in_service[c]:
            continue
        capacity_rate = state.circuit_flow_kg_per_s[k] * circuits.cp_j_per_kg_k[k]
        needed_w = left_w[k] + capacity_rate * (
            state.circuit_return_c[k] - chillers.trim_setpoint_c[c]
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
def load_feeds(arrays: Arrays, state: State, to_air_w: Floats) -> tuple[float, float]:
    """Sum the power tree from the leaves up; add indoor stage losses to `to_air_w`.

    A rack's load lies on those of its feeds that are in service; if none is, on all.
    Returns power through the utility meters and losses given to the outdoor air [W].
    """
    feeds, links = arrays.feeds, arrays.rack_feeds
    out_w = np.zeros(feeds.parent.size)
    live = np.zeros(arrays.racks.row.size)
    for i in range(links.rack.size):
        live[links.rack[i]] += links.share[i] * feeds.in_service[links.feed[i]]
    for i in range(links.rack.size):
        r, share = links.rack[i], links.share[i]
        if live[r] > 0.0:
            share *= feeds.in_service[links.feed[i]] / live[r]
        out_w[links.feed[i]] += share * state.rack_power_w[r]
    for k in range(arrays.circuits.kind.size):
        if arrays.circuits.mover_feed[k] >= 0:
            out_w[arrays.circuits.mover_feed[k]] += state.circuit_mover_power_w[k]
    for x in range(arrays.exchangers.hot_circuit.size):
        if arrays.exchangers.fan_feed[x] >= 0:
            out_w[arrays.exchangers.fan_feed[x]] += state.exchanger_fan_power_w[x]
    for c in range(arrays.chillers.circuit.size):
        out_w[arrays.chillers.feed[c]] += state.chiller_power_w[c]
    metered_w, outdoors_w = 0.0, 0.0
    for f in range(feeds.parent.size - 1, -1, -1):
        in_w = converter_input_w(
            out_w[f],
            feeds.rating_w[f],
            feeds.loss_fixed[f],
            feeds.loss_linear[f],
            feeds.loss_square[f],
        )
        state.feed_power_w[f] = in_w
        if feeds.air_circuit[f] >= 0:
            to_air_w[feeds.air_circuit[f]] += in_w - out_w[f]
        else:
            outdoors_w += in_w - out_w[f]
        if feeds.parent[f] >= 0:
            out_w[feeds.parent[f]] += in_w
        else:
            metered_w += in_w
    return metered_w, outdoors_w


@compiled
def advance_circuits(arrays: Arrays, state: State, heat_in_w: Floats, h_s: float) -> float:
    """Advance every circuit with the substep's heats; return heat given outdoors [W].

    `heat_in_w` holds what already entered each circuit: stage losses. Exchanger heat
    leaves the hot circuit's supply mass and enters the cold circuit's return mass.
    """
    circuits, exchangers, chillers = arrays.circuits, arrays.exchangers, arrays.chillers
    heat_out_w = np.zeros(circuits.kind.size)
    outdoors_w = 0.0
    for r in range(arrays.racks.row.size):
        heat_in_w[arrays.racks.air_circuit[r]] += state.rack_air_heat_w[r]
        if arrays.racks.liquid_circuit[r] >= 0:
            heat_in_w[arrays.racks.liquid_circuit[r]] += state.rack_liquid_heat_w[r]
    for x in range(exchangers.hot_circuit.size):
        heat_w = state.exchanger_heat_w[x]
        heat_out_w[exchangers.hot_circuit[x]] += heat_w
        if exchangers.cold_circuit[x] >= 0:
            heat_in_w[exchangers.cold_circuit[x]] += heat_w
        else:
            outdoors_w += heat_w + state.exchanger_fan_power_w[x]
    for c in range(chillers.circuit.size):
        heat_out_w[chillers.circuit[c]] += state.chiller_heat_w[c]
        outdoors_w += state.chiller_heat_w[c] + state.chiller_power_w[c]
    for k in range(circuits.kind.size):
        supply_c, return_c = circulate(
            state.circuit_supply_c[k],
            state.circuit_return_c[k],
            circuits.supply_capacity_j_per_k[k],
            circuits.return_capacity_j_per_k[k],
            state.circuit_flow_kg_per_s[k] * circuits.cp_j_per_kg_k[k],
            heat_in_w[k] + state.circuit_mover_power_w[k],
            heat_out_w[k],
            h_s,
        )
        state.circuit_supply_c[k] = supply_c
        state.circuit_return_c[k] = return_c
    return outdoors_w


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
        error = state.circuit_supply_c[hot] - inputs.exchanger_setpoint_c[x]
        error /= exchangers.band_k[x]
        integral = state.exchanger_integral[x] + error * h_s / exchangers.reset_s[x]
        integral = min(max(integral, 0.0), 1.0)
        state.exchanger_integral[x] = integral
        most = 1.0
        if exchangers.cold_circuit[x] < 0:
            depression_k = inputs.dry_bulb_c - inputs.wet_bulb_c
            coldest_c = inputs.dry_bulb_c - exchangers.adiabatic_effectiveness[x] * depression_k
            wanted_k = max(state.circuit_return_c[hot] - inputs.exchanger_setpoint_c[x], 1.0)
            most = min(max((state.circuit_return_c[hot] - coldest_c) / wanted_k, 0.0), 1.0)
        opening = min(integral + error, most)
        state.exchanger_opening[x] = max(opening, exchangers.opening_min[x])


@compiled
def stored_heat_j(arrays: Arrays, state: State) -> float:
    """Return the heat held in every thermal mass, counted from 0 C [J]."""
    groups, circuits = arrays.groups, arrays.circuits
    total = 0.0
    for g in range(arrays.gpus.node.size):
        q = arrays.gpus.group[g]
        total += (
            groups.die_capacity_j_per_k[q] * state.gpu_temp_c[g]
            + groups.body_capacity_j_per_k[q] * state.gpu_body_c[g]
            + groups.memory_capacity_j_per_k[q] * state.memory_temp_c[g]
            + groups.coolant_capacity_j_per_k[q] * state.gpu_coolant_c[g]
        )
    for k in range(circuits.kind.size):
        total += circuits.supply_capacity_j_per_k[k] * state.circuit_supply_c[k]
        total += circuits.return_capacity_j_per_k[k] * state.circuit_return_c[k]
    return total
