"""How the chains of a group of GPUs move in one step, and in a short part of it."""

from typing import NamedTuple

import numpy as np

from site_models.arrays import Flags, Floats
from site_models.plant import Arrays
from twin.physics.law import compiled, inlined
from twin.physics.thermal_chain import (
    COOLANT,
    COOLANT_ROW,
    DIE,
    DIE_ROW,
    HEAT,
    INLET_I,
    INLET_K,
    MASSES,
    MEMORY,
    POWER_I,
    POWER_K,
    POWER_Q,
    RESPONSES,
    SIZE,
    doubled,
    first_responses,
    halvings_for,
    set_rates,
)
from twin.state import State

SMALLEST_FLOW_RATIO = 1e-3
"""A body at rest in its coolant still conducts: its resistance is that of this flow."""
DOUBLINGS = 4
PARTS = 2**DOUBLINGS
"""Parts that a step is cut into for a GPU whose thermal control acts."""
BY_POWER, BY_RAMP, BY_INLET = 4, 5, 6
"""Columns of `Moves.die_mean` after those of the four temperatures."""


class Moves(NamedTuple):
    """What a step does to the chains of each group. Linear in everything named.

    Board power is a mean, held, and a ramp about it: from -1 at the step's start to +1 at
    its end, so that a ramp adds no energy.
    """

    after: Floats
    """Shape (groups, 5, 5): on the temperatures; the last row is heat given [J/K]."""
    by_power: Floats
    """Shape (groups, 5) [K/W], [J/W]."""
    by_ramp: Floats
    by_inlet: Floats
    die_mean: Floats
    """Shape (groups, 7): mean die temperature over the step from four temperatures, power,
    ramp and inlet."""
    die_rise_k_per_w: Floats
    """Shape (groups,): of a die at rest over its body, per watt of board power."""
    memory_rise_k_per_w: Floats


@compiled
def group_moves(arrays: Arrays, state: State, h_s: float) -> tuple[Moves, Moves, Floats]:
    """Return the moves of a step, those of one of its PARTS, and each GPU's coolant [W/K]."""
    groups = arrays.groups
    count = groups.node.size
    whole, part = empty_moves(count), empty_moves(count)
    coolant_w_per_k = np.empty(count)
    by_power = np.zeros(SIZE)
    propagator, next_propagator = np.empty((MASSES, MASSES)), np.empty((MASSES, MASSES))
    responses, next_responses = np.empty((RESPONSES, MASSES)), np.empty((RESPONSES, MASSES))
    room, rates = np.empty((2, MASSES, MASSES)), np.empty((SIZE, SIZE))
    for q in range(count):
        coolant_w_per_k[q] = group_rates(arrays, state, q, rates)
        share, coolant_j = groups.memory_share[q], groups.coolant_capacity_j_per_k[q]
        by_power[DIE] = (1.0 - share) / groups.die_capacity_j_per_k[q]
        by_power[MEMORY] = share / groups.memory_capacity_j_per_k[q]
        stream_per_s = rates[HEAT, COOLANT]
        halvings = halvings_for(rates, h_s, DOUBLINGS)
        length_s = h_s * 0.5**halvings
        first_responses(rates, by_power, length_s, propagator, responses, room)
        for left in range(halvings, 0, -1):
            if left == DOUBLINGS:
                set_moves(part, q, propagator, responses, length_s, coolant_j, stream_per_s)
            doubled(propagator, responses, length_s, next_propagator, next_responses)
            propagator, next_propagator = next_propagator, propagator
            responses, next_responses = next_responses, responses
            length_s *= 2.0
        set_moves(whole, q, propagator, responses, length_s, coolant_j, stream_per_s)
        for moves in (whole, part):
            moves.die_rise_k_per_w[q] = groups.die_resistance_k_per_w[q]
            moves.memory_rise_k_per_w[q] = share * groups.memory_resistance_k_per_w[q]
    return whole, part, coolant_w_per_k


