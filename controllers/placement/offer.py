"""Which GPUs a request could use, and how many of them each rack can carry."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from controllers.gather import sum_by
from controllers.placement.free import NEARLY, Free
from controllers.placement.ground import Ground
from controllers.placement.index import PlaceIndex
from controllers.placement.models import Request
from controllers.placement.wish import Wish
from site_models.arrays import Flags, Floats, Ints
from site_models.errors import InputError


@dataclass(frozen=True, eq=False)
class Offer:
    """What one request could use, before places are compared."""

    wish: Wish
    index: PlaceIndex
    ground: Ground
    free: Free
    node_kept: Flags
    """Nodes that the request may use at all. Shape (nodes,)"""
    node_asked_w: Floats
    """Power of one GPU of each node with the job on it [W]. Shape (nodes,)"""
    node_free: Ints
    """Usable GPUs of each node. Shape (nodes,)"""
    node_room: Ints
    """GPUs of the job that each node can take by count. Shape (nodes,)"""
    rack_room: Ints
    """GPUs of the job that each rack can take by power and cooling. Shape (racks,)"""
    rack_added_w: Floats
    """Rise of one GPU of the job, on average over a rack's usable ones. Shape (racks,)"""
    rail: int = -1
    """The one rail whose GPUs are offered; -1: all."""

    @property
    def request(self) -> Request:
        """Return what was asked."""
        return self.wish.request

    def usable_of(self, gpus: Ints) -> Flags:
        """Return which of some GPUs the job may use."""
        node = self.index.plant.arrays.gpus.node[gpus]
        usable = self.index.in_service[gpus] & self.node_kept[node]
        usable &= self.free.share[gpus] >= self.request.share - NEARLY
        if self.rail >= 0:
            usable &= self.index.rail[gpus] == self.rail
        return np.asarray(usable)

    def powers_w(self, gpus: Ints) -> tuple[Floats, Floats]:
        """Return the power of some GPUs with the job on them, and its rise over what they
        draw or promised [W]."""
        node = self.index.plant.arrays.gpus.node[gpus]
        drawn_w, most_w = self.ground.gpu_w[gpus], self.index.plant.arrays.gpus.power_max_w[gpus]
        resting_w = np.where(self.free.share[gpus] < 1.0 - NEARLY, 0.0, drawn_w)
        added_w = np.maximum(self.node_asked_w[node] - resting_w, 0.0)
        added_w = np.minimum(added_w, np.maximum(most_w - drawn_w, 0.0))
        return drawn_w + added_w, added_w

    @cached_property
    def usable(self) -> Flags:
        """Return which GPUs the job may use. Shape (GPUs,)"""
        return self.usable_of(np.arange(len(self.free.share)))

    @cached_property
    def shared(self) -> Flags:
        """Return the GPUs that somebody holds a part of. Shape (GPUs,)"""
        return np.asarray(self.free.share < 1.0 - NEARLY)


def offer_of(
    index: PlaceIndex, ground: Ground, free: Free, wish: Wish, rejected: Counter[str]
) -> Offer:
    """Return what the request could use; count in `rejected` the GPUs that it could not."""
    request = wish.request
    kept = _kept(index, wish, rejected)
    asked_w = np.minimum(wish.node_power_w(index), index.node_power_max_w) * request.share
    offer = Offer(
        wish=wish,
        index=index,
        ground=ground,
        free=free,
        node_kept=kept,
        node_asked_w=asked_w,
        node_free=free.count,
        node_room=free.count,
        rack_room=np.zeros(0, dtype=np.int64),
        rack_added_w=np.zeros(0),
    )
    count, added_w = _counted(offer)
    _count(rejected, "busy", int(index.node_serviceable[kept].sum() - count.sum()))
    per_node = request.gpus_per_node
    node_room = count if per_node is None else np.where(count >= per_node, per_node, 0)
    if per_node is not None:
        _count(rejected, "too few free GPUs in the node", int(count[count < per_node].sum()))
    rack, racks = index.plant.arrays.nodes.rack, len(index.plant.rack_names)
    mean_w = sum_by(rack, added_w, racks) / np.maximum(sum_by(rack, count, racks), 1.0)
    return replace(
        offer,
        node_free=count,
        node_room=node_room,
        rack_room=_rack_room(index, ground, mean_w, node_room, rejected),
        rack_added_w=mean_w,
    )


def _counted(offer: Offer) -> tuple[Ints, Floats]:
    """Return usable GPUs of each node and the rise of one job GPU on each, summed by node.

    From the counts of the free ones where they tell; GPU by GPU for shares of GPUs, and
    where some free GPU draws more than is asked.
    """
    free, kept, index = offer.free, offer.node_kept, offer.index
    count = np.where(kept, free.count, 0)
    plain = offer.request.share >= 1.0 and not bool(
        np.any(free.most_w[kept] > offer.node_asked_w[kept])
    )
    if plain:
        added_w = np.where(kept, count * offer.node_asked_w - free.drawn_w, 0.0)
        return count, np.maximum(added_w, 0.0)
    usable = offer.usable
    _, each_w = offer.powers_w(np.arange(len(usable)))
    count = index.sum_by_node(usable).astype(np.int64)
    return count, index.sum_by_node(np.where(usable, each_w, 0.0))


def _kept(index: PlaceIndex, wish: Wish, rejected: Counter[str]) -> Flags:
    """Return the nodes that the request may use; count what the others have in service."""
    plant, request = index.plant, wish.request
    _count(rejected, "out of service", int(len(plant.gpu_names) - index.node_serviceable.sum()))
    kept = index.node_model >= 0
    tests: list[tuple[str, Flags]] = []
    if request.gpu_model is not None:
        if request.gpu_model not in index.models:
            known = ", ".join(index.models) or "none"
            raise InputError(f"gpu_model: the site has {known}, not {request.gpu_model!r}")
        tests.append(("other model", index.node_model == index.models.index(request.gpu_model)))
    if request.exclude:
        spared = np.ones(len(plant.node_names), dtype=np.bool_)
        for name in request.exclude:
            if name not in index.node_number:
                raise InputError(f"exclude: the site has no node {name!r}")
            spared[index.node_number[name]] = False
        tests.append(("excluded", spared))
    if wish.in_maintenance is not None:
        tests.append(("maintenance", ~wish.in_maintenance))
    for reason, passed in tests:
        _count(rejected, reason, int(index.node_serviceable[kept & ~passed].sum()))
        kept = kept & passed
    return kept


def _rack_room(
    index: PlaceIndex, ground: Ground, mean_w: Floats, node_room: Ints, rejected: Counter[str]
) -> Ints:
    """Return how many GPUs each rack takes within every limit above it."""
    racks = len(index.plant.rack_names)
    wished = sum_by(index.plant.arrays.nodes.rack, node_room, racks)
    with np.errstate(divide="ignore", invalid="ignore"):
        fits = np.where(mean_w > 0.0, ground.rack_fit_w / mean_w, np.inf)
    room = np.maximum(np.floor(fits + NEARLY), 0.0)
    short = np.flatnonzero(room < wished)
    if len(short):
        lost = sum_by(ground.rack_tight[short], (wished - room)[short], int(index.limits))
        for limit in np.flatnonzero(lost).tolist():
            _count(rejected, _limit_name(index, limit), int(lost[limit]))
    return np.minimum(room, wished).astype(np.int64)


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
            rail=rail,
            node_free=free,
            node_room=room,
            rack_room=np.minimum(offer.rack_room, in_rack),
        )
