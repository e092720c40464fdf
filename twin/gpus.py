"""GPUs during one substep: their thermal chains, and the heat they give to their coolant."""

import numpy as np

from site_models.arrays import Flags, Floats
from site_models.plant import Arrays
from twin.physics.law import compiled
from twin.physics.thermal_chain import (
    BODY,
    COOLANT,
    DIE,
    HEAT,
    MEMORY,
    chain_rates,
    transition,
)
from twin.state import Inputs, State

SMALLEST_FLOW_RATIO = 1e-3
"""A body at rest in its coolant still conducts: its resistance is that of this flow."""


@compiled
def advance_gpus(
    arrays: Arrays, state: State, inputs: Inputs, h_s: float, to_coolant_w: Floats
) -> None:
    """Advance every GPU's chain by h exactly; sum its mean heat to its node's coolant.

    In air the GPUs behind others breathe air that those have warmed, so each node is passed
    twice; in liquid all cold plates of a node are in parallel and the second pass is empty.
    """
    gpus, nodes = arrays.gpus, arrays.nodes
    phi, by_power, by_inlet, coolant_w_per_k = group_transitions(arrays, state, h_s)
    for n in range(nodes.rack.size):
        first, count = nodes.first_gpu[n], nodes.gpu_count[n]
        to_coolant_w[n] = 0.0
        if count == 0:
            continue
        liquid = nodes.liquid_circuit[n] >= 0
        inlet_c = state.node_inlet_c[n]
        if liquid:
            inlet_c = state.circuit_delivered_c[nodes.liquid_circuit[n]]
        for turn in range(1 if liquid else 2):
            if turn == 1:
                air_w_per_k = coolant_w_per_k[gpus.group[first]]
                air_w_per_k *= lanes(gpus.upstream, first, count)
                inlet_c += to_coolant_w[n] / max(air_w_per_k, 1e-9)
            for g in range(first, first + count):
                if not liquid and gpus.upstream[g] != (turn == 0):
                    continue
                to_coolant_w[n] += (
                    advance_chain(
                        phi[gpus.group[g]],
                        by_power[gpus.group[g]],
                        by_inlet[gpus.group[g]],
                        inputs.gpu_power_w[g],
                        inlet_c,
                        g,
                        state.gpu_temp_c,
                        state.gpu_body_c,
                        state.memory_temp_c,
                        state.gpu_coolant_c,
                    )
                    / h_s
                )
                state.gpu_power_w[g] = inputs.gpu_power_w[g]


@compiled
def advance_chain(
    a: Floats,
    by_power: Floats,
    by_inlet: Floats,
    power_w: float,
    inlet_c: float,
    g: int,
    die_c: Floats,
    body_c: Floats,
    memory_c: Floats,
    coolant_c: Floats,
) -> float:
    """Advance the chain of GPU g; return the heat it gave to its coolant in the step [J]."""
    die, body, memory, coolant = die_c[g], body_c[g], memory_c[g], coolant_c[g]
    u, v = by_power, by_inlet
    die_c[g] = a[0, 0] * die + a[0, 1] * body + a[0, 2] * memory + a[0, 3] * coolant
    body_c[g] = a[1, 0] * die + a[1, 1] * body + a[1, 2] * memory + a[1, 3] * coolant
    memory_c[g] = a[2, 0] * die + a[2, 1] * body + a[2, 2] * memory + a[2, 3] * coolant
    coolant_c[g] = a[3, 0] * die + a[3, 1] * body + a[3, 2] * memory + a[3, 3] * coolant
    heat_j = a[4, 0] * die + a[4, 1] * body + a[4, 2] * memory + a[4, 3] * coolant
    die_c[g] += u[0] * power_w + v[0] * inlet_c
    body_c[g] += u[1] * power_w + v[1] * inlet_c
    memory_c[g] += u[2] * power_w + v[2] * inlet_c
    coolant_c[g] += u[3] * power_w + v[3] * inlet_c
    given_j: float = heat_j + u[4] * power_w + v[4] * inlet_c
    return given_j


@compiled
def group_transitions(
    arrays: Arrays, state: State, h_s: float
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return how each group's chain moves in h.

    The transition (groups, 5, 5), the gains of board power and of inlet temperature
    (groups, 5), and the capacity rate of one GPU's coolant (groups,) [W/K].
    """
    groups, nodes = arrays.groups, arrays.nodes
    count = groups.node.size
    phi = np.empty((count, 5, 5))
    by_power = np.empty((count, 5))
    by_inlet = np.empty((count, 5))
    coolant_w_per_k = np.empty(count)
    capacities = np.empty(4)
    for q in range(count):
        n = groups.node[q]
        if nodes.liquid_circuit[n] >= 0:
            flow = state.rack_flow_kg_per_s[nodes.rack[n]] * nodes.liquid_flow_share[n]
            flow /= nodes.gpu_count[n]
        else:
            ways = lanes(arrays.gpus.upstream, nodes.first_gpu[n], nodes.gpu_count[n])
            flow = state.node_airflow_kg_per_s[n] / ways
        ratio = max(flow / groups.flow_reference_kg_per_s[q], SMALLEST_FLOW_RATIO)
        body_k_per_w = groups.body_resistance_k_per_w[q] * ratio ** groups.flow_exponent[q]
        capacities[DIE] = groups.die_capacity_j_per_k[q]
        capacities[BODY] = groups.body_capacity_j_per_k[q]
        capacities[MEMORY] = groups.memory_capacity_j_per_k[q]
        capacities[COOLANT] = groups.coolant_capacity_j_per_k[q]
        share = groups.memory_share[q]
        coolant_w_per_k[q] = flow * groups.coolant_cp_j_per_kg_k[q]
        stream = 2.0 * coolant_w_per_k[q]
        rates = chain_rates(
            capacities,
            (1.0 - share) / groups.die_resistance_k_per_w[q],
            1.0 / body_k_per_w,
            1.0 / groups.memory_resistance_k_per_w[q],
            stream,
        )
        propagator, integral = transition(rates, h_s)
        phi[q] = propagator
        for i in range(5):
            by_power[q, i] = (
                integral[i, DIE] * (1.0 - share) / capacities[DIE]
                + integral[i, MEMORY] * share / capacities[MEMORY]
            )
            by_inlet[q, i] = stream * (integral[i, COOLANT] - integral[i, HEAT])
            by_inlet[q, i] /= capacities[COOLANT]
        phi[q, HEAT] *= capacities[COOLANT]
        by_power[q, HEAT] *= capacities[COOLANT]
        by_inlet[q, HEAT] *= capacities[COOLANT]
    return phi, by_power, by_inlet, coolant_w_per_k


@compiled
def lanes(upstream: Flags, first: int, count: int) -> int:
    """Return how many parallel airflows cross a node's GPUs: those that breathe first."""
    found = 0
    for g in range(first, first + count):
        found += upstream[g]
    return max(found, 1)