@compiled
def empty_moves(count: int) -> Moves:
    """Return moves of so many groups, to be set."""
    return Moves(
        np.empty((count, SIZE, SIZE)),
        np.empty((count, SIZE)),
        np.empty((count, SIZE)),
        np.empty((count, SIZE)),
        np.empty((count, 7)),
        np.empty(count),
        np.empty(count),
    )


@compiled
def set_moves(
    moves: Moves,
    q: int,
    propagator: Floats,
    responses: Floats,
    h_s: float,
    coolant_j: float,
    stream_per_s: float,
) -> None:
    """Set a group's moves from the responses over a step.

    Heat given is the stream's rate times what the coolant is over its inlet, integrated.
    """
    per_ramp = 2.0 / h_s
    for i in range(MASSES):
        for j in range(MASSES):
            moves.after[q, i, j] = propagator[i, j]
        moves.after[q, HEAT, i] = coolant_j * stream_per_s * responses[COOLANT_ROW, i]
        held = responses[POWER_I, i]
        moves.by_power[q, i] = held
        moves.by_ramp[q, i] = per_ramp * responses[POWER_K, i] - held
        moves.by_inlet[q, i] = responses[INLET_I, i]
        moves.die_mean[q, i] = responses[DIE_ROW, i] / h_s
        moves.after[q, i, HEAT] = 0.0
    moves.after[q, HEAT, HEAT] = 1.0
    stream_w_per_k = coolant_j * stream_per_s
    held = responses[POWER_K, COOLANT]
    moves.by_power[q, HEAT] = stream_w_per_k * held
    moves.by_ramp[q, HEAT] = stream_w_per_k * (per_ramp * responses[POWER_Q, COOLANT] - held)
    moves.by_inlet[q, HEAT] = stream_w_per_k * (responses[INLET_K, COOLANT] - h_s)
    held, ramped = responses[POWER_K, DIE], per_ramp * responses[POWER_Q, DIE]
    moves.die_mean[q, BY_POWER] = held / h_s
    moves.die_mean[q, BY_RAMP] = (ramped - held) / h_s
    moves.die_mean[q, BY_INLET] = responses[INLET_K, DIE] / h_s


@inlined
def group_rates(arrays: Arrays, state: State, q: int, rates: Floats) -> float:
    """Write the rates of a group's chain at its flow [1/s]; return one GPU's coolant [W/K]."""
    groups, nodes = arrays.groups, arrays.nodes
    n = groups.node[q]
    if nodes.liquid_circuit[n] >= 0:
        flow = state.rack_flow_kg_per_s[nodes.rack[n]] * nodes.liquid_flow_share[n]
        flow /= nodes.gpu_count[n]
    else:
        ways = lanes(arrays.gpus.upstream, nodes.first_gpu[n], nodes.gpu_count[n])
        flow = state.node_airflow_kg_per_s[n] / ways
    ratio = max(flow / groups.flow_reference_kg_per_s[q], SMALLEST_FLOW_RATIO)
    body_k_per_w = groups.body_resistance_k_per_w[q] * ratio ** groups.flow_exponent[q]
    capacities = (
        groups.die_capacity_j_per_k[q],
        groups.body_capacity_j_per_k[q],
        groups.memory_capacity_j_per_k[q],
        groups.coolant_capacity_j_per_k[q],
    )
    coolant_w_per_k: float = flow * groups.coolant_cp_j_per_kg_k[q]
    set_rates(
        rates,
        capacities,
        (1.0 - groups.memory_share[q]) / groups.die_resistance_k_per_w[q],
        1.0 / body_k_per_w,
        1.0 / groups.memory_resistance_k_per_w[q],
        2.0 * coolant_w_per_k,
    )
    return coolant_w_per_k


@compiled
def lanes(upstream: Flags, first: int, count: int) -> int:
    """Return how many parallel airflows cross a node's GPUs: those that breathe first."""
    found = 0
    for g in range(first, first + count):
        found += upstream[g]
    return max(found, 1)
