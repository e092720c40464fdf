"""A bank gives what it holds where it counts, and no joule is lost or made."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from site_models.arrays import Floats
from twin.physics.level_control import Bank, at_rest, level_control

STEP_S = 0.001


def drawn(bank: Bank, load_w: Floats, start_w: float) -> tuple[Floats, float]:
    """Return the draw, and the rise of what the bank holds."""
    now, draws = at_rest(bank, start_w), []
    first_j = now.energy_j
    for load in load_w.tolist():
        now, draw_w = level_control(bank, now, load, STEP_S)
        draws.append(draw_w)
    return np.array(draws), now.energy_j - first_j


def square(high_s: float, low_s: float, periods: int) -> Floats:
    one = np.r_[np.full(round(high_s / STEP_S), 1400.0), np.full(round(low_s / STEP_S), 490.0)]
    return np.tile(one, periods)


@pytest.mark.parametrize("start_w", [490.0, 1400.0, 175.0])
def test_a_small_bank_cuts_a_burst_by_what_it_holds_over_its_length(start_w: float) -> None:
    draws, _ = drawn(Bank(65.0), square(0.15, 0.85, 24), start_w)
    best_w = 1400.0 - 65.0 / 0.15
    assert best_w <= draws[-4000:].max() <= best_w + 0.025 * 65.0 / 0.15


def test_a_large_bank_draws_the_mean_whatever_the_period() -> None:
    for high_s, low_s in ((1.4, 0.6), (0.35, 0.15), (0.5, 1.1)):
        load_w = square(high_s, low_s, 60)
        draws, _ = drawn(Bank(450.0), load_w, 490.0)
        settled = draws[-round(4 * (high_s + low_s) / STEP_S) :]
        assert settled.max() == pytest.approx(load_w.mean(), rel=5e-3)
        assert settled.min() == pytest.approx(load_w.mean(), rel=5e-3)


def test_a_steady_load_is_drawn_as_it_is() -> None:
    draws, rise_j = drawn(Bank(400.0), np.full(5000, 800.0), 300.0)
    assert draws[-1] == pytest.approx(800.0)
    assert abs(rise_j) <= 200.0


@given(
    st.lists(st.tuples(st.floats(0.0, 1500.0), st.integers(1, 300)), min_size=1, max_size=12),
    st.floats(1.0, 600.0),
    st.floats(0.9, 1.0),
    st.floats(0.0, 1500.0),
)
@settings(max_examples=60)
def test_energy_closes_and_the_bank_stays_within_its_size(
    parts: list[tuple[float, int]], capacity_j: float, efficiency: float, start_w: float
) -> None:
    bank = Bank(capacity_j, efficiency)
    load_w = np.concatenate([np.full(steps, power_w) for power_w, steps in parts])
    now, lost_j, first_j = at_rest(bank, start_w), 0.0, 0.5 * capacity_j
    taken_j = 0.0
    for load in load_w.tolist():
        before_j = now.energy_j
        now, draw_w = level_control(bank, now, load, STEP_S)
        into_j, rise_j = (draw_w - load) * STEP_S, now.energy_j - before_j
        lost_j += into_j - rise_j
        taken_j += into_j
        assert into_j - rise_j >= -1e-9
        assert -1e-9 <= now.energy_j <= capacity_j + 1e-9
        assert now.lower_w <= now.upper_w + 1e-9
        assert draw_w >= -1e-9
    assert now.energy_j - first_j + lost_j == pytest.approx(taken_j, abs=1e-6)
    if efficiency == 1.0:
        assert lost_j == pytest.approx(0.0, abs=1e-6)
