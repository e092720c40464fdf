"""What coils in outdoor air draw to take a heat off water: all alike, or some at full fans."""

from typing import NamedTuple

import numpy as np

from site_models.arrays import Flags, Floats, Ints
from site_models.plant import Plant
from twin.cooling.rejection import BYPASS_K, WETTING_STARTS
from twin.physics.cooling_tower import blowdown_kg_per_s
from twin.physics.heat_exchange import (
    counterflow_effectiveness,
    crossflow_effectiveness,
    exchanged_heat_w,
    ua_off_design,
)
from twin.physics.moist_air import evaporation_heat_j_per_kg
from twin.physics.movers import cube_law_power_w
from twin.state import Inputs

TURNS = 16
"""Halvings of an opening: to a hundred-thousandth."""
SHORT_WEIGHT = 10.0
"""Heat that cannot be carried counts as this many times its power: never worth it."""
WORTH = 0.01
"""What stands is left unless another saves more than this share."""


class Staging(NamedTuple):
    """How some coolers of a circuit may be driven to the full while the others take the rest."""

    now: int
    """How many are."""
    led_k: float
    """How far below the others' setpoint theirs is."""
    water_j_per_kg: float
    """Energy that a kilogram of make-up water counts for."""


class Coils(NamedTuple):
    """Coils of a circuit at water temperatures. Arrays of shape (n, columns) or (n, 1)."""

    plant: Plant
    inputs: Inputs
    units: Ints
    """Exchanger of each column."""
    hot_flow: Floats
    hot_rate: Floats
    """Capacity rate [W/K]."""
    return_c: Floats
    most: Floats
    """Widest opening that the plant's control lets a coil have."""


class Driven(NamedTuple):
    """What coils draw together. Each of shape (n,)."""

    fans_w: Floats
    water_kg_per_s: Floats
    left_w: Floats
    """Heat that they do not take."""
    full: Ints
    """How many are driven to the full."""


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


def all_alike(coils: Coils, part_w: Floats) -> Driven:
    """Return what coils draw that all follow one setpoint; `part_w` has shape (n, units)."""
    opening = _opening(coils, part_w)
    given_w, made_up = _cooled(coils, opening)
    x = coils.plant.arrays.exchangers
    fans_w = cube_law_power_w(opening, x.fan_power_max_w[coils.units]).sum(axis=1)
    left_w = np.maximum(part_w - np.minimum(given_w, part_w), 0.0).sum(axis=1)
    return Driven(fans_w, made_up.sum(axis=1), left_w, np.zeros(len(fans_w), np.int64))


def staged(coils: Coils, heat_w: Floats, water_c: Floats, staging: Staging) -> Driven:
    """Return what equal coils draw, as many of them at the full as is cheapest.

    Pads are wetted by fast fans alone, so heat rises much more steeply over the last fifth of
    the fans' range than below it: a few coolers at the full and the others slow and dry take
    the same heat with less than all of them half wet. `heat_w` has shape (n,); the columns of
    `coils` count how many are driven so, from none to all but one. A count stands unless
    another saves more than WORTH of the fans.
    """
    count = np.arange(float(len(coils.units)))
    rest = len(coils.units) - count
    full_w, full_kg_per_s = _cooled(coils, coils.most)
    lowest_c = led_c(coils.plant, coils.inputs, coils.units, water_c[:, None], staging.led_k)
    lowest_c = lowest_c - BYPASS_K
    full_w = np.minimum(full_w, coils.hot_rate * np.maximum(coils.return_c - lowest_c, 0.0))
    part_w = np.maximum(heat_w[:, None] - count * full_w, 0.0) / rest
    opening = _opening(coils, part_w)
    given_w, made_up = _cooled(coils, opening)
    most_w = coils.plant.arrays.exchangers.fan_power_max_w[coils.units]
    fans_w = count * cube_law_power_w(coils.most, most_w) + rest * cube_law_power_w(opening, most_w)
    water_kg_per_s = count * full_kg_per_s + rest * made_up
    left_w = rest * np.maximum(part_w - np.minimum(given_w, part_w), 0.0)
    cost_w = fans_w + staging.water_j_per_kg * water_kg_per_s + SHORT_WEIGHT * left_w
    row, best = np.arange(len(cost_w)), np.asarray(cost_w.argmin(axis=1), np.int64)
    stands = min(staging.now, len(count) - 1)
    kept = cost_w[row, stands] <= (1.0 + WORTH) * cost_w[row, best]
    best = np.where(kept, np.int64(stands), best)
    return Driven(fans_w[row, best], water_kg_per_s[row, best], left_w[row, best], best)


