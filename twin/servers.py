"""GPUs, nodes and racks during one substep: power drawn, heat given to air and liquid."""

import math

import numpy as np

from site_models.arrays import Floats
from site_models.plant import Arrays
from twin.physics.converters import converter_input_w
from twin.physics.law import compiled
from twin.physics.movers import cube_law_power_w
from twin.physics.thermal_chain import COOLANT, DIE, MEMORY, chain_rates, transition
from twin.state import Inputs, State

AIR_CP_J_PER_KG_K = 1006.0
FAN_LAG_S = 10.0
FAN_BAND_K = 20.0
"""Fans run from their least to full speed over this band, centred on the node's target."""
TRAY_AIR_RISE_K = 15.0
"""Air rise that the fans of a liquid-cooled node hold: 150-157 CFM/kW is 13-15 K."""
VALVE_LAG_S = 10.0
"""Actuator time of a rack's coolant valve."""
SMALLEST_FLOW_RATIO = 0.02
"""A body at rest in its coolant still conducts: its resistance is that of 2 % flow."""
LEAST_DRIVE_K = 0.5
"""The rack valve is wide open when supply is this close to the return setpoint."""


@compiled
def set_fans(arrays: Arrays, state: State, h_s: float) -> None:
    """Move each node's fans towards what its temperatures ask; set inlet and airflow."""
    nodes, circuits = arrays.nodes, arrays.circuits
    reach = -math.expm1(-h_s / FAN_LAG_S)
    for n in range(nodes.rack.size):
        k = nodes.air_circuit[n]
        back = circuits.recirculation[k]
        inlet_c = (1.0 - back) * state.circuit_supply_c[k] + back * state.circuit_return_c[k]
        state.node_inlet_c[n] = inlet_c
        least = nodes.fan_speed_min[n]
        if nodes.liquid_circuit[n] >= 0 or nodes.gpu_count[n] == 0:
            capacity = nodes.airflow_max_kg_per_s[n] * AIR_CP_J_PER_KG_K
            now_w = (
                (state.node_outlet_c[n] - inlet_c)
                * state.node_airflow_kg_per_s[n]
                * AIR_CP_J_PER_KG_K
            )
            wanted = now_w / (capacity * TRAY_AIR_RISE_K)
        else:
            first = nodes.first_gpu[n]
            hottest_c = -1e9
            for g in range(first, first + nodes.gpu_count[n]):
                hottest_c = max(hottest_c, state.gpu_temp_c[g])
            above = (hottest_c - nodes.fan_target_c[n]) / FAN_BAND_K + 0.5
            wanted = least + (1.0 - least) * above
        wanted = min(max(wanted, least), 1.0)
        state.fan_speed[n] += (wanted - state.fan_speed[n]) * reach
        state.node_airflow_kg_per_s[n] = state.fan_speed[n] * nodes.airflow_max_kg_per_s[n]


@compiled
def set_rack_flows(arrays: Arrays, state: State, h_s: float) -> None:
    """Move each rack's valve towards the flow that holds its return temperature.

    When the racks of a circuit ask for more than its pumps give, all get the same share.
    """
    racks, circuits = arrays.racks, arrays.circuits
    reach = -math.expm1(-h_s / VALVE_LAG_S)
    asked = np.zeros(circuits.kind.size)
    for r in range(racks.row.size):
        k = racks.liquid_circuit[r]
        if k < 0:
            continue
        drive_k = max(racks.return_setpoint_c[r] - state.circuit_supply_c[k], LEAST_DRIVE_K)
        wanted = state.rack_liquid_heat_w[r] / (circuits.cp_j_per_kg_k[k] * drive_k)
        wanted = min(max(wanted, racks.flow_min_kg_per_s[r]), racks.flow_max_kg_per_s[r])
        state.rack_flow_kg_per_s[r] += (wanted - state.rack_flow_kg_per_s[r]) * reach
        asked[k] += state.rack_flow_kg_per_s[r]
    for r in range(racks.row.size):
        k = racks.liquid_circuit[r]
        if k >= 0 and asked[k] > circuits.flow_max_kg_per_s[k]:
            state.rack_flow_kg_per_s[r] *= circuits.flow_max_kg_per_s[k] / asked[k]


