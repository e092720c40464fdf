"""How warm each loop, hall and facility water may be: equipment, and the margin of its GPUs."""

import numpy as np

from controllers.cooling.loop_need import needed_flow_kg_per_s, sized_heat_w, warmest_supply_c
from controllers.cooling.setpoint_search import Bounds
from controllers.cooling.water_loops import pumped_loops
from controllers.policy import View
from site_models.arrays import Floats
from site_models.plant import AIR, Plant

TRIM_SWING_K = 0.05
"""A chiller holds its water so close to its own setpoint."""


def setpoint_bounds(
    view: View,
    now_c: Floats,
    lowest_c: tuple[float, float, float],
    margin_k: float,
    reserve_k: float,
) -> Bounds:
    """Return between which each setpoint must be; `now_c` are those in force, shape (exchangers,).

    `lowest_c` is for air, coolant and facility water; `margin_k` is for GPUs and memory to
    their limit, `reserve_k` for supplies to what their equipment accepts. What was built is
    never too cold.
    """
    plant, x = view.plant, view.plant.arrays.exchangers
    circuits = plant.arrays.circuits
    low_c = np.where(circuits.kind == AIR, lowest_c[0], lowest_c[2])
    low_c[list(pumped_loops(plant))] = lowest_c[1]
    least_c = np.minimum(np.maximum(low_c[x.hot_circuit], x.setpoint_least_c), x.setpoint_c)
    warmest_c = np.minimum(accepted_c(plant, reserve_k), _warmest_c(view, now_c, margin_k))
    high_c = np.minimum(warmest_c[x.hot_circuit], now_c + room_k(view, margin_k)[x.hot_circuit])
    return Bounds(least_c, np.maximum(high_c, least_c))


def accepted_c(plant: Plant, reserve_k: float) -> Floats:
    """Return the warmest setpoint that each circuit's equipment accepts; shape (circuits,).

    Where chillers trim, supply stands as far above the coolers' setpoint as they were built to
    start: the reserve is at least that.
    """
    chillers, x = plant.arrays.chillers, plant.arrays.exchangers
    built_c = np.full(len(plant.circuit_names), np.inf)
    np.minimum.at(built_c, x.hot_circuit, x.setpoint_c)
    below_k = np.full(len(plant.circuit_names), reserve_k)
    above_k = chillers.trim_setpoint_c - built_c[chillers.circuit] + TRIM_SWING_K
    np.maximum.at(below_k, chillers.circuit, np.where(np.isfinite(above_k), above_k, 0.0))
    return np.asarray(plant.arrays.circuits.supply_limit_c - below_k)


def _warmest_c(view: View, now_c: Floats, margin_k: float) -> Floats:
    """Return the supply that holds a loop's GPUs off their limit, drawing their caps, at rest."""
    plant, gpus, nodes = view.plant, view.plant.arrays.gpus, view.plant.arrays.nodes
    cap_w, lumped_w = view.inputs.gpu_cap_w, plant.arrays.racks.lumped_power_w
    full_w = sized_heat_w(plant, view.state, cap_w, lumped_w)
    warmest_c = np.full(len(plant.circuit_names), np.inf)
    flow = np.zeros(len(plant.rack_names))
    for k, racks in pumped_loops(plant).items():
        unit = plant.arrays.exchangers.hot_circuit == k
        supply_c = float(now_c[unit].max(initial=-np.inf))
        flow[racks] = needed_flow_kg_per_s(plant, racks, full_w[racks], supply_c)
    if len(gpus.node):
        left_c = warmest_supply_c(plant, cap_w, flow) - margin_k
        loop = nodes.liquid_circuit[gpus.node]
        np.minimum.at(warmest_c, loop[loop >= 0], left_c[loop >= 0])
    return warmest_c


def room_k(view: View, margin_k: float) -> Floats:
    """Return how much warmer the GPUs of each circuit may get now; below 0: they are too warm."""
    plant, gpus, nodes = view.plant, view.plant.arrays.gpus, view.plant.arrays.nodes
    left_k = np.full(len(plant.circuit_names), np.inf)
    if len(gpus.node):
        die_k = gpus.temp_limit_c - view.state.gpu_temp_c
        memory_k = gpus.memory_limit_c - view.state.memory_temp_c
        loop = nodes.liquid_circuit[gpus.node]
        by = np.where(loop >= 0, loop, nodes.air_circuit[gpus.node])
        np.minimum.at(left_k, by, np.minimum(die_k, memory_k) - margin_k)
    return left_k
