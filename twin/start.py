"""A first state and first inputs: everything at its setpoint, GPUs idle."""

import numpy as np

from site_models.arrays import Floats
from site_models.plant import Plant
from twin.state import ASSUMED, Inputs, Ledger, State

NO_LEDGER = Ledger(0.0, 0.0, 0.0, 0.0, 0.0)
FIRST_RISE_K = 5.0


def idle_inputs(plant: Plant, dry_bulb_c: float, wet_bulb_c: float) -> Inputs:
    """Return inputs with every GPU idle, lumped racks at design load, setpoints as built.

    In racks out of service nothing is powered.
    """
    arrays = plant.arrays
    powered = arrays.racks.in_service[arrays.nodes.rack[arrays.gpus.node]]
    return Inputs(
        gpu_power_w=np.where(powered, arrays.gpus.idle_power_w, 0.0),
        gpu_power_basis=np.full(len(plant.gpu_names), ASSUMED, dtype=np.int64),
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
    }
    node_circuit = np.where(nodes.liquid_circuit >= 0, nodes.liquid_circuit, nodes.air_circuit)
    gpu_inlet_c = supply_c[node_circuit[arrays.gpus.node]]
    rack_supply_c = supply_c[np.maximum(racks.liquid_circuit, 0)]
    return State(
        time_s=float(time_s),
        gpu_temp_c=gpu_inlet_c + 2.0 * FIRST_RISE_K,
        gpu_body_c=gpu_inlet_c + FIRST_RISE_K,
        memory_temp_c=gpu_inlet_c + FIRST_RISE_K,
        gpu_coolant_c=gpu_inlet_c.copy(),
        fan_speed=nodes.fan_speed_min.copy(),
        rack_flow_kg_per_s=racks.flow_min_kg_per_s.copy(),
        circuit_supply_c=supply_c,
        circuit_return_c=supply_c + FIRST_RISE_K,
        exchanger_opening=np.full_like(zeros["exchanger"], 0.5),
        exchanger_integral=np.full_like(zeros["exchanger"], 0.5),
        chiller_running=np.ones_like(zeros["chiller"]),
        chiller_ready_s=zeros["chiller"].copy(),
        gpu_power_w=inputs.gpu_power_w.copy(),
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
        circuit_flow_kg_per_s=circuits.flow_min_kg_per_s.copy(),
        circuit_mover_power_w=zeros["circuit"].copy(),
        exchanger_heat_w=zeros["exchanger"].copy(),
        exchanger_fan_power_w=zeros["exchanger"].copy(),
        exchanger_cold_flow_kg_per_s=zeros["exchanger"].copy(),
        exchanger_evaporated_kg_per_s=zeros["exchanger"].copy(),
        exchanger_make_up_kg_per_s=zeros["exchanger"].copy(),
        chiller_heat_w=zeros["chiller"].copy(),
        chiller_power_w=zeros["chiller"].copy(),
        feed_power_w=np.zeros(len(plant.feed_names)),
        ledger=NO_LEDGER,
    )


def _setpoints_c(plant: Plant, inputs: Inputs) -> Floats:
    """Return each circuit's supply setpoint: its exchangers', else its chillers'."""
    arrays = plant.arrays
    supply_c = arrays.circuits.supply_limit_c - FIRST_RISE_K
    supply_c[arrays.chillers.circuit] = arrays.chillers.trim_setpoint_c
    supply_c[arrays.exchangers.hot_circuit] = inputs.exchanger_setpoint_c
    return supply_c
