"""Which GPUs can be offered, and the groups of them worth a closer look."""

from collections import Counter
from collections.abc import Iterator

import numpy as np

from controllers.gather import sum_by
from controllers.placement.candidate import Candidate
from controllers.placement.ground import Ground
from controllers.placement.groups import SPAN
from controllers.placement.hardware import hardware_of
from controllers.placement.index import PlaceIndex
from controllers.placement.models import Level, Request
from controllers.placement.offer import Offer
from controllers.placement.quick import quick_margins_k
from controllers.placement.racks import NONE, over_racks, spread
from controllers.placement.taking import given_gpus
from site_models.arrays import Floats, Ints

ENOUGH_K = 30.0
"""A margin beyond this is worth no more at first sight."""
LOOKED_AT = 1024
"""Nodes looked at one by one; of more, one in each rack stands for the others."""


def levels_to_search(request: Request) -> tuple[Level, ...]:
    """Return the levels whose groups may hold the job, near ones first."""
    required = request.required_level
    if required in ("gpu", "node") or request.count == 1:
        return ("node",)
    if required is None:
        return SPAN
    if required == "rail":
        return SPAN[: SPAN.index("pod") + 1]
    return SPAN[: SPAN.index(required) + 1]


def groups_at(
    index: PlaceIndex, ground: Ground, offer: Offer, level: Level, most: int
) -> tuple[Ints, int]:
    """Return the `most` promising groups at a level that can hold the job, best first,
    and how many usable GPUs there are where none can; kept for the next job as large."""
    need, unit = offer.request.count, offer.unit
    farther = levels_to_search(offer.request)[-1] != level
    if level == "node" and offer.supply.most_in_node < need and farther:
        return NONE, 0
    key = (level, need, unit, offer.rail, most)
    kept = offer.supply.groups.get(key)
    if kept is None:
        kept = offer.supply.groups[key] = _promising(index, ground, offer, level, most)
    return kept


def _promising(
    index: PlaceIndex, ground: Ground, offer: Offer, level: Level, most: int
) -> tuple[Ints, int]:
    need, unit = offer.request.count, offer.unit
    if level == "node":
        room, home = offer.node_room, index.plant.arrays.nodes.rack
    elif level == "nvlink_domain":
        nodes = np.flatnonzero((offer.node_room > 0) & (index.node_group[level] >= 0))
        group, count = index.node_group[level][nodes], index.group_count[level]
        home = np.zeros(count, dtype=np.int64)
        home[group] = index.plant.arrays.nodes.rack[nodes]
        room = sum_by(group, offer.node_room[nodes], count).astype(np.int64)
    else:
        home = np.zeros(0, dtype=np.int64)
        in_racks = offer.rack_room // unit * unit
        room = sum_by(index.rack_group[level], in_racks, index.group_count[level]).astype(np.int64)
    if level in ("node", "nvlink_domain"):
        room = np.minimum(room, offer.rack_room[home])
    fits = np.flatnonzero(room >= need)
    if not len(fits):
        return NONE, _left_over(offer, room, home)
    if len(fits) > 1:
        promise = 0.2 * need / room[fits] + _worth(index, ground, offer, level, fits, home)
        order = np.arange(len(fits))
        if len(fits) > most:
            order = np.sort(np.argpartition(-promise, most)[:most])
        fits = fits[order[np.argsort(-promise[order], kind="stable")]]
    return fits, 0


def _left_over(offer: Offer, room: Ints, home: Ints) -> int:
    """Return how many GPUs groups have room for, no more in a rack than it can carry.

    `home` is the rack of each group; empty where groups are racks or more.
    """
    if not len(home):
        return int(room.sum())
    in_racks = sum_by(home, room, len(offer.rack_room))
    return int(np.minimum(in_racks, offer.rack_room).sum())


def _worth(
    index: PlaceIndex, ground: Ground, offer: Offer, level: Level, fits: Ints, home: Ints
) -> Floats:
    """Return a quick estimate of what some groups are worth: cool, with power left."""
    if level == "node" and len(fits) <= LOOKED_AT:
        racks = index.plant.arrays.racks
        left = 1.0 - ground.rack_w / np.maximum(racks.rating_w, 1.0)
        cool = np.clip(quick_margins_k(index, ground, offer, fits) / ENOUGH_K, -1.0, 1.0)
        return np.asarray(0.25 * cool + 0.4 * np.minimum(left[home[fits]], 0.5))
    worth = _rack_worth(index, ground, offer)
    if level in ("node", "nvlink_domain"):
        return worth[home[fits]]
    group, count = index.rack_group[level], index.group_count[level]
    room = offer.rack_room.astype(np.float64)
    mean = sum_by(group, room * worth, count) / np.maximum(sum_by(group, room, count), 1.0)
    return np.asarray(mean[fits])


def _rack_worth(index: PlaceIndex, ground: Ground, offer: Offer) -> Floats:
    """Return the same for every rack, from its first node with room. Shape (racks,)"""
    key = (min(offer.request.count, offer.supply.most_in_node), offer.rail)
    kept = offer.supply.rack_worth.get(key)
    if kept is not None:
        return kept
    nodes, racks = index.plant.arrays.nodes, index.plant.arrays.racks
    roomy = np.flatnonzero(offer.node_room > 0)
    first = np.full(len(racks.row), -1, dtype=np.int64)
    first[nodes.rack[roomy[::-1]]] = roomy[::-1]
    with_room = np.flatnonzero(first >= 0)
    cool = np.zeros(len(racks.row))
    margin_k = quick_margins_k(index, ground, offer, first[with_room])
    cool[with_room] = np.clip(margin_k / ENOUGH_K, -1.0, 1.0)
    left = 1.0 - ground.rack_w / np.maximum(racks.rating_w, 1.0)
    worth = np.asarray(0.25 * cool + 0.4 * np.minimum(left, 0.5))
    offer.supply.rack_worth[key] = worth
    return worth


def places_in(
    index: PlaceIndex,
    ground: Ground,
    offer: Offer,
    level: Level,
    groups: Ints,
    rejected: Counter[str],
) -> Iterator[Candidate]:
    """Yield one set of GPUs for each group that can hold the job after all; count in `rejected`
    the GPUs that limits which racks share leave no room for."""
    need, room = offer.request.count, offer.node_room
    for g in groups.tolist():
        if level == "node":
            found = iter([(np.array([g]), np.array([need]))])
        elif level in ("nvlink_domain", "rack"):
            inside = index.members[level].of(g)
            inside = inside[room[inside] > 0]
            found = iter([spread(room[inside], inside, need)])
        else:
            found = over_racks(index, ground, offer, level, g, rejected)
        for nodes, takes in found:
            if takes.sum() == need:
                order = np.argsort(nodes)
                nodes, takes = nodes[order], takes[order]
                yield Candidate(_gpus_in(index, ground, offer, nodes, takes), nodes, level)


def _gpus_in(index: PlaceIndex, ground: Ground, offer: Offer, nodes: Ints, takes: Ints) -> Ints:
    """Return GPUs of nodes in ascending order, as `given_gpus` chooses them."""
    walk, upstream = index.walk, hardware_of(index.plant).devices.upstream
    temp_c = np.ascontiguousarray(ground.state.gpu_temp_c)
    return given_gpus(
        nodes, takes, offer.supply.usable, offer.free.held, index.rail, offer.rail, temp_c,
        upstream, walk.first_gpu, walk.gpu_count,
    )  # fmt: skip
