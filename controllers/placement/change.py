"""What a place changes, rack by rack: for whoever looks at one before taking it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from controllers.placement.candidate import Candidate
from controllers.placement.ground import Ground
from controllers.placement.index import PlaceIndex
from controllers.placement.models import Request
from controllers.placement.network import steps_s, trips
from controllers.placement.offer import Offer, Stand, offer_of
from controllers.placement.predict import Outlook, lost_shares, outlooks
from controllers.placement.traffic import Traffic
from controllers.placement.wish import wish_of
from site_models.arrays import Ints


@dataclass(frozen=True, slots=True)
class RackChange:
    """One rack that the job would touch."""

    rack: int
    gpu_temp_now_c: float
    """Hottest GPU of the touched nodes now."""
    gpu_temp_c: float
    """The same at rest with the job."""
    added_w: float
    """At the GPUs of the job."""


@dataclass(frozen=True, slots=True)
class PlaceChange:
    """One place: its racks, and what was left there before."""

    racks: tuple[RackChange, ...]
    rack_headroom_now_w: float
    row_headroom_now_w: float
    site_headroom_now_w: float


def changes(
    stand: Stand, traffic: Traffic, request: Request, places: Sequence[Ints], now_s: float
) -> list[PlaceChange]:
    """Return the change that each place brings; a place is the GPUs of one advice.

    A rack's temperature is predicted with the job's part in that rack alone, so what racks on
    one CDU do to one another is left out. Checked in
    ``tests/controllers/placement/test_placement_change.py``: the hottest rack is the one advised.
    """
    index, ground = stand.index, stand.ground
    offer = offer_of(stand, wish_of(index, request, now_s), Counter())
    nodes = index.plant.arrays.nodes
    whole = [Candidate.of(index, gpus, "site") for gpus in places]
    roads = trips(index, offer.wish, traffic, whole, lost_shares(index, offer, whole))
    step_s = steps_s(roads)
    parts: list[tuple[int, Candidate]] = []
    for at, gpus in enumerate(places):
        rack = nodes.rack[index.plant.arrays.gpus.node[gpus]]
        parts += [
            (at, Candidate.of(index, gpus[rack == r], "rack")) for r in dict.fromkeys(rack.tolist())
        ]
    cut = [part for _, part in parts]
    found = outlooks(index, ground, offer, cut, [roads[at] for at, _ in parts])
    racks: list[list[RackChange]] = [[] for _ in places]
    for (at, part), outlook in zip(parts, found, strict=True):
        racks[at].append(_rack(index, ground, offer, part.gpus, outlook, float(step_s[at])))
    return [_place(index, ground, tuple(mine)) for mine in racks]


def _rack(
    index: PlaceIndex, ground: Ground, offer: Offer, gpus: Ints, outlook: Outlook, step_s: float
) -> RackChange:
    of_gpu = index.plant.arrays.gpus.node
    touched = np.isin(of_gpu, np.unique(of_gpu[gpus]))
    return RackChange(
        rack=int(index.plant.arrays.nodes.rack[of_gpu[gpus[0]]]),
        gpu_temp_now_c=float(ground.state.gpu_temp_c[touched].max()),
        gpu_temp_c=outlook.gpu_temp_max_c,
        added_w=float(offer.powers_w(gpus, np.full(len(gpus), step_s))[1].sum()),
    )


def _place(index: PlaceIndex, ground: Ground, racks: tuple[RackChange, ...]) -> PlaceChange:
    arrays = index.plant.arrays
    touched = np.array([one.rack for one in racks], dtype=np.int64)
    left_w = arrays.racks.rating_w - ground.rack_w
    return PlaceChange(
        racks=racks,
        rack_headroom_now_w=float(left_w[touched].min()),
        row_headroom_now_w=float(ground.row_headroom_w[arrays.racks.row[touched]].min()),
        site_headroom_now_w=ground.site_headroom_w,
    )
