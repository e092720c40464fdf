"""Moist air against the tables of the ASHRAE handbook and against psychrolib 2.5."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.physics.moist_air import (
    STANDARD_PRESSURE_PA,
    evaporation_heat_j_per_kg,
    humidity_ratio,
    saturation_pressure_pa,
    wet_bulb_c,
)


@pytest.mark.parametrize(
    ("temp_c", "tabled_pa"),
    [
        (-20.0, 103.24),
        (-10.0, 259.87),
        (0.01, 611.66),
        (10.0, 1228.0),
        (20.0, 2338.8),
        (25.0, 3169.2),
        (40.0, 7383.5),
        (100.0, 101418.0),
    ],
)
def test_saturation_pressure_is_that_of_the_tables(temp_c: float, tabled_pa: float) -> None:
    assert saturation_pressure_pa(temp_c) == pytest.approx(tabled_pa, rel=7e-4)


def test_ice_and_water_meet_at_the_freezing_point() -> None:
    assert saturation_pressure_pa(-1e-9) == pytest.approx(saturation_pressure_pa(0.0), rel=5e-4)


@pytest.mark.parametrize(
    ("temp_c", "tabled"), [(0.0, 0.003789), (20.0, 0.014758), (30.0, 0.027329), (40.0, 0.049141)]
)
def test_humidity_at_saturation_is_that_of_the_tables(temp_c: float, tabled: float) -> None:
    # The tables hold the air's enhancement factor of 1.004 to 1.005, which an ideal mixture
    # has not.
    found = humidity_ratio(saturation_pressure_pa(temp_c), STANDARD_PRESSURE_PA)
    assert found == pytest.approx(tabled, rel=6e-3)


@pytest.mark.parametrize(
    ("dry_c", "humidity", "pressure_pa", "peer_c"),
    [
        (20.0, 0.5, STANDARD_PRESSURE_PA, 13.78337),
        (25.0, 0.5, STANDARD_PRESSURE_PA, 17.88943),
        (30.0, 0.5, STANDARD_PRESSURE_PA, 22.00524),
        (35.0, 0.4, STANDARD_PRESSURE_PA, 23.93420),
        (40.0, 0.2, STANDARD_PRESSURE_PA, 22.03220),
        (5.0, 0.3, STANDARD_PRESSURE_PA, -0.57465),
        (-5.0, 0.6, STANDARD_PRESSURE_PA, -6.79056),
        (30.0, 0.5, 84_556.0, 21.59201),
        (40.0, 0.2, 84_556.0, 21.09696),
    ],
)
def test_wet_bulb_is_that_of_psychrolib(
    dry_c: float, humidity: float, pressure_pa: float, peer_c: float
) -> None:
    assert wet_bulb_c(dry_c, humidity, pressure_pa) == pytest.approx(peer_c, abs=1e-3)


def test_the_design_day_of_dallas_agrees_with_a_psychrometer() -> None:
    """Sprung's formula for a ventilated psychrometer gives the humidity of 38.6/23.9 C."""
    vapour_pa = saturation_pressure_pa(23.9) - 0.000662 * STANDARD_PRESSURE_PA * (38.6 - 23.9)
    humidity = vapour_pa / saturation_pressure_pa(38.6)
    assert wet_bulb_c(38.6, humidity, STANDARD_PRESSURE_PA) == pytest.approx(23.9, abs=0.15)


@given(st.floats(-30.0, 50.0), st.floats(6e4, 1.05e5))
def test_saturated_air_is_as_warm_wet_as_dry(temp_c: float, pressure_pa: float) -> None:
    assert wet_bulb_c(temp_c, 1.0, pressure_pa) == pytest.approx(temp_c, abs=2e-6)


@given(st.floats(-20.0, 50.0), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_drier_air_has_the_lower_wet_bulb(temp_c: float, one: float, other: float) -> None:
    dry, damp = sorted((one, other))
    low_c = wet_bulb_c(temp_c, dry, STANDARD_PRESSURE_PA)
    assert low_c <= wet_bulb_c(temp_c, damp, STANDARD_PRESSURE_PA) + 2e-6
    assert low_c <= temp_c


def test_evaporation_heat_is_that_of_the_steam_tables() -> None:
    found = evaporation_heat_j_per_kg(np.array([0.0, 25.0, 50.0]))
    np.testing.assert_allclose(found, [2.5009e6, 2.4417e6, 2.3819e6], rtol=2e-3)
