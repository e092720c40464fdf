"""Pumps, fans and chillers against affinity and Carnot."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.physics.movers import cube_law_power_w, held_head_power_w, second_law_cop

SHARE = st.floats(0.05, 1.0)


@given(st.floats(-10.0, 40.0), st.floats(-30.0, 70.0), SHARE)
def test_no_chiller_beats_carnot(leaving_c: float, condensing_c: float, share: float) -> None:
    cop = second_law_cop(leaving_c, condensing_c, share)
    assert cop > 0.0
    lift_k = condensing_c - leaving_c
    if lift_k > 0.0:
        assert cop <= (leaving_c + 273.15) / lift_k + 1e-9


def test_a_chiller_at_a_design_day_has_a_plausible_cop() -> None:
    # Carnot between 7 and 45 C is 280.15 / 38 = 7.37; 45 % of it is an air-cooled screw's 3.3.
    assert second_law_cop(7.0, 45.0, 0.45) == pytest.approx(3.3176, abs=1e-3)


@given(st.floats(5.0, 35.0), st.floats(20.0, 60.0), st.floats(0.0, 10.0))
def test_warmer_condensers_cost_more(leaving_c: float, condensing_c: float, more_k: float) -> None:
    cooler = second_law_cop(leaving_c, condensing_c, 0.5)
    assert second_law_cop(leaving_c, condensing_c + more_k, 0.5) <= cooler


def test_cold_weather_does_not_make_cooling_free() -> None:
    assert second_law_cop(18.0, -20.0, 0.5) == second_law_cop(18.0, 23.0, 0.5)
    assert second_law_cop(18.0, -20.0, 0.5) < 30.0


def test_half_the_flow_takes_an_eighth_of_the_power() -> None:
    assert cube_law_power_w(1.0, 8000.0) == 8000.0
    assert cube_law_power_w(0.5, 8000.0) == pytest.approx(1000.0, rel=1e-15)
    assert cube_law_power_w(0.0, 8000.0) == 0.0


def test_pumps_that_hold_head_save_less_than_the_cube() -> None:
    """Nothing held: the cube; all held: in proportion; a third held: 25 % at half the flow."""
    assert held_head_power_w(0.5, 8000.0, 0.0) == cube_law_power_w(0.5, 8000.0)
    assert held_head_power_w(0.5, 8000.0, 1.0) == 4000.0
    assert held_head_power_w(0.5, 8000.0, 1.0 / 3.0) == pytest.approx(2000.0)
    assert held_head_power_w(1.0, 8000.0, 0.4) == 8000.0
    assert held_head_power_w(0.0, 8000.0, 0.4) == 0.0
