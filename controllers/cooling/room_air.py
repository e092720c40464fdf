"""What the air of a hall costs at another supply temperature: fans of servers and room units."""

import numpy as np

from site_models.arrays import Floats, Ints
from site_models.plant import Plant
from twin.cooling.coolant import AIR_BYPASS, lumped_airflow_kg_per_s
from twin.physics.movers import cube_law_power_w
from twin.state import State

RISE_EXPONENT = -0.6
"""How the rise of a GPU over its inlet goes with its server's fans: heat sink and air together."""
TURNS = 12


def air_side(
    plant: Plant, state: State, circuit: int, supply_c: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return a hall's airflow [kg/s], its movers' power, and what server fans draw more than now.

    For supply temperatures [C] of shape (n,): each result has that shape. Servers with GPUs
    move their fans with the GPUs' temperature, all others are let as they are.
    """
    nodes, circuits = plant.arrays.nodes, plant.arrays.circuits
    here = nodes.air_circuit == circuit
    led = np.flatnonzero(here & (nodes.liquid_circuit < 0) & (nodes.gpu_count > 0))
    airflow = float(state.node_airflow_kg_per_s[here].sum())
    change = np.zeros(len(supply_c))
    fans_w = np.zeros(len(supply_c))
    if len(led):
        speed = _fan_speed(plant, state, led, supply_c - state.circuit_supply_c[circuit])
        change = (speed - state.fan_speed[led]) @ nodes.airflow_max_kg_per_s[led]
        most_w = nodes.fan_power_max_w[led]
        more_w = cube_law_power_w(speed, most_w) - cube_law_power_w(state.fan_speed[led], most_w)
        fans_w = more_w.sum(axis=1)
    least, most = circuits.flow_min_kg_per_s[circuit], circuits.flow_max_kg_per_s[circuit]
    flow = np.clip(AIR_BYPASS * (airflow + change) + _lumped(plant, state, circuit), least, most)
    moved_w = cube_law_power_w(flow / most, circuits.mover_power_max_w[circuit])
    return flow, moved_w, fans_w


def _lumped(plant: Plant, state: State, circuit: int) -> float:
    """Return the air that a hall's lumped racks draw [kg/s]."""
    racks = plant.arrays.racks
    here = np.flatnonzero(racks.lumped & (racks.air_circuit == circuit))
    return float(sum(lumped_airflow_kg_per_s(float(state.rack_air_heat_w[r])) for r in here))


def _fan_speed(plant: Plant, state: State, led: Ints, warmer_k: Floats) -> Floats:
    """Return where the fans of servers would settle, shape (n, servers), by halving."""
    nodes, gpus = plant.arrays.nodes, plant.arrays.gpus
    hottest_c = np.full(len(nodes.rack), -np.inf)
    np.maximum.at(hottest_c, gpus.node, state.gpu_temp_c)
    now = np.maximum(state.fan_speed[led], 1e-3)
    least = nodes.fan_speed_min[led]
    rise_k = hottest_c[led] - state.node_inlet_c[led]
    inlet_c = state.node_inlet_c[led] + warmer_k[:, None]
    low, high = np.broadcast_to(least, inlet_c.shape).copy(), np.ones_like(inlet_c)
    for _ in range(TURNS):
        middle = 0.5 * (low + high)
        gpu_c = inlet_c + rise_k * (middle / now) ** RISE_EXPONENT
        above = (gpu_c - nodes.fan_target_c[led]) / nodes.fan_band_k[led] + 0.5
        faster = least + (1.0 - least) * above > middle
        low, high = np.where(faster, middle, low), np.where(faster, high, middle)
    return np.asarray(0.5 * (low + high))
