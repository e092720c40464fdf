"""Pressure laws against their published points, closed forms and their own slopes."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from site_models.catalog import open_catalog
from site_models.kinds.flow_curve import FlowCurve
from twin.physics.friction import pressure_drop_pa, swamee_jain_friction
from twin.physics.hydraulics import (
    KV_PER_CV,
    branch_loss_pa,
    branch_slope_pa_s_per_kg,
    curve_pressure_pa,
    curve_through,
    epanet_friction,
    kv_square,
    pipe_terms,
    pump_head_pa,
    valve_square,
)

L_PER_MIN = 1e-3 / 60.0
FLOW = st.floats(-50.0, 50.0)
RESISTANCE = st.floats(0.0, 1e6)
PIPE = (8.0 * 2.0 / (math.pi**2 * 1010.0 * 0.02**5), 4.0 / (math.pi * 0.02 * 1.35e-3), 1e-4)
"""2 m of 20 mm pipe with PG25: pressure per square, Reynolds number per flow, roughness."""


def catalog_curve(name: str) -> tuple[float, float, float]:
    found = open_catalog().get(FlowCurve, name)
    first = float(found.first_flow_m3_per_s), float(found.first_pa)
    second = float(found.second_flow_m3_per_s), float(found.second_pa)
    return float(found.rest_pa), *curve_through(float(found.rest_pa), *first, *second)


@given(st.floats(0.01, 50.0), RESISTANCE, RESISTANCE)
def test_a_branch_loses_k_m_squared_and_k1_m(flow: float, square: float, linear: float) -> None:
    wanted = square * flow * flow + linear * flow
    assert branch_loss_pa(flow, square, linear) == pytest.approx(wanted, rel=1e-8)


@given(FLOW, RESISTANCE, RESISTANCE)
def test_loss_turns_its_sign_with_the_flow(flow: float, square: float, linear: float) -> None:
    there = branch_loss_pa(flow, square, linear)
    assert branch_loss_pa(-flow, square, linear) == -there
    assert there * flow >= 0.0


@given(st.one_of(FLOW, st.floats(-3e-6, 3e-6)), RESISTANCE, RESISTANCE)
def test_the_slope_is_the_derivative_of_the_loss(flow: float, square: float, linear: float) -> None:
    h = max(1e-5 * abs(flow), 1e-10)
    rise = branch_loss_pa(flow + h, square, linear) - branch_loss_pa(flow - h, square, linear)
    slope = branch_slope_pa_s_per_kg(flow, square, linear)
    assert slope == pytest.approx(rise / (2.0 * h), rel=1e-5, abs=1e-6)


def test_a_branch_at_rest_still_has_a_slope() -> None:
    assert branch_loss_pa(0.0, 1e4, 0.0) == 0.0
    assert 0.0 < branch_slope_pa_s_per_kg(0.0, 1e4, 0.0) < 1.0


def test_a_valve_passes_flow_in_proportion_to_its_opening() -> None:
    pressure_pa = 5e4
    full, half = (math.sqrt(pressure_pa / valve_square(3e4, x)) for x in (1.0, 0.5))
    assert half == pytest.approx(0.5 * full)
    assert valve_square(3e4, 0.0) == math.inf


def test_a_kv_of_one_passes_a_cubic_metre_of_water_an_hour_at_one_bar() -> None:
    assert kv_square(1.0, 1000.0) * (1000.0 / 3600.0) ** 2 == pytest.approx(1e5)


def test_a_cv_of_one_passes_a_gallon_a_minute_at_one_psi() -> None:
    flow = 3.785411784e-3 / 60.0 * 1000.0
    assert kv_square(KV_PER_CV, 1000.0) * flow**2 == pytest.approx(6894.757, rel=1e-6)


@pytest.mark.parametrize(("l_per_min", "kpa"), [(0.0, 0.0), (117.5, 73.5), (160.0, 132.8)])
def test_the_catalog_rack_has_its_published_pressures(l_per_min: float, kpa: float) -> None:
    found = curve_pressure_pa(l_per_min * L_PER_MIN, *catalog_curve("gb300_rack"))
    assert found == pytest.approx(1e3 * kpa, abs=60.0)


def test_the_catalog_curves_are_the_published_polynomials() -> None:
    _, linear, square = catalog_curve("gb300_rack")
    assert (square, linear) == pytest.approx((0.0048e3 / L_PER_MIN**2, 0.0617e3 / L_PER_MIN))
    rest, linear, square = catalog_curve("xdu1350")
    assert square == pytest.approx(-0.000234e3 / L_PER_MIN**2, rel=1e-9)
    assert (rest, linear) == pytest.approx((476456.77, 0.092063e3 / L_PER_MIN))


@pytest.mark.parametrize(("l_per_min", "kpa"), [(0.0, 476.5), (600.0, 447.5), (1200.0, 250.0)])
def test_the_cdu_s_pumps_have_their_published_head(l_per_min: float, kpa: float) -> None:
    head = pump_head_pa(l_per_min * L_PER_MIN, 1.0, *catalog_curve("xdu1350"))
    assert head == pytest.approx(1e3 * kpa, abs=60.0)


@given(st.floats(0.0, 0.03), st.floats(0.0, 1.0))
def test_pumps_follow_the_affinity_laws(flow: float, speed: float) -> None:
    curve = catalog_curve("xdu1350")
    slowed = pump_head_pa(flow * speed, speed, *curve)
    assert slowed == pytest.approx(speed**2 * pump_head_pa(flow, 1.0, *curve), abs=1e-6)


def test_a_stopped_pump_resists_either_way() -> None:
    curve = catalog_curve("xdu1350")
    assert pump_head_pa(0.01, 0.0, *curve) == -pump_head_pa(-0.01, 0.0, *curve) < 0.0


@pytest.mark.parametrize(
    ("reynolds", "roughness", "golden"), [(1e5, 1e-4, 0.018452), (4000.0, 5e-4, 0.041129)]
)
def test_friction_has_the_golden_values(reynolds: float, roughness: float, golden: float) -> None:
    assert epanet_friction(reynolds, roughness) == pytest.approx(golden, abs=1e-6)


@pytest.mark.parametrize("edge", [2000.0, 4000.0])
@pytest.mark.parametrize("roughness", [0.0, 5e-4, 2e-2])
def test_friction_passes_its_regimes_without_a_jump(edge: float, roughness: float) -> None:
    below, above = (epanet_friction(edge * (1.0 + d), roughness) for d in (-1e-9, 1e-9))
    assert above == pytest.approx(below, rel=1e-7)


def test_friction_is_laminar_below_and_turbulent_above() -> None:
    assert epanet_friction(500.0, 1e-3) == 64.0 / 500.0
    assert epanet_friction(3e5, 2e-4) == swamee_jain_friction(3e5, 2e-4)


@given(st.floats(1e-6, 3.0))
def test_a_pipe_s_slope_is_the_derivative_of_its_loss(flow: float) -> None:
    reynolds = flow * PIPE[1]
    h = 1e-6 * flow
    if min(abs(reynolds / edge - 1.0) for edge in (2000.0, 4000.0)) < 1e-5:
        return
    rise = pipe_terms(flow + h, *PIPE)[0] - pipe_terms(flow - h, *PIPE)[0]
    assert pipe_terms(flow, *PIPE)[1] == pytest.approx(rise / (2.0 * h), rel=1e-5)


def test_a_slow_pipe_is_hagen_and_poiseuille_s() -> None:
    flow, length_m, diameter_m, density, viscosity = 0.01, 2.0, 0.02, 1010.0, 1.35e-3
    wanted = 128.0 * viscosity * length_m * flow / (math.pi * density * diameter_m**4)
    assert pipe_terms(flow, *PIPE)[0] == pytest.approx(wanted)
    assert pipe_terms(0.0, *PIPE) == pytest.approx((0.0, wanted / flow))


def test_a_fast_pipe_is_near_the_law_of_churchill() -> None:
    churchill = pressure_drop_pa(0.5, 1010.0, 1.35e-3, 2.0, 0.02, 2e-6, 0.0)
    assert pipe_terms(0.5, *PIPE)[0] == pytest.approx(churchill, rel=0.03)


def test_laws_broadcast_over_arrays() -> None:
    losses = branch_loss_pa(np.array([[-1.0], [1.0]]), np.array([1e3, 1e4]), 0.0)
    np.testing.assert_allclose(losses, [[-1e3, -1e4], [1e3, 1e4]])
