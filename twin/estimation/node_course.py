"""One air-cooled node over a recorded stretch, by itself and fast: what identification runs.

The laws are the kernel's: the same chain, the same fans, the same air from GPU to GPU. Only
the room is left out, its air being given. Power lies on a regular grid, and the fans move
once in `per_move` steps, so that few transition matrices are needed.
"""

from typing import NamedTuple

import numpy as np

from site_models.arrays import Flags, Floats
from site_models.plant import Plant
from twin.physics.law import compiled
from twin.physics.thermal_chain import BODY, COOLANT, DIE, HEAT, MEMORY, chain_rates, transition
from twin.servers.gpu_rates import SMALLEST_FLOW_RATIO

HALVINGS = 40
STILL = 1e-5
"""Fans that moved by a smaller share than this leave the transitions as they were."""


class NodeModel(NamedTuple):
    """What a node's course depends on; all but the last are identified. Shape (G,) or a number."""

    die_k_per_w: Floats
    body_k_per_w: Floats
    die_j_per_k: Floats
    body_j_per_k: Floats
    flow_exponent: Floats
    upstream: Flags
    memory_j_per_k: Floats
    coolant_j_per_k: Floats
    memory_k_per_w: Floats
    memory_share: Floats
    flow_reference_kg_per_s: Floats
    cp_j_per_kg_k: float
    airflow_max_kg_per_s: float
    fan_speed_min: float
    fan_target_c: float
    fan_band_k: float
    fan_lag_s: float
    inlet_rise_k: float


def node_model(plant: Plant, node: int) -> NodeModel:
    """Return what the plant holds of a node with GPUs."""
    nodes, groups, gpus = plant.arrays.nodes, plant.arrays.groups, plant.arrays.gpus
    members = slice(nodes.first_gpu[node], nodes.first_gpu[node] + nodes.gpu_count[node])
    q = gpus.group[members]
    return NodeModel(
        die_k_per_w=groups.die_resistance_k_per_w[q],
        body_k_per_w=groups.body_resistance_k_per_w[q],
        die_j_per_k=groups.die_capacity_j_per_k[q],
        body_j_per_k=groups.body_capacity_j_per_k[q],
        flow_exponent=groups.flow_exponent[q],
        upstream=gpus.upstream[members].copy(),
        memory_j_per_k=groups.memory_capacity_j_per_k[q],
        coolant_j_per_k=groups.coolant_capacity_j_per_k[q],
        memory_k_per_w=groups.memory_resistance_k_per_w[q],
        memory_share=groups.memory_share[q],
        flow_reference_kg_per_s=groups.flow_reference_kg_per_s[q],
        cp_j_per_kg_k=float(groups.coolant_cp_j_per_kg_k[q[0]]),
        airflow_max_kg_per_s=float(nodes.airflow_max_kg_per_s[node]),
        fan_speed_min=float(nodes.fan_speed_min[node]),
        fan_target_c=float(nodes.fan_target_c[node]),
        fan_band_k=float(nodes.fan_band_k[node]),
        fan_lag_s=float(nodes.fan_lag_s[node]),
        inlet_rise_k=float(nodes.inlet_rise_k[node]),
    )


