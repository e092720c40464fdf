"""What is left of one node, and which tasks it can take."""

from typing import NamedTuple

from controllers.placement.mix import Tasks
from site_models.arrays import Floats
from twin.physics.law import compiled

NEARLY = 1e-9
"""Shares and cores that differ by less are equal."""
WHOLE = -1
"""In place of a GPU's number: the task takes whole free GPUs, or none."""


class Node(NamedTuple):
    """What is left of one node."""

    cpu_cores: float
    memory_bytes: float
    model: int
    """Number of its GPU model."""
    free: Floats
    """What part of each GPU is free. 0..1, shape (GPUs,)"""


@compiled
def room(free: Floats, share: float) -> int:
    """Return how many GPUs have that share free."""
    count = 0
    for g in range(len(free)):
        if free[g] >= share - NEARLY:
            count += 1
    return count


@compiled
def fits(node: Node, tasks: Tasks, kind: int) -> bool:
    """Return whether the node can take a task of the kind."""
    if node.cpu_cores < tasks.cpu_cores[kind] - NEARLY:
        return False
    if node.memory_bytes < tasks.memory_bytes[kind] - NEARLY:
        return False
    if tasks.gpus[kind] == 0:
        return True
    if not (tasks.models[kind] >> node.model) & 1:
        return False
    return bool(room(node.free, tasks.share[kind]) >= tasks.gpus[kind])


@compiled
def taken(node: Node, tasks: Tasks, kind: int, gpu: int) -> Node:
    """Return the node with a task of the kind on it; it must fit."""
    free = node.free.copy()
    if gpu >= 0:
        free[gpu] -= tasks.share[kind]
    else:
        for _ in range(tasks.gpus[kind]):
            free[tightest(free, tasks.share[kind])] -= tasks.share[kind]
    return Node(
        node.cpu_cores - tasks.cpu_cores[kind],
        node.memory_bytes - tasks.memory_bytes[kind],
        node.model,
        free,
    )


@compiled
def tightest(free: Floats, share: float) -> int:
    """Return the GPU with the least room that will do; -1: none."""
    best = -1
    for g in range(len(free)):
        if free[g] >= share - NEARLY and (best < 0 or free[g] < free[best]):
            best = g
    return best
