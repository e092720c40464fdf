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
from controllers.placement.predict import lost_shares, outlooks
from controllers.placement.score import score_of, weights_of
from controllers.placement.spare import a_pump_short
from controllers.placement.traffic import Traffic
from controllers.placement.wish import wish_of
from site_models.arrays import Floats, Ints

Kind = Literal["size", "model", "excluded", "service", "busy", "room", "heat", "power"]
"""What is in the way: `room` is what its rack's limits leave, `heat` and `power` what the job
itself would bring."""

CAUSES: tuple[Kind, ...] = (
    "size", "service", "model", "excluded", "heat", "service", "busy", "room",
)  # fmt: skip
"""What is looked for first; the second `service` is maintenance."""
MAINTENANCE = 5


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
    Checked against `rank` in ``tests/controllers/placement/test_placement_nodes.py``: the nodes
    that it offers pass here with the same score.
    """
    index = stand.index
    offer = offer_of(stand, wish_of(index, request, now_s), Counter())
    known = [index.node_number[name] for name in names if name in index.node_number]
    nodes = np.unique(np.array(known, dtype=np.int64))
    causes = in_the_way(stand, offer, nodes)
    stopped = causes >= 0
    judged = {
        n: refusal(stand, offer, n, cause)
        for n, cause in zip(nodes[stopped].tolist(), causes[stopped].tolist(), strict=True)
    }
    judged |= looked_at(stand, traffic, offer, nodes[~stopped])
    numbers = [index.node_number.get(name, -1) for name in names]
    return [
        judged[number] if number >= 0 else Verdict(name, None)
        for name, number in zip(names, numbers, strict=True)
    ]


def margins_k(index: PlaceIndex, limit_c: Floats, temp_c: Floats) -> Floats:
    """Return the least distance of each node's GPUs to a limit [K]; infinite without GPUs."""
    margins = np.full(len(index.plant.node_names), np.inf)
    if len(index.by_node.begin):
        margins[index.by_node.owner] = np.minimum.reduceat(limit_c - temp_c, index.by_node.begin)
    return margins


def beside_limit(margin_k: float, limit: str = "limit") -> str:
    """Return in words how far a GPU is from its limit.

    >>> beside_limit(-2.0)
    'a GPU is 2 K over its limit'
    """
    side = "over" if margin_k < 0.0 else "below"
    return f"a GPU is {abs(margin_k):.0f} K {side} its {limit}"


def in_the_way(stand: Stand, offer: Offer, nodes: Ints) -> Ints:
    """Return what stops the job on each node at first sight, as an index of CAUSES; -1: nothing.

    Shape of `nodes`. Everything but what the job itself would bring.
    """
    index, request = stand.index, offer.request
    arrays, need = index.plant.arrays, request.count
    right = index.in_service.copy()
    if request.gpu_model is not None:
        right &= index.model == index.models.index(request.gpu_model)
    excluded = np.zeros(len(index.plant.node_names), dtype=np.bool_)
    excluded[[index.node_number[name] for name in request.exclude]] = True
    tests = (
        arrays.nodes.gpu_count < need,
        index.by_node.sum(index.in_service) < need,
        index.by_node.sum(right) < need,
        excluded,
        stand.near_limit,
        ~offer.supply.node_kept,
        offer.node_free < need,
        offer.rack_room[arrays.nodes.rack] < need,
    )
    failed = np.stack([test[nodes] for test in tests])
    return np.where(failed.any(axis=0), failed.argmax(axis=0), -1)


def refusal(stand: Stand, offer: Offer, node: int, cause: int) -> Verdict:
    """Return the verdict on a node that has a cause in its way, in words."""
    index, request = stand.index, offer.request
    plant, need = index.plant, request.count
    rack, kind = int(plant.arrays.nodes.rack[node]), CAUSES[cause]
    first, count = (int(of[node]) for of in (plant.arrays.nodes.first_gpu,
                                             plant.arrays.nodes.gpu_count))  # fmt: skip
    mine = slice(first, first + count)
    if cause == MAINTENANCE:
        why = "in maintenance while the job would run"
    elif kind == "size":
        why = f"has {count} GPUs, {need} wanted"
    elif kind == "service":
        out = count - int(index.in_service[mine].sum())
        why = f"{out} of {count} GPUs are out of service"
    elif kind == "model":
        why = f"its GPUs are not {request.gpu_model}"
    elif kind == "heat":
        margins = plant.arrays.gpus.temp_limit_c[mine] - stand.ground.state.gpu_temp_c[mine]
        why = beside_limit(float(margins.min()))
    elif kind == "busy":
        why = f"{int(offer.node_free[node])} GPUs are free, {need} wanted"
    elif kind == "room":
        room = int(offer.rack_room[rack])
        why = f"power or cooling of rack {plant.rack_names[rack]} is left for {room} GPUs"
    else:
        why = "excluded"
    return Verdict(plant.node_names[node], None, why, kind)


def looked_at(stand: Stand, traffic: Traffic, offer: Offer, nodes: Ints) -> dict[int, Verdict]:
    """Return the nodes that the job fits on with their scores, or what it would heat too much."""
    index, ground = stand.index, stand.ground
    names, weights = index.plant.node_names, weights_of(offer.wish.placing)
    places = list(places_in(index, ground, offer, "node", nodes, Counter()))
    roads = trips(index, offer.wish, traffic, places, lost_shares(index, offer, places))
    found = outlooks(index, ground, offer, places, roads)
    short = found
    if "cdu_pump" in offer.wish.losses:
        pumps = offer.wish.placing.cdu_pumps
        short = outlooks(index, a_pump_short(index, ground, pumps), offer, places, roads)
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
        elif outlook.broken:
            why = outlook.broken
        else:
            score = score_of(index, offer, place, outlook, weights, trip)
            judged[n] = Verdict(names[n], score)
            continue
        judged[n] = Verdict(names[n], None, why, kind)
    return judged
