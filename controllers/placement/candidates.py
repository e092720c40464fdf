"""Which GPUs can be offered, and the groups of them worth a closer look."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from controllers.gather import sum_by
from controllers.placement.ground import Ground
from controllers.placement.index import SPAN, PlaceIndex
from controllers.placement.models import Level, Request
from controllers.placement.offer import NEARLY, Offer
from controllers.placement.quick import quick_margins_k
from site_models.arrays import Floats, Ints

ENOUGH_K = 30.0
"""A margin beyond this is worth no more at first sight."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """One set of GPUs, and the nearest level that holds all of it."""

    gpus: Ints
    level: Level


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
    and how many usable GPUs stand in groups that cannot."""
    need = offer.request.count
    rack, count = index.plant.arrays.nodes.rack, index.group_count[level]
    group = index.node_group[level]
    nodes = np.flatnonzero((offer.node_room > 0) & (group >= 0))
    if level in ("node", "nvlink_domain", "rack"):
        room = sum_by(group[nodes], offer.node_room[nodes], count)
        home = np.zeros(count, dtype=np.int64)
        home[group[nodes]] = rack[nodes]
        room = np.minimum(room, offer.rack_room[home])
    else:
        of_rack = np.full(len(offer.rack_room), -1, dtype=np.int64)
        of_rack[rack] = group
        placed = of_rack >= 0
        room = sum_by(of_rack[placed], offer.rack_room[placed], count)
    fits = np.flatnonzero(room >= need)
    small = int(room[room < need].sum())
    if len(fits) > 1:
        promise = _promise(index, ground, offer, group, room, nodes)[fits]
        order = np.arange(len(fits))
        if len(fits) > most:
            order = np.sort(np.argpartition(-promise, most)[:most])
        fits = fits[order[np.argsort(-promise[order], kind="stable")]]
    return fits, small


def _promise(
    index: PlaceIndex, ground: Ground, offer: Offer, group: Ints, room: Floats, nodes: Ints
) -> Floats:
    """Return a quick estimate of each group's worth: cool, with power left, a tight fit."""
    racks = index.plant.arrays.racks
    left = 1.0 - ground.rack_w / np.maximum(racks.rating_w, 1.0)
    weight = offer.node_room[nodes].astype(np.float64)
    cool = np.clip(quick_margins_k(index, ground, offer, nodes) / ENOUGH_K, -1.0, 1.0)
    worth = 0.25 * cool + 0.4 * np.minimum(left[index.plant.arrays.nodes.rack[nodes]], 0.5)
    whole = np.maximum(sum_by(group[nodes], weight, len(room)), 1.0)
    mean = sum_by(group[nodes], weight * worth, len(room)) / whole
    return np.asarray(mean + 0.2 * offer.request.count / np.maximum(room, 1.0))


def places_in(
    index: PlaceIndex, ground: Ground, offer: Offer, level: Level, groups: Ints
) -> Iterator[Candidate]:
    """Yield one set of GPUs for each group that can hold the job after all."""
    members = index.members[level]
    for g in groups.tolist():
        if level == "node":
            nodes, takes = np.array([g]), np.array([offer.request.count])
        else:
            inside = members.of(g)
            inside = inside[offer.node_room[inside] > 0]
            if level in ("nvlink_domain", "rack"):
                nodes, takes = _spread(offer.node_room[inside], inside, offer.request.count)
            else:
                nodes, takes = _over_racks(index, ground, offer, inside)
        if takes.sum() == offer.request.count:
            yield Candidate(_gpus_in(index, ground, offer, nodes, takes), level)


def _spread(room: Ints, where: Ints, need: int) -> tuple[Ints, Ints]:
    """Return places and what each takes: the roomiest first, the rest where it just fits."""
    order = np.argsort(-room, kind="stable")
    filled = np.cumsum(room[order])
    whole = int(np.searchsorted(filled, need, side="right"))
    rest = need - (int(filled[whole - 1]) if whole else 0)
    chosen, takes = order[:whole], room[order[:whole]]
    if rest:
        others = order[whole:]
        tight = others[room[others] >= rest]
        if not len(tight):
            return where[chosen], takes
        last = tight[np.argmin(room[tight])]
        chosen, takes = np.append(chosen, last), np.append(takes, rest)
    return where[chosen], takes


def _over_racks(index: PlaceIndex, ground: Ground, offer: Offer, nodes: Ints) -> tuple[Ints, Ints]:
    """Fill rack after rack, the roomiest first, while the limits that they share have room."""
    uses, need = index.uses, offer.request.count
    each = offer.request.gpus_per_node or 1
    left_w = ground.limit_room_w.copy()
    found = np.unique(index.plant.arrays.nodes.rack[nodes])
    tried = found[np.argsort(-offer.rack_room[found], kind="stable")]
    room = offer.rack_room[tried]
    chosen: list[Ints] = []
    taken: list[Ints] = []
    at, done = 0, len(tried)
    while need and at < done:
        tight = int(np.searchsorted(-room[at:done], -need, side="right")) - 1
        pick = at + max(tight, 0)
        r = int(tried[pick])
        take = min(need, int(room[pick]), _fit(index, offer, left_w, r)) // each * each
        if take:
            here = index.members["rack"].of(r)
            here = here[offer.node_room[here] > 0]
            picked, takes = _spread(offer.node_room[here], here, take)
            entries = slice(int(uses.first[r]), int(uses.first[r + 1]))
            left_w[uses.limit[entries]] -= offer.limit_w[entries] * takes.sum()
            need -= int(takes.sum())
            chosen.append(picked)
            taken.append(takes)
        if pick == at:
            at += 1
        else:
            tried, room = np.delete(tried, pick), np.delete(room, pick)
            done -= 1
    if not chosen:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    return np.concatenate(chosen), np.concatenate(taken)


def _fit(index: PlaceIndex, offer: Offer, left_w: Floats, rack: int) -> int:
    """Return how many GPUs of the job the rack takes within what is left of every limit."""
    entries = slice(int(index.uses.first[rack]), int(index.uses.first[rack + 1]))
    watts = offer.limit_w[entries]
    if float(watts.max(initial=0.0)) <= 0.0:
        return offer.request.count
    share = (left_w[index.uses.limit[entries]] / np.maximum(watts, 1e-12)).min()
    return int(min(max(np.floor(share + NEARLY), 0.0), offer.request.count))


def _gpus_in(index: PlaceIndex, ground: Ground, offer: Offer, nodes: Ints, takes: Ints) -> Ints:
    """Return GPUs of the nodes: where not all are needed, those already shared, then those
    that breathe first, then the coolest."""
    gpus, of = index.plant.arrays.gpus, index.plant.arrays.nodes
    whole = nodes[offer.node_free[nodes] == takes]
    size = of.gpu_count[whole]
    start = np.repeat(of.first_gpu[whole] - (np.cumsum(size) - size), size)
    all_in = start + np.arange(int(size.sum()))
    picked = [all_in[offer.usable[all_in]]]
    partly = offer.node_free[nodes] != takes
    for n, take in zip(nodes[partly].tolist(), takes[partly].tolist(), strict=True):
        first = int(of.first_gpu[n])
        mine = first + np.flatnonzero(offer.usable[first : first + int(of.gpu_count[n])])
        keys = ground.state.gpu_temp_c[mine], ~gpus.upstream[mine], ~offer.shared[mine]
        picked.append(mine[np.lexsort(keys)[:take]])
    return np.sort(np.concatenate(picked))
