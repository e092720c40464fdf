"""A tree of power stages: what flows through it, what more it could carry, what is stranded."""

from typing import NamedTuple

import numpy as np

from site_models.arrays import Floats, Ints
from twin.physics.converters import converter_input_w, converter_output_w
from twin.physics.law import compiled
from twin.physics.switching import shares_now

BELOW = -2
"""Bound by what hangs below the stage, not by one above it."""


class Stages(NamedTuple):
    """Stages of a power chain, a parent before its children. Shape (stages,) each."""

    parent: Ints
    """-1: fed by the utility."""
    rating_w: Floats
    """At the output; 0: a wire."""
    loss_fixed: Floats
    loss_linear: Floats
    loss_square: Floats


class Headroom(NamedTuple):
    """Room of every stage, at its output. Shape (stages,) each."""

    unused_w: Floats
    """Capacity less what flows; negative: overloaded."""
    usable_w: Floats
    """Of it, what more the stage could really carry with all else as it is. >= 0"""
    stranded_w: Floats
    """Of it, what no load can reach: a stage above or those below bind first. >= 0"""
    bound_by: Ints
    """Stage that binds: the stage itself, one above it, or BELOW."""


@compiled
def tree_powers(stages: Stages, direct_w: Floats) -> tuple[Floats, Floats]:
    """Return the power out of and into every stage [W], summed from the leaves up.

    `direct_w` is what hangs on each stage itself, beside its children. Shape (stages,).
    Checked against pandapower in ``benchmarks/validation/power_chain.py``.
    """
    out_w, in_w = direct_w.copy(), np.zeros(direct_w.size)
    for i in range(direct_w.size - 1, -1, -1):
        in_w[i] = converter_input_w(
            out_w[i],
            stages.rating_w[i],
            stages.loss_fixed[i],
            stages.loss_linear[i],
            stages.loss_square[i],
        )
        if stages.parent[i] >= 0:
            out_w[stages.parent[i]] += in_w[i]
    return out_w, in_w


@compiled
def headroom(
    stages: Stages, capacity_w: Floats, direct_w: Floats, direct_room_w: Floats
) -> Headroom:
    """Return what every stage could carry beyond its present load.

    Parameters
    ----------
    capacity_w
        What each stage may give: its rating, or less (80 % of a breaker, a share kept for
        the other feed's loss). 0 out of service. [W]
    direct_w
        What hangs on each stage itself now. [W]
    direct_room_w
        What more could be hung on it: free places and racks below their rating; inf where
        anything may be plugged in, 0 on a stage that only feeds others. [W]

    Notes
    -----
    From the top, a stage may take what its parent can spare, turned into its own output by
    its loss law; from below, it can use what its children and its own places can take. What
    fits is the smaller, and it is exact for one stage at a time: two siblings cannot both
    take it. Checked: a load of `usable_w` fits and a larger one does not, for any tree, in
    ``tests/twin/physics/test_feed_tree.py``.
    """
    count = capacity_w.size
    out_w, in_w = tree_powers(stages, direct_w)
    unused_w = capacity_w - out_w
    spare_w, bound_by = _from_above(stages, unused_w, out_w, in_w)
    taken_w = direct_room_w.copy()
    usable_w, stranded_w = np.zeros(count), np.zeros(count)
    for i in range(count - 1, -1, -1):
        room_w = min(max(unused_w[i], 0.0), taken_w[i])
        if taken_w[i] < spare_w[i]:
            bound_by[i] = BELOW
        usable_w[i] = min(spare_w[i], room_w)
        stranded_w[i] = max(unused_w[i], 0.0) - usable_w[i]
        if stages.parent[i] >= 0:
            raised_w = converter_input_w(
                out_w[i] + room_w,
                stages.rating_w[i],
                stages.loss_fixed[i],
                stages.loss_linear[i],
                stages.loss_square[i],
            )
            taken_w[stages.parent[i]] += raised_w - in_w[i]
    return Headroom(unused_w, usable_w, stranded_w, bound_by)


@compiled
def _from_above(
    stages: Stages, unused_w: Floats, out_w: Floats, in_w: Floats
) -> tuple[Floats, Ints]:
    """Return what each stage and all above it can spare [W], and which of them binds."""
    count = unused_w.size
    spare_w, bound_by = np.zeros(count), np.zeros(count, dtype=np.int64)
    for i in range(count):
        spare_w[i], bound_by[i] = max(unused_w[i], 0.0), i
        p = stages.parent[i]
        if p < 0:
            continue
        reached_w = converter_output_w(
            in_w[i] + spare_w[p],
            stages.rating_w[i],
            stages.loss_fixed[i],
            stages.loss_linear[i],
            stages.loss_square[i],
        )
        if reached_w - out_w[i] < spare_w[i]:
            spare_w[i], bound_by[i] = max(reached_w - out_w[i], 0.0), bound_by[p]
    return spare_w, bound_by


@compiled
def worst_outputs_w(
    stages: Stages, consumer: Ints, feed: Ints, share: Floats, power_w: Floats, other_w: Floats
) -> tuple[Floats, Ints]:
    """Return the most that flows out of every stage if any one stage is lost, and which one.

    Loss of a stage takes everything behind it; consumers with several feeds go over to those
    that live. `consumer`, `feed` and `share` of each connection, `power_w` of each consumer,
    `other_w` on each stage beside them. -1: nothing lost is the worst. N-1 holds where this
    stays within the rating. Checked against `switching.worst_load_w` where stages lose
    nothing in ``tests/twin/physics/test_feed_tree.py``.
    """
    count = stages.parent.size
    worst_w, worst = np.zeros(count), np.full(count, -1)
    dead = np.zeros(count, dtype=np.bool_)
    for lost in range(-1, count):
        for f in range(count):
            dead[f] = f == lost or (stages.parent[f] >= 0 and dead[stages.parent[f]])
        now = shares_now(consumer, share, ~dead[feed])
        out_w = np.where(dead, 0.0, other_w)
        for i in range(feed.size):
            out_w[feed[i]] += now[i] * power_w[consumer[i]]
        for f in range(count - 1, -1, -1):
            if out_w[f] > worst_w[f]:
                worst_w[f], worst[f] = out_w[f], lost
            if stages.parent[f] >= 0 and not dead[f]:
                out_w[stages.parent[f]] += converter_input_w(
                    out_w[f],
                    stages.rating_w[f],
                    stages.loss_fixed[f],
                    stages.loss_linear[f],
                    stages.loss_square[f],
                )
    return worst_w, worst
