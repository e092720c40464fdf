"""A rack behind its valve: flow and opening are inverse, monotone, and finite at rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.physics.hydraulics import branch_loss_pa, valve_square
from twin.physics.parallel_racks import branch_flow, highest_head_pa, opening_for

SQUARES = st.floats(10.0, 1e6)
LINEARS = st.floats(0.0, 1e5)
PRESSURES = st.floats(1e3, 4e5)
OPENINGS = st.floats(0.05, 1.0)


@given(PRESSURES, SQUARES, LINEARS, SQUARES, OPENINGS)
def test_the_flow_loses_the_pressure_that_drives_it(
    dp_pa: float, square: float, linear: float, valve: float, opening: float
) -> None:
    flow, slope = branch_flow(dp_pa, square, linear, valve, opening)
    lost_pa = branch_loss_pa(flow, square + valve_square(valve, opening), linear)
    assert lost_pa == pytest.approx(dp_pa, rel=1e-6)
    more, _ = branch_flow(1.0001 * dp_pa, square, linear, valve, opening)
    assert slope == pytest.approx((more - flow) / (0.0001 * dp_pa), rel=1e-3)


@given(PRESSURES, SQUARES, LINEARS, SQUARES, OPENINGS)
def test_the_opening_for_a_flow_gives_that_flow(
    dp_pa: float, square: float, linear: float, valve: float, opening: float
) -> None:
    flow, _ = branch_flow(dp_pa, square, linear, valve, opening)
    found = opening_for(flow, dp_pa, square, linear, valve)
    again, _ = branch_flow(dp_pa, square, linear, valve, found)
    assert again == pytest.approx(flow, rel=1e-6)
    assert opening_for(100.0 * flow + 1e3, dp_pa, square, linear, valve) == 1.0


@given(PRESSURES, SQUARES, LINEARS, SQUARES, OPENINGS)
def test_flow_rises_with_pressure_and_opening(
    dp_pa: float, square: float, linear: float, valve: float, opening: float
) -> None:
    flow, _ = branch_flow(dp_pa, square, linear, valve, opening)
    assert branch_flow(1.1 * dp_pa, square, linear, valve, opening)[0] > flow
    assert branch_flow(dp_pa, square, linear, valve, 1.1 * opening)[0] > flow


@pytest.mark.parametrize("linear", [0.0, 1e3])
def test_nothing_flows_without_pressure_or_through_a_shut_valve(linear: float) -> None:
    assert branch_flow(0.0, 1e4, linear, 1e4, 1.0)[0] == 0.0
    assert branch_flow(1e5, 1e4, linear, 1e4, 0.0) == (0.0, 0.0)
    assert branch_flow(1e5, 0.0, linear, 0.0, 1.0) == (0.0, 0.0)
    assert opening_for(0.0, 1e5, 1e4, linear, 1e4) == 0.0


def test_the_highest_head_is_that_of_the_parabola() -> None:
    assert highest_head_pa(3e5, 4e3, 800.0) == pytest.approx(3e5 + 4e3 * 2.5 - 800.0 * 2.5**2)
    assert highest_head_pa(3e5, -1e3, 800.0) == 3e5
