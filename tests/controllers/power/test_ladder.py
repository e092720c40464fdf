"""Stops of a ladder against sorting all its pieces, and throughput against their sums."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controllers.power.ladder import PRICES, Ladder

NEAR = 1e-3


def drawn(seed: int, gpus: int, alike: bool) -> Ladder:
    """Return a ladder of random pieces, some of no watts; with `alike` all but the same."""
    random = np.random.default_rng(seed)
    rise_w = random.uniform(0.0, 50.0, (gpus, 16)) * (random.random((gpus, 16)) > 0.2)
    worth = np.sort(random.uniform(1e-5, 1e-2, (gpus, 16)))[:, ::-1]
    if alike:
        rise_w, worth = np.tile(rise_w[:1], (gpus, 1)), np.tile(worth[:1], (gpus, 1))
        worth *= 1.0 + 1e-9 * random.random((gpus, 1))
    return Ladder(np.cumsum(np.c_[np.full(gpus, 200.0), rise_w], axis=1), worth.copy())


def watts_from(ladder: Ladder, price: float) -> float:
    """Return the watts of all pieces that are worth a price or more."""
    rise_w = np.diff(ladder.power_w, axis=1)
    return float(rise_w[ladder.worth_per_w >= price].sum())


@given(st.integers(0, 1000), st.integers(1, 40), st.booleans())
@settings(max_examples=40)
def test_equal_watts_lie_between_the_prices(seed: int, gpus: int, alike: bool) -> None:
    ladder = drawn(seed, gpus, alike)
    prices = ladder.prices()
    assert (np.diff(prices) < 0.0).all()
    assert prices[-1] == 0.0
    whole_w = watts_from(ladder, 0.0)
    if whole_w == 0.0:
        return
    sorted_w = [watts_from(ladder, price) for price in prices[:-1]]
    assert sorted_w[-1] == pytest.approx(whole_w)
    for part in np.arange(1, PRICES + 1) / PRICES * whole_w * (1.0 - 1e-9):
        k = int(np.searchsorted(sorted_w, part))
        above = prices[k] * (1.0 + NEAR)
        assert watts_from(ladder, above) < part <= sorted_w[k]


def test_a_ladder_without_watts_has_one_price() -> None:
    np.testing.assert_array_equal(Ladder(np.full((3, 5), 200.0), np.ones((3, 4))).prices(), [0.0])


def test_throughput_at_a_power_is_what_the_pieces_below_are_worth() -> None:
    ladder = Ladder(np.array([[100.0, 150.0, 150.0, 250.0]]), np.array([[4.0, 3.0, 1.0]]))
    reached = [ladder.reached(np.array([w]))[0] for w in (50.0, 125.0, 200.0, 300.0)]
    np.testing.assert_allclose(reached, [0.0, 100.0, 250.0, 300.0])
