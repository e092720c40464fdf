"""What migration remembers: who is held down, who was asked where, and which places were ill."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from controllers.migration.held_down import clocks, ill_gpus, pace_of
from controllers.policy import Move, View
from site_models.arrays import Floats
from site_models.plant import Plant

NOWHERE = -1.0


class Watched(NamedTuple):
    """What the policy remembers of each GPU. Shapes (GPUs,)"""

    held_s: Floats
    """How long its job has been held down."""
    lost_s: Floats
    """What its job has lost meanwhile, at full pace."""
    goal: Floats
    """Place of the GPU that is asked for in its stead; -1: none."""
    asked_s: Floats
    """For how long."""
    rest_s: Floats
    """Since a job was sent here."""
    well_s: Floats
    """Since it, or its loop, was ill."""
    looked_s: float
    """Since places were looked for."""


def unwatched(plant: Plant) -> Watched:
    """Return that all has been well for long."""
    count = len(plant.gpu_names)
    none, long = np.zeros(count), np.full(count, np.inf)
    return Watched(none, none, np.full(count, NOWHERE), none, long, long, np.inf)


def watched(view: View, memory: Watched, held: float) -> Watched:
    """Return the memory with this instant in it; `held`: the pace below which a job is held down.

    Half-way back to full pace it counts as before, above that it is well.
    """
    clock, dt_s = clocks(view), view.dt_s
    held_s, lost_s = np.zeros(len(clock)), np.zeros(len(clock))
    down = np.zeros(len(clock), dtype=np.bool_)
    for job in view.jobs:
        if job.paused or not len(job.gpus):
            continue
        pace, mine = pace_of(job, clock), job.gpus
        if pace < held:
            held_s[mine] = memory.held_s[mine].max() + dt_s
            lost_s[mine] = memory.lost_s[mine].max() + (1.0 - pace) * dt_s
            down[mine] = clock[mine] <= clock[mine].min() + 0.5 * (1.0 - clock[mine].min())
        elif pace < 0.5 * (1.0 + held):
            held_s[mine], lost_s[mine] = memory.held_s[mine].max(), memory.lost_s[mine].max()
    ill = ill_gpus(view, down)
    return Watched(
        held_s, lost_s, memory.goal, memory.asked_s + dt_s, memory.rest_s + dt_s,
        np.where(ill, 0.0, memory.well_s + dt_s), memory.looked_s + dt_s,
    )  # fmt: skip


def asked_yet(view: View, seen: Watched, patience_s: float) -> dict[str, Move]:
    """Return the moves that are asked for yet: not there, not in vain, and nobody else's."""
    moves = dict[str, Move]()
    if not (seen.goal >= 0.0).any():
        return moves
    owner = {int(gpu): job.name for job in view.jobs for gpu in job.gpus}
    for job in view.jobs:
        goal = seen.goal[job.gpus]
        places = tuple(sorted(int(gpu) for gpu in goal))
        if not (goal >= 0.0).all() or set(places) == set(job.gpus.tolist()) or job.paused:
            continue
        alone = all(owner.get(gpu, job.name) == job.name for gpu in places)
        if alone and seen.asked_s[job.gpus].max() < patience_s:
            moves[job.name] = Move(job.name, places)
    return moves


def noted(view: View, seen: Watched, moves: Mapping[str, Move]) -> Watched:
    """Return the memory with what is asked now."""
    goal, asked_s = np.full(len(seen.goal), NOWHERE), np.zeros(len(seen.goal))
    rest_s = seen.rest_s.copy()
    for job in view.jobs:
        move = moves.get(job.name)
        if move is None:
            continue
        known = tuple(sorted(int(gpu) for gpu in seen.goal[job.gpus])) == move.gpus
        goal[job.gpus] = np.array(move.gpus, dtype=np.float64)
        asked_s[job.gpus] = seen.asked_s[job.gpus] if known else 0.0
        if not known:
            rest_s[list(move.gpus)] = 0.0
    return seen._replace(goal=goal, asked_s=asked_s, rest_s=rest_s)
