"""Converter losses by hand, and both directions against one another."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.physics.converters import converter_input_w, converter_output_w

COEFFICIENT = st.floats(0.0, 0.05)
UPS = (0.0065, 0.0055, 0.0135)
SHELF = (0.0065, 0.001, 0.025)


@pytest.mark.parametrize(
    ("coefficients", "load", "efficiency"),
    [
        (UPS, 0.10, 0.933),
        (UPS, 0.25, 0.966),
        (UPS, 0.50, 0.975),
        (UPS, 0.75, 0.976),
        (UPS, 1.00, 0.975),
        (SHELF, 0.10, 0.936),
        (SHELF, 0.25, 0.968),
        (SHELF, 0.50, 0.974),
        (SHELF, 0.75, 0.972),
        (SHELF, 1.00, 0.969),
    ],
)
def test_efficiency_is_that_of_the_published_curves(
    coefficients: tuple[float, float, float], load: float, efficiency: float
) -> None:
    in_w = converter_input_w(load * 1e6, 1e6, *coefficients)
    assert load * 1e6 / in_w == pytest.approx(efficiency, abs=6e-4)


def test_the_three_losses_add_up_by_hand() -> None:
    assert converter_input_w(600.0, 1000.0, 0.01, 0.02, 0.05) == pytest.approx(
        600.0 + 0.01 * 1000.0 + 0.02 * 600.0 + 0.05 * 600.0**2 / 1000.0, rel=1e-15
    )


@given(st.floats(0.0, 1e6), st.floats(1.0, 1e6), COEFFICIENT, COEFFICIENT, COEFFICIENT)
def test_output_inverts_input(
    output_w: float, rating_w: float, fixed: float, linear: float, square: float
) -> None:
    in_w = converter_input_w(output_w, rating_w, fixed, linear, square)
    assert in_w >= output_w
    back_w = converter_output_w(in_w, rating_w, fixed, linear, square)
    assert back_w == pytest.approx(output_w, rel=1e-9, abs=1e-9 * rating_w)


@given(st.floats(0.0, 100.0))
def test_nothing_comes_out_below_the_no_load_loss(in_w: float) -> None:
    assert converter_output_w(in_w, 1e4, 0.01, 0.0, 0.01) == 0.0


def test_a_stage_without_rating_is_a_wire() -> None:
    assert converter_input_w(123.0, 0.0, 0.5, 0.5, 0.5) == 123.0
    assert converter_output_w(123.0, 0.0, 0.5, 0.5, 0.5) == 123.0


def test_long_arrays_without_a_stage_are_wires_in_silence() -> None:
    """Vectorised code computes the branch that it does not take: it must not divide by 0."""
    power_w, none = np.full(1000, 250e3), np.zeros(1000)
    for law in (converter_input_w, converter_output_w):
        np.testing.assert_array_equal(law(power_w, none, none, none, none), power_w)
        np.testing.assert_array_equal(law(power_w, none, 0.1, 0.1, 0.1), power_w)


def test_missing_stays_missing() -> None:
    found = converter_output_w(np.array([np.nan, 500.0]), 1000.0, *UPS)
    assert np.isnan(found[0])
    assert np.isfinite(found[1])
