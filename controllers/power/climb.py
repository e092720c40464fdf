"""Let jobs climb their curves of worth together, by priority, until the tree is full."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from controllers.policy import JobOn
from controllers.power.climb_steps import aimed_w, gone, scarcity, stood
from controllers.power.ladder import Ladder
from controllers.power.pour import Vessel
from site_models.arrays import Flags, Floats, Ints
from site_models.plant import Plant

ROUNDS = 4
REPEATS = 2
LEAST_PART = 0.05
"""Of a gang, that counts as hanging on full stages at the least."""


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
    cap_w, rack, prices = low_w.copy(), vessel.gpu_rack, ladder.prices()
    for rank in np.unique(gangs.priority)[::-1]:
        mine = np.flatnonzero(gangs.priority == rank)
        climb = _Climb(vessel, ladder, prices, gangs.gang, gangs.size, rack, mine)
        cap_w = climb.whole(cap_w)
    return cap_w


@dataclass(frozen=True, slots=True, eq=False)
class _Climb:
    """The climb of one class."""

    vessel: Vessel
    ladder: Ladder
    prices: Floats
    """At which to stop, falling."""
    gang: Ints
    """Of each GPU."""
    gangs: int
    rack: Ints
    """Of each GPU."""
    mine: Ints
    """GPUs of the class."""

    def whole(self, cap_w: Floats) -> Floats:
        """Return the caps after the class has climbed.

        A watt on a gang of which only a part hangs on full stages costs only that part of what
        is scarce: the climb is tried again with worths by the watt of full stages, and kept as
        long as the class gains by it.
        """
        top_w = self._aimed_w(0.0, np.zeros(self.gangs, dtype=np.bool_), cap_w)
        if self.vessel.fits(top_w):
            return top_w
        best_w = self._once(cap_w, top_w)
        best = self.ladder.reached(best_w)[self.mine].sum()
        for _ in range(REPEATS):
            level = self.vessel.pour(best_w, top_w).level
            weight = scarcity(
                level, self.rack, self.gang, best_w, top_w, self.mine, self.gangs, LEAST_PART
            )
            if (weight == 1.0).all():
                break
            weighed = self.ladder.weighed(weight)
            other_w = replace(self, ladder=weighed, prices=weighed.prices())._once(cap_w, top_w)
            other = self.ladder.reached(other_w)[self.mine].sum()
            if other <= best:
                break
            best_w, best = other_w, other
        return best_w

    def _once(self, cap_w: Floats, top_w: Floats) -> Floats:
        for _ in range(ROUNDS):
            level = self.vessel.pour(cap_w, top_w).level
            stopped, going = stood(level, self.rack, self.gang, cap_w, top_w, self.mine, self.gangs)
            if not going:
                break
            cap_w = self._round(cap_w, stopped)
        return cap_w

    def _round(self, cap_w: Floats, stopped: Flags) -> Floats:
        """Return the caps after one fall of the price; gangs that meet a full stage stop."""
        first = self._last_that_fits(cap_w, stopped) + 1
        if first > 0:
            cap_w = self._aimed_w(self.prices[first - 1], stopped, cap_w)
        for price in self.prices[first:]:
            high_w = self._aimed_w(price, stopped, cap_w)
            if not (high_w > cap_w).any():
                continue
            level = self.vessel.pour(cap_w, high_w).level
            cap_w, going = gone(level, self.rack, self.gang, cap_w, high_w, self.mine, stopped)
            if not going:
                break
        return cap_w

    def _last_that_fits(self, cap_w: Floats, stopped: Flags) -> int:
        """Return the place of the last price with which every limit is kept; -1: none."""
        low, high = -1, len(self.prices)
        while high - low > 1:
            middle = (low + high) // 2
            if self.vessel.fits(self._aimed_w(self.prices[middle], stopped, cap_w)):
                low = middle
            else:
                high = middle
        return low

    def _aimed_w(self, price: float, stopped: Flags, cap_w: Floats) -> Floats:
        ladder = self.ladder
        return aimed_w(
            ladder.power_w, ladder.worth_per_w, price, self.gang, self.mine, stopped, cap_w
        )
