"""Breakers: the exact thermal state, and when it trips."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from twin.physics.breakers import (
    MAGNETIC_RATIO,
    TRIP_LEVEL,
    breaker_tau_s,
    breaker_thermal,
    line_current_a,
    seconds_to_trip,
)

TAUS = st.floats(300.0, 1800.0)
RATIOS = st.floats(0.0, 4.9)
LEVELS = st.floats(0.0, 1.2)
RATINGS = [15.0, 30.0, 50.0, 60.0, 100.0, 150.0, 225.0, 400.0, 2000.0]
MINUTES_AT_TWICE = [2, 2, 4, 6, 6, 8, 10, 12, 12]
POINTS = list(zip(RATINGS, MINUTES_AT_TWICE, strict=True))


def test_the_thermal_state_solves_its_equation() -> None:
    solved = solve_ivp(lambda _, y: (1.69 - y) / 600.0, (0.0, 700.0), [0.4], rtol=1e-12, atol=1e-13)
    assert breaker_thermal(0.4, 1.3, 600.0, 700.0) == pytest.approx(solved.y[0, -1], rel=1e-10)


@given(LEVELS, RATIOS, TAUS, st.floats(0.0, 7200.0), st.floats(0.0, 7200.0))
def test_a_step_may_be_cut_anywhere(
    thermal: float, ratio: float, tau_s: float, first_s: float, second_s: float
) -> None:
    cut = breaker_thermal(breaker_thermal(thermal, ratio, tau_s, first_s), ratio, tau_s, second_s)
    whole = breaker_thermal(thermal, ratio, tau_s, first_s + second_s)
    assert cut == pytest.approx(whole, abs=1e-12)


@given(LEVELS, RATIOS, TAUS)
def test_at_the_moment_told_the_state_is_the_trip_level(
    thermal: float, ratio: float, tau_s: float
) -> None:
    after_s = seconds_to_trip(thermal, ratio, tau_s, TRIP_LEVEL, MAGNETIC_RATIO)
    if math.isinf(after_s):
        assert ratio * ratio <= TRIP_LEVEL
    else:
        reached = breaker_thermal(thermal, ratio, tau_s, after_s)
        assert reached == pytest.approx(TRIP_LEVEL, abs=1e-9)


@pytest.mark.parametrize("rating_a", RATINGS)
def test_rated_current_is_held_for_ever(rating_a: float) -> None:
    assert math.isinf(seconds_to_trip(1.0, 1.0, breaker_tau_s(rating_a), TRIP_LEVEL, 7.0))


@pytest.mark.parametrize(("rating_a", "minutes"), POINTS)
def test_it_trips_from_cold_within_the_times_of_the_standard(rating_a: float, minutes: int) -> None:
    tau_s = breaker_tau_s(rating_a)
    assert 300.0 <= tau_s <= 1800.0
    overload_s = seconds_to_trip(0.0, 1.35, tau_s, TRIP_LEVEL, MAGNETIC_RATIO)
    assert overload_s <= (3600.0 if rating_a <= 50.0 else 7200.0)
    twice_s = seconds_to_trip(0.0, 2.0, tau_s, TRIP_LEVEL, MAGNETIC_RATIO)
    assert 60.0 <= twice_s <= 60.0 * minutes


def test_a_warm_breaker_trips_sooner_than_a_cold_one() -> None:
    cold_s = seconds_to_trip(0.0, 1.35, 900.0, TRIP_LEVEL, MAGNETIC_RATIO)
    warm_s = seconds_to_trip(0.64, 1.35, 900.0, TRIP_LEVEL, MAGNETIC_RATIO)
    assert warm_s == pytest.approx(900.0 * math.log((1.8225 - 0.64) / (1.8225 - 1.25)))
    assert warm_s < cold_s


def test_a_short_circuit_trips_at_once() -> None:
    found = seconds_to_trip(0.0, np.array([6.9, 7.0, 12.0]), 900.0, TRIP_LEVEL, MAGNETIC_RATIO)
    assert found[0] > 1.0
    assert (found[1:] == 0.0).all()


def test_current_of_a_three_phase_load_by_hand() -> None:
    assert line_current_a(415.0 * math.sqrt(3.0) * 100.0 * 0.95, 415.0, 0.95) == pytest.approx(
        100.0, rel=1e-14
    )
