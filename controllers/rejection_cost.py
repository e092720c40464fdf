"""What coolers and chillers would draw to hold a facility water at other temperatures."""

from typing import NamedTuple

import numpy as np

from controllers.coil_cost import Coils, Staging, all_alike, coldest_c, may_be_staged, staged
from controllers.water_loops import Water
from site_models.arrays import Floats, Ints
from site_models.plant import Plant
from twin.physics.movers import second_law_cop
from twin.state import Inputs


class Drawn(NamedTuple):
    """What a plant would draw, and would fail to carry. Each of shape (n,)."""

    cooling_w: Floats
    """Pumps, fans and chillers."""
    it_w: Floats
    """Above what IT draws now: leakage, and fans of servers."""
    water_kg_per_s: Floats
    short_w: Floats
    full: Ints
    """How many coolers are driven to the full."""


def rejected(
    plant: Plant,
    inputs: Inputs,
    water: Water,
    water_c: Floats,
    heat_w: Floats,
    total: Floats,
    staging: Staging | None = None,
) -> Drawn:
    """Return what coolers and chillers draw to take a heat off water at these temperatures.

    Without `staging` all coolers follow one setpoint.
    """
    x, circuits = plant.arrays.exchangers, plant.arrays.circuits
    units = water.holders[x.in_service[water.holders]]
    none = np.zeros(len(water_c), np.int64)
    if not len(units):
        return _chilled(plant, inputs, water, water_c, heat_w)._replace(full=none)
    share = x.hot_flow_rated_kg_per_s[units] / x.hot_flow_rated_kg_per_s[units].sum()
    hot_flow = total[:, None] * share
    hot_rate = hot_flow * circuits.cp_j_per_kg_k[water.circuit]
    return_c = (water_c + heat_w / np.maximum(hot_rate.sum(axis=1), 1e-9))[:, None]
    wanted_k = np.maximum(return_c - water_c[:, None], 1.0)
    most = np.clip(
        (return_c - coldest_c(plant, inputs, units)) / wanted_k, x.opening_min[units], 1.0
    )
    coils = Coils(plant, inputs, units, hot_flow, hot_rate, return_c, most)
    if staging is not None and may_be_staged(plant, units, water.chillers):
        driven = staged(coils, heat_w, water_c, staging)
    else:
        driven = all_alike(coils, heat_w[:, None] * share)
    more = _chilled(plant, inputs, water, water_c, driven.left_w)
    cooling_w = driven.fans_w + more.cooling_w
    return Drawn(cooling_w, more.it_w, driven.water_kg_per_s, more.short_w, driven.full)


def _chilled(plant: Plant, inputs: Inputs, water: Water, water_c: Floats, left_w: Floats) -> Drawn:
    """Return what chillers draw for the heat that coolers leave, and what is left even then."""
    chillers, none = plant.arrays.chillers, np.zeros_like(left_w)
    count = np.zeros(len(left_w), np.int64)
    units = water.chillers[chillers.in_service[water.chillers]]
    if not len(units):
        return Drawn(none, none, none, left_w, count)
    x = plant.arrays.exchangers
    above_k = chillers.trim_setpoint_c[units[0]] - float(x.setpoint_c[water.holders].min())
    able_w = float(chillers.capacity_w[units].sum())
    taken_w = np.minimum(left_w, able_w)
    condensing_c = inputs.dry_bulb_c + chillers.condenser_approach_k[units[0]]
    cop = second_law_cop(water_c + above_k, condensing_c, chillers.second_law_efficiency[units[0]])
    return Drawn(taken_w / cop, none, none, left_w - taken_w, count)
