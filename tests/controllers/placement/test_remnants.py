"""The advice packs jobs so that the jobs to come still find their places."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controllers.jobs.allocation import Allocation
from controllers.jobs.allocations import Allocations
from controllers.placement.fragments import BROKEN
from controllers.placement.free import free_of
from controllers.placement.index import place_index
from controllers.placement.remnants import Remnants, remnants_of
from controllers.placement.site_mix import site_mix, usual_mix
from tests.fakes.small_plant import small_plant

PLANT = small_plant()
INDEX = place_index(PLANT)
WIDE = ((8, 1.0, 400), (4, 1.0, 400), (1, 1.0, 800), (1, 0.5, 800))


def remnants(free: dict[int, float], seen: tuple[tuple[int, float, int], ...] = WIDE) -> Remnants:
    shares = np.ones(len(PLANT.gpu_names))
    for gpu, share in free.items():
        shares[gpu] = share
    return remnants_of(INDEX, free_of(INDEX, shares, np.zeros(len(shares)), seen))


def by_hand(site: Remnants, gpus: list[int], share: float) -> float:
    """Return the rise, node by node and kind by kind."""
    total = 0.0
    after = site.free.copy()
    after[gpus] -= share
    node = PLANT.arrays.gpus.node
    for n in np.unique(node[gpus]):
        old, new = site.free[node == n], after[node == n]
        total += site.expected.left_of(new) - site.expected.left_of(old)
        whole, left = int((old >= 1.0).sum()), int((new >= 1.0).sum())
        mine = int((node[gpus] == n).sum()) if share == 1.0 else 0
        if share < 1.0:
            total += BROKEN * (whole - left)
        for kind, price in zip(site.expected.wide_gpus, site.price, strict=True):
            if left < kind <= whole and kind > mine:
                total += price
    return total


@given(
    st.dictionaries(st.integers(0, 47), st.sampled_from([0.0, 0.25, 0.5]), max_size=30),
    st.lists(st.integers(0, 47), min_size=1, max_size=48, unique=True),
    st.sampled_from([1.0, 0.5, 0.25]),
)
def test_the_rise_is_the_sum_over_the_nodes_touched(
    free: dict[int, float], wished: list[int], share: float
) -> None:
    site = remnants(free)
    gpus = sorted(g for g in wished if site.free[g] >= share)
    if gpus:
        rise = site.rise(np.array(gpus), share)
        assert rise == pytest.approx(by_hand(site, gpus, share), abs=1e-9)
        assert 0.0 <= site.tidiness(np.array(gpus), share) <= 1.0


def test_a_half_free_node_is_filled_before_a_whole_one_is_broken() -> None:
    site = remnants(dict.fromkeys(range(36, 40), 0.0))
    half, whole = np.arange(32, 36), np.arange(40, 44)
    assert site.tidiness(half, 1.0) > site.tidiness(whole, 1.0) + 0.2
    assert site.tidiness(np.array([32]), 1.0) > site.tidiness(np.array([40]), 1.0)


def test_a_share_goes_beside_a_share_that_it_fills_up() -> None:
    site = remnants({13: 0.5, 17: 0.75})
    filled, beside, fresh = (site.tidiness(np.array([g]), 0.5) for g in (13, 17, 21))
    assert filled > fresh + 0.2
    assert beside > fresh


def test_a_wide_job_pays_nothing_for_the_place_that_it_takes_itself() -> None:
    site = remnants({})
    eight, pieces = np.arange(32, 40), np.array([0, 4, 8, 12, 16, 20, 24, 28])
    assert site.tidiness(eight, 1.0) > 0.5
    assert site.tidiness(eight, 1.0) > site.tidiness(pieces, 1.0)


def test_gpus_out_of_service_are_not_free() -> None:
    gpus = PLANT.arrays.gpus
    serving = gpus.in_service.copy()
    serving[32:36] = False
    plant = small_plant(PLANT.arrays._replace(gpus=gpus._replace(in_service=serving)))
    index, shares = place_index(plant), np.ones(len(plant.gpu_names))
    site = remnants_of(index, free_of(index, shares, 0.0 * shares, WIDE))
    assert site.free[32:36].sum() == 0.0


def test_a_site_expects_the_usual_jobs_until_it_has_seen_its_own() -> None:
    usual, own = site_mix((), 8), site_mix(((1, 0.3, 100_000),), 8)
    assert usual.weight.sum() == pytest.approx(1.0)
    assert len(usual.weight) == len(usual_mix().jobs)
    kind = int(np.flatnonzero(own.tasks.share == 0.3)[0])
    assert own.weight[kind] > 0.999


def test_a_job_over_several_nodes_is_a_task_for_each() -> None:
    counted = usual_mix().counts_as_jobs
    mix = site_mix(((20, 1.0, 1000),), 8)
    by_gpus = {int(mix.tasks.gpus[k]): float(mix.weight[k]) for k in mix.wide}
    assert by_gpus[8] / by_gpus[4] == pytest.approx(2.0, rel=0.01)
    assert by_gpus[8] + by_gpus[4] > 1.0 - counted / 1000.0


def test_jobs_seen_are_told_again_when_they_are_a_quarter_more() -> None:
    table = Allocations(PLANT)
    told = []
    for job in range(12):
        table.put(Allocation(f"j{job}", np.array([job]), 0.0, share=0.5), 0.0)
        table.release(f"j{job}")
        told.append(sum(jobs for _, _, jobs in table.holdings(0.0).seen))
    assert told == [1, 2, 3, 4, 5, 5, 7, 7, 9, 9, 9, 12]
    assert table.holdings(0.0).seen == ((1, 0.5, 12),)


def test_a_job_told_twice_or_moved_is_seen_once() -> None:
    table = Allocations(PLANT)
    for gpus in ([1, 2], [1, 2], [3, 4]):
        table.put(Allocation("job", np.array(gpus), 0.0), 0.0)
    assert table.holdings(0.0).seen == ((2, 1.0, 1),)
