"""The power chain in the step: batteries, generators, transfer switches, breakers, A/B feeds."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from site_models.arrays import Floats
from site_models.compile import compile_site
from site_models.plant import Arrays, Plant
from tests.fakes.small_plant import START_S, small_arrays, small_inputs, small_plant
from twin.physics.breakers import breaker_tau_s, seconds_to_trip
from twin.start import rated_inputs
from twin.state import Inputs, State
from twin.steady import steady
from twin.step import step

UTILITY, UPS, A, B, MECH = range(5)
CLOSED = 1e-9


def altered(plant: Plant, **feeds: Any) -> Plant:
    """Return the plant with some arrays of its feeds exchanged."""
    arrays = plant.arrays
    new = arrays.feeds._replace(**feeds)
    for array in new:
        array.setflags(write=False)
    return replace(plant, arrays=arrays._replace(feeds=new))


def at(values: Any, where: int, new: float) -> Any:
    """Return the values with one exchanged."""
    copied = values.copy()
    copied[where] = new
    return copied


def small(**feeds: Any) -> Plant:
    """Return the small plant with some arrays of its feeds exchanged."""
    arrays = small_arrays()
    return small_plant(arrays._replace(feeds=arrays.feeds._replace(**feeds)))


def rested(plant: Plant, load: float = 0.6) -> tuple[Inputs, State]:
    inputs = small_inputs(plant, load)
    return inputs, steady(plant, inputs, START_S)


def run(plant: Plant, state: State, inputs: Inputs, seconds: int, dt_s: float = 1.0) -> list[State]:
    """Return the states of a run; energy closes in each of its steps."""
    states = []
    for _ in range(round(seconds / dt_s)):
        state = step(plant, state, inputs, dt_s)
        assert state.ledger.balance_error <= CLOSED
        states.append(state)
    return states


def unsupplied(plant: Plant, feed: int) -> Plant:
    return altered(plant, supplied=at(plant.arrays.feeds.supplied, feed, False))


# Battery


def test_a_battery_at_rest_is_full_and_takes_nothing() -> None:
    plant = small()
    _, state = rested(plant)
    np.testing.assert_array_equal(state.feed_battery_j, plant.arrays.feeds.battery_j)
    np.testing.assert_array_equal(state.feed_battery_w, 0.0)


def test_it_carries_its_load_for_as_long_as_its_energy_says() -> None:
    plant = small()
    inputs, rest = rested(plant)
    states = run(unsupplied(plant, UPS), rest, inputs, 60)
    carried = [state for state in states if state.feed_live[UPS]]
    given_j = sum(state.feed_battery_w[UPS] for state in carried)
    feeds = plant.arrays.feeds
    held_j = feeds.battery_j[UPS] * feeds.battery_efficiency[UPS]
    assert held_j - carried[-1].feed_battery_w[UPS] < given_j <= held_j
    assert len(carried) == pytest.approx(held_j / rest.feed_power_w[UPS], abs=1.0)
    assert 10 < len(carried) < 50
    assert all(state.feed_power_w[UPS] == 0.0 for state in states)
    dark = states[len(carried)]
    assert dark.rack_power_w.sum() == 0.0
    assert dark.feed_live.tolist() == [1.0, 0.0, 0.0, 0.0, 1.0]


def test_it_does_not_come_back_from_what_is_left_in_it() -> None:
    plant = small()
    inputs, rest = rested(plant)
    states = run(unsupplied(plant, UPS), rest, inputs, 90)
    lived = np.array([state.feed_live[UPS] for state in states])
    assert (np.diff(lived) <= 0.0).all()
    assert (np.array([state.feed_battery_j for state in states]) >= 0.0).all()


def test_charging_is_load_within_the_charger_and_stays_below_every_rating() -> None:
    plant = small()
    inputs, rest = rested(plant)
    spent = run(unsupplied(plant, UPS), rest, inputs, 15)[-1]
    back = run(plant, spent, inputs, 200)
    feeds = plant.arrays.feeds
    taken_w = np.array([-state.feed_battery_w[UPS] for state in back])
    assert taken_w.max() == pytest.approx(feeds.charge_power_w[UPS])
    drawn_w = np.array([state.feed_power_w[UPS] for state in back])
    assert drawn_w[5] - drawn_w[-1] == pytest.approx(taken_w[5], rel=0.02)
    assert back[-1].feed_battery_j[UPS] == pytest.approx(feeds.battery_j[UPS], rel=1e-12)
    tight = float(rest.feed_output_w[UTILITY] + 3e3)
    narrow = altered(plant, rating_w=at(feeds.rating_w, UTILITY, tight))
    slow = run(narrow, spent, inputs, 200)
    assert max(state.feed_output_w[UTILITY] for state in slow[3:]) <= tight * (1.0 + 1e-3)
    assert 0.0 < -slow[10].feed_battery_w[UPS] < 0.5 * feeds.charge_power_w[UPS]


def test_what_it_loses_warms_the_hall_and_the_ledger_knows() -> None:
    plant = small(battery_efficiency=np.array([1.0, 0.5, 1.0, 1.0, 1.0]))
    inputs, rest = rested(plant)
    lossy = run(unsupplied(plant, UPS), rest, inputs, 5)[-1]
    fell_j = (rest.feed_battery_j - lossy.feed_battery_j)[UPS]
    assert fell_j == pytest.approx(2.0 * 5.0 * rest.feed_power_w[UPS], rel=0.01)


def test_more_than_it_can_give_opens_it() -> None:
    plant = small(battery_power_w=np.array([0.0, 1e3, 0.0, 0.0, 0.0]))
    inputs, rest = rested(plant)
    state = run(unsupplied(plant, UPS), rest, inputs, 2)[-1]
    assert state.feed_open[UPS] == 1.0
    assert run(plant, state, inputs, 3)[-1].rack_power_w.sum() == 0.0
    opened = altered(plant, in_service=at(plant.arrays.feeds.in_service, UPS, False))
    reset = run(opened, state, inputs, 1)[-1]
    assert run(plant, reset, inputs, 3)[-1].rack_power_w.sum() > 0.0


# Generator


def generated(rating_w: float = 150_000.0) -> Plant:
    return small(generator_w=np.array([rating_w, 0.0, 0.0, 0.0, 0.0]))


def test_the_generator_takes_over_after_its_start_and_the_ups_when_all_its_blocks_are_in() -> None:
    plant = generated()
    inputs, rest = rested(plant)
    states = run(unsupplied(plant, UTILITY), rest, inputs, 40)
    mech = [int(state.feed_live[MECH]) for state in states]
    battery = [int(state.feed_on_battery[UPS]) for state in states]
    assert mech[:11] == [0] * 11
    assert mech[12:] == [1] * 28
    assert sum(battery) == 15
    assert battery[:15] == [1] * 15
    assert all(state.feed_live[A] for state in states)
    last = states[-1]
    assert last.ledger.generator_j == last.ledger.energy_in_j > 0.0
    assert states[5].ledger.energy_in_j == 0.0


def test_the_utility_takes_the_load_back_half_an_hour_later_and_the_set_cools_down() -> None:
    plant = generated()
    inputs, rest = rested(plant)
    state = run(unsupplied(plant, UTILITY), rest, inputs, 30)[-1]
    state = step(plant, state, inputs, 1790.0)
    assert state.transfer_alternate[UTILITY] == 1.0
    state = step(plant, state, inputs, 20.0)
    assert state.transfer_alternate[UTILITY] == 0.0
    assert state.generator_cooling_s[UTILITY] > 0.0
    state = step(plant, state, inputs, 400.0)
    assert state.generator_turning_s[UTILITY] == 0.0
    np.testing.assert_array_equal(state.feed_live, 1.0)


def test_a_set_too_small_for_its_load_trips() -> None:
    plant = generated(30_000.0)
    inputs, rest = rested(plant)
    state = run(unsupplied(plant, UTILITY), rest, inputs, 40)[-1]
    assert state.feed_open[UTILITY] == 1.0
    assert state.ledger.energy_in_j == 0.0


# Breaker


def test_a_breaker_trips_when_its_law_says_and_its_rack_goes_over_to_the_other_feed() -> None:
    inputs, rest = rested(small())
    rating_w = float(rest.feed_output_w[B]) / 1.5
    plant = small(
        rating_w=at(small_arrays().feeds.rating_w, B, rating_w),
        breaker_rating_a=np.array([0.0, 0.0, 0.0, 20.0, 0.0]),
    )
    inputs, rest = rested(plant)
    thermal = float(rest.feed_breaker_thermal[B])
    assert thermal == pytest.approx(1.0, abs=0.01)
    ratio = float(rest.feed_output_w[B]) / rating_w
    due_s = float(seconds_to_trip(thermal, ratio, breaker_tau_s(20.0), 1.25, 7.0))
    states = run(plant, rest, inputs, int(due_s) + 30)
    tripped = [int(state.feed_open[B]) for state in states]
    assert tripped.index(1) + 1 == pytest.approx(due_s, rel=0.01, abs=1.0)
    assert sorted(tripped) == tripped
    last = states[-1]
    assert last.rack_powered.tolist() == [1.0, 1.0, 0.0]
    assert last.feed_output_w[A] == pytest.approx(last.rack_power_w.sum())
    assert last.feed_breaker_thermal[B] < states[tripped.index(1)].feed_breaker_thermal[B]


def test_below_112_percent_it_holds_for_ever_and_at_rest_it_is_as_warm_as_its_load() -> None:
    inputs, rest = rested(small())
    rating_w = float(rest.feed_output_w[B]) / 0.9
    plant = small(
        rating_w=at(small_arrays().feeds.rating_w, B, rating_w),
        breaker_rating_a=np.array([0.0, 0.0, 0.0, 20.0, 0.0]),
    )
    inputs, rest = rested(plant)
    share = rest.feed_output_w[B] / rating_w
    assert rest.feed_breaker_thermal[B] == pytest.approx(share**2)
    later = step(plant, rest, inputs, 7200.0)
    assert later.feed_open[B] == 0.0
    assert later.feed_breaker_thermal[B] == pytest.approx(share**2, rel=1e-6)


# All of it


def test_the_order_of_two_feeds_does_not_matter() -> None:
    plant = small()
    inputs, rest = rested(plant)
    order = np.array([UTILITY, UPS, B, A, MECH])
    arrays = plant.arrays
    swapped: Arrays = arrays._replace(
        feeds=type(arrays.feeds)(*(array[order] for array in arrays.feeds)),
        rack_feeds=arrays.rack_feeds._replace(feed=order[arrays.rack_feeds.feed]),
    )
    other = small_plant(swapped)
    one = run(altered(plant, in_service=at(arrays.feeds.in_service, A, False)), rest, inputs, 20)
    two = run(
        altered(other, in_service=at(other.arrays.feeds.in_service, B, False)), rest, inputs, 20
    )
    np.testing.assert_allclose(one[-1].feed_power_w[order], two[-1].feed_power_w, rtol=1e-12)
    np.testing.assert_allclose(one[-1].gpu_temp_c, two[-1].gpu_temp_c, rtol=1e-12)


def test_halved_substeps_end_in_the_same_battery() -> None:
    plant = small()
    inputs, rest = rested(plant)
    lost = unsupplied(plant, UPS)
    one = run(lost, rest, inputs, 10)[-1]
    two = run(lost, rest, inputs, 10, 0.5)[-1]
    assert two.feed_battery_j[UPS] == pytest.approx(one.feed_battery_j[UPS], rel=2e-3)


@pytest.mark.parametrize("load", [0.0, 1.0])
def test_a_site_without_any_load_or_power_is_finite(load: float) -> None:
    plant = generated()
    inputs = small_inputs(plant, load)
    inputs = inputs._replace(gpu_power_w=load * inputs.gpu_power_w)
    rest = steady(plant, inputs, START_S)
    dead = altered(plant, in_service=np.zeros(5, dtype=np.bool_))
    for state in run(dead, rest, inputs, 120):
        for values in state[1:-1]:
            assert np.isfinite(values[~np.isnan(values)]).all()
        assert state.ledger.energy_in_j == 0.0
        np.testing.assert_array_equal(state.feed_output_w, 0.0)
    alive = run(plant, state, inputs, 120)[-1]
    np.testing.assert_array_equal(alive.feed_live, 1.0)


@pytest.mark.parametrize("seed", range(4))
def test_energy_closes_whatever_is_lost_and_comes_back(seed: int) -> None:
    chance = np.random.default_rng(seed)
    plant = generated(100_000.0)
    inputs, state = rested(plant, 0.8)
    for _ in range(12):
        cut = altered(plant, supplied=chance.random(5) > 0.3, in_service=chance.random(5) > 0.15)
        state = run(cut, state, inputs, int(chance.integers(1, 25)), 1.0)[-1]
    assert np.isfinite(state.feed_battery_j).all()


def test_either_feed_of_the_superpod_carries_all_of_it() -> None:
    plant = compile_site("superpod-h100")
    inputs = rated_inputs(plant, 34.0, 20.0)
    rest = steady(plant, inputs)
    a, b = (plant.feed_names.index(name) for name in ("ups-a", "ups-b"))
    assert rest.feed_output_w[a] == pytest.approx(rest.feed_output_w[b])
    lost = altered(plant, in_service=at(plant.arrays.feeds.in_service, a, False))
    state = run(lost, rest, inputs, 60)[-1]
    assert (state.rack_powered == 1.0).all()
    assert state.feed_output_w[b] == pytest.approx(2.0 * rest.feed_output_w[b], rel=0.02)
    assert (state.feed_output_w <= plant.arrays.feeds.rating_w).all()


def test_shares_of_power_sum_to_what_the_stages_give(pilot: Plant) -> None:
    inputs = rated_inputs(pilot, 38.6, 23.9)
    state = steady(pilot, inputs)
    roots = pilot.arrays.feeds.parent < 0
    given: Floats = state.feed_power_w[roots]
    assert given.sum() == pytest.approx(state.ledger.energy_in_j, rel=1e-12)
