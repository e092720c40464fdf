"""The recent past: bounded, in order, and honest about what it does not have."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dashboards.history import GPU_SIGNALS, History, Ring, Series, binned, last
from dashboards.index import Index
from dashboards.summary import summarise
from tests.fakes.small_world import SmallWorld, small_snapshot

WORLD = SmallWorld()
INDEX = Index(WORLD.plant)


def filled(ticks: range) -> History:
    history = History(WORLD.plant, ticks=100)
    for tick in ticks:
        history.append(
            summarise(INDEX, small_snapshot(WORLD.plant, tick, 0.5, WORLD.supervisor), 0.0)
        )
    return history


@given(st.integers(0, 40))
def test_a_ring_keeps_the_newest_in_order(count: int) -> None:
    ring = Ring(7, 2)
    for i in range(count):
        ring.append(float(i), np.array([i, -i], dtype=np.float64))
    kept = ring.column(1)
    expected = np.arange(max(0, count - 7), count)
    np.testing.assert_array_equal(kept.time_s, expected)
    np.testing.assert_array_equal(kept.values, -expected)


def test_every_axis_gives_back_what_went_in() -> None:
    history = filled(range(1, 6))
    state = small_snapshot(WORLD.plant, 5, 0.5, WORLD.supervisor).state
    assert len(history.site("site_it_power_w").time_s) == 5
    np.testing.assert_allclose(
        history.rack("rack_power_w", 1).values, state.rack_power_w[1], rtol=1e-6
    )
    for signal, values in zip(GPU_SIGNALS, (state.gpu_temp_c, state.gpu_power_w), strict=True):
        np.testing.assert_allclose(history.gpu(signal, 47).values, values[47], rtol=1e-6)


def test_time_that_runs_backwards_begins_anew() -> None:
    history = filled(range(1, 6))
    history.append(summarise(INDEX, small_snapshot(WORLD.plant, 2, 0.5, WORLD.supervisor), 0.0))
    assert len(history.site("site_pue").time_s) == 1


def test_memory_stays_within_its_budget_for_a_large_site() -> None:
    history = History(WORLD.plant, ticks=7200, budget_bytes=100_000)
    assert len(history._gpu._time_s) < 900
    assert history._rack._rows.nbytes <= 50_000 or len(history._rack._time_s) == 60


finite = st.floats(-1e3, 1e3)


@given(st.lists(finite, min_size=1, max_size=50), st.floats(0.5, 20.0))
def test_bins_keep_the_mean_weighted_by_their_readings(values: list[float], step_s: float) -> None:
    time_s = 1e9 + np.arange(len(values), dtype=np.float64)
    out = binned(Series(time_s, np.array(values)), step_s)
    counts = np.unique(np.floor(time_s / step_s), return_counts=True)[1]
    np.testing.assert_allclose(np.sum(out.values * counts), np.sum(values), atol=1e-6)
    assert np.all(np.diff(out.time_s) > 0.0)


def test_a_bin_of_missing_readings_is_missing_not_zero() -> None:
    series = Series(np.array([0.0, 1.0, 4.0]), np.array([np.nan, np.nan, 3.0]))
    np.testing.assert_array_equal(binned(series, 4.0).values, [np.nan, 3.0])


def test_an_empty_past_stays_empty() -> None:
    nothing = Series(np.array([]), np.array([]))
    assert len(binned(nothing, 4.0).time_s) == len(last(nothing, 10.0).time_s) == 0


def test_the_last_minutes_end_at_the_newest_reading() -> None:
    series = Series(np.arange(100.0), np.arange(100.0))
    np.testing.assert_array_equal(last(series, 3.0).values, [96.0, 97.0, 98.0, 99.0])
