"""What the twin expects of candidate places once the job draws its power, at rest.

The same laws as ``twin.step``, solved for the steady state of the touched nodes only: rack
valves hold their return temperature, node fans their target, exchangers their setpoint for
as long as they can. Checked against the step itself run to rest, in
``tests/controllers/placement/test_placement_predict.py``.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from controllers.placement.broken import broken_by
from controllers.placement.candidate import Candidate
from controllers.placement.drawn import drawn_by, eased_by
from controllers.placement.flow import rack_flows
from controllers.placement.ground import Ground
from controllers.placement.headroom import left_by
from controllers.placement.heat import Rest, at_rest
from controllers.placement.index import PlaceIndex
from controllers.placement.network import Trip, steps_s
from controllers.placement.offer import Offer
from controllers.placement.supplies import heats_w, supplies_c
from controllers.placement.touched import Touched, touched_by
from site_models.arrays import Floats


class Outlook(NamedTuple):
    """One candidate's future."""

    gpu_temp_max_c: float
    margin_k: float
    """Least distance of any GPU or memory in the touched nodes to its limit."""
    gpu_limit_c: float
    """The least limit of the job's own GPUs."""
    rack_headroom_w: float
    rack_headroom_share: float
    row: int
    """The row with the least headroom among those touched."""
    row_headroom_w: float
    site_headroom_w: float
    tcs_return_c: float | None
    facility_power_w: float
    """At the meters: the job, less what neighbours that wait for it draw less, the loops' own."""
    it_power_w: float
    """Of this, at the racks' inlets."""
    lost_share: float
    """Of the asked power, on average over the job's GPUs: above what the devices give. 0..1"""
    hot: tuple[int, ...] = ()
    """Nodes with a GPU or memory at its limit."""
    spare_temp_max_c: float = float("nan")
    """Hottest GPU with a CDU pump lost; NaN where that was not asked."""
    spare_margin_k: float = float("inf")
    broken: str = ""
    """The first limit of feeds or circuits that it breaks, in words; "": none."""


def outlooks(
    index: PlaceIndex,
    ground: Ground,
    offer: Offer,
    candidates: Sequence[Candidate],
    roads: Sequence[Trip] = (),
) -> list[Outlook]:
    """Return what is expected of each candidate, in their order.

    `roads` is what the job's step comes to on each: what it waits it draws less, and so do
    neighbours that it keeps waiting. None: as on the nearest place.
    """
    if not candidates:
        return []
    count = len(candidates)
    touched = touched_by(index, ground, offer, candidates, steps_s(roads) if roads else None)
    eased = eased_by(roads)
    more_w = heats_w(index, touched.candidate, touched.rack, touched.rise_w, count)
    if len(eased.rack):
        more_w -= heats_w(index, eased.candidate, eased.rack, eased.fall_w, count)
    supply_c = supplies_c(index, ground, more_w)
    flow, return_c = rack_flows(ground, touched, supply_c)
    rest = at_rest(index, ground, touched, supply_c, flow)
    left = left_by(index.plant, ground, touched, rest.rack_w, return_c, count)
    drawn = drawn_by(index, ground, left, eased, more_w)
    lost = lost_shares(index, offer, candidates).tolist()
    broken = broken_by(index, ground, offer.supply.stand.spares, touched, rest.rack_w, count)
    return [
        Outlook(
            gpu_temp_max_c=hottest_c,
            margin_k=margin_k,
            gpu_limit_c=limit_c,
            rack_headroom_w=mine.rack_w,
            rack_headroom_share=mine.rack_share,
            row=int(mine.row),
            row_headroom_w=mine.row_w,
            site_headroom_w=ground.site_headroom_w - mine.metered_w,
            tcs_return_c=mine.return_c if np.isfinite(mine.return_c) else None,
            facility_power_w=facility_w,
            it_power_w=it_w,
            lost_share=part,
            hot=_hot_nodes(touched, rest, i) if margin_k <= 0.0 else (),
            broken=limit,
        )
        for i, ((hottest_c, margin_k, limit_c), mine, (it_w, facility_w), part, limit) in enumerate(
            zip(rest.extremes.tolist(), left, drawn, lost, broken, strict=True)
        )
    ]


def _hot_nodes(touched: Touched, rest: Rest, candidate: int) -> tuple[int, ...]:
    """Return the nodes of a candidate with a GPU or memory at its limit."""
    mine = touched.candidate[touched.place] == candidate
    return tuple(touched.node[rest.hot & mine].tolist())


def lost_shares(index: PlaceIndex, offer: Offer, candidates: Sequence[Candidate]) -> Floats:
    """Return the part of the asked power that each candidate's devices do not give. 0..1"""
    asked_w = offer.request.gpu_power_w
    if asked_w is None:
        return np.zeros(len(candidates))
    most_w = index.plant.arrays.gpus.power_max_w
    means_w = np.array([most_w[place.gpus].mean() for place in candidates])
    return np.maximum(1.0 - means_w / asked_w, 0.0)
