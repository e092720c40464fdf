"""GPUs, nodes and racks during one substep: power drawn, heat given to air and liquid."""

import math

import numpy as np

from site_models.arrays import Flags, Floats
from site_models.plant import Arrays
from twin.physics.converters import converter_input_w
from twin.physics.law import compiled
from twin.physics.movers import cube_law_power_w
from twin.physics.thermal_chain import (
    BODY,
    COOLANT,
    DIE,
    HEAT,
    MEMORY,
    chain_rates,
    transition,
)
from twin.state import Inputs, State

AIR_CP_J_PER_KG_K = 1006.0
FAN_LAG_S = 10.0
FAN_BAND_K = 20.0
"""Fans run from their least to full speed over this band, centred on the node's target."""
TRAY_AIR_RISE_K = 15.0
"""Air rise that the fans of a liquid-cooled node hold: 150-157 CFM/kW is 13-15 K."""
VALVE_LAG_S = 10.0
"""Actuator time of a rack's coolant valve."""
LEAST_AIRFLOW = 1e-3
"""Outlet temperatures are told for at least this share of full airflow: at rest air drifts."""
SMALLEST_FLOW_RATIO = 1e-3
"""A body at rest in its coolant still conducts: its resistance is that of this flow."""
LEAST_DRIVE_K = 0.5
"""The rack valve is wide open when supply is this close to the return setpoint."""


@compiled
def set_fans(arrays: Arrays, state: State, h_s: float) -> None:
    """Move each node's fans towards what its temperatures ask; set inlet and airflow."""
    nodes, circuits = arrays.nodes, arrays.circuits
    reach = -math.expm1(-h_s / FAN_LAG_S)
    for n in range(nodes.rack.size):
        k = nodes.air_circuit[n]
        powered = arrays.racks.in_service[nodes.rack[n]]
        back = circuits.recirculation[k]
        inlet_c = (1.0 - back) * state.circuit_supply_c[k] + back * state.circuit_return_c[k]
        state.node_inlet_c[n] = inlet_c
        least = nodes.fan_speed_min[n] * powered
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
        wanted = min(max(wanted, least), 1.0) * powered
        state.fan_speed[n] += (wanted - state.fan_speed[n]) * reach
        state.node_airflow_kg_per_s[n] = state.fan_speed[n] * nodes.airflow_max_kg_per_s[n]


@compiled
def units_in_service(arrays: Arrays) -> Floats:
    """Return how many exchangers and chillers cool each circuit now; its pumps are theirs."""
    cooled = np.zeros(arrays.circuits.kind.size)
    for x in range(arrays.exchangers.hot_circuit.size):
        cooled[arrays.exchangers.hot_circuit[x]] += arrays.exchangers.in_service[x]
    for c in range(arrays.chillers.circuit.size):
        cooled[arrays.chillers.circuit[c]] += arrays.chillers.in_service[c]
    return cooled


@compiled
def set_rack_flows(arrays: Arrays, state: State, h_s: float) -> None:
    """Move each rack's valve towards the flow that its warmest node needs.

    No node's coolant is to leave warmer than the rack's return setpoint; where all nodes
    carry their part of the load that is the rack's own return temperature. Sized for the
    mixed return instead, a single busy tray would starve beside idle ones. When the racks
    of a circuit ask for more than its pumps give, all get the same share. A rack that is
    out of service is valved off; nothing flows where no unit that cools is in service.
    """
    nodes, racks, circuits = arrays.nodes, arrays.racks, arrays.circuits
    reach = -math.expm1(-h_s / VALVE_LAG_S)
    asked, cooled = np.zeros(circuits.kind.size), units_in_service(arrays)
    sized_w = np.zeros(racks.row.size)
    for n in range(nodes.rack.size):
        if nodes.liquid_flow_share[n] > 0.0:
            as_rack_w = state.node_liquid_heat_w[n] / nodes.liquid_flow_share[n]
            sized_w[nodes.rack[n]] = max(sized_w[nodes.rack[n]], as_rack_w)
    for r in range(racks.row.size):
        k = racks.liquid_circuit[r]
        if k < 0:
            continue
        if racks.lumped[r]:
            sized_w[r] = state.rack_liquid_heat_w[r]
        drive_k = max(racks.return_setpoint_c[r] - state.circuit_supply_c[k], LEAST_DRIVE_K)
        wanted = sized_w[r] / (circuits.cp_j_per_kg_k[k] * drive_k)
        wanted = min(max(wanted, racks.flow_min_kg_per_s[r]), racks.flow_max_kg_per_s[r])
        wanted *= racks.in_service[r] * (cooled[k] > 0.0)
        state.rack_flow_kg_per_s[r] += (wanted - state.rack_flow_kg_per_s[r]) * reach
        asked[k] += state.rack_flow_kg_per_s[r]
    for r in range(racks.row.size):
        k = racks.liquid_circuit[r]
        if k >= 0 and asked[k] > circuits.flow_max_kg_per_s[k]:
            state.rack_flow_kg_per_s[r] *= circuits.flow_max_kg_per_s[k] / asked[k]


