"""Curves of throughput over power in pieces, falling in worth, and the prices to climb them by."""

from typing import NamedTuple

import numpy as np

from site_models.arrays import Flags, Floats, Ints
from twin.physics.law import compiled

PRICES = 40
PIECES_A_BUCKET = 4
MOST_BUCKETS = 65_536


class Ladder(NamedTuple):
    """Pieces of each GPU's curve, from the lowest clock to the full one."""

    power_w: Floats
    """At the pieces' ends, rising. Shape (GPUs, points)"""
    worth_per_w: Floats
    """Share of a GPU's throughput by watt on each piece, falling. Shape (GPUs, points - 1)"""

    def prices(self) -> Floats:
        """Return worths at which to stop in turn, falling; equal watts lie between them.

        The last is 0: everything, what is worth nothing included. Pieces are counted in
        buckets of near worths first; only those of buckets with a stop in them are sorted.
        Checked against sorting all of them in ``tests/controllers/test_ladder.py``.
        """
        bits = self.worth_per_w.view(np.int64)
        count = max(min(bits.size // PIECES_A_BUCKET, MOST_BUCKETS), 1)
        first, shift, watts, least, most = _buckets(self.power_w, bits, count)
        filled = np.flatnonzero(watts > 0.0)[::-1]
        if not len(filled):
            return np.zeros(1)
        mixed = np.zeros(count, dtype=np.bool_)
        mixed[filled[_stops(watts[filled])]] = True
        mixed &= least < most
        worth_bits, piece_w = _pieces_in(self.power_w, bits, first, shift, mixed)
        whole = filled[~mixed[filled]]
        worth = np.r_[worth_bits, most[whole]].view(np.float64)
        order = np.argsort(-worth)
        stops = _stops(np.r_[piece_w, watts[whole]][order])
        return np.append(np.unique(worth[order][stops])[::-1], 0.0)

    def reached(self, power_w: Floats) -> Floats:
        """Return the throughput of each GPU at a power, over that of the lowest clock."""
        return _reached(self.power_w, self.worth_per_w, power_w)

    def at_price(self, price: float) -> Floats:
        """Return the power up to which each GPU gains no less per watt [W]. Shape (GPUs,)"""
        return _at_price(self.power_w, self.worth_per_w, price)

    def weighed(self, weight: Floats) -> "Ladder":
        """Return the ladder with each GPU's worths times its weight."""
        return Ladder(self.power_w, self.worth_per_w * weight[:, None])


def _stops(watts: Floats) -> Ints:
    """Return the places at which equal parts of the watts are passed."""
    passed = np.cumsum(watts)
    places = np.searchsorted(passed / passed[-1], np.arange(1, PRICES + 1) / PRICES)
    return np.asarray(np.minimum(places, len(watts) - 1))


@compiled
def _buckets(
    power_w: Floats, bits: Ints, count: int
) -> tuple[int, int, Floats, Ints, Ints]:
    """Return the watts of pieces by worth in buckets, and the least and greatest worth of each.

    Worths come as the bits of positive numbers, whose order is theirs; the bucket is what is
    left of them, above the `first`, when they are moved right by `shift`.
    """
    first, last = np.iinfo(np.int64).max, 0
    for g in range(bits.shape[0]):
        for k in range(bits.shape[1]):
            if power_w[g, k + 1] > power_w[g, k] and bits[g, k] > 0:
                first, last = min(first, bits[g, k]), max(last, bits[g, k])
    shift = 0
    while (last - first) >> shift >= count:
        shift += 1
    watts = np.zeros(count)
    least, most = np.full(count, np.iinfo(np.int64).max), np.zeros(count, dtype=np.int64)
    for g in range(bits.shape[0]):
        for k in range(bits.shape[1]):
            rise_w = power_w[g, k + 1] - power_w[g, k]
            if rise_w > 0.0 and bits[g, k] > 0:
                b = (bits[g, k] - first) >> shift
                watts[b] += rise_w
                least[b], most[b] = min(least[b], bits[g, k]), max(most[b], bits[g, k])
    return first, shift, watts, least, most


@compiled
def _pieces_in(
    power_w: Floats, bits: Ints, first: int, shift: int, mixed: Flags
) -> tuple[Ints, Floats]:
    """Return the bits of worth and the watts of each piece whose bucket is marked."""
    found, watts, n = np.zeros(bits.size, dtype=np.int64), np.zeros(bits.size), 0
    for g in range(bits.shape[0]):
        for k in range(bits.shape[1]):
            rise_w = power_w[g, k + 1] - power_w[g, k]
            if rise_w > 0.0 and bits[g, k] > 0 and mixed[(bits[g, k] - first) >> shift]:
                found[n], watts[n] = bits[g, k], rise_w
                n += 1
    return found[:n], watts[:n]


@compiled
def _reached(power_w: Floats, worth_per_w: Floats, at_w: Floats) -> Floats:
    sums = np.zeros(len(at_w))
    for g in range(len(at_w)):
        for k in range(worth_per_w.shape[1]):
            low_w, high_w = power_w[g, k], power_w[g, k + 1]
            if high_w > low_w:
                sums[g] += worth_per_w[g, k] * (min(max(at_w[g], low_w), high_w) - low_w)
    return sums


@compiled
def _at_price(power_w: Floats, worth_per_w: Floats, price: float) -> Floats:
    at_w = np.zeros(len(power_w))
    for g in range(len(power_w)):
        k = 0
        while k < worth_per_w.shape[1] and worth_per_w[g, k] >= price:
            k += 1
        at_w[g] = power_w[g, k]
    return at_w
