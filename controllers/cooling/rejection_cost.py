"""What coolers and chillers would draw to hold a facility water at other temperatures."""

from typing import NamedTuple

import numpy as np

from controllers.cooling.coil_cost import (
    Coils,
    Staging,
    all_alike,
    coldest_c,
    may_be_staged,
    most_w,
    staged,
)
from controllers.cooling.water_loops import Water
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
    stands_c: Floats | None = None,
) -> Drawn:
    """Return what coolers and chillers draw to take a heat off water at these setpoints.

    Without `staging` all coolers follow one setpoint; `stands_c` is where the water stands when
    that is not its setpoint.
    """
    stands_c = water_c if stands_c is None else stands_c
    coils = coils_of(plant, inputs, water, (water_c, stands_c), heat_w, total)
    units = coils.units
    if not len(units):
        none = np.zeros(len(water_c), np.int64)
        return _chilled(plant, inputs, water, water_c, heat_w)._replace(full=none)
    if staging is not None and may_be_staged(plant, units, water.chillers):
        driven = staged(coils, heat_w, water_c, staging)
    else:
        share = coils.hot_flow / np.maximum(coils.hot_flow.sum(axis=1, keepdims=True), 1e-9)
        driven = all_alike(coils, heat_w[:, None] * share)
    more = _chilled(plant, inputs, water, water_c, driven.left_w)
    cooling_w = driven.fans_w + more.cooling_w
    return Drawn(cooling_w, more.it_w, driven.water_kg_per_s, more.short_w, driven.full)


def spare_w(coils: Coils, heat_w: Floats) -> Floats:
    """Return how much more than a heat a water's coolers can take at their widest [W]."""
    if not len(coils.units):
        return -heat_w
    return np.asarray(most_w(coils).sum(axis=1) - heat_w)


def trims_above_k(plant: Plant, water: Water) -> float:
    """Return how far above its setpoint a water stands that chillers trim; 0 where none does."""
    chillers = plant.arrays.chillers
    units = water.chillers[chillers.in_service[water.chillers]]
    if not len(units):
        return 0.0
    built_c = float(plant.arrays.exchangers.setpoint_c[water.holders].min())
    return float(chillers.trim_setpoint_c[units[0]]) - built_c


def coils_of(
    plant: Plant,
    inputs: Inputs,
    water: Water,
    at_c: tuple[Floats, Floats],
    heat_w: Floats,
    total: Floats,
) -> Coils:
    """Return a water's coolers in service, with a heat and a flow in all to share.

    `at_c` is the water's setpoint, and where it stands.
    """
    x, circuits = plant.arrays.exchangers, plant.arrays.circuits
    units = water.holders[x.in_service[water.holders]]
    share = x.hot_flow_rated_kg_per_s[units] / x.hot_flow_rated_kg_per_s[units].sum()
    hot_flow = total[:, None] * share
    hot_rate = hot_flow * circuits.cp_j_per_kg_k[water.circuit]
    return_c = (at_c[1] + heat_w / np.maximum(hot_rate.sum(axis=1), 1e-9))[:, None]
    wanted_k = np.maximum(return_c - at_c[0][:, None], 1.0)
    most = np.clip(
        (return_c - coldest_c(plant, inputs, units)) / wanted_k, x.opening_min[units], 1.0
    )
    return Coils(plant, inputs, units, hot_flow, hot_rate, return_c, most)


def _chilled(plant: Plant, inputs: Inputs, water: Water, water_c: Floats, left_w: Floats) -> Drawn:
    """Return what chillers draw for the heat that coolers leave, and what is left even then."""
    chillers, none = plant.arrays.chillers, np.zeros_like(left_w)
    count = np.zeros(len(left_w), np.int64)
    units = water.chillers[chillers.in_service[water.chillers]]
    if not len(units):
        return Drawn(none, none, none, left_w, count)
    above_k = trims_above_k(plant, water)
    able_w = float(chillers.capacity_w[units].sum())
    taken_w = np.minimum(left_w, able_w)
    condensing_c = inputs.dry_bulb_c + chillers.condenser_approach_k[units[0]]
    cop = second_law_cop(water_c + above_k, condensing_c, chillers.second_law_efficiency[units[0]])
    return Drawn(taken_w / cop, none, none, left_w - taken_w, count)