def most_w(coils: Coils) -> Floats:
    """Return the heat that each coil takes at its widest [W]."""
    return _cooled(coils, coils.most)[0]


def led_c(
    plant: Plant, inputs: Inputs, units: Ints, water_c: Floats | float, led_k: float
) -> Floats:
    """Return the setpoint of coolers that are to be driven to the full, the others at `water_c`.

    No colder than the air over wet pads: the plant's control slows a cooler that is asked for
    more than that could give.
    """
    reach_c = np.minimum(coldest_c(plant, inputs, units), water_c)
    return np.asarray(np.maximum(water_c - led_k, reach_c))


def coldest_c(plant: Plant, inputs: Inputs, units: Ints) -> Floats:
    """Return the coldest air that each cooler can have over its pads [C]."""
    wetted = plant.arrays.exchangers.adiabatic_effectiveness[units]
    return np.asarray(inputs.dry_bulb_c - wetted * (inputs.dry_bulb_c - inputs.wet_bulb_c))


def may_be_staged(plant: Plant, units: Ints, chillers: Ints) -> bool:
    """Return whether coolers can be led apart: several equal ones, and no chiller beside them.

    A chiller follows the coldest of its circuit's setpoints.
    """
    x = plant.arrays.exchangers
    ratings = (x.ua_rated_w_per_k, x.hot_flow_rated_kg_per_s, x.fan_power_max_w)
    equal: list[Flags] = [part[units] == part[units[:1]] for part in ratings]
    return len(units) > 1 and not len(chillers) and bool(np.all(equal))


def _opening(coils: Coils, part_w: Floats) -> Floats:
    """Return the opening at which each coil takes its part, by halving; its widest if none does."""
    least = coils.plant.arrays.exchangers.opening_min[coils.units]
    low = np.broadcast_to(least, part_w.shape).copy()
    high = np.broadcast_to(coils.most, part_w.shape).copy()
    for _ in range(TURNS):
        middle = 0.5 * (low + high)
        enough = _cooled(coils, middle)[0] >= part_w
        high, low = np.where(enough, middle, high), np.where(enough, low, middle)
    return high


def _cooled(coils: Coils, opening: Floats) -> tuple[Floats, Floats]:
    """Return heat [W] and make-up water [kg/s] of each coil at an opening of its fans."""
    x, units, inputs = coils.plant.arrays.exchangers, coils.units, coils.inputs
    wetted = np.maximum((opening - WETTING_STARTS) / (1.0 - WETTING_STARTS), 0.0)
    depression_k = inputs.dry_bulb_c - inputs.wet_bulb_c
    air_k = wetted * x.adiabatic_effectiveness[units] * depression_k
    rate = opening * x.cold_flow_rated_kg_per_s[units] * x.cold_cp_j_per_kg_k[units]
    difference_k = np.maximum(coils.return_c - inputs.dry_bulb_c + air_k, 0.0)
    hot_ratio = coils.hot_flow / x.hot_flow_rated_kg_per_s[units]
    heat_w = exchanged_w(coils.plant, units, coils.hot_rate, rate, hot_ratio, opening, difference_k)
    gone = rate * air_k / evaporation_heat_j_per_kg(inputs.wet_bulb_c)
    return heat_w, gone + blowdown_kg_per_s(gone, x.concentration_cycles[units])
