"""What a stage may give follows its rating, its breaker's heat and its source."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controllers.power.power_tree import power_tree
from controllers.power.stage_room import breaker_taus_s, cooling_ratio, overload_s, room_of
from site_models.arrays import Floats
from site_models.plant import Plant
from tests.fakes.small_plant import small_arrays, small_plant, small_state
from twin.physics.breakers import breaker_tau_s, breaker_thermal, seconds_to_trip

PDU = 2


def with_feeds(**changes: Any) -> Plant:
    arrays = small_arrays()
    return small_plant(arrays._replace(feeds=arrays.feeds._replace(**changes)))


def one(value: float, count: int = 5) -> Floats:
    """Return zeros but for the first distribution unit."""
    row = np.zeros(count)
    row[PDU] = value
    return row


@given(st.floats(0.0, 1.6), st.floats(0.5, 1.0), st.floats(300.0, 1800.0), st.floats(30.0, 900.0))
def test_a_breaker_at_the_cooling_load_is_as_cool_as_asked_in_time(
    thermal: float, kept: float, tau_s: float, within_s: float
) -> None:
    ratio = cooling_ratio(np.array([thermal]), kept, np.array([tau_s]), within_s)
    after = float(breaker_thermal(thermal, float(ratio[0]), tau_s, within_s))
    assert after == pytest.approx(kept) or (ratio[0] == 0.0 and after > kept)


def test_a_hot_breaker_lowers_its_stage_and_a_cool_one_does_not() -> None:
    plant = with_feeds(
        breaker_rating_a=one(100.0), breaker_trip_level=one(1.25), breaker_magnetic=one(7.0)
    )
    tree, rating_w = power_tree(plant), plant.arrays.feeds.rating_w
    cool = small_state(plant)._replace(feed_breaker_thermal=one(0.3))
    hot = cool._replace(feed_breaker_thermal=one(1.2))
    np.testing.assert_allclose(room_of(tree, cool, 0.95).out_w, 0.95 * rating_w)
    assert room_of(tree, hot, 0.95).out_w[PDU] < 0.85 * rating_w[PDU]
    np.testing.assert_array_equal(breaker_taus_s(plant.arrays.feeds)[PDU], breaker_tau_s(100.0))


def test_a_weak_battery_or_generator_limits_its_stage() -> None:
    plant = with_feeds(battery_j=one(1e6), battery_power_w=one(9_000.0))
    tree, state = power_tree(plant), small_state(plant)
    out_w = room_of(tree, state, 1.0).out_w
    into_w = tree.stage_input_w(np.where(np.isfinite(out_w), out_w, 0.0))
    assert into_w[PDU] == pytest.approx(9_000.0)
    plant = with_feeds(generator_w=one(8_000.0))
    assert room_of(power_tree(plant), small_state(plant), 1.0).out_w[PDU] <= 8_000.0


def test_a_dead_stage_limits_nothing() -> None:
    plant = small_plant()
    state = small_state(plant)
    live = state.feed_live.copy()
    live[PDU] = 0.0
    assert np.isinf(room_of(power_tree(plant), state._replace(feed_live=live), 1.0).out_w[PDU])


def test_the_time_to_trip_is_the_breakers_own_law() -> None:
    tau_s = np.array([600.0, np.inf])
    both = np.array([0.5, 0.5])
    found = overload_s(both, both * 3.0, tau_s, both * 2.5, both * 14.0)
    assert found[0] == pytest.approx(seconds_to_trip(0.5, 1.5, 600.0, 1.25, 7.0))
    assert np.isinf(found[1])
