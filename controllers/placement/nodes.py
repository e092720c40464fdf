"""One answer for each node that a scheduler names: could a job run there, how well, why not."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from controllers.placement.candidates import places_in
from controllers.placement.index import PlaceIndex
from controllers.placement.models import Request
from controllers.placement.network import trips
from controllers.placement.offer import Offer, Stand, offer_of
from controllers.placement.predict import outlooks
from controllers.placement.score import score_of, weights_of
from controllers.placement.spare import a_pump_short
from controllers.placement.traffic import Traffic
from controllers.placement.wish import wish_of
from site_models.arrays import Floats, Ints

NEAR_LIMIT_K = 3.0
"""A node with a GPU this near to its limit gets no further work."""

Kind = Literal["size", "model", "excluded", "service", "busy", "room", "heat", "power"]
"""What is in the way: `room` is what its rack's limits leave, `heat` and `power` what the job
itself would bring."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a node is worth to a job."""

    node: str
    score: float | None
    """0..1; None where the job cannot run or the site has no such node."""
    reason: str = ""
    """Why it cannot run there; empty where it can or the twin does not know the node."""
    kind: Kind | None = None

    @property
    def lasting(self) -> bool:
        """Return whether ending other jobs would not help."""
        return self.kind not in (None, "busy", "room")


def verdicts(
    stand: Stand, traffic: Traffic, request: Request, names: Sequence[str], now_s: float
) -> list[Verdict]:
    """Return a verdict on each node, in the order of `names`.

    All GPUs of the request are to stand in the one node. A name that the site does not have
    gets no score and no reason: the twin has no opinion on it. Raises InputError for an
    unknown model or profile.
    Checked against `rank` in ``tests/controllers/test_placement_nodes.py``: the nodes that it
    offers pass here with the same score.
    """
    index = stand.index
    offer = offer_of(stand, wish_of(index, request, now_s), Counter())
    known = [index.node_number[name] for name in names if name in index.node_number]
    nodes = np.unique(np.array(known, dtype=np.int64))
    judged = _refused(stand, offer, nodes)
    kept = np.array([n for n in nodes.tolist() if n not in judged], dtype=np.int64)
    judged |= _scored(stand, traffic, offer, kept)
    numbers = [index.node_number.get(name, -1) for name in names]
    return [
        judged[number] if number >= 0 else Verdict(name, None)
        for name, number in zip(names, numbers, strict=True)
    ]


def margins_k(index: PlaceIndex, limit_c: Floats, temp_c: Floats) -> Floats:
    """Return the least distance of each node's GPUs to a limit [K]; infinite without GPUs."""
    margins = np.full(len(index.plant.node_names), np.inf)
    if len(index.run_first):
        margins[index.run_node] = np.minimum.reduceat(limit_c - temp_c, index.run_first)
    return margins


def beside_limit(margin_k: float, limit: str = "limit") -> str:
    """Return in words how far a GPU is from its limit.

    >>> beside_limit(-2.0)
    'a GPU is 2 K over its limit'
    """
    side = "over" if margin_k < 0.0 else "below"
    return f"a GPU is {abs(margin_k):.0f} K {side} its {limit}"


def _refused(stand: Stand, offer: Offer, nodes: Ints) -> dict[int, Verdict]:
    """Return the nodes that the job does not fit on, with what is in its way."""
    index, plant, request = stand.index, stand.index.plant, offer.request
    alive = index.sum_by_node(index.in_service)
    right = index.in_service.copy()
    if request.gpu_model is not None:
        right &= index.model == index.models.index(request.gpu_model)
    suited = index.sum_by_node(right)
    margin_k = margins_k(index, plant.arrays.gpus.temp_limit_c, stand.ground.state.gpu_temp_c)
    count, need = plant.arrays.nodes.gpu_count, request.count
    refused: dict[int, Verdict] = {}
    for n in nodes.tolist():
        rack = int(plant.arrays.nodes.rack[n])
        kind: Kind
        if count[n] < need:
            kind, why = "size", f"has {int(count[n])} GPUs, {need} wanted"
        elif alive[n] < need:
            out = int(count[n] - alive[n])
            kind, why = "service", f"{out} of {int(count[n])} GPUs are out of service"
        elif suited[n] < need:
            kind, why = "model", f"its GPUs are not {request.gpu_model}"
        elif plant.node_names[n] in request.exclude:
            kind, why = "excluded", "excluded"
        elif not offer.supply.node_kept[n]:
            kind, why = "service", "in maintenance while the job would run"
        elif margin_k[n] <= NEAR_LIMIT_K:
            kind, why = "heat", beside_limit(float(margin_k[n]))
        elif offer.node_free[n] < need:
            kind, why = "busy", f"{int(offer.node_free[n])} GPUs are free, {need} wanted"
        elif offer.rack_room[rack] < need:
            room, name = int(offer.rack_room[rack]), plant.rack_names[rack]
            kind, why = "room", f"power or cooling of rack {name} is left for {room} GPUs"
        else:
            continue
        refused[n] = Verdict(plant.node_names[n], None, why, kind)
    return refused


def _scored(stand: Stand, traffic: Traffic, offer: Offer, nodes: Ints) -> dict[int, Verdict]:
    """Return the nodes that the job fits on with their scores, or what it would heat too much."""
    index, ground = stand.index, stand.ground
    names, weights = index.plant.node_names, weights_of(index.plant)
    places = list(places_in(index, ground, offer, "node", nodes))
    found = outlooks(index, ground, offer, places)
    short = found
    if "cdu_pump" in offer.wish.losses:
        short = outlooks(index, a_pump_short(index, ground), offer, places)
    roads = trips(index, offer.wish, traffic, places, np.array([one.lost_share for one in found]))
    judged: dict[int, Verdict] = {}
    for place, outlook, less, trip in zip(places, found, short, roads, strict=True):
        n = int(index.plant.arrays.gpus.node[place.gpus[0]])
        kind: Kind = "power"
        if outlook.margin_k <= 0.0:
            kind, why = "heat", f"a GPU would reach {outlook.gpu_temp_max_c:.0f} °C"
        elif less.margin_k <= 0.0:
            kind, why = "heat", f"a GPU would reach {less.gpu_temp_max_c:.0f} °C, a CDU pump lost"
        elif outlook.rack_headroom_w < 0.0:
            why = "the rack's power"
        elif outlook.row_headroom_w < 0.0 or outlook.site_headroom_w < 0.0:
            why = "the power of row or site"
        else:
            score = score_of(index, offer, place, outlook, weights, trip)
            judged[n] = Verdict(names[n], score)
            continue
        judged[n] = Verdict(names[n], None, why, kind)
    return judged
