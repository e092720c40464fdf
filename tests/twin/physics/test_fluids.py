"""Coolant properties at golden values, and heat there and back."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from site_models.catalog import open_catalog
from site_models.kinds.fluid import Fluid, Polynomial
from twin.physics.fluids import (
    enthalpy_rise_j_per_kg,
    flow_to_warm_kg_per_s,
    property_at,
    viscosity_pa_s,
    warmed_c,
)

TEMP = st.floats(10.0, 65.0)


def five(polynomial: Polynomial | None) -> tuple[float, ...]:
    assert polynomial is not None
    return (*polynomial.coefficients, 0.0, 0.0, 0.0, 0.0)[:5]


PG25 = open_catalog().get(Fluid, "pg25")
WATER = open_catalog().get(Fluid, "water")
CP = five(PG25.cp_j_per_kg_k)


@pytest.mark.parametrize(
    ("temp_c", "density", "cp", "viscosity", "conductivity"),
    [
        (25.0, 1017.2, 3933.0, 2.071e-3, 0.472),
        (40.0, 1009.9, 3969.0, 1.353e-3, 0.486),
        (50.0, 1004.4, 3992.0, 1.073e-3, 0.495),
        (60.0, 998.4, 4016.0, 0.878e-3, 0.503),
    ],
)
def test_pg25_has_the_tabled_properties(
    temp_c: float, density: float, cp: float, viscosity: float, conductivity: float
) -> None:
    """ENGINEERING section 3, CoolProp."""
    assert property_at(temp_c, *five(PG25.density_kg_per_m3)) == pytest.approx(density, abs=0.2)
    assert property_at(temp_c, *CP) == pytest.approx(cp, abs=1.0)
    assert viscosity_pa_s(temp_c, *five(PG25.log_viscosity)) == pytest.approx(viscosity, abs=1e-6)
    found = property_at(temp_c, *five(PG25.conductivity_w_per_m_k))
    assert found == pytest.approx(conductivity, abs=6e-4)


@pytest.mark.parametrize(
    ("temp_c", "viscosity", "conductivity"),
    [(20.0, 1.0016e-3, 0.5985), (25.0, 0.8900e-3, 0.6065), (60.0, 0.4660e-3, 0.6509)],
)
def test_water_has_the_tabled_viscosity_and_conductivity(
    temp_c: float, viscosity: float, conductivity: float
) -> None:
    """IAPWS tables at atmospheric pressure."""
    found = viscosity_pa_s(temp_c, *five(WATER.log_viscosity))
    assert found == pytest.approx(viscosity, rel=2e-3)
    found = property_at(temp_c, *five(WATER.conductivity_w_per_m_k))
    assert found == pytest.approx(conductivity, rel=3e-3)


@given(TEMP, TEMP)
def test_enthalpy_is_the_integral_of_the_heat_capacity(one_c: float, other_c: float) -> None:
    by_sum, _ = quad(lambda t: float(property_at(t, *CP)), one_c, other_c)
    assert enthalpy_rise_j_per_kg(one_c, other_c, *CP) == pytest.approx(by_sum, abs=1e-6)


@given(TEMP, st.floats(0.1, 40.0), st.floats(1.0, 2e5))
def test_flow_and_outlet_belong_to_one_another(
    inlet_c: float, rise_k: float, heat_w: float
) -> None:
    flow = flow_to_warm_kg_per_s(inlet_c, inlet_c + rise_k, heat_w, *CP)
    assert warmed_c(inlet_c, heat_w, flow, *CP) == pytest.approx(inlet_c + rise_k, abs=1e-9)


@given(TEMP, st.floats(-1e5, 1e5), st.floats(0.5, 20.0))
def test_a_stream_carries_exactly_its_heat(inlet_c: float, heat_w: float, flow: float) -> None:
    outlet_c = warmed_c(inlet_c, heat_w, flow, *CP)
    taken_w = flow * enthalpy_rise_j_per_kg(inlet_c, outlet_c, *CP)
    assert taken_w == pytest.approx(heat_w, abs=1e-6)


def test_a_constant_heat_capacity_gives_the_school_formula() -> None:
    assert warmed_c(20.0, 4000.0, 0.5, 4000.0, 0.0, 0.0, 0.0, 0.0) == pytest.approx(22.0)


def test_nothing_flowing_and_nothing_to_carry_are_finite() -> None:
    assert warmed_c(30.0, 5000.0, 0.0, *CP) == 30.0
    assert warmed_c(30.0, 0.0, 1.0, *CP) == 30.0
    assert flow_to_warm_kg_per_s(30.0, 55.0, 0.0, *CP) == 0.0
    assert flow_to_warm_kg_per_s(55.0, 55.0, 0.0, *CP) == 0.0


def test_no_flow_carries_heat_to_a_colder_outlet() -> None:
    assert flow_to_warm_kg_per_s(55.0, 50.0, 1.0, *CP) == math.inf


def test_properties_broadcast() -> None:
    found = property_at(np.array([[10.0], [60.0]]), 1.0, np.array([0.0, 1.0]), 0.0, 0.0, 0.0)
    np.testing.assert_allclose(found, [[1.0, 11.0], [1.0, 61.0]])