@compiled
def group_transitions(arrays: Arrays, state: State, h_s: float) -> tuple[Floats, Floats, Floats]:
    """Return per group the transition (groups, 4, 4), the gains of board power and of inlet
    temperature (groups, 4), and in column 4 of the latter the capacity rate of one GPU's
    coolant [W/K] (groups, 5)."""
    groups, nodes = arrays.groups, arrays.nodes
    count = groups.node.size
    phi = np.empty((count, 4, 4))
    by_power = np.empty((count, 4))
    by_inlet = np.empty((count, 5))
    capacities = np.empty(4)
    for g in range(count):
        n = groups.node[g]
        if nodes.liquid_circuit[n] >= 0:
            flow = state.rack_flow_kg_per_s[nodes.rack[n]] * nodes.liquid_flow_share[n]
            flow /= nodes.gpu_count[n]
        else:
            flow = state.node_airflow_kg_per_s[n] / lanes(arrays, n)
        ratio = max(flow / groups.flow_reference_kg_per_s[g], SMALLEST_FLOW_RATIO)
        body_k_per_w = groups.body_resistance_k_per_w[g] * ratio ** groups.flow_exponent[g]
        capacities[0] = groups.die_capacity_j_per_k[g]
        capacities[1] = groups.body_capacity_j_per_k[g]
        capacities[2] = groups.memory_capacity_j_per_k[g]
        capacities[3] = groups.coolant_capacity_j_per_k[g]
        share = groups.memory_share[g]
        stream = 2.0 * flow * groups.coolant_cp_j_per_kg_k[g]
        rates = chain_rates(
            capacities,
            (1.0 - share) / groups.die_resistance_k_per_w[g],
            1.0 / body_k_per_w,
            1.0 / groups.memory_resistance_k_per_w[g],
            stream,
        )
        propagator, integral = transition(rates, h_s)
        phi[g] = propagator
        for i in range(4):
            by_power[g, i] = (
                integral[i, DIE] * (1.0 - share) / capacities[DIE]
                + integral[i, MEMORY] * share / capacities[MEMORY]
            )
            by_inlet[g, i] = integral[i, COOLANT] * stream / capacities[COOLANT]
        by_inlet[g, 4] = 0.5 * stream
    return phi, by_power, by_inlet


@compiled
def lanes(arrays: Arrays, n: int) -> int:
    """Return how many parallel airflows cross a node's GPUs: those that breathe first."""
    first, count = arrays.nodes.first_gpu[n], 0
    for g in range(first, first + arrays.nodes.gpu_count[n]):
        count += arrays.gpus.upstream[g]
    return max(count, 1)


@compiled
def advance_gpus(
    arrays: Arrays, state: State, inputs: Inputs, h_s: float, to_coolant_w: Floats
) -> None:
    """Advance every GPU's chain by h exactly; add its mean heat to its node's coolant.

    In air the GPUs behind others breathe air that those have warmed; in liquid all cold
    plates of a node are in parallel.
    """
    gpus, nodes = arrays.gpus, arrays.nodes
    phi, by_power, by_inlet = group_transitions(arrays, state, h_s)
    for n in range(nodes.rack.size):
        count = nodes.gpu_count[n]
        if count == 0:
            continue
        liquid = nodes.liquid_circuit[n] >= 0
        inlet_c = (
            state.circuit_supply_c[nodes.liquid_circuit[n]] if liquid else state.node_inlet_c[n]
        )
        first, front_w = nodes.first_gpu[n], 0.0
        for g in range(first, first + count):
            if liquid or gpus.upstream[g]:
                q = gpus.group[g]
                front_w += advance_gpu(arrays, state, inputs, g, q, inlet_c, h_s, phi, by_power, by_inlet)
        to_coolant_w[n] = front_w
        if liquid:
            continue
        ways = lanes(arrays, n)
        for g in range(first, first + count):
            if not gpus.upstream[g]:
                q = gpus.group[g]
                capacity = max(ways * by_inlet[q, 4], 1e-9)
                behind_c = inlet_c + front_w / capacity
                to_coolant_w[n] += advance_gpu(
                    arrays, state, inputs, g, q, behind_c, h_s, phi, by_power, by_inlet
                )


@compiled
def advance_gpu(
    arrays: Arrays,
    state: State,
    inputs: Inputs,
    g: int,
    q: int,
    inlet_c: float,
    h_s: float,
    phi: Floats,
    by_power: Floats,
    by_inlet: Floats,
) -> float:
    """Advance one chain; return the mean heat it gave to its coolant [W]."""
    groups = arrays.groups
    power_w = inputs.gpu_power_w[g]
    die, body = state.gpu_temp_c[g], state.gpu_body_c[g]
    memory, coolant = state.memory_temp_c[g], state.gpu_coolant_c[g]
    new = np.empty(4)
    for i in range(4):
        new[i] = (
            phi[q, i, 0] * die
            + phi[q, i, 1] * body
            + phi[q, i, 2] * memory
            + phi[q, i, 3] * coolant
            + by_power[q, i] * power_w
            + by_inlet[q, i] * inlet_c
        )
    stored_j = (
        groups.die_capacity_j_per_k[q] * (new[0] - die)
        + groups.body_capacity_j_per_k[q] * (new[1] - body)
        + groups.memory_capacity_j_per_k[q] * (new[2] - memory)
        + groups.coolant_capacity_j_per_k[q] * (new[3] - coolant)
    )
    state.gpu_temp_c[g], state.gpu_body_c[g] = new[0], new[1]
    state.memory_temp_c[g], state.gpu_coolant_c[g] = new[2], new[3]
    state.gpu_power_w[g] = power_w
    return power_w - stored_j / h_s


