"""Clocks: what they save by hand, there and back, and how temperature lowers them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.physics.clocks import (
    clock_for_share,
    switching_share,
    thermal_clock,
    voltage_share,
)

FLAT, FLOOR = 1100.0 / 1980.0, 0.685 / 1.06
FLATS, FLOORS = st.floats(0.2, 0.9), st.floats(0.4, 0.95)


def test_an_h100_by_hand() -> None:
    """0.685 V up to 1100 MHz, then linear to 1.06 V at 1980 MHz (ENGINEERING 1.3)."""
    middle = 0.5 * (1.0 + FLAT)
    assert voltage_share(345.0 / 1980.0, FLAT, FLOOR) == FLOOR
    assert voltage_share(middle, FLAT, FLOOR) * 1.06 == pytest.approx(0.8725, rel=1e-12)
    assert switching_share(FLAT, FLAT, FLOOR) == pytest.approx(FLAT * FLOOR**2, rel=1e-12)
    assert switching_share(1.0, FLAT, FLOOR) == 1.0


@given(st.floats(0.0, 1.0), FLATS, FLOORS)
def test_there_and_back(clock: float, flat: float, floor: float) -> None:
    share = switching_share(clock, flat, floor)
    assert clock_for_share(share, flat, floor) == pytest.approx(clock, abs=1e-9)
    assert share <= clock + 1e-15
    volts = float(voltage_share(clock, flat, floor))
    assert share == pytest.approx(clock * volts**2, rel=1e-12)


@given(FLATS, FLOORS)
def test_a_faster_clock_never_saves(flat: float, floor: float) -> None:
    shares = switching_share(np.linspace(0.0, 1.0, 101), flat, floor)
    assert (np.diff(shares) > 0.0).all()


def test_thermal_control_by_hand() -> None:
    """B200: limit 88, slowdown 91, shutdown 93 C."""
    over_k = np.array([-5.0, 0.0, 1.5, 3.0, 3.5, 4.0, 5.0, 50.0])
    found = thermal_clock(over_k, 3.0, 5.0, 0.1)
    np.testing.assert_allclose(found, [1.0, 1.0, 0.75, 0.5, 0.3, 0.1, 0.1, 0.1], rtol=1e-12)


@given(st.floats(0.0, 5.0), st.floats(0.1, 8.0), st.floats(0.01, 0.9))
def test_it_never_rises_with_temperature_nor_leaves_its_range(
    slowdown_k: float, further_k: float, lowest: float
) -> None:
    over_k = np.linspace(-1.0, slowdown_k + further_k + 1.0, 400)
    found = thermal_clock(over_k, slowdown_k, slowdown_k + further_k, lowest)
    assert (np.diff(found) <= 1e-12).all()
    assert found.min() == pytest.approx(lowest)
    assert found.max() == 1.0
    assert (found[over_k > slowdown_k] <= max(0.5, lowest) + 1e-12).all()