@compiled
def group_transitions(
    arrays: Arrays, state: State, h_s: float
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return how each group's chain moves in h.

    The transition (groups, 5, 5), the gains of board power and of inlet temperature
    (groups, 5), and the capacity rate of one GPU's coolant (groups,) [W/K].
    """
    groups, nodes = arrays.groups, arrays.nodes
    count = groups.node.size
    phi = np.empty((count, 5, 5))
    by_power = np.empty((count, 5))
    by_inlet = np.empty((count, 5))
    coolant_w_per_k = np.empty(count)
    capacities = np.empty(4)
    for q in range(count):
        n = groups.node[q]
        if nodes.liquid_circuit[n] >= 0:
            flow = state.rack_flow_kg_per_s[nodes.rack[n]] * nodes.liquid_flow_share[n]
            flow /= nodes.gpu_count[n]
        else:
            ways = lanes(arrays.gpus.upstream, nodes.first_gpu[n], nodes.gpu_count[n])
            flow = state.node_airflow_kg_per_s[n] / ways
        ratio = max(flow / groups.flow_reference_kg_per_s[q], SMALLEST_FLOW_RATIO)
        body_k_per_w = groups.body_resistance_k_per_w[q] * ratio ** groups.flow_exponent[q]
        capacities[DIE] = groups.die_capacity_j_per_k[q]
        capacities[BODY] = groups.body_capacity_j_per_k[q]
        capacities[MEMORY] = groups.memory_capacity_j_per_k[q]
        capacities[COOLANT] = groups.coolant_capacity_j_per_k[q]
        share = groups.memory_share[q]
        coolant_w_per_k[q] = flow * groups.coolant_cp_j_per_kg_k[q]
        stream = 2.0 * coolant_w_per_k[q]
        rates = chain_rates(
            capacities,
            (1.0 - share) / groups.die_resistance_k_per_w[q],
            1.0 / body_k_per_w,
            1.0 / groups.memory_resistance_k_per_w[q],
            stream,
        )
        propagator, integral = transition(rates, h_s)
        phi[q] = propagator
        for i in range(5):
            by_power[q, i] = (
                integral[i, DIE] * (1.0 - share) / capacities[DIE]
                + integral[i, MEMORY] * share / capacities[MEMORY]
            )
            by_inlet[q, i] = stream * (integral[i, COOLANT] - integral[i, HEAT])
            by_inlet[q, i] /= capacities[COOLANT]
        phi[q, HEAT] *= capacities[COOLANT]
        by_power[q, HEAT] *= capacities[COOLANT]
        by_inlet[q, HEAT] *= capacities[COOLANT]
    return phi, by_power, by_inlet, coolant_w_per_k


@compiled
def lanes(upstream: Flags, first: int, count: int) -> int:
    """Return how many parallel airflows cross a node's GPUs: those that breathe first."""
    found = 0
    for g in range(first, first + count):
        found += upstream[g]
    return max(found, 1)


@compiled
def advance_gpus(
    arrays: Arrays, state: State, inputs: Inputs, h_s: float, to_coolant_w: Floats
) -> None:
    """Advance every GPU's chain by h exactly; sum its mean heat to its node's coolant.

    In air the GPUs behind others breathe air that those have warmed, so each node is passed
    twice; in liquid all cold plates of a node are in parallel and the second pass is empty.
    """
    gpus, nodes = arrays.gpus, arrays.nodes
    phi, by_power, by_inlet, coolant_w_per_k = group_transitions(arrays, state, h_s)
    for n in range(nodes.rack.size):
        first, count = nodes.first_gpu[n], nodes.gpu_count[n]
        to_coolant_w[n] = 0.0
        if count == 0:
            continue
        liquid = nodes.liquid_circuit[n] >= 0
        inlet_c = state.node_inlet_c[n]
        if liquid:
            inlet_c = state.circuit_supply_c[nodes.liquid_circuit[n]]
        for turn in range(1 if liquid else 2):
            if turn == 1:
                air_w_per_k = coolant_w_per_k[gpus.group[first]]
                air_w_per_k *= lanes(gpus.upstream, first, count)
                inlet_c += to_coolant_w[n] / max(air_w_per_k, 1e-9)
            for g in range(first, first + count):
                if not liquid and gpus.upstream[g] != (turn == 0):
                    continue
                to_coolant_w[n] += (
                    advance_chain(
                        phi[gpus.group[g]],
                        by_power[gpus.group[g]],
                        by_inlet[gpus.group[g]],
                        inputs.gpu_power_w[g],
                        inlet_c,
                        g,
                        state.gpu_temp_c,
                        state.gpu_body_c,
                        state.memory_temp_c,
                        state.gpu_coolant_c,
                    )
                    / h_s
                )
                state.gpu_power_w[g] = inputs.gpu_power_w[g]


@compiled
def advance_chain(
    a: Floats,
    by_power: Floats,
    by_inlet: Floats,
    power_w: float,
    inlet_c: float,
    g: int,
    die_c: Floats,
    body_c: Floats,
    memory_c: Floats,
    coolant_c: Floats,
) -> float:
    """Advance the chain of GPU g; return the heat it gave to its coolant in the step [J]."""
    die, body, memory, coolant = die_c[g], body_c[g], memory_c[g], coolant_c[g]
    u, v = by_power, by_inlet
    die_c[g] = a[0, 0] * die + a[0, 1] * body + a[0, 2] * memory + a[0, 3] * coolant
    body_c[g] = a[1, 0] * die + a[1, 1] * body + a[1, 2] * memory + a[1, 3] * coolant
    memory_c[g] = a[2, 0] * die + a[2, 1] * body + a[2, 2] * memory + a[2, 3] * coolant
    coolant_c[g] = a[3, 0] * die + a[3, 1] * body + a[3, 2] * memory + a[3, 3] * coolant
    heat_j = a[4, 0] * die + a[4, 1] * body + a[4, 2] * memory + a[4, 3] * coolant
    die_c[g] += u[0] * power_w + v[0] * inlet_c
    body_c[g] += u[1] * power_w + v[1] * inlet_c
    memory_c[g] += u[2] * power_w + v[2] * inlet_c
    coolant_c[g] += u[3] * power_w + v[3] * inlet_c
    given_j: float = heat_j + u[4] * power_w + v[4] * inlet_c
    return given_j


@compiled
def advance_nodes(arrays: Arrays, state: State, inputs: Inputs, to_coolant_w: Floats) -> None:
    """Sum each node's power; split its heat between air and liquid.

    In a rack out of service nothing runs; a single node out of service idles.
    """
    gpus, nodes, racks = arrays.gpus, arrays.nodes, arrays.racks
    for r in range(racks.row.size):
        state.rack_air_heat_w[r] = 0.0
    for n in range(nodes.rack.size):
        powered = racks.in_service[nodes.rack[n]]
        board_w, above_idle_w = 0.0, 0.0
        for g in range(nodes.first_gpu[n], nodes.first_gpu[n] + nodes.gpu_count[n]):
            board_w += inputs.gpu_power_w[g]
            above_idle_w += max(inputs.gpu_power_w[g] - gpus.idle_power_w[g], 0.0)
        others_w = nodes.base_power_w[n] * powered
        others_w += nodes.load_power_per_gpu_w[n] * above_idle_w
        fan_w = cube_law_power_w(state.fan_speed[n], nodes.fan_power_max_w[n])
        dc_w = board_w + others_w + fan_w
        inlet_w = converter_input_w(
            dc_w,
            nodes.supply_rating_w[n] * powered,
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
        state.node_liquid_heat_w[n] = liquid_w
        state.rack_air_heat_w[nodes.rack[n]] += air_w
        airflow = max(state.node_airflow_kg_per_s[n], LEAST_AIRFLOW * nodes.airflow_max_kg_per_s[n])
        rise_k = air_w / (airflow * AIR_CP_J_PER_KG_K)
        state.node_outlet_c[n] = state.node_inlet_c[n] + rise_k


@compiled
def gather_racks(arrays: Arrays, state: State, inputs: Inputs) -> None:
    """Sum nodes into racks, add shelf losses, set rack return temperatures."""
    nodes, racks, circuits = arrays.nodes, arrays.racks, arrays.circuits
    dc_w = np.zeros(racks.row.size)
    for r in range(racks.row.size):
        state.rack_liquid_heat_w[r] = 0.0
    for n in range(nodes.rack.size):
        r = nodes.rack[n]
        dc_w[r] += state.node_power_w[n]
        state.rack_liquid_heat_w[r] += state.node_liquid_heat_w[n]
    for r in range(racks.row.size):
        if racks.lumped[r]:
            dc_w[r] = inputs.rack_load_w[r] * racks.in_service[r]
            state.rack_liquid_heat_w[r] = dc_w[r] * racks.lumped_liquid_share[r]
            state.rack_air_heat_w[r] = dc_w[r] - state.rack_liquid_heat_w[r]
        state.rack_power_w[r] = converter_input_w(
            dc_w[r],
            racks.shelf_rating_w[r] * racks.in_service[r],
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
