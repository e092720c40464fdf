"""A circulating fluid against an integrator, in two halves and in its energy."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from site_models.arrays import Floats
from twin.physics.circuit import circulate, flow_through

TEMPS = st.floats(-10.0, 90.0)
MASSES = st.floats(1e3, 1e8)
FLOWS = st.floats(0.0, 1e6)
HEATS = st.floats(-1e6, 1e6)
STEPS = st.floats(0.1, 3600.0)


@pytest.mark.parametrize("dt_s", [0.1, 1.0, 60.0, 3600.0])
@pytest.mark.parametrize("flow_w_per_k", [0.0, 500.0, 8e4])
def test_it_solves_the_equations_of_its_two_masses(dt_s: float, flow_w_per_k: float) -> None:
    supply_j, return_j, heat_in_w, heat_out_w = 2.0e6, 6.0e6, 9.0e4, 4.0e4

    def slopes(_: float, y: Floats) -> list[float]:
        carried_w = flow_w_per_k * (y[1] - y[0])
        return [(carried_w - heat_out_w) / supply_j, (heat_in_w - carried_w) / return_j]

    solved = solve_ivp(slopes, (0.0, dt_s), [21.0, 44.0], method="Radau", rtol=1e-11, atol=1e-9)
    found = circulate(21.0, 44.0, supply_j, return_j, flow_w_per_k, heat_in_w, heat_out_w, dt_s)
    np.testing.assert_allclose(found, solved.y[:, -1], atol=1e-6)


@given(TEMPS, TEMPS, MASSES, MASSES, FLOWS, HEATS, HEATS, STEPS)
def test_two_half_steps_equal_one(
    supply_c: float,
    return_c: float,
    supply_j: float,
    return_j: float,
    flow: float,
    heat_in_w: float,
    heat_out_w: float,
    dt_s: float,
) -> None:
    rest = (supply_j, return_j, flow, heat_in_w, heat_out_w)
    once = circulate(supply_c, return_c, *rest, dt_s)
    half = circulate(*circulate(supply_c, return_c, *rest, dt_s / 2.0), *rest, dt_s / 2.0)
    scale = 1.0 + max(abs(once[0]), abs(once[1]))
    np.testing.assert_allclose(half, once, atol=1e-10 * scale)


@given(TEMPS, TEMPS, MASSES, MASSES, FLOWS, HEATS, HEATS, STEPS)
def test_what_comes_in_and_stays_is_stored(
    supply_c: float,
    return_c: float,
    supply_j: float,
    return_j: float,
    flow: float,
    heat_in_w: float,
    heat_out_w: float,
    dt_s: float,
) -> None:
    new = circulate(supply_c, return_c, supply_j, return_j, flow, heat_in_w, heat_out_w, dt_s)
    stored_j = supply_j * (new[0] - supply_c) + return_j * (new[1] - return_c)
    held_j = (supply_j + return_j) * (100.0 + max(abs(new[0]), abs(new[1])))
    assert stored_j == pytest.approx((heat_in_w - heat_out_w) * dt_s, abs=1e-13 * held_j)


@given(TEMPS, TEMPS, MASSES, MASSES, FLOWS, STEPS)
def test_without_heat_the_two_masses_only_approach(
    supply_c: float, return_c: float, supply_j: float, return_j: float, flow: float, dt_s: float
) -> None:
    low, high = sorted((supply_c, return_c))
    new = circulate(supply_c, return_c, supply_j, return_j, flow, 0.0, 0.0, dt_s)
    assert low - 1e-9 <= min(new) <= max(new) <= high + 1e-9
    assert abs(new[1] - new[0]) <= high - low + 1e-9


def test_its_rest_carries_the_heat_over_the_rise() -> None:
    supply_c, return_c = circulate(20.0, 20.0, 1e5, 1e5, 2e4, 1e5, 1e5, 1e6)
    assert return_c - supply_c == pytest.approx(1e5 / 2e4)


def test_standing_fluid_warms_where_the_heat_enters() -> None:
    supply_c, return_c = circulate(20.0, 30.0, 1e6, 2e6, 0.0, 5e4, 0.0, 100.0)
    assert supply_c == pytest.approx(20.0, abs=1e-12)
    assert return_c == pytest.approx(30.0 + 5e4 * 100.0 / 2e6)
    assert math.isfinite(supply_c + return_c)


@pytest.mark.parametrize("dt_s", [0.1, 1.0, 60.0])
@pytest.mark.parametrize("flow_w_per_k", [0.0, 20.0, 500.0, 8e4])
def test_a_mass_that_is_flown_through_follows_the_integrator(
    dt_s: float, flow_w_per_k: float
) -> None:
    capacity_j, entering_c, heat_w = 7.0e5, 55.0, -2.0e5

    def slopes(_: float, y: Floats) -> list[float]:
        return [(flow_w_per_k * (entering_c - y[0]) + heat_w) / capacity_j, y[0] / dt_s]

    solved = solve_ivp(slopes, (0.0, dt_s), [40.0, 0.0], method="Radau", rtol=1e-11, atol=1e-9)
    found = flow_through(40.0, capacity_j, flow_w_per_k, entering_c, heat_w, dt_s)
    np.testing.assert_allclose(found, solved.y[:, -1], atol=1e-6)


@given(TEMPS, TEMPS, MASSES, FLOWS, HEATS, st.floats(0.1, 60.0))
def test_what_leaves_a_mass_is_what_it_does_not_keep(
    temp_c: float, entering_c: float, mass_j: float, flow_w_per_k: float, heat_w: float, dt_s: float
) -> None:
    after_c, mean_c = flow_through(temp_c, mass_j, flow_w_per_k, entering_c, heat_w, dt_s)
    kept_j = mass_j * (after_c - temp_c)
    came_j = (flow_w_per_k * (entering_c - mean_c) + heat_w) * dt_s
    largest = max(abs(heat_w) * dt_s, (flow_w_per_k * dt_s + mass_j) * 200.0, 1.0)
    assert kept_j == pytest.approx(came_j, abs=1e-12 * largest)
