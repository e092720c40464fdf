"""What the twin expects of candidate places once the job draws its power, at rest.

The same laws as ``twin.step``, solved for the steady state of the touched nodes only: rack
valves hold their return temperature, node fans their target, exchangers their setpoint for
as long as they can. Checked against the step itself run to rest, in
``tests/controllers/placement/test_placement_predict.py``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from controllers.gather import applied, sum_by
from controllers.placement.candidates import Candidate
from controllers.placement.drawn import Drawn, drawn_by, eased_by
from controllers.placement.flow import Places, rack_flows
from controllers.placement.ground import Ground, liquid_factor
from controllers.placement.heat import (
    Rows,
    Temperatures,
    extremes,
    heats_w,
    hot_nodes,
    rows_of,
    supplies_c,
    temperatures,
)
from controllers.placement.index import PlaceIndex
from controllers.placement.network import Trip, steps_s
from controllers.placement.offer import Offer
from controllers.placement.taking import touched_racks
from controllers.power.power_tree import power_tree
from site_models.arrays import Floats, Ints
from twin.physics.movers import cube_law_power_w


@dataclass(frozen=True, slots=True)
class Outlook:
    """One candidate's future."""

    gpu_temp_max_c: float
    margin_k: float
    """Least distance of any GPU or memory in the touched nodes to its limit."""
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
    rows = rows_of(index, ground, offer, candidates, steps_s(roads) if roads else None)
    count, walk = len(candidates), index.walk
    place, candidate, rack, added_w, sized_w, liquid_w = touched_racks(
        rows.candidate, rows.node, rows.added_w, walk.rack, liquid_factor(index.plant),
        walk.liquid_flow_share, ground.node_liquid_w, ground.rack_sized_w, ground.rack_liquid_w,
    )  # fmt: skip
    touched = Places(candidate, rack, sized_w, liquid_w)
    eased = eased_by(roads)
    more_w = heats_w(index, candidate, rack, added_w, count)
    if len(eased.rack):
        more_w -= heats_w(index, eased.candidate, eased.rack, eased.fall_w, count)
    supply_c = supplies_c(index, ground, more_w)
    flow, return_c = rack_flows(ground, touched, supply_c)
    heat = temperatures(index, ground, rows, supply_c, flow[place])
    rack_w = _rack_powers_w(index, ground, rows, place, rack, heat.fan_speed)
    lost = lost_shares(index, offer, candidates)
    drawn = drawn_by(index, ground, touched, rack_w, eased, more_w)
    return _gathered(index, ground, rows, heat, touched, rack_w, return_c, drawn, lost)


def _rack_powers_w(
    index: PlaceIndex,
    ground: Ground,
    rows: Rows,
    place: Ints,
    rack: Ints,
    fan_speed: Floats,
) -> Floats:
    """Return the power at the inlet of each place's rack with the job on it [W]."""
    nodes, tree = index.plant.arrays.nodes, power_tree(index.plant)
    n = rows.node
    fans_w = applied(cube_law_power_w, fan_speed, nodes.fan_power_max_w[n]) - applied(
        cube_law_power_w, ground.state.fan_speed[n], nodes.fan_power_max_w[n]
    )
    dc_w = ground.node_dc_w[n] + (1.0 + nodes.load_power_per_gpu_w[n]) * rows.added_w
    rise_w = tree.node_power_w(dc_w + np.maximum(fans_w, 0.0), n) - ground.node_w[n]
    return tree.rack_power_w(ground.rack_nodes_w[rack] + sum_by(place, rise_w, len(rack)), rack)


def _gathered(
    index: PlaceIndex,
    ground: Ground,
    rows: Rows,
    heat: Temperatures,
    places: Places,
    rack_w: Floats,
    return_c: Floats,
    drawn: Drawn,
    lost: Floats,
) -> list[Outlook]:
    """Return one outlook a candidate; `places` and `rows` are sorted by candidate."""
    racks, rack, count = index.plant.arrays.racks, places.rack, len(lost)
    hottest_c, margin_k = extremes(index.plant, rows, heat, count)
    first_place = np.searchsorted(places.candidate, np.arange(count))
    rise_w = rack_w - ground.rack_w[rack]
    left_w = racks.rating_w[rack] - rack_w
    rated_w = np.maximum(racks.rating_w[rack], 1.0)
    least = np.minimum.reduceat(left_w, first_place)
    rows_total = len(ground.row_headroom_w)
    at = places.candidate * rows_total + racks.row[rack]
    row_rise_w = sum_by(at, rise_w, count * rows_total).reshape(count, -1)
    touched = np.bincount(at, minlength=count * rows_total).reshape(count, -1) > 0
    after_w = np.where(touched, ground.row_headroom_w - row_rise_w, np.inf)
    row = after_w.argmin(axis=1)
    back_c = np.maximum.reduceat(np.where(np.isnan(return_c), -np.inf, return_c), first_place)
    share = np.minimum.reduceat(left_w / rated_w, first_place)
    return [
        Outlook(
            gpu_temp_max_c=float(hottest_c[i]),
            margin_k=float(margin_k[i]),
            rack_headroom_w=float(least[i]),
            rack_headroom_share=float(share[i]),
            row=int(row[i]),
            row_headroom_w=float(after_w[i, row[i]]),
            site_headroom_w=ground.site_headroom_w - float(drawn.metered_w[i]),
            tcs_return_c=float(back_c[i]) if np.isfinite(back_c[i]) else None,
            facility_power_w=float(drawn.facility_w[i]),
            it_power_w=float(drawn.it_w[i]),
            lost_share=float(lost[i]),
            hot=hot_nodes(index.plant, rows, heat, i) if margin_k[i] <= 0.0 else (),
        )
        for i in range(count)
    ]


def lost_shares(index: PlaceIndex, offer: Offer, candidates: Sequence[Candidate]) -> Floats:
    """Return the part of the asked power that each candidate's devices do not give. 0..1"""
    asked_w = offer.request.gpu_power_w
    if asked_w is None:
        return np.zeros(len(candidates))
    most_w = index.plant.arrays.gpus.power_max_w
    means_w = np.array([most_w[place.gpus].mean() for place in candidates])
    return np.maximum(1.0 - means_w / asked_w, 0.0)
