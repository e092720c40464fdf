"""The search in hindsight finds the bottom of what it is given, and never leaves its bounds."""

import numpy as np
import pytest

from controllers.cooling.setpoint_search import Bounds
from controllers.cooling.water_loops import waters_of
from controllers.experiments.coolant_reset import hindsight
from controllers.experiments.coolant_reset.hindsight import Choice
from controllers.policy import Facility, View
from tests.fakes.small_plant import small_plant, small_state
from tests.fakes.small_run import view_of

PLANT = small_plant()
BUILT_C = PLANT.arrays.exchangers.setpoint_c
WITHIN = Bounds(BUILT_C - 6.0, BUILT_C + 6.0)


def built() -> list[Choice]:
    return [
        Choice(float(BUILT_C[water.holders].max()), float(BUILT_C[water.users].max()), 0)
        for water in waters_of(PLANT)
    ]


def bowl(view: View, facility: Facility | None) -> float:
    """Return a power whose least, 1 kW, is 2.5 K above every built setpoint."""
    if facility is None:
        return np.inf
    away_k = facility.exchanger_setpoint_c - (BUILT_C + 2.5)
    return 1000.0 + 1000.0 * float((away_k**2).sum())


def test_the_search_finds_the_bottom_of_a_bowl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hindsight, "_drawn_w", bowl)
    view = view_of(PLANT, small_state(PLANT, 0.5))
    least_w = hindsight._best_w(view, built(), WITHIN)
    assert 1000.0 <= least_w < 1000.0 + 1000.0 * len(BUILT_C) * hindsight.LAST_K**2


def test_setpoints_out_of_bounds_are_no_choice() -> None:
    view = view_of(PLANT, small_state(PLANT, 0.5))
    assert hindsight._facility(view, built(), WITHIN) is not None
    warm = [one._replace(water_c=one.water_c + 6.5) for one in built()]
    assert hindsight._facility(view, warm, WITHIN) is None
    led = [one._replace(full=1) for one in built()]
    assert hindsight._facility(view, led, WITHIN) is None
