"""The cheapest setpoints of every facility water and its users, among safe ones."""

from typing import NamedTuple

import numpy as np

from controllers.cooling.coil_cost import SHORT_WEIGHT, WORTH
from controllers.cooling.cooling_cost import Course, drawn, weighable
from controllers.cooling.staged_coolers import led_apart_c, staging_of
from controllers.cooling.water_loops import Water, waters_of
from controllers.policy import View
from site_models.arrays import Floats

WATER_STEPS = 17
APART = (0.5, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0)
"""Distances between users' supply and water to try, over the built ones."""


class Bounds(NamedTuple):
    """Between which each setpoint must be. Each of shape (exchangers,)."""

    low_c: Floats
    high_c: Floats


class Prices(NamedTuple):
    """What counts beside cooling power."""

    it_weight: float
    water_j_per_kg: float
    led_k: float
    """How far below the others' setpoint coolers are led that are driven to the full. 0: none"""


def cheapest_c(
    view: View, sized_w: Floats, aim_c: Floats, bounds: Bounds, prices: Prices
) -> Floats:
    """Return the setpoints to aim for; shape (exchangers,), as `aim_c`, those aimed for now.

    `sized_w` is the heat that sizes each rack's flow. Circuits whose coolers the laws here do
    not know go to the warmest that they and their users may have.
    """
    found_c = np.clip(aim_c, bounds.low_c, bounds.high_c)
    for water in waters_of(view.plant):
        low_c = float(bounds.low_c[water.holders].max())
        high_c = float(bounds.high_c[water.holders].min())
        if weighable(view.plant, water):
            staging = staging_of(view.plant, water, aim_c, prices.led_k, prices.water_j_per_kg)
            course = _courses(water, found_c, bounds, (low_c, high_c))._replace(staging=staging)
            best, full = _best(view, sized_w, water, course, prices)
            water_c, user_c = course.water_c[best], course.user_c[best]
        else:
            full = 0
            user_c = bounds.high_c[water.users]
            water_c = min(max(float((user_c - water.apart_k).min()), low_c), high_c)
        found_c[water.holders] = water_c
        found_c = led_apart_c(view, water, found_c, full, prices.led_k, low_c)
        found_c[water.users] = user_c
    return found_c


def _courses(water: Water, now_c: Floats, bounds: Bounds, within_c: tuple[float, float]) -> Course:
    """Return what to weigh: first what is aimed for now, then a grid."""
    grid_c = np.linspace(*within_c, WATER_STEPS)
    water_c = np.repeat(grid_c, len(APART))
    user_c = water_c[:, None] + np.tile(APART, len(grid_c))[:, None] * water.apart_k
    user_c = np.clip(user_c, bounds.low_c[water.users], bounds.high_c[water.users])
    return Course(
        np.append(now_c[water.holders].max(), water_c),
        np.concatenate([now_c[water.users][None, :], user_c]),
    )


def _best(
    view: View, sized_w: Floats, water: Water, course: Course, prices: Prices
) -> tuple[int, int]:
    """Return the row to take, and how many coolers it drives to the full.

    The first row, what is aimed for now, unless another is worth it.
    """
    takes = drawn(view.plant, view.state, view.inputs, water, sized_w, course)
    weighed_w = takes.cooling_w + SHORT_WEIGHT * takes.short_w
    weighed_w = weighed_w + prices.water_j_per_kg * takes.water_kg_per_s
    total_w = weighed_w + prices.it_weight * takes.it_w
    best = int(np.argmin(total_w))
    best = best if total_w[best] < total_w[0] - WORTH * weighed_w[0] else 0
    return best, int(takes.full[best])