@compiled
def node_course(
    model: NodeModel,
    power_w: Floats,
    air_c: Floats,
    first_c: Floats,
    fan_first: float,
    h_s: float,
    per_move: int,
) -> tuple[Floats, Floats]:
    """Return die temperatures (n, G) and fan speeds (n,) of a free run.

    Row k of power (n, G) and of the room's air (n,) holds over the step that ends at row k;
    row 0 is the start, where the dies have their first temperature and all behind them
    stands as far below as that row's power asks. A fan speed that is not above 0 is replaced
    by the speed at rest under that power. Checked against the kernel's own step in
    ``tests/twin/estimation/test_identify.py``.
    """
    n, count = power_w.shape
    temps_c, fans = np.empty((n, count)), np.empty(n)
    ways = max(int(np.sum(model.upstream)), 1)
    speed = fan_first if fan_first > 0.0 else rest_speed(model, power_w[0], air_c[0])
    x, after = np.zeros((count, 4)), np.empty(5)
    for g in range(count):
        x[g, DIE] = first_c[g]
        x[g, BODY] = first_c[g] - power_w[0, g] * model.die_k_per_w[g]
        memory_w = power_w[0, g] * model.memory_share[g]
        x[g, MEMORY] = x[g, BODY] + memory_w * model.memory_k_per_w[g]
        x[g, COOLANT] = air_c[0] + model.inlet_rise_k
    phi, by_power, by_inlet = np.empty((count, 5, 5)), np.empty((count, 5)), np.empty((count, 5))
    stream_w_per_k, stepped_at = 0.0, 0.0
    reach = -np.expm1(-h_s * per_move / model.fan_lag_s)
    temps_c[0], fans[0] = x[:, DIE], speed
    for k in range(1, n):
        if (k - 1) % per_move == 0:
            wanted = (np.max(x[:, DIE]) - model.fan_target_c) / model.fan_band_k + 0.5
            wanted = model.fan_speed_min + (1.0 - model.fan_speed_min) * wanted
            speed += (min(max(wanted, model.fan_speed_min), 1.0) - speed) * reach
            if abs(speed - stepped_at) > STILL * speed:
                stepped_at = speed
                stream_w_per_k = speed * model.airflow_max_kg_per_s / ways * model.cp_j_per_kg_k
                for g in range(count):
                    phi[g], by_power[g], by_inlet[g] = chain_step(model, g, speed, ways, h_s)
        inlet_c, given_w = air_c[k] + model.inlet_rise_k, 0.0
        for turn in range(2):
            if turn == 1:
                inlet_c += given_w / (ways * stream_w_per_k)
            for g in range(count):
                if model.upstream[g] == (turn == 0):
                    drawn_w = power_w[k, g]
                    for i in range(5):
                        total = by_power[g, i] * drawn_w + by_inlet[g, i] * inlet_c
                        for j in range(4):
                            total += phi[g, i, j] * x[g, j]
                        after[i] = total
                    for i in range(4):
                        x[g, i] = after[i]
                    given_w += after[HEAT] * model.coolant_j_per_k[g] / h_s
        temps_c[k], fans[k] = x[:, DIE], speed
    return temps_c, fans


@compiled
def chain_step(
    model: NodeModel, g: int, speed: float, ways: int, h_s: float
) -> tuple[Floats, Floats, Floats]:
    """Return propagator, gain of board power and gain of inlet temperature of one GPU."""
    flow = speed * model.airflow_max_kg_per_s / ways
    ratio = max(flow / model.flow_reference_kg_per_s[g], SMALLEST_FLOW_RATIO)
    share = model.memory_share[g]
    capacities = np.empty(4)
    capacities[DIE], capacities[BODY] = model.die_j_per_k[g], model.body_j_per_k[g]
    capacities[MEMORY], capacities[COOLANT] = model.memory_j_per_k[g], model.coolant_j_per_k[g]
    stream = 2.0 * flow * model.cp_j_per_kg_k
    rates = chain_rates(
        capacities,
        (1.0 - share) / model.die_k_per_w[g],
        ratio ** -model.flow_exponent[g] / model.body_k_per_w[g],
        1.0 / model.memory_k_per_w[g],
        stream,
    )
    propagator, integral = transition(rates, h_s)
    by_power, by_inlet = np.empty(5), np.empty(5)
    for i in range(5):
        by_power[i] = integral[i, DIE] * (1.0 - share) / capacities[DIE]
        by_power[i] += integral[i, MEMORY] * share / capacities[MEMORY]
        by_inlet[i] = stream * (integral[i, COOLANT] - integral[i, HEAT]) / capacities[COOLANT]
    return propagator, by_power, by_inlet


@compiled
def rest_speed(model: NodeModel, power_w: Floats, air_c: float) -> float:
    """Return the fan speed at rest: it falls as air gets warmer by less air, so halve."""
    low, high = model.fan_speed_min, 1.0
    ways = max(int(np.sum(model.upstream)), 1)
    for _ in range(HALVINGS):
        speed = 0.5 * (low + high)
        flow = speed * model.airflow_max_kg_per_s / ways
        stream = flow * model.cp_j_per_kg_k
        ahead_w = np.sum(power_w * model.upstream)
        hottest_c = -1e9
        for g in range(power_w.size):
            ratio = max(flow / model.flow_reference_kg_per_s[g], SMALLEST_FLOW_RATIO)
            rise = model.die_k_per_w[g] + model.body_k_per_w[g] * ratio ** model.flow_exponent[g]
            here_c = air_c + model.inlet_rise_k + power_w[g] * (rise + 0.5 / stream)
            if not model.upstream[g]:
                here_c += ahead_w / (ways * stream)
            hottest_c = max(hottest_c, here_c)
        above = (hottest_c - model.fan_target_c) / model.fan_band_k + 0.5
        if model.fan_speed_min + (1.0 - model.fan_speed_min) * above > speed:
            low = speed
        else:
            high = speed
    return high
