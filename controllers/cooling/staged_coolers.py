"""Which coolers of a circuit are driven to the full, and how the others are kept alike."""

import numpy as np

from controllers.cooling.coil_cost import Staging, led_c, may_be_staged
from controllers.cooling.water_loops import Water, waters_of
from controllers.policy import View
from site_models.arrays import Floats, Ints
from site_models.plant import Plant

EVENING_K = 4.0
"""Setpoints of coolers at work differ by so much for the whole range between their fans."""


def staging_of(
    plant: Plant, water: Water, aim_c: Floats, led_k: float, water_j_per_kg: float
) -> Staging | None:
    """Return how coolers may be led apart, and how many are now; None where they never are."""
    if led_k <= 0.0:
        return None
    return Staging(len(_led(aim_c, _in_service(plant, water))), led_k, water_j_per_kg)


def led_apart_c(
    view: View, water: Water, aim_c: Floats, full: int, led_k: float, low_c: float
) -> Floats:
    """Return the aims with the first `full` coolers of a water led below the others."""
    apart_c, units = aim_c.copy(), _in_service(view.plant, water)[:full]
    if len(units):
        water_c = float(aim_c[water.holders].max())
        led = led_c(view.plant, view.inputs, units, water_c, led_k)
        apart_c[units] = np.maximum(led, low_c)
    return apart_c


def evened_c(view: View, aim_c: Floats) -> Floats:
    """Return the aims with coolers that run faster than the others of their kind held warmer.

    Each cooler's own control remembers how it was driven: once it is no longer led, it would
    run on as fast for as long as their common water stands at the setpoint.
    """
    even_c, opening = aim_c.copy(), view.state.exchanger_opening
    for water in waters_of(view.plant):
        units = _in_service(view.plant, water)
        if not may_be_staged(view.plant, units, water.chillers):
            continue
        rest = np.setdiff1d(units, _led(aim_c, units))
        even_c[rest] += EVENING_K * (opening[rest] - opening[rest].mean())
    return even_c


def _in_service(plant: Plant, water: Water) -> Ints:
    return np.asarray(water.holders[plant.arrays.exchangers.in_service[water.holders]], np.int64)


def _led(aim_c: Floats, units: Ints) -> Ints:
    held_c = aim_c[units]
    return np.asarray(units[held_c < held_c.max(initial=-np.inf)], np.int64)
