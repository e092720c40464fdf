"""Exchanger laws against golden values, limits, a boundary value solver and a march."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_bvp

from site_models.arrays import Floats
from twin.physics.heat_exchange import (
    counterflow_effectiveness,
    crossflow_effectiveness,
    exchanged_heat_w,
    ua_off_design,
)

NTU = st.floats(0.0, 60.0)
RATIO = st.floats(0.0, 1.0)
FLOW = st.floats(0.0, 2.0)
SHARE = st.floats(0.05, 0.95)


def counterflow_by_shooting(ntu: float, ratio: float) -> float:
    """Return the effectiveness from the two differential equations of the streams.

    The hot stream is the smaller one, runs from x = 0 at 1 and meets cold that enters at
    x = 1 at 0; its own drop is then the effectiveness.
    """

    def slopes(_: Floats, y: Floats) -> Floats:
        lost = ntu * (y[0] - y[1])
        return np.vstack((-lost, -ratio * lost))

    def ends(first: Floats, last: Floats) -> Floats:
        return np.array([first[0] - 1.0, last[1]])

    x = np.linspace(0.0, 1.0, 50)
    solved = solve_bvp(slopes, ends, x, np.vstack((1.0 - x, 1.0 - x)), tol=1e-9, max_nodes=20_000)
    assert solved.success
    return float(1.0 - solved.y[0, -1])


def crossflow_by_march(ntu: float, ratio: float, cells: int = 200) -> float:
    """Return the effectiveness of a plate of cells that both streams cross unmixed.

    The smaller stream is hot and runs along the rows; second order in the cell size.
    """
    step = ntu / cells
    hot = np.ones(cells)
    warmed = 0.0
    for _ in range(cells):
        cold = 0.0
        for row in range(cells):
            lost = step * (hot[row] - cold) / (1.0 + 0.5 * step * (1.0 + ratio))
            hot[row] -= lost
            cold += ratio * lost
        warmed += cold / cells
    assert warmed == pytest.approx(ratio * (1.0 - hot.mean()), abs=1e-12)
    return float(1.0 - hot.mean())


@pytest.mark.parametrize(
    ("ntu", "ratio", "golden"),
    [(1.0, 1.0, 0.5), (2.0, 1.0, 0.666667), (3.0, 0.8, 0.804328), (5.0, 0.9, 0.866439)],
)
def test_counterflow_has_the_golden_values(ntu: float, ratio: float, golden: float) -> None:
    assert counterflow_effectiveness(ntu, ratio) == pytest.approx(golden, abs=1e-6)


@pytest.mark.parametrize(
    ("ntu", "ratio"), [(0.3, 0.5), (1.0, 1.0), (2.5, 0.25), (3.0, 0.8), (6.0, 1.0)]
)
def test_counterflow_solves_the_equations_of_its_streams(ntu: float, ratio: float) -> None:
    assert counterflow_effectiveness(ntu, ratio) == pytest.approx(
        counterflow_by_shooting(ntu, ratio), abs=1e-7
    )


@given(NTU)
def test_counterflow_keeps_its_two_limits(ntu: float) -> None:
    assert counterflow_effectiveness(ntu, 0.0) == pytest.approx(-np.expm1(-ntu), abs=1e-14)
    assert counterflow_effectiveness(ntu, 1.0) == pytest.approx(ntu / (1.0 + ntu), abs=1e-14)


@given(NTU)
def test_counterflow_passes_smoothly_through_equal_streams(ntu: float) -> None:
    near = counterflow_effectiveness(ntu, 1.0 - 1e-9)
    assert near == pytest.approx(counterflow_effectiveness(ntu, 1.0), abs=1e-7)


@given(NTU, RATIO)
def test_no_flow_pattern_beats_counterflow(ntu: float, ratio: float) -> None:
    counter = counterflow_effectiveness(ntu, ratio)
    parallel = -np.expm1(-ntu * (1.0 + ratio)) / (1.0 + ratio)
    assert parallel - 1e-12 <= counter <= min(ntu, 1.0) + 1e-12
    assert crossflow_effectiveness(ntu, ratio) <= counter + 0.006


@given(NTU, st.floats(0.01, 5.0), RATIO)
def test_a_larger_exchanger_exchanges_more(ntu: float, more: float, ratio: float) -> None:
    for law in (counterflow_effectiveness, crossflow_effectiveness):
        assert law(ntu + more, ratio) >= law(ntu, ratio) - 1e-14


@pytest.mark.parametrize(("ntu", "ratio"), [(0.5, 0.5), (1.0, 1.0), (2.0, 0.7), (4.0, 0.3)])
def test_crossflow_agrees_with_a_march_over_the_plate(ntu: float, ratio: float) -> None:
    assert crossflow_effectiveness(ntu, ratio) == pytest.approx(
        crossflow_by_march(ntu, ratio), abs=0.012
    )


@given(NTU)
def test_crossflow_against_a_boiling_stream_is_exponential(ntu: float) -> None:
    assert crossflow_effectiveness(ntu, 0.0) == pytest.approx(-np.expm1(-ntu), abs=1e-14)
    assert crossflow_effectiveness(ntu, 1e-6) == pytest.approx(-np.expm1(-ntu), abs=1e-4)


def test_nothing_is_exchanged_without_a_surface() -> None:
    assert counterflow_effectiveness(0.0, 0.5) == 0.0
    assert crossflow_effectiveness(0.0, 0.5) == 0.0


@given(st.floats(1.0, 1e6), SHARE)
def test_ua_is_rated_at_the_rated_flows(ua: float, share: float) -> None:
    assert ua_off_design(ua, share, 1.0, 1.0) == pytest.approx(ua, rel=1e-14)


@given(SHARE, FLOW, FLOW, st.floats(0.0, 1.0))
def test_ua_never_falls_with_more_flow(share: float, hot: float, cold: float, more: float) -> None:
    before = ua_off_design(1000.0, share, hot, cold)
    assert ua_off_design(1000.0, share, hot + more, cold) >= before
    assert ua_off_design(1000.0, share, hot, cold + more) >= before


def test_half_the_flow_on_one_side_costs_what_its_film_resists() -> None:
    resistance = 0.55 * 0.5**-0.7 + 0.45
    assert ua_off_design(1000.0, 0.55, 0.5, 1.0) == pytest.approx(1000.0 / resistance)


def test_an_exchanger_at_rest_still_conducts_a_little() -> None:
    assert 0.0 < ua_off_design(1000.0, 0.5, 0.0, 0.0) < 20.0


@given(
    st.floats(20.0, 60.0),
    st.floats(0.0, 19.0),
    st.floats(1.0, 1e5),
    st.floats(1.0, 1e5),
    st.floats(1.0, 1e5),
)
def test_streams_never_cross(
    hot_c: float, cold_c: float, hot_w_per_k: float, cold_w_per_k: float, ua: float
) -> None:
    smaller, larger = sorted((hot_w_per_k, cold_w_per_k))
    for law in (counterflow_effectiveness, crossflow_effectiveness):
        part = law(ua / smaller, smaller / larger)
        heat_w = exchanged_heat_w(part, hot_w_per_k, cold_w_per_k, hot_c - cold_c)
        assert hot_c - heat_w / hot_w_per_k >= cold_c - 1e-9
        assert cold_c + heat_w / cold_w_per_k <= hot_c + 1e-9


def test_laws_broadcast_over_arrays() -> None:
    found = counterflow_effectiveness(np.array([[1.0], [2.0]]), np.array([0.0, 1.0]))
    np.testing.assert_allclose(found, [[1 - np.exp(-1), 0.5], [1 - np.exp(-2), 2 / 3]])
