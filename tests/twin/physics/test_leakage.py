"""Leakage by hand, and runaway against where a steady state stops existing."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from twin.physics.leakage import HOTTEST_C, leakage_power_w, runaway_gain, runaway_temp_c


def test_leakage_by_hand() -> None:
    assert leakage_power_w(25.0, 60.0, 25.0, 0.012) == 60.0
    assert leakage_power_w(75.0, 60.0, 25.0, 0.012) == pytest.approx(60.0 * math.exp(0.6))
    doubled = leakage_power_w(25.0 + math.log(2.0) / 0.012, 60.0, 25.0, 0.012)
    assert doubled == pytest.approx(120.0, rel=1e-12)


def test_leakage_is_held_where_no_silicon_lives() -> None:
    hot = leakage_power_w(np.array([HOTTEST_C, 1e4]), 60.0, 25.0, 0.012)
    assert hot[0] == hot[1] < 300.0


@given(
    st.floats(0.01, 0.5),
    st.floats(5.0, 150.0),
    st.floats(0.008, 0.02),
    st.floats(0.0, 1500.0),
)
def test_no_inlet_holds_a_chip_beyond_its_runaway_temperature(
    resistance: float, leaks_w: float, rate: float, other_w: float
) -> None:
    """The inlet that a steady die needs, T - R (P + L(T)), is largest just there."""
    hottest_c = float(runaway_temp_c(resistance, leaks_w, 25.0, rate))

    def inlet_c(die_c: float) -> float:
        return die_c - resistance * (other_w + leaks_w * math.exp(rate * (die_c - 25.0)))

    found = minimize_scalar(
        lambda die_c: -inlet_c(die_c), bounds=(hottest_c - 80.0, hottest_c + 60.0), method="bounded"
    )
    assert found.x == pytest.approx(hottest_c, abs=1e-2)
    assert inlet_c(hottest_c) == pytest.approx(
        hottest_c - resistance * other_w - 1.0 / rate, abs=1e-6
    )


def test_the_gain_is_one_at_the_runaway_temperature() -> None:
    hottest_c = float(runaway_temp_c(0.4, 60.0, 25.0, 0.012))
    assert hottest_c < HOTTEST_C
    leaks_w = float(leakage_power_w(hottest_c, 60.0, 25.0, 0.012))
    assert runaway_gain(0.4, leaks_w, 0.012) == pytest.approx(1.0, rel=1e-12)
    assert runaway_gain(0.02, leaks_w, 0.012) < 0.1
