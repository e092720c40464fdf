"""The compiled solver of loops: its linear algebra, its ends and a rising pump curve."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from site_models.arrays import Floats
from twin.physics.hydraulics import branch_loss_pa
from twin.physics.loop_flow import (
    NO_RESISTANCE,
    NOT_CLOSED,
    SOLVED,
    Laws,
    Loops,
    settle_loops,
    solve_in_place,
)


def single_loop(square: float, linear: float, source_pa: float) -> tuple[Laws, Loops]:
    """Return one branch closed upon itself."""
    one = np.ones(1)
    laws = Laws(square * one, linear * one, source_pa * one, 0 * one, one, 0 * one, one < 0.0)
    return laws, Loops(np.array([0, 1]), np.array([0]), one, 1)


def settled(laws: Laws, loops: Loops, start: float) -> tuple[int, Floats]:
    circulation, flow, loss = np.full(1, start), np.empty(1), np.empty(1)
    outcome, _, _ = settle_loops(laws, loops, circulation, flow, loss)
    return outcome, flow


@given(st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_elimination_agrees_with_numpy(size: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    half, wanted = draw.normal(size=(size, size)), draw.normal(size=size)
    matrix = half @ half.T + np.eye(size)
    right = matrix @ wanted
    assert solve_in_place(matrix.copy(), right)
    np.testing.assert_allclose(right, wanted, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("corner", [4.0, 3.0])
def test_elimination_refuses_what_is_not_positive_definite(corner: float) -> None:
    assert not solve_in_place(np.array([[1.0, 2.0], [2.0, corner]]), np.ones(2))


@given(
    st.floats(1.0, 1e6),
    st.floats(0.0, 1e6),
    st.floats(-5e5, 5e5),
    st.floats(-100.0, 100.0),
)
def test_one_loop_has_the_root_of_its_quadratic_from_any_start(
    square: float, linear: float, source_pa: float, start: float
) -> None:
    outcome, flow = settled(*single_loop(square, linear, source_pa), start)
    half = 0.5 * linear / square
    root = np.sqrt(half**2 + abs(source_pa) / square) - half
    assert outcome == SOLVED
    np.testing.assert_allclose(flow[0], np.copysign(root, source_pa), rtol=1e-6, atol=1e-5)
    np.testing.assert_allclose(branch_loss_pa(flow[0], square, linear), source_pa, atol=1e-5)


@given(st.floats(1e3, 1e9), st.floats(-30.0, 30.0))
def test_a_pump_on_the_rising_part_of_its_curve_is_found(square: float, start: float) -> None:
    """The XDU1350's head rises up to 3.3 kg/s; its slope against the flow is then negative."""
    rise, fall, rest_pa = 5470.0, 826.0, 476456.8
    outcome, flow = settled(*single_loop(square + fall, -rise, rest_pa), start)
    m = flow[0]
    assert outcome == SOLVED
    assert m > 0.0
    np.testing.assert_allclose((square + fall) * m * m, rise * m + rest_pa, rtol=1e-7)


def test_a_source_without_resistance_is_told() -> None:
    assert settled(*single_loop(0.0, 0.0, 1e5), 1.0)[0] == NO_RESISTANCE


def test_a_law_that_is_no_number_is_told() -> None:
    assert settled(*single_loop(np.nan, 0.0, 1e5), 1.0)[0] in (NOT_CLOSED, NO_RESISTANCE)


def test_a_loop_that_nothing_drives_comes_to_rest() -> None:
    outcome, flow = settled(*single_loop(1e4, 0.0, 0.0), 5.0)
    assert outcome == SOLVED
    assert abs(flow[0]) < 1e-8
