"""Which GPUs a request could use, and how many of them each rack can carry."""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from controllers.placement.free import Free
from controllers.placement.index import PlaceIndex
from controllers.placement.kinds import Kind
from controllers.placement.models import Request
from controllers.placement.supply import Stand, Supply, powers_w, supply_of, usable_of
from controllers.placement.wish import Wish
from site_models.arrays import Flags, Floats, Ints

__all__ = ["Offer", "Stand", "offer_of", "on_rails", "without"]


@dataclass(frozen=True, eq=False)
class Offer:
    """What one request could use, before places are compared."""

    wish: Wish
    request: Request
    supply: Supply
    free: Free
    node_free: Ints
    node_room: Ints
    rack_room: Ints
    rail: int = -1
    """The one rail whose GPUs are offered; -1: all."""

    @property
    def unit(self) -> int:
        """Return how many GPUs have to stay in one rack."""
        return math.lcm(self.request.unit, self.supply.kind.whole)

    @property
    def index(self) -> PlaceIndex:
        """Return where everything stands."""
        return self.supply.stand.index

    def powers_w(self, gpus: Ints, step_s: Floats | None = None) -> tuple[Floats, Floats]:
        """Return the power of some GPUs with the job on them, and its rise over what they
        draw or promised [W].

        `step_s` is how long the job's step takes on each: what it waits it draws less. NaN, or
        none given: as on the nearest place.
        """
        asked_w = self.supply.node_asked_w[self.index.plant.arrays.gpus.node[gpus]]
        if self.wish.draw is not None and step_s is not None:
            asked_w = self.wish.draw.power_w(self.index.model[gpus], step_s)
        return powers_w(self.supply.stand, asked_w, gpus)

    @cached_property
    def usable(self) -> Flags:
        """Return which GPUs the job may use. Shape (GPUs,)"""
        every = np.arange(len(self.free.share))
        return usable_of(self.supply.stand, self.supply.node_kept, self.request.share, every)


def offer_of(stand: Stand, wish: Wish, rejected: Counter[str], whole: int = 1) -> Offer:
    """Return what the request could use; count in `rejected` the GPUs that it could not.

    `whole` GPUs of it are to share one NVLink domain.
    """
    request = wish.request
    powers_w = () if wish.model_power_w is None else tuple(wish.model_power_w.tolist())
    kind = Kind(
        request.gpu_power_w,
        powers_w,
        request.share,
        request.gpu_model,
        request.gpus_per_node,
        whole,
        request.exclude,
        wish.maintenance,
    )
    supply = supply_of(stand, kind)
    rejected.update(supply.rejected)
    return Offer(
        wish,
        request,
        supply,
        stand.free,
        supply.node_free,
        supply.node_room,
        supply.rack_room,
    )


def without(offer: Offer, nodes: Ints) -> Offer:
    """Return the offer without some nodes."""
    kept, room = offer.supply.node_kept.copy(), offer.node_room.copy()
    kept[nodes], room[nodes] = False, 0
    rack_room = np.minimum(offer.rack_room, offer.index.by_rack.sum(room).astype(np.int64))
    supply = replace(
        offer.supply,
        node_kept=kept,
        node_room=room,
        rack_room=rack_room,
        most_in_node=int(room.max(initial=0)),
        rack_worth={},
        groups={},
        roomiest={},
    )
    return replace(offer, supply=supply, node_room=room, rack_room=rack_room)


def on_rails(index: PlaceIndex, offer: Offer, most: int) -> Iterator[Offer]:
    """Yield the offer cut down to one rail, for the `most` rails with the most free GPUs."""
    count = np.bincount(index.rail[offer.usable], minlength=1)
    each = offer.request.gpus_per_node
    for rail in np.argsort(-count, kind="stable")[:most].tolist():
        if count[rail] < offer.request.count:
            return
        usable = offer.usable & (index.rail == rail)
        free = index.by_node.sum(usable).astype(np.int64)
        room = free if each is None else np.where(free >= each, each, 0)
        in_rack = index.by_rack.sum(room).astype(np.int64)
        yield replace(
            offer,
            rail=rail,
            node_free=free,
            node_room=room,
            rack_room=np.minimum(offer.rack_room, in_rack),
        )
