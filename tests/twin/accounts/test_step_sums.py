"""Sums of held values: by hand, additive, and only where the series reaches."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from site_models.arrays import Floats
from site_models.errors import InputError
from twin.accounts.step_sums import held_sum, product_sum

HOUR_S = 3600.0


@dataclass(frozen=True)
class Prices:
    edges_s: Floats
    value: Floats
    label: str = "price"


FOUR = Prices(np.arange(5, dtype=np.float64) * HOUR_S, np.array([10.0, -2.0, 50.0, 0.0]))
TIMES = st.floats(0.0, 4.0 * HOUR_S)


def test_a_part_of_each_hour_counts_by_its_length() -> None:
    found = held_sum(FOUR, 0.5 * HOUR_S, 2.25 * HOUR_S)
    assert found == pytest.approx((0.5 * 10.0 - 1.0 * 2.0 + 0.25 * 50.0) * HOUR_S, rel=1e-14)


def test_nothing_costs_nothing_at_any_instant() -> None:
    for time_s in (0.0, HOUR_S, 1.5 * HOUR_S, 4.0 * HOUR_S):
        assert held_sum(FOUR, time_s, time_s) == 0.0


@given(TIMES, TIMES, TIMES)
def test_intervals_add_up(a: float, b: float, c: float) -> None:
    first_s, middle_s, last_s = sorted((a, b, c))
    parts = held_sum(FOUR, first_s, middle_s) + held_sum(FOUR, middle_s, last_s)
    assert parts == pytest.approx(held_sum(FOUR, first_s, last_s), abs=1e-6)


def test_power_and_price_on_different_clocks_by_hand() -> None:
    edges_s = np.array([0.25, 1.75, 2.0, 3.5]) * HOUR_S
    power_w = np.array([100.0, 200.0, 400.0])
    by_hand = 100.0 * (0.75 * 10.0 - 0.75 * 2.0) - 200.0 * 0.25 * 2.0 + 400.0 * 50.0
    assert product_sum(edges_s, power_w, FOUR) == pytest.approx(by_hand * HOUR_S, rel=1e-14)


@given(st.lists(TIMES, min_size=2, max_size=12, unique=True), st.integers(0, 99))
def test_the_product_is_the_sum_of_its_steps(times: list[float], seed: int) -> None:
    edges_s = np.array(sorted(times))
    power_w = np.random.default_rng(seed).uniform(0.0, 1e6, len(edges_s) - 1)
    steps = sum(
        power_w[k] * held_sum(FOUR, edges_s[k], edges_s[k + 1]) for k in range(len(power_w))
    )
    assert product_sum(edges_s, power_w, FOUR) == pytest.approx(steps, rel=1e-9, abs=1e-3)


def test_a_missing_power_is_not_free() -> None:
    assert np.isnan(product_sum(np.array([0.0, 1.0, 2.0]), np.array([1.0, np.nan]), FOUR))


def test_time_outside_the_series_is_refused() -> None:
    told = "price: covers 1970-01-01T00:00:00Z to 1970-01-01T04:00:00Z, expected 1970-01-01T03"
    with pytest.raises(InputError, match=told):
        held_sum(FOUR, 3.0 * HOUR_S, 5.0 * HOUR_S)
    with pytest.raises(InputError):
        product_sum(np.array([-1.0, 1.0]), np.array([1.0]), FOUR)
