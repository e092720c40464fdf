"""Circuits during one substep: what moves them, and the heat that they take and give."""

from site_models.arrays import Floats
from site_models.plant import GIVEN_FLOW, Arrays
from twin.cooling.loop_pressures import count_units
from twin.cooling.refrigeration import add_condenser_flows
from twin.physics.circuit import circulate, flow_through
from twin.physics.law import borrowing, compiled
from twin.physics.movers import held_head_power_w
from twin.physics.plug_flow import push
from twin.scratch import Scratch, clear
from twin.state import State

AIR_BYPASS = 1.05
"""Room units move this much more air than the servers ask for."""
LEAST_FLOW_KG_PER_S = 1e-12
"""What is divided by where a circuit has no movers at all."""


@borrowing
def set_circuit_flows(arrays: Arrays, state: State, scratch: Scratch) -> None:
    """Set each circuit's flow from what its users draw, and the power of its movers.

    Loops of racks have theirs from pressures already. Pumps stand in the unit that cools:
    where none is in service, nothing circulates.
    """
    circuits, nodes, racks, exchangers = (
        arrays.circuits,
        arrays.nodes,
        arrays.racks,
        arrays.exchangers,
    )
    flow, cooled = scratch.asked_kg_per_s, scratch.cooled
    clear(flow)
    for n in range(nodes.rack.size):
        flow[nodes.air_circuit[n]] += AIR_BYPASS * state.node_airflow_kg_per_s[n]
    for r in range(racks.row.size):
        if racks.lumped[r]:
            flow[racks.air_circuit[r]] += lumped_airflow_kg_per_s(state.rack_air_heat_w[r])
    for x in range(exchangers.hot_circuit.size):
        k = exchangers.cold_circuit[x]
        wanted = state.exchanger_opening[x] * exchangers.cold_flow_rated_kg_per_s[x]
        moved = state.circuit_powered[k] if k >= 0 else state.exchanger_powered[x]
        state.exchanger_cold_flow_kg_per_s[x] = wanted * exchangers.in_service[x] * moved
        if k >= 0:
            flow[k] += state.exchanger_cold_flow_kg_per_s[x]
    add_condenser_flows(arrays.chillers, state.chiller_running, flow)
    for x in range(exchangers.hot_circuit.size):
        k = exchangers.cold_circuit[x]
        if k >= 0 and flow[k] > circuits.flow_max_kg_per_s[k]:
            state.exchanger_cold_flow_kg_per_s[x] *= circuits.flow_max_kg_per_s[k] / flow[k]
    count_units(arrays, cooled)
    for k in range(circuits.kind.size):
        if circuits.pump_control[k] != GIVEN_FLOW:
            state.circuit_mover_power_w[k] = pumping_power_w(arrays, state, k)
            continue
        held = min(max(flow[k], circuits.flow_min_kg_per_s[k]), circuits.flow_max_kg_per_s[k])
        held *= (cooled[k] > 0.0) * state.circuit_powered[k]
        state.circuit_flow_kg_per_s[k] = held
        state.circuit_mover_power_w[k] = held_head_power_w(
            held / max(circuits.flow_max_kg_per_s[k], LEAST_FLOW_KG_PER_S),
            circuits.mover_power_max_w[k],
            circuits.held_head_share[k],
        )


@borrowing
def pumping_power_w(arrays: Arrays, state: State, k: int) -> float:
    """Return what a loop's pumps draw [W]: head outside and losses inside the unit, times flow.

    At the rated flow and head that is the rated power, by how the inner loss was found.
    """
    circuits, flow = arrays.circuits, state.circuit_flow_kg_per_s[k]
    lifted_pa = state.circuit_dp_pa[k] + circuits.pump_inner_pa_s2_per_kg2[k] * flow * flow
    volume_m3_per_s = flow / circuits.density_kg_per_m3[k]
    drawn_w: float = lifted_pa * volume_m3_per_s / circuits.pump_efficiency[k]
    return drawn_w


@compiled
def lumped_airflow_kg_per_s(air_heat_w: float) -> float:
    """Return the air that a lumped rack draws: its fans hold a rise of 15 K."""
    return air_heat_w / (1006.0 * 15.0)


@borrowing
def advance_circuits(
    arrays: Arrays, state: State, scratch: Scratch, heat_in_w: Floats, h_s: float
) -> float:
    """Advance every circuit with the substep's heats; return heat given outdoors [W].

    `heat_in_w` holds what already entered each circuit: stage losses. Exchanger heat
    leaves the hot circuit's supply mass and enters the cold circuit's return mass.
    """
    circuits, exchangers, chillers = arrays.circuits, arrays.exchangers, arrays.chillers
    heat_out_w = scratch.circuit_heat_out_w
    clear(heat_out_w)
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
        condensed_w = state.chiller_heat_w[c] + state.chiller_power_w[c]
        if chillers.condenser_circuit[c] >= 0:
            heat_in_w[chillers.condenser_circuit[c]] += condensed_w
        else:
            outdoors_w += condensed_w
    for k in range(circuits.kind.size):
        pumped_w = state.circuit_mover_power_w[k]
        if circuits.pump_control[k] != GIVEN_FLOW:
            heat_out_w[k] -= pumped_w
        else:
            heat_in_w[k] += pumped_w
        if circuits.supply_pipe_m3[k] > 0.0 and circuits.return_pipe_m3[k] > 0.0:
            advance_piped(arrays, state, k, heat_in_w[k], heat_out_w[k], h_s)
            continue
        supply_c, return_c = circulate(
            state.circuit_supply_c[k],
            state.circuit_return_c[k],
            circuits.supply_capacity_j_per_k[k],
            circuits.return_capacity_j_per_k[k],
            state.circuit_flow_kg_per_s[k] * circuits.cp_j_per_kg_k[k],
            heat_in_w[k],
            heat_out_w[k],
            h_s,
        )
        state.circuit_supply_c[k] = state.circuit_delivered_c[k] = supply_c
        state.circuit_return_c[k] = state.circuit_arriving_c[k] = return_c
    return outdoors_w


@borrowing
def advance_piped(
    arrays: Arrays, state: State, k: int, heat_in_w: float, heat_out_w: float, h_s: float
) -> None:
    """Advance a circuit with pipes: unit, supply mass, pipe, racks, return mass, pipe, unit.

    What leaves a pipe during the step stood in it before, so the two masses do not depend on
    one another within it. Without flow the racks' heat stays in the return mass beside them.
    """
    circuits, flow = arrays.circuits, state.circuit_flow_kg_per_s[k]
    stream_w_per_k = flow * circuits.cp_j_per_kg_k[k]
    moved_m3 = flow * h_s / circuits.density_kg_per_m3[k]
    supply_c, to_racks_c = flow_through(
        state.circuit_supply_c[k],
        circuits.supply_capacity_j_per_k[k],
        stream_w_per_k,
        state.circuit_arriving_c[k],
        -heat_out_w,
        h_s,
    )
    return_c, to_unit_c = flow_through(
        state.circuit_return_c[k],
        circuits.return_capacity_j_per_k[k],
        stream_w_per_k,
        state.circuit_delivered_c[k],
        heat_in_w,
        h_s,
    )
    state.circuit_supply_c[k], state.circuit_return_c[k] = supply_c, return_c
    push(state.supply_pipe_m3[k], state.supply_pipe_c[k], moved_m3, to_racks_c)
    push(state.return_pipe_m3[k], state.return_pipe_c[k], moved_m3, to_unit_c)
