"""A first state and first inputs: everything at its setpoint, GPUs idle."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from site_models.arrays import Floats
from site_models.plant import PARCELS, Plant
from twin.state import ASSUMED, Inputs, Ledger, State

NO_LEDGER = Ledger(0.0, 0.0, 0.0, 0.0, 0.0)
FIRST_RISE_K = 5.0
FIRST_SPEED = 0.7

AT_REST: Mapping[str, tuple[str, ...]] = {
    "circuit": (
        "circuit_low_flow_s",
        "circuit_mover_power_w",
    ),
    "feed": (
        "feed_open",
        "feed_breaker_thermal",
        "generator_turning_s",
        "generator_cooling_s",
        "transfer_alternate",
        "transfer_waited_s",
        "transfer_dead_left_s",
        "feed_power_w",
        "feed_output_w",
        "feed_battery_w",
        "feed_on_battery",
    ),
    "chiller": (
        "chiller_ready_s",
        "chiller_heat_w",
        "chiller_power_w",
    ),
    "node": (
        "node_power_w",
        "node_dc_power_w",
        "node_liquid_heat_w",
    ),
    "rack": (
        "rack_power_w",
        "rack_liquid_heat_w",
        "rack_air_heat_w",
    ),
    "exchanger": (
        "exchanger_heat_w",
        "exchanger_fan_power_w",
        "exchanger_cold_flow_kg_per_s",
        "exchanger_evaporated_kg_per_s",
        "exchanger_make_up_kg_per_s",
    ),
}
"""Fields of the state by their axis: nothing moves, waits or is drawn yet."""
HALFWAY: Mapping[str, tuple[str, ...]] = {
    "exchanger": (
        "exchanger_opening",
        "exchanger_integral",
    ),
}
"""Valves and fans."""
READY: Mapping[str, tuple[str, ...]] = {
    "chiller": (
        "chiller_running",
        "chiller_powered",
    ),
    "gpu": ("gpu_clock_ratio",),
    "feed": ("feed_live",),
    "circuit": ("circuit_powered",),
    "exchanger": ("exchanger_powered",),
}
"""All has power and runs."""


def idle_inputs(plant: Plant, dry_bulb_c: float, wet_bulb_c: float) -> Inputs:
    """Return inputs with every GPU idle, lumped racks at design load, setpoints as built.

    In racks out of service nothing is powered.
    """
    arrays = plant.arrays
    powered = arrays.racks.in_service[arrays.nodes.rack[arrays.gpus.node]]
    return Inputs(
        gpu_power_w=np.where(powered, arrays.gpus.idle_power_w, 0.0),
        gpu_power_basis=np.full(len(plant.gpu_names), ASSUMED, dtype=np.int64),
        gpu_cap_w=arrays.gpus.power_max_w.copy(),
        rack_load_w=arrays.racks.lumped_power_w * arrays.racks.in_service,
        exchanger_setpoint_c=arrays.exchangers.setpoint_c.copy(),
        circuit_flow_share=np.ones(len(plant.circuit_names)),
        dry_bulb_c=float(dry_bulb_c),
        wet_bulb_c=float(wet_bulb_c),
    )


def rated_inputs(plant: Plant, dry_bulb_c: float, wet_bulb_c: float) -> Inputs:
    """Return inputs with every GPU at its power limit."""
    idle = idle_inputs(plant, dry_bulb_c, wet_bulb_c)
    powered = idle.gpu_power_w > 0.0
    return idle._replace(gpu_power_w=np.where(powered, plant.arrays.gpus.power_max_w, 0.0))


def first_state(plant: Plant, inputs: Inputs, time_s: float) -> State:
    """Return a plausible state to integrate from: no flow zero, no temperature far off."""
    arrays = plant.arrays
    circuits, nodes, racks = arrays.circuits, arrays.nodes, arrays.racks
    supply_c = _setpoints_c(plant, inputs)
    node_circuit = np.where(nodes.liquid_circuit >= 0, nodes.liquid_circuit, nodes.air_circuit)
    gpu_inlet_c = supply_c[node_circuit[arrays.gpus.node]]
    wet = np.maximum(racks.liquid_circuit, 0)
    rack_supply_c = supply_c[wet]
    return State(
        time_s=float(time_s),
        gpu_temp_c=gpu_inlet_c + 2.0 * FIRST_RISE_K,
        gpu_body_c=gpu_inlet_c + FIRST_RISE_K,
        memory_temp_c=gpu_inlet_c + FIRST_RISE_K,
        gpu_coolant_c=gpu_inlet_c.copy(),
        gpu_off=np.zeros(len(plant.gpu_names), dtype=np.bool_),
        fan_speed=nodes.fan_speed_min.copy(),
        rack_valve=np.where(racks.flow_max_kg_per_s > 0.0, 0.5, 0.0),
        circuit_pump_speed=np.where(circuits.pump_control > 0, FIRST_SPEED, 0.0),
        circuit_supply_c=supply_c,
        circuit_return_c=supply_c + FIRST_RISE_K,
        **filled_pipes(plant, supply_c, supply_c + FIRST_RISE_K),
        feed_battery_j=arrays.feeds.battery_j.copy(),
        gpu_power_w=inputs.gpu_power_w.copy(),
        gpu_event_reasons=np.zeros(len(plant.gpu_names), dtype=np.int64),
        node_inlet_c=supply_c[nodes.air_circuit],
        node_outlet_c=supply_c[nodes.air_circuit] + FIRST_RISE_K,
        node_airflow_kg_per_s=nodes.fan_speed_min * nodes.airflow_max_kg_per_s,
        rack_return_c=np.where(racks.liquid_circuit >= 0, rack_supply_c, np.nan),
        rack_flow_kg_per_s=racks.flow_min_kg_per_s.copy(),
        rack_dp_pa=np.where(racks.liquid_circuit >= 0, circuits.pump_setpoint_pa[wet], np.nan),
        circuit_delivered_c=supply_c.copy(),
        circuit_arriving_c=supply_c + FIRST_RISE_K,
        circuit_flow_kg_per_s=circuits.flow_min_kg_per_s.copy(),
        circuit_dp_pa=circuits.pump_setpoint_pa.copy(),
        rack_powered=racks.in_service.astype(np.float64),
        **_level(plant, AT_REST, 0.0),
        **_level(plant, HALFWAY, 0.5),
        **_level(plant, READY, 1.0),
        ledger=NO_LEDGER,
    )


def _level(plant: Plant, fields: Mapping[str, tuple[str, ...]], level: float) -> dict[str, Any]:
    """Return arrays of one value for the fields of each axis."""
    count = {
        "gpu": len(plant.gpu_names),
        "node": len(plant.node_names),
        "rack": len(plant.rack_names),
        "circuit": len(plant.circuit_names),
        "exchanger": len(plant.exchanger_names),
        "chiller": len(plant.chiller_names),
        "feed": len(plant.feed_names),
    }
    return {
        name: np.full(count[axis], level, dtype=np.float64)
        for axis, names in fields.items()
        for name in names
    }


def filled_pipes(plant: Plant, supply_c: Floats, return_c: Floats) -> dict[str, Any]:
    """Return the parcels of a state whose pipes hold one temperature each, by field."""
    circuits = plant.arrays.circuits
    filled = {}
    for name, volume_m3, temp_c in (
        ("supply_pipe", circuits.supply_pipe_m3, supply_c),
        ("return_pipe", circuits.return_pipe_m3, return_c),
    ):
        parcels_m3 = np.zeros((len(temp_c), PARCELS))
        parcels_m3[:, 0] = volume_m3
        filled[f"{name}_m3"] = parcels_m3
        filled[f"{name}_c"] = np.repeat(temp_c[:, None], PARCELS, axis=1)
    return filled


def _setpoints_c(plant: Plant, inputs: Inputs) -> Floats:
    """Return each circuit's supply setpoint: its exchangers', else its chillers'."""
    arrays = plant.arrays
    supply_c = arrays.circuits.supply_limit_c - FIRST_RISE_K
    supply_c[arrays.chillers.circuit] = arrays.chillers.trim_setpoint_c
    supply_c[arrays.exchangers.hot_circuit] = inputs.exchanger_setpoint_c
    return supply_c
