"""What coolers and chillers would draw to hold a facility water at other temperatures."""

from typing import NamedTuple

import numpy as np

from controllers.water_loops import Water
from site_models.arrays import Floats, Ints
from site_models.plant import Plant
from twin.physics.cooling_tower import blowdown_kg_per_s
from twin.physics.heat_exchange import (
    counterflow_effectiveness,
    crossflow_effectiveness,
    exchanged_heat_w,
    ua_off_design,
)
from twin.physics.moist_air import evaporation_heat_j_per_kg
from twin.physics.movers import cube_law_power_w, second_law_cop
from twin.rejection import WETTING_STARTS
from twin.state import Inputs

TURNS = 16
"""Halvings of an opening: to a hundred-thousandth."""


class Drawn(NamedTuple):
    """What a plant would draw, and would fail to carry. Each of shape (n,)."""

    cooling_w: Floats
    """Pumps, fans and chillers."""
    it_w: Floats
    """Above what IT draws now: leakage, and fans of servers."""
    water_kg_per_s: Floats
    short_w: Floats


def exchanged_w(
    plant: Plant,
    units: Ints,
    hot_rate: Floats,
    cold_rate: Floats,
    hot_ratio: Floats,
    cold_ratio: Floats,
    difference_k: Floats,
) -> Floats:
    """Return the heat through plates, or coils in outdoor air, of the step's own laws [W].

    For units of one kind; capacity rates [W/K], flows over their rated ones and the difference
    of what enters [K] have shape (n, units).
    """
    x = plant.arrays.exchangers
    ua = ua_off_design(x.ua_rated_w_per_k[units], x.hot_share[units], hot_ratio, cold_ratio)
    smaller = np.maximum(np.minimum(hot_rate, cold_rate), 1e-9)
    against = smaller / np.maximum(np.maximum(hot_rate, cold_rate), 1e-9)
    law = crossflow_effectiveness if x.cold_circuit[units[0]] < 0 else counterflow_effectiveness
    return exchanged_heat_w(law(ua / smaller, against), hot_rate, cold_rate, difference_k)


def rejected(
    plant: Plant, inputs: Inputs, water: Water, water_c: Floats, heat_w: Floats, total: Floats
) -> Drawn:
    """Return what coolers and chillers draw to take a heat off water at these temperatures."""
    x, circuits = plant.arrays.exchangers, plant.arrays.circuits
    units = water.holders[x.in_service[water.holders]]
    if not len(units):
        return _chilled(plant, inputs, water, water_c, heat_w)
    share = x.hot_flow_rated_kg_per_s[units] / x.hot_flow_rated_kg_per_s[units].sum()
    hot_flow = total[:, None] * share
    hot_rate = hot_flow * circuits.cp_j_per_kg_k[water.circuit]
    hot_ratio = hot_flow / x.hot_flow_rated_kg_per_s[units]
    return_c = water_c + heat_w / np.maximum(hot_rate.sum(axis=1), 1e-9)
    dry_c, wet_c = inputs.dry_bulb_c, inputs.wet_bulb_c
    coldest_c = dry_c - x.adiabatic_effectiveness[units] * (dry_c - wet_c)
    wanted_k = np.maximum(return_c - water_c, 1.0)[:, None]
    most = np.clip((return_c[:, None] - coldest_c) / wanted_k, x.opening_min[units], 1.0)

    def cooled(opening: Floats) -> tuple[Floats, Floats]:
        wetted = np.maximum((opening - WETTING_STARTS) / (1.0 - WETTING_STARTS), 0.0)
        air_k = wetted * x.adiabatic_effectiveness[units] * (dry_c - wet_c)
        rate = opening * x.cold_flow_rated_kg_per_s[units] * x.cold_cp_j_per_kg_k[units]
        difference_k = np.maximum(return_c[:, None] - dry_c + air_k, 0.0)
        heat = exchanged_w(plant, units, hot_rate, rate, hot_ratio, opening, difference_k)
        return heat, rate * air_k

    part_w = heat_w[:, None] * share
    low, high = np.broadcast_to(x.opening_min[units], most.shape).copy(), most
    for _ in range(TURNS):
        middle = 0.5 * (low + high)
        enough = cooled(middle)[0] >= part_w
        high, low = np.where(enough, middle, high), np.where(enough, low, middle)
    given_w, vapour_w = cooled(high)
    fans_w = cube_law_power_w(high, x.fan_power_max_w[units]).sum(axis=1)
    left_w = np.maximum(heat_w - np.minimum(given_w, part_w).sum(axis=1), 0.0)
    gone = vapour_w / evaporation_heat_j_per_kg(wet_c)
    made_up = gone + blowdown_kg_per_s(gone, x.concentration_cycles[units])
    more = _chilled(plant, inputs, water, water_c, left_w)
    return Drawn(fans_w + more.cooling_w, fans_w * 0.0, made_up.sum(axis=1), more.short_w)


def _chilled(plant: Plant, inputs: Inputs, water: Water, water_c: Floats, left_w: Floats) -> Drawn:
    """Return what chillers draw for the heat that coolers leave, and what is left even then."""
    chillers, none = plant.arrays.chillers, np.zeros_like(left_w)
    units = water.chillers[chillers.in_service[water.chillers]]
    if not len(units):
        return Drawn(none, none, none, left_w)
    x = plant.arrays.exchangers
    above_k = chillers.trim_setpoint_c[units[0]] - float(x.setpoint_c[water.holders].min())
    able_w = float(chillers.capacity_w[units].sum())
    taken_w = np.minimum(left_w, able_w)
    condensing_c = inputs.dry_bulb_c + chillers.condenser_approach_k[units[0]]
    cop = second_law_cop(water_c + above_k, condensing_c, chillers.second_law_efficiency[units[0]])
    return Drawn(taken_w / cop, none, none, left_w - taken_w)
