"""Friction factors at golden values and limits, and pressure drops by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.physics.friction import (
    churchill_friction,
    colebrook_friction,
    laminar_friction,
    pressure_drop_pa,
    reynolds_number,
    swamee_jain_friction,
)

TURBULENT = st.floats(4e3, 1e8)
ROUGHNESS = st.floats(0.0, 0.05)
FLOW = st.floats(1e-6, 20.0)


@pytest.mark.parametrize(
    ("reynolds", "roughness", "colebrook", "churchill", "swamee_jain"),
    [(1e5, 1e-4, 0.018514, 0.018463, 0.018452), (4000.0, 5e-4, 0.040412, 0.041164, 0.041129)],
)
def test_factors_have_the_golden_values(
    reynolds: float, roughness: float, colebrook: float, churchill: float, swamee_jain: float
) -> None:
    assert colebrook_friction(reynolds, roughness) == pytest.approx(colebrook, abs=5.1e-7)
    assert churchill_friction(reynolds, roughness) == pytest.approx(churchill, abs=5.1e-7)
    assert swamee_jain_friction(reynolds, roughness) == pytest.approx(swamee_jain, abs=5.1e-7)


@given(TURBULENT, ROUGHNESS)
def test_colebrook_solves_its_equation(reynolds: float, roughness: float) -> None:
    x = 1.0 / math.sqrt(colebrook_friction(reynolds, roughness))
    assert x == pytest.approx(-2.0 * math.log10(roughness / 3.7 + 2.51 * x / reynolds), rel=1e-12)


@given(st.floats(1e4, 1e8), st.floats(1e-6, 0.05))
def test_explicit_formulas_stay_near_colebrook(reynolds: float, roughness: float) -> None:
    exact = colebrook_friction(reynolds, roughness)
    assert churchill_friction(reynolds, roughness) == pytest.approx(exact, rel=0.03)
    assert swamee_jain_friction(reynolds, roughness) == pytest.approx(exact, rel=0.03)


@given(st.floats(1e-9, 1000.0), ROUGHNESS)
def test_churchill_is_laminar_when_flow_is_slow(reynolds: float, roughness: float) -> None:
    slow = churchill_friction(reynolds, roughness)
    assert slow == pytest.approx(laminar_friction(reynolds), rel=1e-4)


@given(TURBULENT, ROUGHNESS, st.floats(0.0, 0.02))
def test_a_rougher_pipe_resists_more(reynolds: float, roughness: float, more: float) -> None:
    for law in (colebrook_friction, churchill_friction, swamee_jain_friction):
        assert law(reynolds, roughness + more) >= law(reynolds, roughness) * (1.0 - 1e-12)


def test_a_laminar_pipe_follows_hagen_and_poiseuille() -> None:
    flow, density, viscosity, length_m, bore_m = 0.002, 1010.0, 1.35e-3, 3.0, 0.01
    by_hand = 128.0 * viscosity * length_m * flow / (math.pi * density * bore_m**4)
    found = pressure_drop_pa(flow, density, viscosity, length_m, bore_m, 0.0, 0.0)
    assert reynolds_number(flow, viscosity, bore_m) == pytest.approx(188.6, abs=0.1)
    assert found == pytest.approx(by_hand, rel=1e-6)


def test_fittings_lose_velocity_heads() -> None:
    speed = 2.0 / (1000.0 * 0.25 * math.pi * 0.05**2)
    found = pressure_drop_pa(2.0, 1000.0, 1e-3, 0.0, 0.05, 0.0, 3.0)
    assert found == pytest.approx(3.0 * 500.0 * speed**2)


def test_nothing_is_lost_at_rest() -> None:
    assert pressure_drop_pa(0.0, 1000.0, 1e-3, 10.0, 0.05, 1e-5, 3.0) == 0.0


@given(FLOW, st.floats(0.005, 0.2), st.floats(0.0, 1e-4))
def test_flow_the_other_way_loses_the_same(flow: float, bore_m: float, roughness_m: float) -> None:
    there = pressure_drop_pa(flow, 1000.0, 1e-3, 10.0, bore_m, roughness_m, 2.0)
    back = pressure_drop_pa(-flow, 1000.0, 1e-3, 10.0, bore_m, roughness_m, 2.0)
    assert there > 0.0
    assert back == -there


@given(FLOW, st.floats(1.001, 3.0), st.floats(0.005, 0.2))
def test_more_flow_loses_more(flow: float, times: float, bore_m: float) -> None:
    """Through laminar, transition and turbulence alike."""
    less = pressure_drop_pa(flow, 1000.0, 1e-3, 10.0, bore_m, 1e-5, 0.0)
    assert pressure_drop_pa(flow * times, 1000.0, 1e-3, 10.0, bore_m, 1e-5, 0.0) > less
