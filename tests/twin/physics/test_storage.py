"""Batteries and capacitors: energy closes, steps may be cut, limits hold."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from site_models.arrays import Floats
from twin.physics.storage import (
    SHELF_J_PER_GPU,
    Battery,
    battery_energy_j,
    battery_power_w,
    carry,
    ride_through_s,
    smooth,
)

UPS = Battery(capacity_j=5e8, power_max_w=1.2e6, charge_max_w=1.0e5, efficiency=0.95)
POWERS = st.floats(0.0, 2e6)
SHARES = st.floats(0.0, 1.0)
STEPS = st.floats(0.01, 900.0)


def test_five_minutes_at_the_rating_take_five_minutes() -> None:
    rating_w, stored_j = 1e6, 1e6 * 300.0 / 0.95
    assert ride_through_s(stored_j, rating_w, 0.95) == pytest.approx(300.0, rel=1e-15)
    assert ride_through_s(stored_j, 0.0, 0.95) == math.inf
    battery = UPS._replace(capacity_j=stored_j)
    before = carry(rating_w, 0.0, stored_j, battery, 299.0)
    assert before.served_w == rating_w
    after = carry(rating_w, 0.0, before.energy_j, battery, 2.0)
    assert after.served_w == pytest.approx(rating_w / 2.0, rel=1e-9)
    assert after.energy_j == pytest.approx(0.0, abs=1e-3)


def test_giving_costs_more_than_arrives_and_taking_stores_less_than_was_taken() -> None:
    assert battery_energy_j(1e6, 950.0, 0.95, 100.0) == pytest.approx(9e5, rel=1e-12)
    assert battery_energy_j(1e6, -1000.0, 0.95, 100.0) == pytest.approx(1.095e6, rel=1e-12)


def test_the_charger_takes_no_more_than_its_limit_and_stops_when_full() -> None:
    taken_w = battery_power_w(-5e5, 1e8, *UPS, 60.0)
    assert taken_w == -1e5
    assert battery_power_w(-5e5, UPS.capacity_j, *UPS, 60.0) == 0.0


@given(POWERS, POWERS, SHARES, STEPS)
def test_what_is_drawn_is_served_stored_or_lost(
    load_w: float, source_w: float, charge: float, dt_s: float
) -> None:
    before_j = charge * UPS.capacity_j
    found = carry(load_w, source_w, before_j, UPS, dt_s)
    assert 0.0 <= found.served_w <= load_w
    assert found.drawn_w <= source_w * (1.0 + 1e-12) + 1e-6
    assert 0.0 <= found.energy_j <= UPS.capacity_j * (1.0 + 1e-12)
    given_w = found.served_w - found.drawn_w
    factor = 1.0 / UPS.efficiency if given_w > 0.0 else UPS.efficiency
    assert before_j - found.energy_j == pytest.approx(given_w * factor * dt_s, rel=1e-9, abs=1e-3)


@given(POWERS, POWERS, SHARES, STEPS, SHARES)
def test_a_step_of_a_ups_may_be_cut_anywhere(
    load_w: float, source_w: float, charge: float, dt_s: float, cut: float
) -> None:
    first_s = dt_s * max(cut, 1e-3)
    whole = carry(load_w, source_w, charge * UPS.capacity_j, UPS, dt_s)
    one = carry(load_w, source_w, charge * UPS.capacity_j, UPS, first_s)
    if dt_s - first_s < 1e-6 * dt_s:
        return
    two = carry(load_w, source_w, one.energy_j, UPS, dt_s - first_s)
    assert two.energy_j == pytest.approx(whole.energy_j, rel=1e-10, abs=1e-2)
    served_j = one.served_w * first_s + two.served_w * (dt_s - first_s)
    assert served_j == pytest.approx(whole.served_w * dt_s, rel=1e-10, abs=1e-2)


@pytest.mark.parametrize("tau_s", [0.05, 1.0, 40.0])
@pytest.mark.parametrize(("load_w", "level_w"), [(1400.0, 700.0), (490.0, 1100.0)])
def test_the_shelf_follows_its_two_equations(tau_s: float, load_w: float, level_w: float) -> None:
    def slopes(_: float, y: Floats) -> list[float]:
        return [(load_w - y[0]) / tau_s, y[0] - load_w]

    solved = solve_ivp(slopes, (0.0, 0.03), [level_w, 30.0], rtol=1e-11, atol=1e-10)
    found = smooth(load_w, 30.0, level_w, SHELF_J_PER_GPU, tau_s, 0.03)
    assert found.level_w == pytest.approx(solved.y[0, -1], rel=1e-9)
    assert found.energy_j == pytest.approx(solved.y[1, -1], rel=1e-9)


def test_an_empty_bank_shows_the_load_and_a_full_one_takes_nothing() -> None:
    empty = smooth(1400.0, 0.0, 1100.0, 65.0, math.inf, 0.1)
    assert (empty.energy_j, empty.draw_w, empty.peak_w) == (0.0, 1400.0, 1400.0)
    full = smooth(490.0, 65.0, 1100.0, 65.0, math.inf, 0.1)
    assert (full.energy_j, full.draw_w, full.peak_w) == (65.0, 490.0, 490.0)


def test_65_joules_hold_a_full_swing_for_71_milliseconds() -> None:
    held = smooth(1400.0, 65.0, 490.0, 65.0, math.inf, 0.071)
    assert held.peak_w == 490.0
    assert smooth(1400.0, 65.0, 490.0, 65.0, math.inf, 0.072).peak_w == 1400.0


@given(
    st.floats(0.0, 2000.0),
    SHARES,
    st.floats(0.0, 2000.0),
    st.one_of(st.floats(0.01, 1e3), st.just(math.inf)),
    st.floats(1e-3, 10.0),
    st.floats(0.01, 0.99),
)
def test_a_step_of_a_shelf_may_be_cut_anywhere(
    load_w: float, charge: float, level_w: float, tau_s: float, dt_s: float, cut: float
) -> None:
    whole = smooth(load_w, charge * 65.0, level_w, 65.0, tau_s, dt_s)
    one = smooth(load_w, charge * 65.0, level_w, 65.0, tau_s, cut * dt_s)
    two = smooth(load_w, one.energy_j, one.level_w, 65.0, tau_s, dt_s - cut * dt_s)
    np.testing.assert_allclose(
        (two.energy_j, two.level_w), (whole.energy_j, whole.level_w), atol=1e-8
    )
    mean_w = cut * one.draw_w + (1.0 - cut) * two.draw_w
    assert mean_w == pytest.approx(whole.draw_w, abs=1e-6)
    assert min(load_w, level_w) - 1e-6 <= whole.draw_w <= max(load_w, level_w) + 1e-6
    assert whole.draw_w <= whole.peak_w + 1e-6
