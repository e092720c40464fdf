"""Fair shares against linear programs, and what fairness means."""

import numpy as np
import pytest

from benchmarks.fair_shares import by_filling, by_linear_programs, random_network


@pytest.mark.parametrize("seed", range(25))
def test_shares_agree_with_a_sequence_of_linear_programs(seed: int) -> None:
    rates, weights, limits = random_network(seed)
    np.testing.assert_allclose(
        by_filling(rates, weights, limits), by_linear_programs(rates, weights, limits), rtol=1e-5
    )


@pytest.mark.parametrize("seed", range(100, 140))
def test_no_link_carries_more_than_its_rate_and_every_job_is_held_by_something(seed: int) -> None:
    rates, weights, limits = random_network(seed)
    share = by_filling(rates, weights, limits)
    carried = share @ weights
    assert (carried <= rates * (1.0 + 1e-9)).all()
    full = carried >= rates * (1.0 - 1e-9)
    held = (weights[:, full] > 0.0).any(axis=1) | (share >= limits * (1.0 - 1e-9))
    assert held.all()


def test_a_job_on_no_link_gets_all_it_can_use() -> None:
    share = by_filling(np.array([1.0]), np.array([[0.0], [2.0]]), np.array([7.0, 9.0]))
    np.testing.assert_allclose(share, [7.0, 0.5])
