"""How the chains of a group of GPUs move in one step, and in a short part of it."""

from typing import NamedTuple

import numpy as np

from site_models.arrays import Flags, Floats
from site_models.plant import Arrays, GpuGroups, Nodes
from twin.physics.law import borrowing, compiled
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
)
from twin.servers.gpu_rates import group_rates
from twin.state import State

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


class Room(NamedTuple):
    """Room to work out one group's moves in."""

    propagator: Floats
    next_propagator: Floats
    responses: Floats
    next_responses: Floats
    powers: Floats
    rates: Floats
    by_power: Floats


@compiled
def group_moves(arrays: Arrays, state: State, h_s: float) -> tuple[Moves, Moves, Floats]:
    """Return the moves of a step, those of one of its PARTS, and each GPU's coolant [W/K]."""
    count = arrays.groups.node.size
    whole, part = empty_moves(count), empty_moves(count)
    coolant_w_per_k = np.empty(count)
    room = Room(
        np.empty((MASSES, MASSES)), np.empty((MASSES, MASSES)),
        np.empty((RESPONSES, MASSES)), np.empty((RESPONSES, MASSES)),
        np.empty((2, MASSES, MASSES)), np.empty((SIZE, SIZE)), np.zeros(SIZE),
    )  # fmt: skip
    flows = (state.rack_flow_kg_per_s, state.node_airflow_kg_per_s)
    write_moves(
        arrays.groups, arrays.nodes, arrays.gpus.upstream, flows, h_s, room,
        whole, part, coolant_w_per_k,
    )  # fmt: skip
    return whole, part, coolant_w_per_k


@borrowing
def write_moves(
    groups: GpuGroups,
    nodes: Nodes,
    upstream: Flags,
    flows: tuple[Floats, Floats],
    h_s: float,
    room: Room,
    whole: Moves,
    part: Moves,
    coolant_w_per_k: Floats,
) -> None:
    """Write the moves of every group; `flows` are those of racks and of nodes' air [kg/s]."""
    rates, by_power = room.rates, room.by_power
    propagator, next_propagator = room.propagator, room.next_propagator
    responses, next_responses = room.responses, room.next_responses
    for q in range(groups.node.size):
        coolant_w_per_k[q] = group_rates(groups, nodes, upstream, flows, q, rates)
        share, coolant_j = groups.memory_share[q], groups.coolant_capacity_j_per_k[q]
        by_power[DIE] = (1.0 - share) / groups.die_capacity_j_per_k[q]
        by_power[MEMORY] = share / groups.memory_capacity_j_per_k[q]
        stream_per_s = rates[HEAT, COOLANT]
        halvings = halvings_for(rates, h_s, DOUBLINGS)
        length_s = h_s * 0.5**halvings
        first_responses(rates, by_power, length_s, propagator, responses, room.powers)
        for left in range(halvings, 0, -1):
            if left == DOUBLINGS:
                set_moves(part, q, propagator, responses, length_s, coolant_j, stream_per_s)
            doubled(propagator, responses, length_s, next_propagator, next_responses)
            propagator, next_propagator = next_propagator, propagator
            responses, next_responses = next_responses, responses
            length_s *= 2.0
        set_moves(whole, q, propagator, responses, length_s, coolant_j, stream_per_s)
        whole.die_rise_k_per_w[q] = part.die_rise_k_per_w[q] = groups.die_resistance_k_per_w[q]
        memory_rise = share * groups.memory_resistance_k_per_w[q]
        whole.memory_rise_k_per_w[q] = part.memory_rise_k_per_w[q] = memory_rise


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


@borrowing
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
