"""Which GPUs are free, counted by node, and what the free ones draw now.

Counts follow the table of holders; power follows the twin, once a tick.
"""

import threading
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from controllers.placement.index import PlaceIndex
from controllers.placement.site_mix import Seen
from controllers.placement.sums import free_powers_w
from site_models.arrays import Flags, Floats, Ints

NEARLY = 1e-9
"""Shares that differ by less are equal."""


class Free(NamedTuple):
    """Free GPUs at one instant. A GPU that somebody holds a part of is not free."""

    share: Floats
    """What part of each GPU nobody holds. 0..1, shape (GPUs,)"""
    held: Flags
    """Somebody holds a part of it. Shape (GPUs,)"""
    open: Flags
    """It is in service and nobody holds a part of it. Shape (GPUs,)"""
    nodes: Ints
    """Nodes with such, ascending."""
    whole: Ints
    """Whole GPUs in service that nobody holds, of each node. Shape (nodes,)"""
    drawn_w: Floats
    """What these draw or promised, together. Shape (nodes,)"""
    most_w: Floats
    """The most that one of them draws or promised; 0 without any. Shape (nodes,)"""
    seen: Seen = ()
    """Jobs that the site has seen, from which packing learns what to expect."""


class Count(NamedTuple):
    """What a table of holders leaves free, as `Free` has it."""

    held: Flags
    open: Flags
    free: Ints
    """Free GPUs, ascending."""
    whole: Ints
    nodes: Ints


def free_of(index: PlaceIndex, share: Floats, gpu_w: Floats, seen: Seen = ()) -> Free:
    """Return the free GPUs, given what nobody holds of each and what it draws or promised [W]."""
    now = _counted(index).at(share)
    drawn_w, most_w = free_powers_w(gpu_w, now.free, index.walk.node, len(now.whole))
    return Free(share, now.held, now.open, now.nodes, now.whole, drawn_w, most_w, seen)


class _Counted:
    """The last table that was counted. Safe to use from several threads."""

    def __init__(self, index: PlaceIndex) -> None:
        self._lock, self._index = threading.Lock(), index
        self._share: Floats | None = None
        self._count: Count | None = None

    def at(self, share: Floats) -> Count:
        """Return the count at these shares: the same object while they are the same."""
        with self._lock:
            if self._count is None or share is not self._share:
                self._share, self._count = share, self._made(share)
            return self._count

    def _made(self, share: Floats) -> Count:
        held = share < 1.0 - NEARLY
        free = self._index.in_service & ~held
        free_gpus = np.flatnonzero(free)
        nodes = len(self._index.node_serviceable)
        whole = np.bincount(self._index.walk.node[free_gpus], minlength=nodes).astype(np.int64)
        return Count(held, free, free_gpus, whole, np.flatnonzero(whole))


@lru_cache(maxsize=8)
def _counted(index: PlaceIndex) -> _Counted:
    return _Counted(index)
