"""Which GPUs are free, counted by node, and what the free ones draw now.

Counts follow the table of holders by what changed of it; power follows the twin, once a tick.
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
    whole: Ints
    """Whole GPUs in service that nobody holds, of each node. Shape (nodes,)"""
    drawn_w: Floats
    """What these draw or promised, together. Shape (nodes,)"""
    most_w: Floats
    """The most that one of them draws or promised; 0 without any. Shape (nodes,)"""
    seen: Seen = ()
    """Jobs that the site has seen, from which packing learns what to expect."""


def free_of(index: PlaceIndex, share: Floats, gpu_w: Floats, seen: Seen = ()) -> Free:
    """Return the free GPUs, given what nobody holds of each and what it draws or promised [W]."""
    count, held, free = _counted(index).at(share)
    drawn_w, most_w = free_powers_w(gpu_w, free, count, index.walk.first_gpu)
    return Free(share, held, count, drawn_w, most_w, seen)


class _Counted:
    """Free GPUs of each node, kept up with the shares. Safe to use from several threads."""

    def __init__(self, index: PlaceIndex) -> None:
        self._lock = threading.Lock()
        self._index = index
        self._share: Floats | None = None
        self._free = index.in_service.copy()
        self._held = np.zeros(len(self._free), dtype=np.bool_)
        self._count = index.node_serviceable

    def at(self, share: Floats) -> tuple[Ints, Flags, Flags]:
        """Return the count of each node, which GPUs are held and which are free; only what
        changed is counted."""
        with self._lock:
            if share is self._share:
                return self._count, self._held, self._free
            self._share, self._held = share, share < 1.0 - NEARLY
            free = self._index.in_service & ~self._held
            changed = np.flatnonzero(free != self._free)
            if len(changed):
                count = self._count.copy()
                node = self._index.plant.arrays.gpus.node[changed]
                np.add.at(count, node, np.where(free[changed], 1, -1))
                self._free, self._count = free, count
            return self._count, self._held, self._free


@lru_cache(maxsize=8)
def _counted(index: PlaceIndex) -> _Counted:
    return _Counted(index)