@compiled
def advance_nodes(
    arrays: Arrays, state: State, inputs: Inputs, to_coolant_w: Floats, to_liquid_w: Floats
) -> None:
    """Sum each node's power; split its heat between air and liquid (`to_liquid_w`)."""
    gpus, nodes = arrays.gpus, arrays.nodes
    for n in range(nodes.rack.size):
        board_w, above_idle_w = 0.0, 0.0
        for g in range(nodes.first_gpu[n], nodes.first_gpu[n] + nodes.gpu_count[n]):
            board_w += inputs.gpu_power_w[g]
            above_idle_w += max(inputs.gpu_power_w[g] - gpus.idle_power_w[g], 0.0)
        others_w = nodes.base_power_w[n] + nodes.load_power_per_gpu_w[n] * above_idle_w
        fan_w = cube_law_power_w(state.fan_speed[n], nodes.fan_power_max_w[n])
        dc_w = board_w + others_w + fan_w
        inlet_w = converter_input_w(
            dc_w,
            nodes.supply_rating_w[n],
            nodes.supply_loss_fixed[n],
            nodes.supply_loss_linear[n],
            nodes.supply_loss_square[n],
        )
        state.node_dc_power_w[n] = dc_w
        state.node_power_w[n] = inlet_w
        liquid_w, air_w = others_w * nodes.liquid_share[n], inlet_w - dc_w + fan_w
        air_w += others_w - liquid_w
        if nodes.liquid_circuit[n] >= 0:
            liquid_w += to_coolant_w[n]
        else:
            air_w += to_coolant_w[n] + liquid_w
            liquid_w = 0.0
        to_liquid_w[n] = liquid_w
        capacity = max(state.node_airflow_kg_per_s[n] * AIR_CP_J_PER_KG_K, 1e-9)
        state.node_outlet_c[n] = state.node_inlet_c[n] + air_w / capacity


@compiled
def gather_racks(arrays: Arrays, state: State, inputs: Inputs, to_liquid_w: Floats) -> None:
    """Sum nodes into racks, add shelf losses, set rack return temperatures.

    Heat to air is what goes in less what is stored and what goes to liquid, so nothing
    can get lost between a node's account and its rack's.
    """
    nodes, racks, circuits = arrays.nodes, arrays.racks, arrays.circuits
    dc_w = np.zeros(racks.row.size)
    for r in range(racks.row.size):
        state.rack_liquid_heat_w[r] = 0.0
        state.rack_air_heat_w[r] = 0.0
    for n in range(nodes.rack.size):
        r = nodes.rack[n]
        dc_w[r] += state.node_power_w[n]
        state.rack_liquid_heat_w[r] += to_liquid_w[n]
        capacity = max(state.node_airflow_kg_per_s[n] * AIR_CP_J_PER_KG_K, 1e-9)
        state.rack_air_heat_w[r] += (state.node_outlet_c[n] - state.node_inlet_c[n]) * capacity
    for r in range(racks.row.size):
        if racks.lumped[r]:
            dc_w[r] = inputs.rack_load_w[r]
            state.rack_liquid_heat_w[r] = dc_w[r] * racks.lumped_liquid_share[r]
            state.rack_air_heat_w[r] = dc_w[r] - state.rack_liquid_heat_w[r]
        state.rack_power_w[r] = converter_input_w(
            dc_w[r],
            racks.shelf_rating_w[r],
            racks.shelf_loss_fixed[r],
            racks.shelf_loss_linear[r],
            racks.shelf_loss_square[r],
        )
        state.rack_air_heat_w[r] += state.rack_power_w[r] - dc_w[r]
        k = racks.liquid_circuit[r]
        if k < 0:
            continue
        capacity = state.rack_flow_kg_per_s[r] * circuits.cp_j_per_kg_k[k]
        supply_c = state.circuit_supply_c[k]
        rise_k = state.rack_liquid_heat_w[r] / capacity if capacity > 1e-9 else 0.0
        state.rack_return_c[r] = supply_c + rise_k
