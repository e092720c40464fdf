"""Nodes and racks during one substep: fans, power drawn, heat given to air and liquid."""

import math

from site_models.arrays import Floats
from site_models.plant import Arrays
from twin.physics.converters import converter_input_w
from twin.physics.law import borrowing
from twin.physics.movers import cube_law_power_w
from twin.scratch import Scratch, clear
from twin.state import Inputs, State

AIR_CP_J_PER_KG_K = 1006.0
TRAY_AIR_RISE_K = 15.0
"""Air rise that the fans of a liquid-cooled node hold: 150-157 CFM/kW is 13-15 K."""
SMALLEST_AIRFLOW_KG_PER_S = 1e-4
"""What rises from a node without any fan."""
LEAST_AIRFLOW = 1e-3
"""Outlet temperatures are told for at least this share of full airflow: at rest air drifts."""


@borrowing
def set_fans(arrays: Arrays, state: State, h_s: float) -> None:
    """Move each node's fans towards what its temperatures ask; set inlet and airflow."""
    nodes, circuits = arrays.nodes, arrays.circuits
    for n in range(nodes.rack.size):
        k = nodes.air_circuit[n]
        powered = state.rack_powered[nodes.rack[n]]
        back = 1.0 - (1.0 - circuits.recirculation[k]) * state.circuit_powered[k]
        inlet_c = (1.0 - back) * state.circuit_supply_c[k] + back * state.circuit_return_c[k]
        inlet_c += nodes.inlet_rise_k[n]
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
            above = (hottest_c - nodes.fan_target_c[n]) / nodes.fan_band_k[n] + 0.5
            wanted = least + (1.0 - least) * above
        wanted = min(max(wanted, least), 1.0) * powered
        reach = -math.expm1(-h_s / nodes.fan_lag_s[n])
        state.fan_speed[n] += (wanted - state.fan_speed[n]) * reach
        state.node_airflow_kg_per_s[n] = state.fan_speed[n] * nodes.airflow_max_kg_per_s[n]


@borrowing
def advance_nodes(arrays: Arrays, state: State, inputs: Inputs, to_coolant_w: Floats) -> None:
    """Sum each node's power; split its heat between air and liquid.

    In a rack out of service nothing runs; a single node out of service idles.
    """
    gpus, nodes, racks = arrays.gpus, arrays.nodes, arrays.racks
    for r in range(racks.row.size):
        state.rack_air_heat_w[r] = 0.0
    for n in range(nodes.rack.size):
        powered = state.rack_powered[nodes.rack[n]]
        board_w, above_idle_w = 0.0, 0.0
        for g in range(nodes.first_gpu[n], nodes.first_gpu[n] + nodes.gpu_count[n]):
            board_w += state.gpu_power_w[g]
            above_idle_w += max(state.gpu_power_w[g] - gpus.idle_power_w[g], 0.0)
        others_w = nodes.base_power_w[n] * powered
        others_w += nodes.load_power_per_gpu_w[n] * above_idle_w
        fan_w = cube_law_power_w(state.fan_speed[n], nodes.fan_power_max_w[n]) * powered
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
        rise_k = air_w / (max(airflow, SMALLEST_AIRFLOW_KG_PER_S) * AIR_CP_J_PER_KG_K)
        state.node_outlet_c[n] = state.node_inlet_c[n] + rise_k


@borrowing
def gather_racks(arrays: Arrays, state: State, scratch: Scratch, inputs: Inputs) -> None:
    """Sum nodes into racks, add shelf losses, set rack return temperatures."""
    nodes, racks, circuits = arrays.nodes, arrays.racks, arrays.circuits
    dc_w = scratch.dc_w
    clear(dc_w)
    for r in range(racks.row.size):
        state.rack_liquid_heat_w[r] = 0.0
    for n in range(nodes.rack.size):
        r = nodes.rack[n]
        dc_w[r] += state.node_power_w[n]
        state.rack_liquid_heat_w[r] += state.node_liquid_heat_w[n]
    for r in range(racks.row.size):
        if racks.lumped[r]:
            dc_w[r] = inputs.rack_load_w[r] * state.rack_powered[r]
            state.rack_liquid_heat_w[r] = dc_w[r] * racks.lumped_liquid_share[r]
            state.rack_air_heat_w[r] = dc_w[r] - state.rack_liquid_heat_w[r]
        state.rack_power_w[r] = converter_input_w(
            dc_w[r],
            racks.shelf_rating_w[r] * state.rack_powered[r],
            racks.shelf_loss_fixed[r],
            racks.shelf_loss_linear[r],
            racks.shelf_loss_square[r],
        )
        state.rack_air_heat_w[r] += state.rack_power_w[r] - dc_w[r]
        k = racks.liquid_circuit[r]
        if k < 0:
            continue
        capacity = state.rack_flow_kg_per_s[r] * circuits.cp_j_per_kg_k[k]
        supply_c = state.circuit_delivered_c[k]
        rise_k = state.rack_liquid_heat_w[r] / capacity if capacity > 1e-9 else 0.0
        state.rack_return_c[r] = supply_c + rise_k
