"""A power tree as plain arrays, and the compiled walks over it.

They take arrays one by one: numba hands structures over field by field, which takes longer
than the walk.
"""

from typing import NamedTuple

import numpy as np

from controllers.power.water_fill import fill_level
from site_models.arrays import Flags, Floats, Ints
from site_models.plant import Arrays
from twin.physics.converters import converter_input_w
from twin.physics.law import compiled


class Walk(NamedTuple):
    """What a walk needs of a tree, in its order. Made by `walk_of`."""

    order: Ints
    """Feeds by depth, the roots first."""
    starts: Ints
    """Where each depth begins in `order`, and its end. Shape (depths + 1,)"""
    members: Ints
    """Connections that each stage carries, stage by stage."""
    firsts: Ints
    """Where each stage begins in `members`, and the end. Shape (feeds + 1,)"""
    feed_law: Floats
    """Rating and the three loss factors. Shape (feeds, 4)"""
    rack_law: Floats
    """The same of the racks' shelves. Shape (racks, 4)"""
    node_law: Floats
    """The same of the nodes' supplies. Shape (nodes, 4)"""


def walk_of(arrays: Arrays, layers: tuple[Ints, ...], ancestors: tuple[Ints, ...]) -> Walk:
    """Return the walk of a tree whose layers and carriers are known."""
    f, r, n = arrays.feeds, arrays.racks, arrays.nodes
    links = len(arrays.rack_feeds.rack)
    carrier = np.array(ancestors, dtype=np.int64).reshape(len(layers), links)
    depth, link = np.nonzero(carrier >= 0)
    stage = carrier[depth, link]
    by_stage = np.argsort(stage, kind="stable")
    sizes = np.bincount(stage, minlength=len(f.parent))
    return Walk(
        np.concatenate([np.zeros(0, dtype=np.int64), *layers]),
        np.cumsum([0, *map(len, layers)]),
        link[by_stage],
        np.cumsum(np.r_[0, sizes]),
        _law(f.rating_w, f.loss_fixed, f.loss_linear, f.loss_square),
        _law(r.shelf_rating_w, r.shelf_loss_fixed, r.shelf_loss_linear, r.shelf_loss_square),
        _law(n.supply_rating_w, n.supply_loss_fixed, n.supply_loss_linear, n.supply_loss_square),
    )


def _law(*columns: Floats) -> Floats:
    return np.ascontiguousarray(np.stack(columns, axis=1))


@compiled
def _input_w(output_w: float, law: Floats, i: int) -> float:
    return float(converter_input_w(output_w, law[i, 0], law[i, 1], law[i, 2], law[i, 3]))


@compiled
def racks_w(
    moved_w: Floats, gpu_node: Ints, node_dc_w: Floats, per_gpu_w: Floats, node_rack: Ints,
    node_law: Floats, rack_law: Floats, lumped: Flags, rack_now_w: Floats,
) -> Floats:  # fmt: skip
    """Return what racks draw when their GPUs move from what they draw now [W].

    `per_gpu_w` is what a node's other consumers follow by, a watt of its GPUs; lumped racks
    stay as they are.
    """
    change_w = np.zeros(len(node_rack))
    for g in range(len(moved_w)):
        change_w[gpu_node[g]] += moved_w[g]
    rack_w = np.zeros(len(lumped))
    for n in range(len(node_rack)):
        dc_w = max(node_dc_w[n] + (1.0 + per_gpu_w[n]) * change_w[n], 0.0)
        rack_w[node_rack[n]] += _input_w(dc_w, node_law, n)
    for r in range(len(lumped)):
        rack_w[r] = rack_now_w[r] if lumped[r] else _input_w(rack_w[r], rack_law, r)
    return rack_w


