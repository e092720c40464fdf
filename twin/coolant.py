"""Racks' coolant, circuits and what moves them during one substep."""

import math

import numpy as np

from site_models.arrays import Floats
from site_models.plant import Arrays
from twin.physics.circuit import circulate
from twin.physics.law import compiled
from twin.physics.movers import cube_law_power_w
from twin.refrigeration import add_condenser_flows
from twin.state import State

VALVE_LAG_S = 10.0
"""Actuator time of a rack's coolant valve."""
LEAST_DRIVE_K = 0.5
"""The rack valve is wide open when supply is this close to the return setpoint."""
AIR_BYPASS = 1.05
"""Room units move this much more air than the servers ask for."""


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
def units_in_service(arrays: Arrays) -> Floats:
    """Return how many exchangers and chillers cool each circuit now; its pumps are theirs."""
    cooled = np.zeros(arrays.circuits.kind.size)
    for x in range(arrays.exchangers.hot_circuit.size):
        cooled[arrays.exchangers.hot_circuit[x]] += arrays.exchangers.in_service[x]
    for c in range(arrays.chillers.circuit.size):
        cooled[arrays.chillers.circuit[c]] += arrays.chillers.in_service[c]
    return cooled


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
    add_condenser_flows(arrays.chillers, state.chiller_running, flow)
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
        condensed_w = state.chiller_heat_w[c] + state.chiller_power_w[c]
        if chillers.condenser_circuit[c] >= 0:
            heat_in_w[chillers.condenser_circuit[c]] += condensed_w
        else:
            outdoors_w += condensed_w
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
