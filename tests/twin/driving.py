"""Loads, weather and states far from rest that tests drive plants with."""

import numpy as np

from site_models.arrays import Floats
from site_models.plant import Plant
from twin.start import filled_pipes, first_state, idle_inputs
from twin.state import Inputs, State


def random_inputs(plant: Plant, seed: int) -> Inputs:
    """Return random loads from nothing to a fifth over the limit, in random weather."""
    rng = np.random.default_rng(seed)
    dry_c = rng.uniform(-20.0, 48.0)
    idle = idle_inputs(plant, dry_c, dry_c - rng.uniform(0.0, 18.0))
    share = rng.choice([0.0, 0.3, 1.0, 1.2]) * rng.uniform(size=len(plant.gpu_names))
    return idle._replace(
        gpu_power_w=share * plant.arrays.gpus.power_max_w,
        rack_load_w=idle.rack_load_w * rng.uniform(0.0, 1.2, len(plant.rack_names)),
        exchanger_setpoint_c=idle.exchanger_setpoint_c + rng.uniform(-5.0, 5.0),
    )


def random_state(plant: Plant, inputs: Inputs, seed: int) -> State:
    """Return a state with every temperature, flow and position somewhere else."""
    rng = np.random.default_rng(seed + 1)
    state = first_state(plant, inputs, 0.0)
    arrays, racks = plant.arrays, len(plant.rack_names)

    def off(values: Floats) -> Floats:
        return values + rng.uniform(-15.0, 25.0, len(values))

    supply_c, return_c = off(state.circuit_supply_c), off(state.circuit_return_c)
    return state._replace(
        gpu_temp_c=off(state.gpu_temp_c),
        gpu_body_c=off(state.gpu_body_c),
        memory_temp_c=off(state.memory_temp_c),
        gpu_coolant_c=off(state.gpu_coolant_c),
        fan_speed=rng.uniform(0.2, 1.0, len(state.fan_speed)),
        rack_flow_kg_per_s=rng.uniform(size=len(plant.rack_names)) * arrays.racks.flow_max_kg_per_s,
        rack_valve=np.where(
            arrays.racks.flow_max_kg_per_s > 0.0, rng.uniform(0.0, 1.0, racks), 0.0
        ),
        circuit_supply_c=supply_c,
        circuit_return_c=return_c,
        circuit_delivered_c=supply_c.copy(),
        circuit_arriving_c=return_c.copy(),
        **filled_pipes(plant, supply_c, return_c),
        circuit_pump_speed=state.circuit_pump_speed * rng.uniform(0.3, 1.4, len(supply_c)),
        exchanger_opening=rng.uniform(size=len(plant.exchanger_names)),
        exchanger_integral=rng.uniform(size=len(plant.exchanger_names)),
        chiller_running=rng.integers(0, 2, len(plant.chiller_names)).astype(np.float64),
    )


def integrated(state: State) -> dict[str, Floats]:
    """Return the arrays that carry the state from step to step."""
    names = (
        "gpu_temp_c",
        "gpu_body_c",
        "memory_temp_c",
        "gpu_coolant_c",
        "fan_speed",
        "rack_flow_kg_per_s",
        "rack_valve",
        "circuit_pump_speed",
        "supply_pipe_c",
        "return_pipe_c",
        "circuit_supply_c",
        "circuit_return_c",
        "exchanger_opening",
        "exchanger_integral",
        "chiller_running",
        "chiller_ready_s",
    )
    return {name: getattr(state, name) for name in names}


def arrays_of(state: State) -> dict[str, Floats]:
    """Return every array of a state by name."""
    fields = state._asdict()
    return {name: item for name, item in fields.items() if isinstance(item, np.ndarray)}
