"""YorkCalc at golden values and bounds, and the water account of a tower."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.physics.cooling_tower import (
    blowdown_kg_per_s,
    drift_kg_per_s,
    evaporation_kg_per_s,
    yorkcalc_approach_k,
    yorkcalc_holds,
    yorkcalc_leaving_c,
)

WET_BULB = st.floats(5.0, 26.7)
RATIO = st.floats(0.5, 2.0)


@pytest.mark.parametrize(
    ("wet_c", "range_k", "ratio", "golden_k"),
    [(25.56, 5.56, 1.0, 3.843), (25.56, 10.0, 1.0, 6.039), (15.0, 10.0, 1.0, 9.872)],
)
def test_approach_has_the_golden_values(
    wet_c: float, range_k: float, ratio: float, golden_k: float
) -> None:
    assert yorkcalc_approach_k(wet_c, range_k, ratio) == pytest.approx(golden_k, rel=1e-3)


@pytest.mark.parametrize(
    ("ratio", "theirs_k"), [(0.25, 0.210221350), (1.25, 5.054871559), (4.0, 18.333335876)]
)
def test_approach_is_that_of_dymola(ratio: float, theirs_k: float) -> None:
    """Stored result of the Modelica Buildings Library's example, 25.55 C and 5.56 K."""
    assert yorkcalc_approach_k(25.55, 5.56, ratio) == pytest.approx(theirs_k, rel=1e-7)


@given(WET_BULB, st.floats(1.2, 20.0), RATIO)
def test_range_and_approach_add_up(wet_c: float, range_k: float, ratio: float) -> None:
    approach_k = yorkcalc_approach_k(wet_c, range_k, ratio)
    entering_c = wet_c + range_k + approach_k
    leaving_c = yorkcalc_leaving_c(entering_c, wet_c, ratio)
    assert leaving_c == pytest.approx(wet_c + approach_k, abs=1e-6)


@given(st.floats(-40.0, 40.0), st.floats(-5.0, 60.0), st.floats(0.05, 20.0))
def test_leaving_water_lies_between_wet_bulb_and_entering_water(
    wet_c: float, above_k: float, ratio: float
) -> None:
    """Inside the bounds of the correlation and outside."""
    entering_c = wet_c + above_k
    leaving_c = yorkcalc_leaving_c(entering_c, wet_c, ratio)
    assert leaving_c <= entering_c + 1e-9
    assert leaving_c >= min(wet_c, entering_c) - 1e-9


@given(WET_BULB, st.floats(8.0, 20.0))
def test_more_air_cools_further(wet_c: float, above_k: float) -> None:
    leaving_c = [yorkcalc_leaving_c(wet_c + above_k, wet_c, 1.0 / air) for air in (0.5, 0.75, 1.0)]
    assert leaving_c[0] > leaving_c[1] > leaving_c[2]


@pytest.mark.parametrize(
    ("point", "inside"),
    [
        ((25.56, 5.56, 3.84, 1.0, 1.0), True),
        ((27.0, 5.56, 3.84, 1.0, 1.0), False),
        ((25.56, 1.0, 3.84, 1.0, 1.0), False),
        ((25.56, 5.56, 0.9, 1.0, 1.0), False),
        ((25.56, 5.56, 3.84, 1.3, 1.0), False),
        ((25.56, 5.56, 3.84, 1.0, 8.5), False),
    ],
)
def test_the_bounds_of_the_correlation_are_known(
    point: tuple[float, float, float, float, float], inside: bool
) -> None:
    assert bool(yorkcalc_holds(*point)) is inside


def test_a_megawatt_for_an_hour_evaporates_1470_litres() -> None:
    assert 3600.0 * evaporation_kg_per_s(1e6) == pytest.approx(1470.0)
    assert evaporation_kg_per_s(-1.0) == 0.0


@given(st.floats(0.01, 10.0), st.floats(1.5, 8.0))
def test_blowdown_holds_the_salts(evaporated: float, cycles: float) -> None:
    blowdown = blowdown_kg_per_s(evaporated, cycles)
    assert evaporated + blowdown == pytest.approx(cycles * blowdown)


def test_drift_is_a_fiftieth_of_a_thousandth() -> None:
    assert drift_kg_per_s(50.0) == pytest.approx(0.001)
