"""The search for places: near levels before far ones, until enough are found."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from controllers.placement.candidate import Candidate
from controllers.placement.candidates import groups_at, levels_to_search, places_in
from controllers.placement.ground import Ground
from controllers.placement.index import PlaceIndex
from controllers.placement.kinds import count_in
from controllers.placement.models import Level, Request
from controllers.placement.network import Trip, trips
from controllers.placement.offer import Offer, on_rails, without
from controllers.placement.predict import Outlook, lost_shares, outlooks
from controllers.placement.score import score_of, weights_of, within
from controllers.placement.spare import a_pump_short
from controllers.placement.traffic import Traffic

PORTIONS = 4
"""Portions of a level's groups that are looked at before a farther level."""
LARGE = 144
"""GPUs of a job from which on fewer places are looked at closely."""
DETOURS = 3
"""Times that too hot nodes are left out and the rest is looked through again."""


class Place(NamedTuple):
    """A feasible candidate."""

    score: float
    candidate: Candidate
    outlook: Outlook
    trip: Trip


def best_places(
    index: PlaceIndex, ground: Ground, offer: Offer, traffic: Traffic, rejected: Counter[str]
) -> list[Place]:
    """Return the best places, best first: near levels before far ones, until enough.

    Nodes that a job would make too hot are gone around: where not enough is left without them,
    it is looked for again among the others.
    """
    limit = offer.request.limit
    found: list[Place] = []
    seen: set[bytes] = set()
    for turn in range(DETOURS + 1):
        look = _looked_for(index, ground, offer, traffic, seen, limit - len(found))
        found += look.found
        if turn == DETOURS or not look.hot or len(found) >= limit:
            rejected.update(look.refused + look.short)
            break
        hot = np.array(sorted(look.hot), dtype=np.int64)
        # places refused for heat count by their hot nodes; the others are not looked at again
        look.refused["temperature"] = int(offer.node_room[hot].sum())
        rejected.update(look.refused)
        offer = without(offer, hot)
    found.sort(key=lambda place: (-place.score, int(place.candidate.gpus[0])))
    return found[:limit]


class _Look(NamedTuple):
    """What one look at the levels finds."""

    found: list[Place]
    refused: Counter[str]
    """GPUs of places that break a limit, by the first that they break."""
    short: Counter[str]
    """GPUs of groups that cannot hold the job, by why."""
    hot: set[int]
    """Nodes that were too hot in places that were refused."""


def _looked_for(
    index: PlaceIndex, ground: Ground, offer: Offer, traffic: Traffic, seen: set[bytes], most: int
) -> _Look:
    """Look for so many places, near levels before far ones."""
    look, weights = _Look([], Counter(), Counter(), set()), weights_of(offer.wish.placing)
    for level_places in _by_level(index, ground, offer, look.short):
        fresh = [place for place in level_places if _first_time(seen, place)]
        roads = trips(index, offer.wish, traffic, fresh, lost_shares(index, offer, fresh))
        seen_there = _looked_at(index, ground, offer, fresh, roads)
        for place, outlook, trip in zip(fresh, seen_there, roads, strict=True):
            look.hot.update(outlook.hot)
            if _refused(place, outlook, look.refused):
                continue
            if not trip.joined:
                look.refused["no common network"] += len(place.gpus)
                continue
            score = score_of(index, offer, place, outlook, weights, trip)
            look.found.append(Place(score, place, outlook, trip))
        if len(look.found) >= most:
            break
    return look


def _looked_at(
    index: PlaceIndex, ground: Ground, offer: Offer, places: list[Candidate], roads: list[Trip]
) -> list[Outlook]:
    """Return what is expected of places, with every CDU a pump short too where asked."""
    found = outlooks(index, ground, offer, places, roads)
    if "cdu_pump" not in offer.wish.losses:
        return found
    spare = a_pump_short(index, ground, offer.wish.placing.cdu_pumps)
    short = outlooks(index, spare, offer, places, roads)
    return [
        outlook._replace(spare_temp_max_c=less.gpu_temp_max_c, spare_margin_k=less.margin_k)
        for outlook, less in zip(found, short, strict=True)
    ]


def _refused(place: Candidate, outlook: Outlook, rejected: Counter[str]) -> bool:
    """Return whether a place breaks a limit; count its GPUs by the first that it breaks."""
    if outlook.margin_k <= 0.0:
        reason = "temperature"
    elif outlook.spare_margin_k <= 0.0:
        reason = "temperature at N-1, a CDU pump lost"
    elif outlook.rack_headroom_w < 0.0:
        reason = "rack power"
    elif outlook.row_headroom_w < 0.0 or outlook.site_headroom_w < 0.0:
        reason = "row or site power"
    else:
        reason = outlook.broken
    if reason:
        rejected[reason] += len(place.gpus)
    return bool(reason)


def _by_level(
    index: PlaceIndex, ground: Ground, offer: Offer, rejected: Counter[str]
) -> Iterator[list[Candidate]]:
    """Yield candidates in portions, those of near levels first; on one rail where that is wished.

    GPUs on one rail stand far apart: near levels alone would never come upon them.
    """
    request, levels = offer.request, levels_to_search(offer.request)
    if "rail" not in (request.required_level, request.preferred_level):
        yield from _portions(index, ground, [offer], levels, rejected)
        return
    rails = list(on_rails(index, offer, _most(request)))
    if request.required_level == "rail":
        if not rails:
            free = int(offer.node_free[offer.node_room > 0].sum())
            lost = int(offer.supply.rack_wished.sum() - offer.rack_room.sum())
            count_in(rejected, "too few free on one rail", max(free - lost, 0))
        yield from _portions(index, ground, rails, levels, rejected)
        return
    yield from _portions(index, ground, rails, levels, Counter())
    yield from _portions(index, ground, [offer], levels, rejected)


def _most(request: Request) -> int:
    """Return how many groups are looked at together."""
    return request.limit + 3 if request.count <= LARGE else request.limit


def _portions(
    index: PlaceIndex,
    ground: Ground,
    offers: list[Offer],
    levels: tuple[Level, ...],
    rejected: Counter[str],
) -> Iterator[list[Candidate]]:
    """Yield candidates in portions, those of near levels first."""
    for level in levels:
        for part in offers:
            request, most = part.request, _most(part.request)
            if level != levels[-1] and index.group_most[level] < request.count:
                continue
            groups, small = groups_at(index, ground, part, level, PORTIONS * most)
            told = rejected if level == levels[-1] else Counter[str]()
            if small and not len(groups):
                told[f"too few free within one {level.replace('_', ' ')}"] += small
            for start in range(0, len(groups), most):
                portion = groups[start : start + most]
                places = places_in(index, ground, part, level, portion, told)
                yield [p for p in places if _kept(index, request, p)]


def _kept(index: PlaceIndex, request: Request, place: Candidate) -> bool:
    level = request.required_level
    return level is None or level == "gpu" or within(index, place, level)


def _first_time(seen: set[bytes], place: Candidate) -> bool:
    key = place.gpus.tobytes()
    if key in seen:
        return False
    seen.add(key)
    return True
