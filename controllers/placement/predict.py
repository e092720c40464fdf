"""What the twin expects of candidate places once the job draws its power, at rest.

The same laws as ``twin.step``, solved for the steady state of the touched nodes only: rack
valves hold their return temperature, node fans their target, exchangers their setpoint for
as long as they can. Checked against the step itself run to rest, in
``tests/controllers/test_placement_predict.py``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from controllers.gather import applied, sum_by
from controllers.placement.candidates import Candidate
from controllers.placement.flow import Places, rack_flows
from controllers.placement.ground import Ground, liquid_factor, whole_rack_w
from controllers.placement.heat import (
    Rows,
    Temperatures,
    rows_of,
    supplies_c,
    temperatures,
)
from controllers.placement.index import PlaceIndex
from controllers.placement.offer import Offer
from controllers.power_tree import power_tree
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
    it_power_w: float


def outlooks(
    index: PlaceIndex, ground: Ground, offer: Offer, candidates: Sequence[Candidate]
) -> list[Outlook]:
    """Return what is expected of each candidate, in their order."""
    if not candidates:
        return []
    rows = rows_of(index, ground, offer, candidates)
    count, racks = len(candidates), len(index.plant.rack_names)
    nodes = index.plant.arrays.nodes
    key = rows.candidate * racks + nodes.rack[rows.node]
    places, place = np.unique(key, return_inverse=True)
    supply_c = supplies_c(index, ground, rows, count)
    touched = _places(index, ground, rows, places, place)
    flow, return_c = rack_flows(ground, touched, supply_c)
    heat = temperatures(index, ground, rows, supply_c[rows.candidate], flow[place])
    rack_w = _rack_powers_w(index, ground, rows, place, touched.rack, heat.fan_speed)
    return _gathered(index, ground, rows, heat, touched, rack_w, return_c, count)


def _places(index: PlaceIndex, ground: Ground, rows: Rows, places: Ints, place: Ints) -> Places:
    """Return the touched racks with the job's heat; `place` is the position of each row's."""
    nodes, racks = index.plant.arrays.nodes, len(index.plant.rack_names)
    rack, n = places % racks, rows.node
    wetter_w = liquid_factor(nodes)[n] * rows.added_w
    sized_w = ground.rack_sized_w[rack]
    np.maximum.at(sized_w, place, whole_rack_w(nodes, n, ground.node_liquid_w[n] + wetter_w))
    liquid_w = ground.rack_liquid_w[rack] + sum_by(place, wetter_w, len(places))
    return Places(places // racks, rack, sized_w, liquid_w)


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
    count: int,
) -> list[Outlook]:
    gpus, racks, rack = index.plant.arrays.gpus, index.plant.arrays.racks, places.rack
    owner = rows.candidate[rows.row_of_gpu]
    hottest_c, margin_k = np.full(count, -np.inf), np.full(count, np.inf)
    np.maximum.at(hottest_c, owner[rows.chosen], heat.die_c[rows.chosen])
    near_k = np.minimum(
        gpus.temp_limit_c[rows.gpu] - heat.die_c,
        gpus.memory_limit_c[rows.gpu] - heat.memory_c,
    )
    np.minimum.at(margin_k, owner, near_k)
    rise_w = rack_w - ground.rack_w[rack]
    left_w = racks.rating_w[rack] - rack_w
    metered_w = rise_w * ground.site_slope[rack]
    found = []
    for i in range(count):
        mine = np.flatnonzero(places.candidate == i)
        rows_w = sum_by(racks.row[rack[mine]], rise_w[mine], len(ground.row_headroom_w))
        touched = np.unique(racks.row[rack[mine]])
        after_w = ground.row_headroom_w[touched] - rows_w[touched]
        least = int(np.argmin(left_w[mine]))
        back_c = return_c[mine][~np.isnan(return_c[mine])]
        it_w = float(rise_w[mine].sum())
        found.append(
            Outlook(
                gpu_temp_max_c=float(hottest_c[i]),
                margin_k=float(margin_k[i]),
                rack_headroom_w=float(left_w[mine][least]),
                rack_headroom_share=float(
                    left_w[mine][least] / max(racks.rating_w[rack[mine]][least], 1.0)
                ),
                row=int(touched[np.argmin(after_w)]),
                row_headroom_w=float(after_w.min()),
                site_headroom_w=ground.site_headroom_w - float(metered_w[mine].sum()),
                tcs_return_c=float(back_c.max()) if len(back_c) else None,
                facility_power_w=float(metered_w[mine].sum()) + ground.cooling_share * it_w,
                it_power_w=it_w,
            )
        )
    return found
