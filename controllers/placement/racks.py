"""Jobs over several racks: whole racks first, the rest where it just fits, within shared limits."""

from collections import Counter
from collections.abc import Iterator

import numpy as np

from controllers.placement.free import NEARLY
from controllers.placement.ground import Ground
from controllers.placement.index import PlaceIndex
from controllers.placement.limits import limit_name
from controllers.placement.models import Level
from controllers.placement.offer import Offer
from controllers.placement.taking import first_broken, whole_racks
from site_models.arrays import Floats, Ints

NONE: Ints = np.zeros(0, dtype=np.int64)


def spread(room: Ints, where: Ints, need: int) -> tuple[Ints, Ints]:
    """Return places and what each takes: the roomiest first, the rest where it just fits."""
    order = np.argsort(-room, kind="stable")
    room = room[order]
    return _spread(room, np.cumsum(room), where[order], need)


def _spread(room: Ints, filled: Ints, where: Ints, need: int) -> tuple[Ints, Ints]:
    """Return the same of places with the roomiest first; `filled` is what they give so far."""
    whole = int(np.searchsorted(filled, need, side="right"))
    rest = need - (int(filled[whole - 1]) if whole else 0)
    if not rest:
        return where[:whole], room[:whole]
    tight = int(np.searchsorted(-room, -rest, side="right"))
    if tight <= whole:
        return where[:whole], room[:whole]
    last = max(int(np.searchsorted(-room, -int(room[tight - 1]))), whole)
    return np.append(where[:whole], where[last]), np.append(room[:whole], rest)


def over_racks(
    index: PlaceIndex,
    ground: Ground,
    offer: Offer,
    level: Level,
    group: int,
    rejected: Counter[str],
) -> Iterator[tuple[Ints, Ints]]:
    """Yield nodes in the racks of a group and what each takes, within the limits that they share.

    The roomiest racks are filled, the last one is where the rest just fits. Each rack takes
    whole segments. Where limits that racks share stop that, rack after rack is filled as
    far as they go. Of a job that exchanges the same racks with equal parts come first, where
    that is another place: the NVLink domain with the fewest GPUs sets the pace of what
    crosses the network. Where nothing holds, the GPUs that find no room are counted in
    `rejected` by the limit that stops them.
    """
    unit, need = offer.unit, offer.request.count
    racks, room, filled = _roomiest(index, offer, level, group)
    count = int(np.searchsorted(filled, need)) + 1
    if count > len(racks):
        return
    part, left = divmod(need, count)
    even = not left and part % unit == 0 and room[count - 1] >= part
    if offer.wish.exchanges and even and room[0] > part:
        equal = np.full(count, part, dtype=np.int64)
        here = racks[:count]
        if not _stopped(index, ground, offer, here, equal):
            yield _nodes_in(index, offer, racks[:count], equal)
    chosen, takes = _spread(room, filled, racks, need)
    why = _stopped(index, ground, offer, chosen, takes)
    if why:
        chosen, takes = _filled(index, ground, offer, racks, room)
        if takes.sum() < need:
            rejected[why] += need - int(takes.sum())
            return
        why = _stopped(index, ground, offer, chosen, takes)
    if why:
        rejected[why] += need
    else:
        yield _nodes_in(index, offer, chosen, takes)


def _roomiest(index: PlaceIndex, offer: Offer, level: Level, group: int) -> tuple[Ints, Ints, Ints]:
    """Return the racks of a group that have room, the roomiest first, how many GPUs in whole
    segments each can take, and all up to it; kept for the next request of the kind."""
    key = (level, group, offer.unit, offer.rail)
    kept = offer.supply.roomiest.get(key)
    if kept is None:
        racks = np.flatnonzero((index.rack_group[level] == group) & (offer.rack_room > 0))
        room = offer.rack_room[racks] // offer.unit * offer.unit
        order = np.argsort(-room, kind="stable")
        kept = racks[order], room[order], np.cumsum(room[order])
        offer.supply.roomiest[key] = kept
    return kept


def _stopped(index: PlaceIndex, ground: Ground, offer: Offer, racks: Ints, takes: Ints) -> str:
    """Return the first limit that racks break together with what they take, in words; "": none.

    With any one stage lost too, where that was asked.
    """
    limit = _broken(index, ground, offer, racks, takes)
    if limit >= 0:
        return limit_name(index.plant, limit)
    lost = (
        one
        for one in offer.supply.stand.spares
        if _broken(one.places, one.ground, offer, racks, takes) >= 0
    )
    return next((one.words for one in lost), "")


def _broken(index: PlaceIndex, ground: Ground, offer: Offer, racks: Ints, takes: Ints) -> int:
    """Return the first limit that racks break with what they take; -1: none."""
    uses, gpu_w = index.uses, offer.supply.rack_added_w[racks] * takes
    (limit,) = first_broken(
        np.zeros(len(racks), dtype=np.int64), racks, gpu_w, gpu_w, 1, uses.first, uses.limit,
        ground.limit_factor, ground.limit_room_w, ground.limit_live, index.cooling_limits,
    )  # fmt: skip
    return int(limit)


def _filled(
    index: PlaceIndex, ground: Ground, offer: Offer, racks: Ints, room: Ints
) -> tuple[Ints, Ints]:
    """Fill rack after rack, the roomiest first, while the limits that they share have room."""
    uses, need, unit = index.uses, offer.request.count, offer.unit
    left_w = ground.limit_room_w.copy()
    order = np.argsort(-room, kind="stable")
    tried, room = racks[order], room[order]
    chosen: list[int] = []
    taken: list[int] = []
    while need and len(tried):
        tight = max(int(np.searchsorted(-room, -need, side="right")) - 1, 0)
        r = int(tried[tight])
        take = min(need, int(room[tight]), _fit(index, ground, offer, left_w, r)) // unit * unit
        if take:
            entries = slice(int(uses.first[r]), int(uses.first[r + 1]))
            watts = ground.limit_factor[entries] * (offer.supply.rack_added_w[r] * take)
            left_w[uses.limit[entries]] -= watts
            need -= take
            chosen.append(r)
            taken.append(take)
        tried, room = np.delete(tried, tight), np.delete(room, tight)
    return np.array(chosen, dtype=np.int64), np.array(taken, dtype=np.int64)


def _fit(index: PlaceIndex, ground: Ground, offer: Offer, left_w: Floats, rack: int) -> int:
    """Return how many GPUs of the job the rack takes within what is left of every limit."""
    entries = slice(int(index.uses.first[rack]), int(index.uses.first[rack + 1]))
    watts = ground.limit_factor[entries] * offer.supply.rack_added_w[rack]
    if float(watts.max(initial=0.0)) <= 0.0:
        return offer.request.count
    share = (left_w[index.uses.limit[entries]] / np.maximum(watts, 1e-12)).min()
    return int(min(max(np.floor(share + NEARLY), 0.0), offer.request.count))


def _nodes_in(index: PlaceIndex, offer: Offer, racks: Ints, takes: Ints) -> tuple[Ints, Ints]:
    """Return the nodes of racks that take so many GPUs each, and what each node takes."""
    if not len(racks):
        return NONE, NONE
    members, room = index.members["rack"], offer.node_room
    some, gives, whole = whole_racks(racks, takes, members.first, members.node, room)
    nodes, counts = [some], [gives]
    for k in np.flatnonzero(~whole).tolist():
        mine = members.of(int(racks[k]))
        mine = mine[room[mine] > 0]
        picked, each = spread(room[mine], mine, int(takes[k]))
        nodes.append(picked)
        counts.append(each)
    return np.concatenate(nodes), np.concatenate(counts)
