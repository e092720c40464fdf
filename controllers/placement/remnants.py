"""What a job leaves of the nodes that it touches, in GPUs that nobody could use."""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from controllers.placement.fragments import BROKEN, host_price, left_over, worth
from controllers.placement.free import Free
from controllers.placement.index import PlaceIndex
from controllers.placement.mix import Mix
from controllers.placement.node_room import NEARLY, Node
from controllers.placement.rise import plain_rise
from controllers.placement.site_mix import Seen, site_mix
from site_models.arrays import Floats, Ints

KEPT = 4
"""Instants whose remnants are kept."""
MOST_KEPT = 20_000
"""States of a node of which it is kept what they leave over."""
DIGITS = 6
"""Of a share by which states are told apart."""


class Stands(NamedTuple):
    """Which GPUs stand in which node."""

    node: Ints
    """Of each GPU."""
    first: Ints
    """First GPU of each node."""
    size: Ints
    """GPUs of each node."""


class Expected:
    """The jobs to come, and what they leave of a node; what was found once is kept."""

    def __init__(self, mix: Mix, largest: int) -> None:
        self.mix = mix
        self.wide_gpus: Ints = mix.tasks.gpus[mix.wide]
        """GPUs of each kind that takes several."""
        self._left: dict[bytes, float] = {}
        self.whole_left: Floats = np.array([self.left_of(np.ones(n)) for n in range(largest + 1)])
        """`left_over` of a node by its number of whole free GPUs, if it has no others."""

    def left_of(self, free: Floats) -> float:
        """Return `left_over` of a node by what part of each GPU is free, in any order."""
        key = np.sort(free[free > NEARLY]).round(DIGITS).tobytes()
        found = self._left.get(key)
        if found is None:
            if len(self._left) >= MOST_KEPT:
                self._left.clear()
            found = left_over(Node(0.0, 0.0, 0, free), self.mix.tasks, self.mix.offers)
            self._left[key] = found
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Remnants:
    """The site at one instant, as packing sees it."""

    stands: Stands
    free: Floats
    """What part of each GPU is free, 0 out of service. 0..1, shape (GPUs,)"""
    expected: Expected
    price: Floats
    """As `host_price` says."""

    def tidiness(self, gpus: Ints, share: float) -> float:
        """Return how good it is for later jobs to take the share of these GPUs. 0..1

        `gpus` in ascending order. 1/2 where nothing becomes unusable, more where what others
        left is used up, less where usable nodes are broken up.
        """
        return float(worth(self.rise(gpus, share), share * len(gpus)))

    def rise(self, gpus: Ints, share: float) -> float:
        """Return the GPU share that becomes unusable when a job takes these GPUs. [GPUs]

        Negative where remnants are used up. A node that can no longer take what the job took
        of it is not held against the job: it was a taker of that kind itself.
        """
        expected = self.expected
        total, mixed = plain_rise(
            gpus,
            share,
            *self.stands,
            self.free,
            expected.whole_left,
            expected.wide_gpus,
            self.price,
        )
        for n in mixed.tolist():
            first = int(self.stands.first[n])
            before = self.free[first : first + int(self.stands.size[n])]
            begin, end = np.searchsorted(gpus, (first, first + len(before)))
            mine = gpus[begin:end] - first
            after = before.copy()
            after[mine] -= share
            total += expected.left_of(after) - expected.left_of(before)
            if share < 1.0 - NEARLY:
                total += BROKEN * int(np.count_nonzero(before[mine] >= 1.0 - NEARLY))
        return float(total)


def remnants_of(index: PlaceIndex, free: Free) -> Remnants:
    """Return the remnants of a site; the same object while nobody comes or goes."""
    return _remnants(_Moment(index, free))


class _Moment:
    """A site at one instant; equal where the same is free, whatever it draws."""

    def __init__(self, index: PlaceIndex, free: Free) -> None:
        self.index, self.free = index, free

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Moment):
            return False
        mine, its = self.free, other.free
        same = self.index is other.index and mine.share is its.share
        return same and mine.whole is its.whole and mine.seen == its.seen

    def __hash__(self) -> int:
        return id(self.free.share)


@lru_cache(maxsize=KEPT)
def _remnants(moment: _Moment) -> Remnants:
    index, free = moment.index, moment.free
    stands = _stands(index)
    largest = int(stands.size.max(initial=0))
    expected = expected_of(free.seen, largest)
    share = free.share * index.in_service
    nodes = np.bincount(free.whole, minlength=largest + 1)
    hosts = nodes[::-1].cumsum()[::-1][expected.wide_gpus]
    price = np.zeros(len(expected.wide_gpus))
    host_price(expected.mix, hosts, float(share.sum()), price)
    return Remnants(stands, share, expected, price)


@lru_cache(maxsize=8)
def _stands(index: PlaceIndex) -> Stands:
    gpus, nodes = index.plant.arrays.gpus, index.plant.arrays.nodes
    return Stands(gpus.node.copy(), nodes.first_gpu.copy(), nodes.gpu_count.copy())


@lru_cache(maxsize=8)
def expected_of(seen: Seen, largest: int) -> Expected:
    """Return what a site with up to so many GPUs in a node expects."""
    return Expected(site_mix(seen, max(largest, 1)), largest)


def _compile_now() -> None:
    """Have the code ready at import: nobody's request may wait for the compiler."""
    expected = expected_of((), 2)
    stands = Stands(np.zeros(2, dtype=np.int64), np.zeros(1, dtype=np.int64), np.array([2]))
    price = np.zeros(len(expected.wide_gpus))
    host_price(expected.mix, np.ones_like(expected.wide_gpus), 2.0, price)
    Remnants(stands, np.ones(2), expected, price).tidiness(np.array([1]), 0.5)


_compile_now()
