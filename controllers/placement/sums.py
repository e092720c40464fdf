"""Passes over all GPUs and nodes of a site, made once for each new state of the twin.

A node's GPUs are neighbours by number, so that one walk gives sums and largest by node.
Checked against sums by index in ``tests/controllers/test_placement_sums.py``.
"""

import numpy as np

from site_models.arrays import Flags, Floats, Ints
from twin.physics.law import compiled_for


@compiled_for("Tuple((f8[::1], f8[::1]))(f8[::1], f8[::1], i8[::1], i8[::1])")
def promised_powers_w(
    drawn_w: Floats, promised_w: Floats, first: Ints, count: Ints
) -> tuple[Floats, Floats]:
    """Return what each GPU draws or promised, the larger [W], and what that is more by node.

    Parameters
    ----------
    drawn_w, promised_w
        Of each GPU. Shape (GPUs,) [W]
    first, count
        The first GPU of each node, and how many it has. Shape (nodes,)
    """
    power_w, more_w = drawn_w.copy(), np.zeros(len(first))
    for n in range(len(first)):
        for g in range(first[n], first[n] + count[n]):
            if promised_w[g] > drawn_w[g]:
                power_w[g] = promised_w[g]
                more_w[n] += promised_w[g] - drawn_w[g]
    return power_w, more_w


@compiled_for("Tuple((f8[::1], f8[::1]))(f8[::1], b1[::1], i8[::1], i8[::1])")
def free_powers_w(power_w: Floats, free: Flags, first: Ints, count: Ints) -> tuple[Floats, Floats]:
    """Return the power of the free GPUs of each node together, and the largest of one [W].

    0 without any. Shapes as above; `free` (GPUs,).
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
