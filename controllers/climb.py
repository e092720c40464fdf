"""Let jobs climb their curves of worth together, by priority, until the tree is full."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from controllers.gather import sum_by
from controllers.ladder import Ladder
from controllers.policy import JobOn
from controllers.pour import Vessel
from site_models.arrays import Flags, Floats, Ints
from site_models.plant import Plant

ROUNDS = 4
REPEATS = 2
LEAST_PART = 0.05
"""Of a gang, that counts as hanging on full stages at the least."""
BLOCKED = 1e-3
"""A rack that may go less than this share of its way stands."""
WHOLE = 1.0 - 1e-9


class Gangs(NamedTuple):
    """Who climbs together: the GPUs of a job; of a rack where nobody tells of jobs."""

    gang: Ints
    """Of each GPU. Shape (GPUs,)"""
    size: int
    """Number of gangs."""
    priority: Ints
    """Of each GPU."""
    compute_share: Floats
    """Of each GPU. 0..1"""


def gangs_of(plant: Plant, jobs: Sequence[JobOn]) -> Gangs:
    """Return the gangs of a plant's GPUs; those of no job have priority 0.

    GPUs of paused jobs count as without a job.
    """
    rack = plant.arrays.nodes.rack[plant.arrays.gpus.node]
    gang = rack.astype(np.int64) + len(jobs)
    priority = np.zeros(len(gang), dtype=np.int64)
    share = np.ones(len(gang))
    for number, job in enumerate(jobs):
        if not job.paused:
            gang[job.gpus] = number
            priority[job.gpus] = job.priority
            share[job.gpus] = min(max(job.compute_share, 0.0), 1.0)
    return Gangs(gang, len(jobs) + len(plant.rack_names), priority, share)


def climbed(vessel: Vessel, ladder: Ladder, gangs: Gangs, low_w: Floats) -> Floats:
    """Return the caps that priorities and worth reach from the lowest caps [W].

    Classes one after the other, the highest first. Within one, a common price falls step by
    step: every gang goes up to where a watt is worth less. Where a stage gets full its gangs
    stop, and those whose racks all have room go on: on a tree this is greedy by worth, best
    for gangs within a rack; for others `experiment power_budget` prints how near it comes.
    """
    cap_w = low_w.copy()
    for rank in np.unique(gangs.priority)[::-1]:
        cap_w = _class_climbed(vessel, ladder, gangs, cap_w, gangs.priority == rank)
    return cap_w


def _class_climbed(
    vessel: Vessel, ladder: Ladder, gangs: Gangs, cap_w: Floats, mine: Flags
) -> Floats:
    """Return the caps after one class has climbed.

    A watt on a gang of which only a part hangs on full stages costs only that part of what
    is scarce: the climb is tried again with worths by the watt of full stages, and kept as
    long as the class gains by it.
    """
    top_w = np.where(mine, np.maximum(ladder.at_price(0.0), cap_w), cap_w)
    if vessel.fits(top_w):
        return top_w
    best_w = _climbed_once(vessel, ladder, gangs, cap_w, top_w, mine)
    for _ in range(REPEATS):
        scarce = mine & (vessel.pour(best_w, top_w).level[vessel.gpu_rack] < BLOCKED)
        whole = sum_by(gangs.gang[mine], np.ones(int(mine.sum())), gangs.size)
        part = sum_by(gangs.gang[scarce], np.ones(int(scarce.sum())), gangs.size)
        whole = np.maximum(whole, 1.0)
        weight = whole / np.maximum(part, LEAST_PART * whole)
        other_w = _climbed_once(vessel, ladder.weighed(weight[gangs.gang]), gangs, cap_w, top_w, mine)
        if ladder.reached(other_w)[mine].sum() <= ladder.reached(best_w)[mine].sum():
            break
        best_w = other_w
    return best_w


def _climbed_once(
    vessel: Vessel, ladder: Ladder, gangs: Gangs, cap_w: Floats, top_w: Floats, mine: Flags
) -> Floats:
    prices = ladder.prices()
    for _ in range(ROUNDS):
        level = vessel.pour(cap_w, top_w).level[vessel.gpu_rack]
        rising = top_w > cap_w + 1e-6
        stopped = np.zeros(gangs.size, dtype=np.bool_)
        stopped[gangs.gang[rising & (level < BLOCKED)]] = True
        if not (rising & ~stopped[gangs.gang]).any():
            break
        cap_w = _round(vessel, ladder, gangs, cap_w, mine, prices, stopped)
    return cap_w


def _round(
    vessel: Vessel,
    ladder: Ladder,
    gangs: Gangs,
    cap_w: Floats,
    mine: Flags,
    prices: Floats,
    stopped: Flags,
) -> Floats:
    """Return the caps after one fall of the price; gangs that meet a full stage stop."""

    def target_w(k: int) -> Floats:
        goes = mine & ~stopped[gangs.gang]
        return np.where(goes, np.maximum(ladder.at_price(float(prices[k])), cap_w), cap_w)

    first = _last_that_fits(vessel, target_w, len(prices)) + 1
    if first > 0:
        cap_w = target_w(first - 1)
    for k in range(first, len(prices)):
        high_w = target_w(k)
        if not (high_w > cap_w).any():
            continue
        level = np.ones(gangs.size)
        np.minimum.at(level, gangs.gang, vessel.pour(cap_w, high_w).level[vessel.gpu_rack])
        cap_w = cap_w + level[gangs.gang] * (high_w - cap_w)
        stopped |= level < WHOLE
        if stopped[gangs.gang[mine]].all():
            break
    return cap_w


def _last_that_fits(vessel: Vessel, target_w: Callable[[int], Floats], count: int) -> int:
    """Return the last of rising targets that keeps every limit; -1: none."""
    low, high = -1, count
    while high - low > 1:
        middle = (low + high) // 2
        if vessel.fits(target_w(middle)):
            low = middle
        else:
            high = middle
    return low
