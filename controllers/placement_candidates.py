"""Which GPUs can be offered, and the groups of them worth a closer look."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from controllers.gather import sum_by
from controllers.placement_ground import Ground
from controllers.placement_index import SPAN, PlaceIndex
from controllers.placement_models import Level, Request
from controllers.placement_offer import NEARLY, Offer
from site_models.arrays import Floats, Ints


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
    rack = index.plant.arrays.nodes.rack
    group, count = index.node_group[level], index.group_count[level]
    if level in ("node", "nvlink_domain", "rack"):
        member = np.flatnonzero((offer.node_room > 0) & (group >= 0))
        room = sum_by(group[member], offer.node_room[member], count)
        home = np.zeros(count, dtype=np.int64)
        home[group[member]] = rack[member]
        room = np.minimum(room, offer.rack_room[home])
    else:
        of_rack = np.full(len(offer.rack_room), -1, dtype=np.int64)
        of_rack[rack] = group
        room = sum_by(of_rack[of_rack >= 0], offer.rack_room[of_rack >= 0], count)
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
    whole = np.maximum(sum_by(group[mine], weight[mine], count), 1.0)
    warm_c = sum_by(group[mine], (weight * inlet_c)[mine], count) / whole
    left_in = sum_by(group[mine], (weight * left[nodes.rack])[mine], count) / whole
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


def _gpus_in(index: PlaceIndex, ground: Ground, offer: Offer, nodes: Ints, takes: Ints) -> Ints:
    """Return GPUs of the nodes: where not all are needed, those already
    shared, then those that breathe first, then the coolest."""
    gpus, of = index.plant.arrays.gpus, index.plant.arrays.nodes
    picked = []
    for n, take in zip(nodes.tolist(), takes.tolist(), strict=True):
        first = int(of.first_gpu[n])
        mine = first + np.flatnonzero(offer.usable[first : first + int(of.gpu_count[n])])
        if len(mine) > take:
            keys = (
                ground.state.gpu_temp_c[mine],
                ~gpus.upstream[mine],
                ~offer.shared[mine],
            )
            order = np.lexsort(keys)
            mine = np.sort(mine[order[:take]])
        picked.append(mine)
    return np.concatenate(picked)
