"""Which GPUs a request could use, and how many of them each rack can carry."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from controllers.gather import sum_by
from controllers.placement.ground import Ground
from controllers.placement.index import PlaceIndex
from controllers.placement.models import Request
from controllers.placement.remnants import Remnants
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
    node_free: Ints
    """Usable GPUs of each node. Shape (nodes,)"""
    node_room: Ints
    """GPUs of the job that each node can take by count. Shape (nodes,)"""
    rack_room: Ints
    """GPUs of the job that each rack can take by power and cooling. Shape (racks,)"""
    rack_added_w: Floats
    """Rise of one GPU of the job, on average over a rack's usable ones. Shape (racks,)"""
    limit_w: Floats
    """Watts against each entry of `Uses` for one GPU of the job. Shape (uses,)"""
    remnants: Remnants


def offer_of(
    index: PlaceIndex,
    ground: Ground,
    free_share: Floats,
    request: Request,
    rejected: Counter[str],
) -> Offer:
    """Return what the request could use; count in `rejected` the GPUs that it could not."""
    gpus = index.plant.arrays.gpus
    usable = _usable(index, free_share, request, rejected)
    asked_w = gpus.power_max_w if request.gpu_power_w is None else request.gpu_power_w
    asked_w = np.minimum(asked_w, gpus.power_max_w) * request.share
    shared = free_share < 1.0 - NEARLY
    resting_w = np.where(shared, 0.0, ground.gpu_w)
    room_w = np.maximum(gpus.power_max_w - ground.gpu_w, 0.0)
    added_w = np.minimum(np.maximum(asked_w - resting_w, 0.0), room_w)
    count = index.sum_by_node(usable).astype(np.int64)
    per_node = request.gpus_per_node
    node_room = count if per_node is None else np.where(count >= per_node, per_node, 0)
    if per_node is not None:
        _count(
            rejected,
            "too few free GPUs in the node",
            int(count[count < per_node].sum()),
        )
    mean_w = _mean_added_w(index, count, index.sum_by_node(np.where(usable, added_w, 0.0)))
    rack_room, limit_w = _rack_room(index, ground, mean_w, node_room, rejected)
    return Offer(
        request=request,
        usable=usable,
        shared=shared,
        asked_w=ground.gpu_w + added_w,
        added_w=added_w,
        node_free=count,
        node_room=node_room,
        rack_room=rack_room,
        rack_added_w=mean_w,
        limit_w=limit_w,
        remnants=ground.remnants,
    )


def _mean_added_w(index: PlaceIndex, count: Ints, added_w: Floats) -> Floats:
    """Return what one GPU of the job adds in each rack, on average over the usable ones."""
    rack, racks = index.plant.arrays.nodes.rack, len(index.plant.rack_names)
    return sum_by(rack, added_w, racks) / np.maximum(sum_by(rack, count, racks), 1.0)


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
    index: PlaceIndex, ground: Ground, mean_w: Floats, node_room: Ints, rejected: Counter[str]
) -> tuple[Ints, Floats]:
    """Return how many GPUs each rack takes within every limit above it."""
    uses, racks = index.uses, len(index.plant.rack_names)
    wished = sum_by(index.plant.arrays.nodes.rack, node_room, racks)
    limit_w = ground.limit_factor * mean_w[uses.rack]
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


def on_rails(index: PlaceIndex, offer: Offer, most: int) -> Iterator[Offer]:
    """Yield the offer cut down to one rail, for the `most` rails with the most free GPUs."""
    rack, racks = index.plant.arrays.nodes.rack, len(offer.rack_room)
    count = np.bincount(index.rail[offer.usable], minlength=1)
    each = offer.request.gpus_per_node
    for rail in np.argsort(-count, kind="stable")[:most].tolist():
        if count[rail] < offer.request.count:
            return
        usable = offer.usable & (index.rail == rail)
        free = index.sum_by_node(usable).astype(np.int64)
        room = free if each is None else np.where(free >= each, each, 0)
        in_rack = sum_by(rack, room, racks).astype(np.int64)
        yield replace(
            offer,
            usable=usable,
            node_free=free,
            node_room=room,
            rack_room=np.minimum(offer.rack_room, in_rack),
        )
