"""Curves of throughput over power in pieces, falling in worth, and the prices to climb them by."""

from typing import NamedTuple

import numpy as np

from site_models.arrays import Floats, Ints
from twin.physics.law import compiled

PRICES = 40
NEAR_BITS = 42
"""Worths whose bits agree above these are near: they differ by less than a thousandth."""
MOST_BUCKETS = 65_536


class Ladder(NamedTuple):
    """Pieces of each GPU's curve, from the lowest clock to the full one."""

    power_w: Floats
    """At the pieces' ends, rising. Shape (GPUs, points)"""
    worth_per_w: Floats
    """Share of a GPU's throughput by watt on each piece, falling. Shape (GPUs, points - 1)"""

    def prices(self) -> Floats:
        """Return worths at which to stop in turn, falling; about equal watts lie between them.

        Worths that differ by less than a thousandth are stopped at together. The last is 0:
        everything, what is worth nothing included. Checked against sorting all pieces in
        ``tests/controllers/power/test_ladder.py``.
        """
        watts, least = _by_worth(self.power_w, self.worth_per_w.view(np.int64))
        filled = np.flatnonzero(watts)[::-1]
        passed = np.cumsum(watts[filled])
        whole_w = passed[-1] if len(passed) else 0.0
        places = np.searchsorted(passed, whole_w * np.arange(1, PRICES + 1) / PRICES)
        stops = np.unique(np.minimum(places, len(filled) - 1)) if len(filled) else places[:0]
        return np.append(least[filled[stops]].view(np.float64), 0.0)

    def reached(self, power_w: Floats) -> Floats:
        """Return the throughput of each GPU at a power, over that of the lowest clock."""
        return _reached(self.power_w, self.worth_per_w, power_w)

    def weighed(self, weight: Floats) -> "Ladder":
        """Return the ladder with each GPU's worths times its weight."""
        return Ladder(self.power_w, self.worth_per_w * weight[:, None])


@compiled
def _by_worth(power_w: Floats, bits: Ints) -> tuple[Floats, Ints]:
    """Return the watts of pieces by worth in buckets, and the least worth in each.

    Worths come and go as the bits of positive numbers, whose order is theirs.
    """
    first, last = np.iinfo(np.int64).max, 0
    for g in range(bits.shape[0]):
        for k in range(bits.shape[1]):
            if power_w[g, k + 1] > power_w[g, k] and bits[g, k] > 0:
                first, last = min(first, bits[g, k]), max(last, bits[g, k])
    shift = NEAR_BITS
    while (last - first) >> shift >= MOST_BUCKETS:
        shift += 1
    count = max((last - first) >> shift, 0) + 1
    watts, least = np.zeros(count), np.full(count, np.iinfo(np.int64).max)
    for g in range(bits.shape[0]):
        for k in range(bits.shape[1]):
            rise_w = power_w[g, k + 1] - power_w[g, k]
            if rise_w > 0.0 and bits[g, k] > 0:
                b = (bits[g, k] - first) >> shift
                watts[b] += rise_w
                least[b] = min(least[b], bits[g, k])
    return watts, least


@compiled
def _reached(power_w: Floats, worth_per_w: Floats, at_w: Floats) -> Floats:
    sums = np.zeros(len(at_w))
    for g in range(len(at_w)):
        for k in range(worth_per_w.shape[1]):
            low_w, high_w = power_w[g, k], power_w[g, k + 1]
            if high_w > low_w:
                sums[g] += worth_per_w[g, k] * (min(max(at_w[g], low_w), high_w) - low_w)
    return sums