@compiled
def stages_w(
    rack_w: Floats, other_w: Floats, link_rack: Ints, link_feed: Ints, share: Floats,
    order: Ints, parent: Ints, in_service: Flags, feed_law: Floats,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Return the power out of and into every stage [W]; `other_w` is what hangs on it besides."""
    own_w, below_w, in_w = np.zeros(len(parent)), np.zeros(len(parent)), np.zeros(len(parent))
    for c in range(len(link_rack)):
        own_w[link_feed[c]] += share[c] * rack_w[link_rack[c]]
    for f in order[::-1]:
        own_w[f] = other_w[f] + own_w[f] + below_w[f]
        in_w[f] = _input_w(own_w[f], feed_law, f) if in_service[f] else 0.0
        if parent[f] >= 0:
            below_w[parent[f]] += in_w[f]
    return own_w, in_w


@compiled
def kept(
    rack_w: Floats, rack_limit_w: Floats, out_w: Floats, room_w: Floats, in_w: Floats,
    meters: Ints, meters_room_w: float, rounding_w: float,
) -> bool:  # fmt: skip
    """Say whether racks, stages and the meters together keep their limits."""
    for r in range(len(rack_w)):
        if rack_w[r] > max(rack_limit_w[r], 0.0) + rounding_w:
            return False
    for f in range(len(out_w)):
        if out_w[f] > room_w[f] + rounding_w:
            return False
    metered_w = 0.0
    for f in meters:
        metered_w += in_w[f]
    return metered_w <= meters_room_w + rounding_w


@compiled
def poured(
    rack_low_w: Floats, rack_high_w: Floats, rack_limit_w: Floats, out_w: Floats,
    in_w: Floats, room_w: Floats, meters: Ints, meters_room_w: float, link_rack: Ints,
    share: Floats, order: Ints, starts: Ints, members: Ints, firsts: Ints,
    in_service: Flags, feed_law: Floats,
) -> tuple[Floats, Floats, float]:  # fmt: skip
    """Return the levels of racks, of stages and of the meters between low and high powers.

    `out_w` and `in_w` are the stages' at the low ones. A stage or the meters with room for
    all have the level inf. See `controllers.power.pour.Vessel.pour`.
    """
    links = len(link_rack)
    level, gain_w = np.ones(len(rack_low_w)), np.zeros(links)
    taken_w, bound = np.zeros(links), np.zeros(links)
    reached = np.full(len(room_w), np.inf)
    for r in range(len(level)):
        rise_w = rack_high_w[r] - rack_low_w[r]
        if rise_w > 0.0:
            level[r] = min(max((rack_limit_w[r] - rack_low_w[r]) / rise_w, 0.0), 1.0)
    for c in range(links):
        rise_w = rack_high_w[link_rack[c]] - rack_low_w[link_rack[c]]
        gain_w[c] = share[c] * max(rise_w, 0.0)
    for d in range(len(starts) - 2, -1, -1):
        for i in range(starts[d], starts[d + 1]):
            f = order[i]
            count = firsts[f + 1] - firsts[f]
            for k in range(count):
                c = members[firsts[f] + k]
                taken_w[k], bound[k] = gain_w[c], level[link_rack[c]]
            reached[f] = fill_level(taken_w, bound, count, room_w[f] - out_w[f])
        for i in range(starts[d], starts[d + 1]):
            f = order[i]
            for k in range(firsts[f], firsts[f + 1]):
                r = link_rack[members[k]]
                level[r] = min(level[r], reached[f])
        for i in range(starts[d], starts[d + 1]):
            f, rise_w = order[i], 0.0
            for k in range(firsts[f], firsts[f + 1]):
                rise_w += gain_w[members[k]] * level[link_rack[members[k]]]
            if rise_w > 0.0:
                more_w = _input_w(out_w[f] + rise_w, feed_law, f) - _input_w(out_w[f], feed_law, f)
                chord = more_w / rise_w if in_service[f] else 0.0
                for k in range(firsts[f], firsts[f + 1]):
                    gain_w[members[k]] *= chord
    common = np.inf
    if meters_room_w < np.inf:
        for f in meters:
            meters_room_w -= in_w[f]
        for c in range(links):
            bound[c] = level[link_rack[c]]
        common = fill_level(gain_w, bound, links, meters_room_w)
        for c in range(links):
            level[link_rack[c]] = min(level[link_rack[c]], common)
    return level, reached, common
