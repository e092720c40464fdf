"""Dew point, enthalpy and density of moist air against tables and one another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.physics.moist_air import (
    DRIEST_C,
    STANDARD_PRESSURE_PA,
    dew_point_c,
    humidity_ratio,
    moist_air_density_kg_per_m3,
    moist_air_enthalpy_j_per_kg,
    saturation_pressure_pa,
    wet_bulb_c,
)

TEMP = st.floats(-30.0, 55.0)
HUMIDITY = st.floats(0.02, 1.0)


@pytest.mark.parametrize(
    ("dry_c", "humidity", "dew_c"),
    [(25.0, 0.5, 13.9), (30.0, 0.8, 26.2), (20.0, 0.1, -11.2), (40.0, 0.2, 12.8)],
)
def test_dew_point_is_that_of_the_chart(dry_c: float, humidity: float, dew_c: float) -> None:
    assert dew_point_c(dry_c, humidity) == pytest.approx(dew_c, abs=0.15)


@given(TEMP, HUMIDITY)
def test_air_at_its_dew_point_holds_just_its_water(dry_c: float, humidity: float) -> None:
    vapour_pa = humidity * saturation_pressure_pa(dry_c)
    found = saturation_pressure_pa(dew_point_c(dry_c, humidity))
    assert found == pytest.approx(vapour_pa, rel=6e-4)


@given(TEMP, HUMIDITY)
def test_dew_point_wet_bulb_and_dry_bulb_stand_in_this_order(dry_c: float, humidity: float) -> None:
    wet_c = wet_bulb_c(dry_c, humidity, STANDARD_PRESSURE_PA)
    assert dew_point_c(dry_c, humidity) <= wet_c + 0.01
    assert wet_c <= dry_c + 1e-5


def test_saturated_and_dry_air_are_the_ends() -> None:
    assert dew_point_c(23.0, 1.0) == pytest.approx(23.0, abs=2e-6)
    assert dew_point_c(23.0, 0.0) == pytest.approx(DRIEST_C, abs=2e-6)


@pytest.mark.parametrize(
    ("temp_c", "tabled_j_per_kg"), [(0.0, 9.475e3), (20.0, 57.56e3), (30.0, 100.0e3)]
)
def test_enthalpy_at_saturation_is_that_of_the_tables(
    temp_c: float, tabled_j_per_kg: float
) -> None:
    """ASHRAE's tables hold the enhancement of saturation by air, 0.5 %, which we have not."""
    ratio = humidity_ratio(saturation_pressure_pa(temp_c), STANDARD_PRESSURE_PA)
    found = moist_air_enthalpy_j_per_kg(temp_c, ratio)
    assert found == pytest.approx(tabled_j_per_kg, rel=7e-3)


def test_dry_air_weighs_what_an_ideal_gas_does() -> None:
    found = moist_air_density_kg_per_m3(20.0, 0.0, STANDARD_PRESSURE_PA)
    assert found == pytest.approx(1.2041, abs=1e-4)


@given(TEMP, st.floats(0.0, 0.03), st.floats(0.001, 0.01))
def test_damper_air_is_lighter_and_richer(dry_c: float, ratio: float, more: float) -> None:
    pressure_pa = STANDARD_PRESSURE_PA
    lighter = moist_air_density_kg_per_m3(dry_c, ratio + more, pressure_pa)
    assert lighter < moist_air_density_kg_per_m3(dry_c, ratio, pressure_pa)
    richer = moist_air_enthalpy_j_per_kg(dry_c, ratio + more)
    assert richer > moist_air_enthalpy_j_per_kg(dry_c, ratio)
