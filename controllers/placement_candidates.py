"""Which GPUs can be offered, and the groups of them worth a closer look."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from controllers.placement_ground import Ground
from controllers.placement_index import SPAN, PlaceIndex
from controllers.placement_models import Level, Request
from site_models.arrays import Flags, Floats, Ints
from site_models.errors import InputError

NEARLY = 1e-9
"""Shares that differ by less are equal."""


@dataclass(frozen=True, slots=True, eq=False)
class Offer:
    """What one request could use, before places are compared."""

    request: Request
    usable: Flags
    """Shape (GPUs,)"""
    shared: Flags
    """Somebody holds a part of it. Shape (GPUs,)"""
    asked_w: Floats
    """Power of each GPU with the job on it. Shape (GPUs,)"""
    added_w: Floats
    """Rise over what it draws or has promised. Shape (GPUs,)"""
    node_room: Ints
    """GPUs of the job that each node can take by count. Shape (nodes,)"""
    rack_room: Ints
    """GPUs of the job that each rack can take by power and cooling. Shape (racks,)"""
    limit_w: Floats
    """Watts against each entry of `Uses` for one GPU of the job. Shape (uses,)"""


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """One set of GPUs, and the nearest level that holds all of it."""

    gpus: Ints
    level: Level


def offer_of(
    index: PlaceIndex, ground: Ground, free_share: Floats, request: Request, rejected: Counter[str]
) -> Offer:
    """Return what the request could use; count in `rejected` the GPUs that it could not."""
    gpus, nodes = index.plant.arrays.gpus, index.plant.arrays.nodes
    usable = _usable(index, free_share, request, rejected)
    asked_w = gpus.power_max_w if request.gpu_power_w is None else request.gpu_power_w
    asked_w = np.minimum(asked_w, gpus.power_max_w) * request.share
    shared = free_share < 1.0 - NEARLY
    resting_w = np.where(shared, 0.0, ground.gpu_w)
    room_w = np.maximum(gpus.power_max_w - ground.gpu_w, 0.0)
    added_w = np.minimum(np.maximum(asked_w - resting_w, 0.0), room_w)
    count = np.bincount(gpus.node[usable], minlength=len(nodes.rack))
    per_node = request.gpus_per_node
    node_room = count if per_node is None else np.where(count >= per_node, per_node, 0)
    if per_node is not None:
        _count(rejected, "too few free GPUs in the node", int(count[count < per_node].sum()))
    rack_room, limit_w = _rack_room(index, ground, usable, added_w, node_room, rejected)
    return Offer(
        request=request,
        usable=usable,
        shared=shared,
        asked_w=ground.gpu_w + added_w,
        added_w=added_w,
        node_room=node_room,
        rack_room=rack_room,
        limit_w=limit_w,
    )


def _usable(
    index: PlaceIndex, free_share: Floats, request: Request, rejected: Counter[str]
) -> Flags:
    plant = index.plant
    usable = index.in_service.copy()
    _count(rejected, "out of service", int(np.count_nonzero(~usable)))
    tests: list[tuple[str, Flags]] = []
    if request.gpu_model is not None:
        if request.gpu_model not in index.models:
            known = ", ".join(index.models) or "none"
            raise InputError(f"gpu_model: the site has {known}, not {request.gpu_model!r}")
        tests.append(("other model", index.model == index.models.index(request.gpu_model)))
    if request.exclude:
        spared = np.ones(len(plant.node_names), dtype=np.bool_)
        for name in request.exclude:
            if name not in index.node_number:
                raise InputError(f"exclude: the site has no node {name!r}")
            spared[index.node_number[name]] = False
        tests.append(("excluded", spared[plant.arrays.gpus.node]))
    tests.append(("busy", free_share >= request.share - NEARLY))
    for reason, passed in tests:
        _count(rejected, reason, int(np.count_nonzero(usable & ~passed)))
        usable &= passed
    return usable


def _rack_room(
    index: PlaceIndex,
    ground: Ground,
    usable: Flags,
    added_w: Floats,
    node_room: Ints,
    rejected: Counter[str],
) -> tuple[Ints, Floats]:
    """Return how many GPUs each rack takes within every limit above it."""
    plant, uses = index.plant, index.uses
    racks = len(plant.rack_names)
    of_rack = plant.arrays.nodes.rack
    wished = np.bincount(of_rack, node_room, racks)
    node_added_w = np.bincount(
        plant.arrays.gpus.node[usable], added_w[usable], len(plant.node_names)
    )
    found = np.bincount(of_rack, np.bincount(plant.arrays.gpus.node[usable],
                                             minlength=len(plant.node_names)), racks)  # fmt: skip
    mean_w = np.bincount(of_rack, node_added_w, racks) / np.maximum(found, 1.0)
    limit_w = uses.factor * mean_w[uses.rack]
    with np.errstate(divide="ignore", invalid="ignore"):
        fits = np.where(limit_w > 0.0, ground.limit_room_w[uses.limit] / limit_w, np.inf)
    fits = np.maximum(np.floor(fits + NEARLY), 0.0)
    room = np.minimum.reduceat(fits, uses.first[:-1]) if racks else np.zeros(0)
    short = np.flatnonzero(room < wished)
    for r in short.tolist():
        entries = slice(int(uses.first[r]), int(uses.first[r + 1]))
        limit = int(uses.limit[entries][np.argmin(fits[entries])])
        _count(rejected, _limit_name(index, limit), int(wished[r] - room[r]))
    return np.minimum(room, wished).astype(np.int64), limit_w


def _limit_name(index: PlaceIndex, limit: int) -> str:
    feeds, circuits = len(index.plant.feed_names), len(index.plant.circuit_names)
    if limit < feeds:
        return f"feed {index.plant.feed_names[limit]} rating"
    if limit < feeds + circuits:
        return f"cooling of {index.plant.circuit_names[limit - feeds]}"
    return "rack power"


def _count(rejected: Counter[str], reason: str, gpus: int) -> None:
    if gpus:
        rejected[reason] += gpus


def on_rails(index: PlaceIndex, offer: Offer) -> Iterator[Offer]:
    """Yield the offer once for each rail that has enough GPUs, cut down to that rail."""
    of_node = index.plant.arrays.gpus.node
    nodes, racks = len(offer.node_room), len(offer.rack_room)
    count = np.bincount(index.rail[offer.usable])
    each = offer.request.gpus_per_node
    for rail in np.flatnonzero(count >= offer.request.count).tolist():
        usable = offer.usable & (index.rail == rail)
        room = np.bincount(of_node[usable], minlength=nodes)
        if each is not None:
            room = np.where(room >= each, each, 0)
        in_rack = np.bincount(index.plant.arrays.nodes.rack, room, racks).astype(np.int64)
        yield replace(
            offer,
            usable=usable,
            node_room=room,
            rack_room=np.minimum(offer.rack_room, in_rack),
        )


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
    rack = index.plant.arrays.nodes.rack
    group, count = index.node_group[level], index.group_count[level]
    if level in ("node", "nvlink_domain", "rack"):
        member = np.flatnonzero((offer.node_room > 0) & (group >= 0))
        room = np.bincount(group[member], offer.node_room[member], count)
        home = np.zeros(count, dtype=np.int64)
        home[group[member]] = rack[member]
        room = np.minimum(room, offer.rack_room[home])
    else:
        of_rack = np.full(len(offer.rack_room), -1, dtype=np.int64)
        of_rack[rack] = group
        room = np.bincount(of_rack[of_rack >= 0], offer.rack_room[of_rack >= 0], count)
    fits = np.flatnonzero(room >= need)
    small = int(room[room < need].sum())
    if len(fits) > most:
        promise = _promise(ground, offer, level, group, count, room)[fits]
        best = np.argpartition(-promise, most)[:most]
        fits = fits[best[np.argsort(-promise[best], kind="stable")]]
    return fits, small


def _promise(
    ground: Ground, offer: Offer, level: Level, group: Ints, count: int, room: Floats
) -> Floats:
    """Return a quick estimate of each group's worth: tight fit, cool, with power left."""
    arrays = ground.plant.arrays
    nodes = arrays.nodes
    wet = nodes.liquid_circuit >= 0
    inlet_c = np.where(wet, ground.state.circuit_supply_c[nodes.liquid_circuit],
                       ground.state.node_inlet_c)  # fmt: skip
    left = 1.0 - ground.rack_w / np.maximum(arrays.racks.rating_w, 1.0)
    weight = offer.node_room.astype(np.float64)
    mine = np.flatnonzero((weight > 0.0) & (group >= 0))
    whole = np.maximum(np.bincount(group[mine], weight[mine], count), 1.0)
    warm_c = np.bincount(group[mine], (weight * inlet_c)[mine], count) / whole
    left_in = np.bincount(group[mine], (weight * left[nodes.rack])[mine], count) / whole
    spare = (room - offer.request.count) / np.maximum(room, 1.0)
    return np.asarray(left_in - 0.02 * warm_c - 0.5 * spare)


