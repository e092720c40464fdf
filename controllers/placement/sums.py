"""Passes over all GPUs and nodes of a site, made once for each new state of the twin.

A node's GPUs are neighbours by number, so that one walk gives sums and largest by node.
Checked against sums by index in ``tests/controllers/placement/test_placement_sums.py``.
"""

import numpy as np

from site_models.arrays import Flags, Floats, Ints
from twin.physics.law import compiled_for


@compiled_for("Tuple((f8[::1], f8[::1]))(f8[::1], b1[::1], i8[::1], i8[::1])")
def free_powers_w(power_w: Floats, free: Flags, first: Ints, count: Ints) -> tuple[Floats, Floats]:
    """Return the power of the free GPUs of each node together, and the largest of one [W].

    0 without any.

    Parameters
    ----------
    power_w, free
        What each GPU draws or promised, and whether it is free. Shape (GPUs,)
    first, count
        The first GPU of each node, and how many it has. Shape (nodes,)
    """
    total_w, most_w = np.zeros(len(first)), np.zeros(len(first))
    for n in range(len(first)):
        for g in range(first[n], first[n] + count[n]):
            if free[g]:
                total_w[n] += power_w[g]
                most_w[n] = max(most_w[n], power_w[g])
    return total_w, most_w


@compiled_for("f8[::1](f8[::1], f8[::1], f8[::1], i8[::1])")
def largest_of_rack_w(least_w: Floats, node_w: Floats, share: Floats, rack: Ints) -> Floats:
    """Return the heat of each rack if all of its nodes were loaded like its warmest [W].

    Parameters
    ----------
    least_w
        What it is at least. Shape (racks,)
    node_w, share, rack
        Heat of each node, its part of the rack's flow (0: none), its rack. Shape (nodes,)
    """
    found = least_w.copy()
    for n in range(len(rack)):
        if share[n] > 0.0:
            found[rack[n]] = max(found[rack[n]], node_w[n] / share[n])
    return found


@compiled_for("f8[::1](f8[::1], f8[::1], f8[::1], i8[:,::1], i8[:,::1])")
def climbed(factor: Floats, gain: Floats, stage: Floats, carrier: Ints, entry: Ints) -> Floats:
    """Return the watts out of each limit's stage for a watt at a GPU, all depths [-].

    Parameters
    ----------
    factor
        The same with nothing for stages of the power chain. Shape (uses,)
    gain
        Watts into each connection for a watt at a GPU of its rack. Shape (connections,)
    stage
        Watts into each stage for a watt out of it. Shape (feeds,)
    carrier, entry
        The stage that carries each connection at each depth, the roots first, and its entry
        in `factor`; -1: none. Shape (depths, connections)
    """
    found, gain = factor.copy(), gain.copy()
    for d in range(len(entry) - 1, -1, -1):
        for c in range(len(gain)):
            if entry[d, c] >= 0:
                found[entry[d, c]] += gain[c]
                gain[c] *= stage[carrier[d, c]]
    return found


@compiled_for("Tuple((f8[::1], i8[::1]))(f8[::1], f8[::1], i8[::1], i8[::1])")
def tightest(room_w: Floats, factor: Floats, first: Ints, limit: Ints) -> tuple[Floats, Ints]:
    """Return the GPU power that each rack can take more [W], and the limit that stops it.

    Infinite, and the rack's own limit, the last, where nothing stops it.

    Parameters
    ----------
    room_w
        What is left under each limit. Shape (limits,) [W]
    factor, first, limit
        As `Uses` has them.
    """
    racks = len(first) - 1
    fit_w, tight = np.full(racks, np.inf), np.zeros(racks, np.int64)
    for r in range(racks):
        tight[r] = limit[first[r + 1] - 1]
        for i in range(first[r], first[r + 1]):
            if factor[i] > 0.0 and room_w[limit[i]] / factor[i] < fit_w[r]:
                fit_w[r], tight[r] = room_w[limit[i]] / factor[i], limit[i]
    return fit_w, tight
