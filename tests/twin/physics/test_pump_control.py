"""Pump control: setpoints held, alarm and changeover at their moment, coast-down."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.physics.pump_control import (
    ALARM_DELAY_S,
    CHANGEOVER_S,
    DP_SETPOINTS_PA,
    FLOW_SETPOINTS_M3_PER_S,
    SPEED_MIN,
    allowed_setpoint,
    changeover,
    coast_down,
    low_flow,
    speed_for_dp,
    speed_for_flow,
)

FULL_FLOW_M3_PER_S, FULL_DP_PA = 0.02, 250e3
"""Of a loop of fixed resistance at full speed."""
STEP_S = st.floats(0.05, 20.0)


@given(STEP_S, st.floats(0.2, 0.95), st.floats(SPEED_MIN, 1.0))
def test_flow_mode_settles_on_its_setpoint(h_s: float, part: float, speed: float) -> None:
    wanted = part * FULL_FLOW_M3_PER_S
    for _ in range(math.ceil(300.0 / h_s)):
        speed = speed_for_flow(speed, wanted, speed * FULL_FLOW_M3_PER_S, SPEED_MIN, h_s)
    assert speed == pytest.approx(part, rel=1e-6)


@given(STEP_S, st.floats(0.05, 0.95), st.floats(SPEED_MIN, 1.0))
def test_dp_mode_settles_on_its_setpoint(h_s: float, part: float, speed: float) -> None:
    for _ in range(math.ceil(300.0 / h_s)):
        speed = speed_for_dp(speed, part * FULL_DP_PA, speed**2 * FULL_DP_PA, SPEED_MIN, h_s)
    assert speed == pytest.approx(math.sqrt(part), rel=1e-6)


@given(STEP_S, st.floats(0.0, 1.0), st.floats(0.0, 0.1), st.floats(0.0, 0.1))
def test_speed_stays_between_its_least_and_full(
    h_s: float, speed: float, wanted: float, measured: float
) -> None:
    for found in (
        speed_for_flow(speed, wanted, measured, SPEED_MIN, h_s),
        speed_for_dp(speed, 1e7 * wanted, 1e7 * measured, SPEED_MIN, h_s),
    ):
        assert SPEED_MIN <= found <= 1.0


def test_out_of_reach_it_runs_at_full_speed_and_comes_back_at_once() -> None:
    speed = 0.5
    for _ in range(200):
        speed = speed_for_flow(speed, 0.1, speed * FULL_FLOW_M3_PER_S, SPEED_MIN, 1.0)
    assert speed == pytest.approx(1.0, abs=1e-6)
    assert speed_for_flow(speed, 0.01, FULL_FLOW_M3_PER_S, SPEED_MIN, 1.0) < speed


def test_a_loop_at_rest_is_started() -> None:
    assert speed_for_flow(0.0, 0.01, 0.0, SPEED_MIN, 1.0) > SPEED_MIN
    assert speed_for_flow(0.0, 0.01, 0.0, SPEED_MIN, 0.0) == SPEED_MIN


def test_setpoints_stay_in_the_manual_s_ranges() -> None:
    assert allowed_setpoint(1.0, *FLOW_SETPOINTS_M3_PER_S) == pytest.approx(500.0 / 6e4)
    assert allowed_setpoint(2e5, *DP_SETPOINTS_PA) == 2e5
    assert allowed_setpoint(0.0, *DP_SETPOINTS_PA) == 1e4


@pytest.mark.parametrize("h_s", [0.5, 1.0, 10.0, 40.0])
def test_low_flow_becomes_an_alarm_after_its_delay(h_s: float) -> None:
    low_for_s, since_s, alarm = 0.0, 0.0, False
    while not alarm:
        low_for_s, alarm = low_flow(low_for_s, 0.0089, 0.01, ALARM_DELAY_S, h_s)
        since_s += h_s
    assert ALARM_DELAY_S <= since_s < ALARM_DELAY_S + h_s
    assert low_flow(low_for_s, 0.0091, 0.01, ALARM_DELAY_S, h_s) == (0.0, False)


@pytest.mark.parametrize("h_s", [0.01, 0.1, 0.25, 1.0, 10.0])
def test_changeover_leaves_a_quarter_second_without_drive_at_any_step(h_s: float) -> None:
    on_duty, waited_s, driven_s, since_s = 0, 0.0, 0.0, 0.0
    while since_s < 20.0:
        on_duty, waited_s, share = changeover(on_duty, waited_s, False, True, CHANGEOVER_S, h_s)
        since_s += h_s
        driven_s += share * h_s
    assert on_duty == 1
    assert since_s - driven_s == pytest.approx(CHANGEOVER_S, abs=1e-9)


def test_a_pump_that_comes_back_stays_in_reserve() -> None:
    assert changeover(1, 0.0, True, True, CHANGEOVER_S, 1.0) == (1, 0.0, 1.0)
    assert changeover(1, 0.0, True, False, CHANGEOVER_S, 1.0) == (0, 0.0, 0.75)


def test_with_both_pumps_gone_nothing_drives() -> None:
    assert changeover(0, 0.1, False, False, CHANGEOVER_S, 1.0) == (0, 0.0, 0.0)


def test_a_tripped_pump_coasts_to_its_floor() -> None:
    assert coast_down(0.0, 1.5, 0.03) == coast_down(-1.0, 1.5, 0.03) == 1.0
    assert coast_down(1.5, 1.5, 0.03) == 0.5
    assert coast_down(1e6, 1.5, 0.03) == 0.03
    assert coast_down(0.001, 0.0, 1e-3) == 1e-3