def places_in(
    index: PlaceIndex, ground: Ground, offer: Offer, level: Level, groups: Ints
) -> Iterator[Candidate]:
    """Yield one set of GPUs for each group that can hold the job after all."""
    rack = index.plant.arrays.nodes.rack
    for g in groups.tolist():
        if level == "node":
            nodes, takes = np.array([g]), np.array([offer.request.count])
        else:
            inside = np.flatnonzero((index.node_group[level] == g) & (offer.node_room > 0))
            if level in ("nvlink_domain", "rack"):
                nodes, takes = _spread(offer.node_room[inside], inside, offer.request.count)
            else:
                nodes, takes = _over_racks(index, ground, offer, inside, rack[inside])
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


def _over_racks(
    index: PlaceIndex, ground: Ground, offer: Offer, nodes: Ints, racks: Ints
) -> tuple[Ints, Ints]:
    """Fill rack after rack while the limits that they share have room."""
    uses, need = index.uses, offer.request.count
    each = offer.request.gpus_per_node or 1
    left_w = ground.limit_room_w.copy()
    found = np.unique(racks)
    tried = found[np.argsort(-offer.rack_room[found], kind="stable")].tolist()
    chosen: list[Ints] = []
    taken: list[Ints] = []
    while need and tried:
        enough = [r for r in tried if offer.rack_room[r] >= need]
        r = enough[-1] if enough else tried[0]
        tried.remove(r)
        entries = slice(int(uses.first[r]), int(uses.first[r + 1]))
        limits, watts = uses.limit[entries], offer.limit_w[entries]
        heavy = watts > 0.0
        fit = np.floor(left_w[limits][heavy] / watts[heavy] + NEARLY).min(initial=np.inf)
        take = int(min(need, offer.rack_room[r], max(fit, 0.0))) // each * each
        if take:
            here = nodes[racks == r]
            picked, takes = _spread(offer.node_room[here], here, take)
            left_w[limits] -= watts * takes.sum()
            need -= int(takes.sum())
            chosen.append(picked)
            taken.append(takes)
    if not chosen:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    return np.concatenate(chosen), np.concatenate(taken)


def _gpus_in(
    index: PlaceIndex, ground: Ground, offer: Offer, nodes: Ints, takes: Ints
) -> Ints:
    """Return GPUs of the nodes: where not all are needed, those already
    shared, then those that breathe first, then the coolest."""
    gpus, of = index.plant.arrays.gpus, index.plant.arrays.nodes
    picked = []
    for n, take in zip(nodes.tolist(), takes.tolist(), strict=True):
        first = int(of.first_gpu[n])
        mine = first + np.flatnonzero(offer.usable[first : first + int(of.gpu_count[n])])
        if len(mine) > take:
            keys = ground.state.gpu_temp_c[mine], ~gpus.upstream[mine], ~offer.shared[mine]
            order = np.lexsort(keys)
            mine = np.sort(mine[order[:take]])
        picked.append(mine)
    return np.concatenate(picked)
