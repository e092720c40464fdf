"""The exact transition of a GPU's chain against scipy and quadrature."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad_vec, solve_ivp
from scipy.linalg import expm

from site_models.arrays import Floats
from twin.physics.thermal_chain import (
    BODY,
    COOLANT,
    DIE,
    HEAT,
    MEMORY,
    chain_rates,
    multiply,
    transition,
)

GB200 = np.array([4.0, 254.0, 6.0, 120.0])
AIR = np.array([3.0, 894.0, 6.0, 1.0])
CHAINS = {
    "cold plate": (GB200, 0.85 / 0.012, 1.0 / 0.012, 1.0 / 0.06, 200.4),
    "heat sink": (AIR, 0.85 / 0.018, 1.0 / 0.0231, 1.0 / 0.1, 60.0),
    "no flow": (GB200, 0.85 / 0.012, 1.0 / 0.125, 1.0 / 0.06, 0.0),
}
STEPS_S = (0.1, 1.0, 10.0, 60.0, 3600.0)
POSITIVE = st.floats(0.5, 500.0)


def rates(name: str) -> Floats:
    capacities, die, body, memory, stream = CHAINS[name]
    return chain_rates(capacities, die, body, memory, stream)


@pytest.mark.parametrize("name", CHAINS)
@pytest.mark.parametrize("dt_s", STEPS_S)
def test_the_propagator_is_the_matrix_exponential(name: str, dt_s: float) -> None:
    found, _ = transition(rates(name), dt_s)
    np.testing.assert_allclose(found, expm(rates(name) * dt_s), atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize("name", CHAINS)
@pytest.mark.parametrize("dt_s", STEPS_S[:-1])
def test_the_integral_is_its_quadrature(name: str, dt_s: float) -> None:
    _, found = transition(rates(name), dt_s)
    a = rates(name)

    def at(time_s: float, /) -> Floats:
        return np.asarray(expm(a * time_s))

    wanted = quad_vec(at, 0.0, dt_s, epsabs=1e-10, epsrel=1e-12)[0]
    np.testing.assert_allclose(found, wanted, atol=1e-8, rtol=1e-9)


@given(
    st.lists(st.floats(0.5, 2000.0), min_size=4, max_size=4),
    POSITIVE,
    POSITIVE,
    POSITIVE,
    st.floats(0.0, 500.0),
    st.floats(0.01, 120.0),
)
@settings(max_examples=60)
def test_two_half_steps_equal_one(
    capacities: list[float], die: float, body: float, memory: float, stream: float, dt_s: float
) -> None:
    a = chain_rates(np.array(capacities), die, body, memory, stream)
    whole, whole_integral = transition(a, dt_s)
    half, half_integral = transition(a, dt_s / 2.0)
    np.testing.assert_allclose(half @ half, whole, atol=1e-10)
    np.testing.assert_allclose(half_integral + half @ half_integral, whole_integral, atol=1e-9)


@given(
    st.lists(st.floats(0.5, 2000.0), min_size=4, max_size=4),
    POSITIVE,
    POSITIVE,
    POSITIVE,
    st.floats(0.0, 500.0),
    st.floats(0.01, 120.0),
)
@settings(max_examples=60)
def test_heat_only_moves(
    capacities: list[float], die: float, body: float, memory: float, stream: float, dt_s: float
) -> None:
    """What the four masses and the stream hold together is what they held before."""
    held = np.array([*capacities, capacities[COOLANT]])
    propagator, _ = transition(chain_rates(np.array(capacities), die, body, memory, stream), dt_s)
    np.testing.assert_allclose(held @ propagator, held, rtol=1e-10, atol=1e-8)
    assert propagator[:4, :4].min() >= -1e-12


def test_a_chain_without_flow_keeps_all_heat() -> None:
    a = rates("no flow")
    propagator, integral = transition(a, 1e5)
    np.testing.assert_allclose(a @ np.array([1.0, 1.0, 1.0, 1.0, 0.0]), 0.0, atol=1e-14)
    np.testing.assert_array_equal(propagator[HEAT], [0.0, 0.0, 0.0, 0.0, 1.0])
    mixed_c = GB200 @ [70.0, 60.0, 65.0, 50.0] / GB200.sum()
    np.testing.assert_allclose(
        propagator[:4, :4] @ [70.0, 60.0, 65.0, 50.0], np.full(4, mixed_c), rtol=1e-9
    )
    assert np.isfinite(integral).all()


@pytest.mark.parametrize("dt_s", STEPS_S)
def test_a_heated_chain_follows_the_integrator(dt_s: float) -> None:
    """Four temperatures and delivered heat, from a start far off and both sources on."""
    capacities, die, body, memory, stream = CHAINS["cold plate"]
    power_w, share, inlet_c = 1200.0, 0.15, 40.0
    start = np.array([45.0, 70.0, 30.0, 41.0, 0.0])

    def slopes(_: float, y: Floats) -> list[float]:
        to_body_w, memory_w = die * (y[DIE] - y[BODY]), memory * (y[MEMORY] - y[BODY])
        to_coolant_w = body * (y[BODY] - y[COOLANT])
        away_w = stream * (y[COOLANT] - inlet_c)
        return [
            ((1.0 - share) * power_w - to_body_w) / capacities[DIE],
            (to_body_w + memory_w - to_coolant_w) / capacities[BODY],
            (share * power_w - memory_w) / capacities[MEMORY],
            (to_coolant_w - away_w) / capacities[COOLANT],
            away_w,
        ]

    solved = solve_ivp(slopes, (0.0, dt_s), start, method="Radau", rtol=1e-12, atol=1e-10)
    source = np.zeros(5)
    source[DIE] = (1.0 - share) * power_w / capacities[DIE]
    source[MEMORY] = share * power_w / capacities[MEMORY]
    source[COOLANT] = stream * inlet_c / capacities[COOLANT]
    source[HEAT] = -source[COOLANT]
    propagator, integral = transition(rates("cold plate"), dt_s)
    found = propagator @ start + integral @ source
    np.testing.assert_allclose(found[:4], solved.y[:4, -1], atol=1e-6)
    delivered_j = found[HEAT] * capacities[COOLANT]
    assert delivered_j == pytest.approx(solved.y[HEAT, -1], rel=1e-8, abs=1e-5)


@given(st.integers(0, 2**32 - 1))
def test_the_product_is_numpy_s(seed: int) -> None:
    a, b = np.random.default_rng(seed).normal(size=(2, 5, 5))
    into = np.empty((5, 5))
    multiply(a, b, into)
    np.testing.assert_allclose(into, a @ b, atol=1e-13)
