"""Transport through a pipe: the exact delay, heat, varying flow and a full row of parcels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from site_models.arrays import Floats
from twin.physics.plug_flow import filled_pipe, leaving_c, mean_c, parcels, push

VOLUME_M3 = 0.34
STEPS = st.lists(st.tuples(st.floats(0.0, 0.1), st.floats(5.0, 80.0)), min_size=1, max_size=120)


def heat(pipe: tuple[Floats, Floats]) -> float:
    """Return the volume times temperature that a pipe holds [m3 C]."""
    return float(pipe[0] @ pipe[1])


def test_a_front_leaves_after_volume_over_flow_exactly() -> None:
    pipe = filled_pipe(VOLUME_M3, 30.0, 64)
    flow_m3_per_s, h_s = 0.02, 0.5
    delay_s = VOLUME_M3 / flow_m3_per_s
    for step in range(60):
        out_c = push(*pipe, flow_m3_per_s * h_s, 50.0)
        before = min(max((delay_s - step * h_s) / h_s, 0.0), 1.0)
        assert out_c == pytest.approx(before * 30.0 + (1.0 - before) * 50.0, abs=1e-9)


def test_any_course_of_temperature_comes_out_as_it_went_in() -> None:
    """Seventeen steps fill the pipe: what leaves is what entered seventeen steps before."""
    pipe = filled_pipe(17 * 0.02, 20.0, 19)
    entered = [40.0 + 15.0 * np.sin(0.7 * k) for k in range(200)]
    left = [push(*pipe, 0.02, c) for c in entered]
    np.testing.assert_allclose(left[17:], entered[:-17], atol=1e-9)
    np.testing.assert_allclose(left[:17], 20.0, atol=1e-9)


def test_the_delay_under_varying_flow_is_when_the_volume_has_passed() -> None:
    pipe = filled_pipe(VOLUME_M3, 30.0, 80)
    h_s, passed_m3, out_c = 0.25, 0.0, 30.0
    for step in range(400):
        inflow_m3 = h_s * 0.02 * (1.0 + 0.9 * np.sin(0.05 * step))
        before = min(max((VOLUME_M3 - passed_m3) / inflow_m3, 0.0), 1.0)
        out_c = push(*pipe, inflow_m3, 50.0)
        assert out_c == pytest.approx(before * 30.0 + (1.0 - before) * 50.0, abs=1e-8)
        passed_m3 += inflow_m3
    assert out_c == 50.0


@given(STEPS, st.integers(3, 40))
def test_heat_and_volume_are_conserved(steps: list[tuple[float, float]], places: int) -> None:
    pipe = filled_pipe(VOLUME_M3, 25.0, places)
    crossed = heat(pipe)
    for inflow_m3, inlet_c in steps:
        crossed += inflow_m3 * (inlet_c - push(*pipe, inflow_m3, inlet_c))
    assert heat(pipe) == pytest.approx(crossed, rel=1e-12)
    assert pipe[0].sum() == pytest.approx(VOLUME_M3, rel=1e-12)
    assert pipe[0].size == places
    assert parcels(pipe[0]) >= 1


@given(STEPS, st.integers(3, 12))
def test_nothing_leaves_hotter_or_colder_than_anything_that_entered(
    steps: list[tuple[float, float]], places: int
) -> None:
    pipe = filled_pipe(VOLUME_M3, 25.0, places)
    low_c, high_c = 25.0, 25.0
    for inflow_m3, inlet_c in steps:
        if inflow_m3 > 0.0:
            low_c, high_c = min(low_c, inlet_c), max(high_c, inlet_c)
        assert low_c - 1e-9 <= push(*pipe, inflow_m3, inlet_c) <= high_c + 1e-9
        assert low_c - 1e-9 <= mean_c(*pipe) <= high_c + 1e-9


def test_a_step_cut_in_two_moves_the_same() -> None:
    one, two = filled_pipe(VOLUME_M3, 30.0, 8), filled_pipe(VOLUME_M3, 30.0, 8)
    whole_c = push(*one, 0.1, 50.0)
    halves_c = 0.5 * (push(*two, 0.05, 50.0) + push(*two, 0.05, 50.0))
    assert whole_c == halves_c
    assert push(*one, 0.3, 20.0) == pytest.approx(push(*two, 0.3, 20.0), rel=1e-14)
    assert mean_c(*one) == pytest.approx(mean_c(*two), rel=1e-14)


def test_standing_fluid_stays_and_shows_its_own_temperature() -> None:
    pipe = filled_pipe(VOLUME_M3, 33.0, 8)
    push(*pipe, 0.1, 50.0)
    before = [a.copy() for a in pipe]
    assert push(*pipe, 0.0, 70.0) == 33.0
    np.testing.assert_array_equal(before, pipe)


def test_more_than_the_pipe_holds_passes_straight_through() -> None:
    pipe = filled_pipe(VOLUME_M3, 30.0, 8)
    out_c = push(*pipe, 2.0 * VOLUME_M3, 50.0)
    assert out_c == pytest.approx(40.0)
    assert mean_c(*pipe) == pytest.approx(50.0)


def test_a_full_row_blurs_a_front_but_not_its_arrival() -> None:
    """Eight parcels for a change-over of a hundred steps: half of the front comes in time."""
    pipe = filled_pipe(1.0, 30.0, 8)
    left = np.array([push(*pipe, 0.01, 30.0 if k < 20 else 50.0) for k in range(200)])
    assert np.argmax(left > 40.0) == pytest.approx(120, abs=3)
    assert left[-1] == 50.0


@pytest.mark.parametrize(("volume", "places"), [(0.0, 8), (-1.0, 8), (1.0, 2), (float("nan"), 8)])
def test_a_pipe_without_volume_or_places_is_refused(volume: float, places: int) -> None:
    with pytest.raises(ValueError, match="expected 3 places or more and a volume"):
        filled_pipe(volume, 20.0, places)


@given(STEPS)
def test_what_will_leave_is_what_leaves_to_the_last_bit(steps: list[tuple[float, float]]) -> None:
    pipe = filled_pipe(VOLUME_M3, 30.0, 16)
    for inflow_m3, inlet_c in steps:
        ahead_c = leaving_c(*pipe, inflow_m3)
        assert push(*pipe, inflow_m3, inlet_c) == ahead_c
    assert leaving_c(*pipe, 10.0 * VOLUME_M3) == pytest.approx(mean_c(*pipe), abs=1e-9)
