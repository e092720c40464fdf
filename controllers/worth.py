"""What power is worth to a job: concave curves of throughput over GPU power, in pieces."""

from typing import NamedTuple

import numpy as np

from controllers.gather import applied
from site_models.arrays import Flags, Floats
from site_models.plant import Plant
from twin.physics.clocks import switching_share
from twin.state import State

POINTS = 17
PRICES = 40
MEMORY_KNEE = 0.6
"""Clock below which memory-bound work slows down as well [ENGINEERING 1.4]."""


class Ladder(NamedTuple):
    """Pieces of each GPU's curve, from the lowest clock to the full one."""

    power_w: Floats
    """At the pieces' ends, rising. Shape (GPUs, POINTS)"""
    worth_per_w: Floats
    """Share of a GPU's throughput by watt on each piece, falling. Shape (GPUs, POINTS - 1)"""

    def prices(self) -> Floats:
        """Return worths at which to stop in turn, falling; equal watts lie between them.

        The last is 0: everything, what is worth nothing included.
        """
        rise_w = np.diff(self.power_w, axis=1)
        counts = (rise_w > 0.0) & (self.worth_per_w > 0.0)
        if not counts.any():
            return np.zeros(1)
        worth, watts = self.worth_per_w[counts], rise_w[counts]
        order = np.argsort(-worth, kind="stable")
        passed = np.cumsum(watts[order]) / float(watts.sum())
        places = np.searchsorted(passed, np.arange(1, PRICES + 1) / PRICES)
        stops = worth[order][np.minimum(places, len(order) - 1)]
        return np.append(np.unique(stops)[::-1], 0.0)

    def reached(self, power_w: Floats) -> Floats:
        """Return the throughput of each GPU at a power, over that of the lowest clock."""
        rise_w = np.diff(self.power_w, axis=1)
        done_w = np.clip(power_w[:, None] - self.power_w[:, :-1], 0.0, rise_w)
        return np.asarray((np.where(rise_w > 0.0, self.worth_per_w, 0.0) * done_w).sum(axis=1))

    def at_price(self, price: float) -> Floats:
        """Return the power up to which each GPU gains no less per watt [W]. Shape (GPUs,)"""
        pieces = (self.worth_per_w >= price).sum(axis=1)
        return np.asarray(np.take_along_axis(self.power_w, pieces[:, None], axis=1)[:, 0])


def pace_at(clock: Floats, compute_share: Floats, knee: float = MEMORY_KNEE) -> Floats:
    r"""Return throughput over that of full clock. 0..1 [-]

    :math:`1 / (c/f + (1 - c) \max(1, f_k/f))`: the compute share c of a step follows the
    clock f, the rest waits for memory or network until the clock falls below the knee
    :math:`f_k`, where it is slowed down too. Concave in f. Exact for a job of one phase;
    how far it is from the profiles' own pace is printed by ``experiment clock_choice``.
    """
    slowed = compute_share / clock + (1.0 - compute_share) * np.maximum(1.0, knee / clock)
    return np.asarray(1.0 / slowed)


def full_power_w(plant: Plant, state: State) -> tuple[Floats, Flags]:
    """Return what GPUs would draw at full clock [W], and where a lowered clock tells it.

    Elsewhere it is what they draw. By the devices' own law, leakage taken as it is.
    """
    gpus, groups = plant.arrays.gpus, plant.arrays.groups
    power_w, clock = state.gpu_power_w, state.gpu_clock_ratio
    lowered = (clock < 1.0) & (clock > 0.0)
    flat, floor = groups.voltage_flat[gpus.group], groups.voltage_floor[gpus.group]
    share = applied(switching_share, np.where(lowered, clock, 1.0), flat, floor)
    above_w = np.maximum(power_w - gpus.idle_power_w, 0.0) / share
    return np.where(lowered, gpus.idle_power_w + above_w, power_w), lowered


def ladder_of(plant: Plant, full_w: Floats, compute_share: Floats) -> Ladder:
    """Return the curves of GPUs that draw `full_w` at full clock.

    What is above idle power follows V(f)^2 f, as the devices' own control has it
    (``twin.physics.clocks``). Ends below the lowest cap are moved up to it.
    """
    gpus, groups = plant.arrays.gpus, plant.arrays.groups
    lowest = groups.clock_min[gpus.group][:, None]
    clock = lowest + (1.0 - lowest) * np.linspace(0.0, 1.0, POINTS)[None, :]
    flat, floor = groups.voltage_flat[gpus.group], groups.voltage_floor[gpus.group]
    share = applied(switching_share, clock, flat[:, None], floor[:, None])
    above_w = np.maximum(full_w - gpus.idle_power_w, 0.0)[:, None]
    power_w = gpus.idle_power_w[:, None] + above_w * share
    power_w = np.clip(power_w, gpus.power_min_w[:, None], gpus.power_max_w[:, None])
    gained = np.diff(pace_at(clock, compute_share[:, None]), axis=1)
    rise_w = np.diff(power_w, axis=1)
    worth = np.where(rise_w > 0.0, gained / np.where(rise_w > 0.0, rise_w, 1.0), np.inf)
    return Ladder(power_w, np.minimum.accumulate(worth, axis=1))
