"""A first state and first inputs: everything at its setpoint, GPUs idle."""

from typing import Any

import numpy as np

from site_models.arrays import Floats
from site_models.plant import PARCELS, Plant
from twin.state import ASSUMED, Inputs, Ledger, State

NO_LEDGER = Ledger(0.0, 0.0, 0.0, 0.0, 0.0)
FIRST_RISE_K = 5.0
FIRST_SPEED = 0.7


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
    zeros = {
        "gpu": np.zeros(len(plant.gpu_names)),
        "node": np.zeros(len(plant.node_names)),
        "rack": np.zeros(len(plant.rack_names)),
        "circuit": np.zeros(len(plant.circuit_names)),
        "exchanger": np.zeros(len(plant.exchanger_names)),
        "chiller": np.zeros(len(plant.chiller_names)),
        "feed": np.zeros(len(plant.feed_names)),
    }
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
        circuit_low_flow_s=zeros["circuit"].copy(),
        circuit_supply_c=supply_c,
        circuit_return_c=supply_c + FIRST_RISE_K,
        **filled_pipes(plant, supply_c, supply_c + FIRST_RISE_K),
        exchanger_opening=np.full_like(zeros["exchanger"], 0.5),
        exchanger_integral=np.full_like(zeros["exchanger"], 0.5),
        feed_open=zeros["feed"].copy(),
        feed_breaker_thermal=zeros["feed"].copy(),
        feed_battery_j=arrays.feeds.battery_j.copy(),
        generator_turning_s=zeros["feed"].copy(),
        generator_cooling_s=zeros["feed"].copy(),
        transfer_alternate=zeros["feed"].copy(),
        transfer_waited_s=zeros["feed"].copy(),
        transfer_dead_left_s=zeros["feed"].copy(),
        chiller_wait_s=zeros["chiller"].copy(),
        gpu_power_w=inputs.gpu_power_w.copy(),
        gpu_clock_ratio=np.ones(len(plant.gpu_names)),
        gpu_event_reasons=np.zeros(len(plant.gpu_names), dtype=np.int64),
        node_power_w=zeros["node"].copy(),
        node_dc_power_w=zeros["node"].copy(),
        node_liquid_heat_w=zeros["node"].copy(),
        node_inlet_c=supply_c[nodes.air_circuit],
        node_outlet_c=supply_c[nodes.air_circuit] + FIRST_RISE_K,
        node_airflow_kg_per_s=nodes.fan_speed_min * nodes.airflow_max_kg_per_s,
        rack_power_w=zeros["rack"].copy(),
        rack_liquid_heat_w=zeros["rack"].copy(),
        rack_air_heat_w=zeros["rack"].copy(),
        rack_return_c=np.where(racks.liquid_circuit >= 0, rack_supply_c, np.nan),
        rack_flow_kg_per_s=racks.flow_min_kg_per_s.copy(),
        rack_dp_pa=np.where(racks.liquid_circuit >= 0, circuits.pump_setpoint_pa[wet], np.nan),
        circuit_delivered_c=supply_c.copy(),
        circuit_arriving_c=supply_c + FIRST_RISE_K,
        circuit_flow_kg_per_s=circuits.flow_min_kg_per_s.copy(),
        circuit_dp_pa=circuits.pump_setpoint_pa.copy(),
        circuit_mover_power_w=zeros["circuit"].copy(),
        exchanger_heat_w=zeros["exchanger"].copy(),
        exchanger_fan_power_w=zeros["exchanger"].copy(),
        exchanger_cold_flow_kg_per_s=zeros["exchanger"].copy(),
        chiller_heat_w=zeros["chiller"].copy(),
        chiller_power_w=zeros["chiller"].copy(),
        feed_power_w=zeros["feed"].copy(),
        feed_output_w=zeros["feed"].copy(),
        feed_battery_w=zeros["feed"].copy(),
        feed_live=np.ones_like(zeros["feed"]),
        feed_on_battery=zeros["feed"].copy(),
        rack_powered=racks.in_service.astype(np.float64),
        circuit_powered=np.ones_like(zeros["circuit"]),
        exchanger_powered=np.ones_like(zeros["exchanger"]),
        chiller_powered=np.ones_like(zeros["chiller"]),
        ledger=NO_LEDGER,
    )


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
