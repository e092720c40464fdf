"""Compiled walks over GPUs, nodes and racks give what sums by index give."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controllers.gather import runs_of, sum_by
from controllers.placement.sums import climbed, free_powers_w, largest_of_rack_w, tightest
from controllers.placement.taking import (
    gpus_of,
    limits_hold,
    touched_nodes,
    touched_racks,
    whole_racks,
)
from site_models.arrays import Ints

SEEDS = st.integers(0, 10_000)


def nodes(rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """Return first GPU and GPUs of nodes, some without any, and the node of each GPU."""
    count = rng.integers(0, 5, 12)
    return np.cumsum(count) - count, count, np.repeat(np.arange(12), count)


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_powers_by_node_are_sums_over_their_gpus(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, count, node = nodes(rng)
    power_w = rng.uniform(0.0, 900.0, len(node))
    np.testing.assert_allclose(runs_of(node, 12).sum(power_w), sum_by(node, power_w, 12))
    free = rng.random(len(node)) < 0.5
    total_w, most_w = free_powers_w(power_w, free, first, count)
    np.testing.assert_allclose(total_w, sum_by(node[free], power_w[free], 12))
    for n in range(12):
        assert most_w[n] == power_w[free & (node == n)].max(initial=0.0)


def test_a_rack_is_sized_by_its_warmest_node() -> None:
    node_w, share = np.array([10.0, 40.0, 30.0]), np.array([0.5, 0.5, 0.0])
    found_w = largest_of_rack_w(np.array([5.0, 7.0]), node_w, share, np.array([0, 0, 1]))
    np.testing.assert_array_equal(found_w, [80.0, 7.0])


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_limits_hold_as_their_sums_say(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = rng.integers(1, 4, 8)
    begin = np.append(0, np.cumsum(size))
    limit, factor = rng.integers(0, 6, begin[-1]), rng.uniform(0.5, 2.0, begin[-1])
    racks = rng.permutation(8)[: int(rng.integers(1, 8))]
    gpu_w = rng.uniform(0.0, 100.0, len(racks))
    room_w, live = rng.uniform(-50.0, 400.0, 6), rng.random(6) < 0.8
    more_w = np.zeros(6)
    for rack, watts in zip(racks, gpu_w, strict=True):
        entries = slice(begin[rack], begin[rack + 1])
        np.add.at(more_w, limit[entries], factor[entries] * watts)
    holds = bool((~live | (more_w <= np.maximum(room_w, 0.0) + 1e-9)).all())
    assert limits_hold(racks, gpu_w, begin, limit, factor, room_w, live) == holds


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_touched_nodes_come_with_all_of_their_gpus(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, count, node_of = nodes(rng)
    total = len(node_of)
    sets = [
        np.sort(rng.choice(total, int(rng.integers(1, total + 1)), replace=False)) for _ in range(3)
    ]
    begin = np.cumsum([0, *(len(one) for one in sets)])
    whose, node, gpu, row, at = touched_nodes(np.concatenate(sets), begin, node_of, first, count)
    np.testing.assert_array_equal(gpu[at], np.concatenate(sets))
    np.testing.assert_array_equal(node[row], node_of[gpu])
    for k, one in enumerate(sets):
        mine = np.unique(node_of[one])
        np.testing.assert_array_equal(node[whose == k], mine)
        np.testing.assert_array_equal(gpu[whose[row] == k], gpus_of(mine, first, count))


def test_racks_that_give_all_are_told_from_those_that_give_some() -> None:
    first, node, room = np.array([0, 2, 4]), np.array([0, 1, 2, 3]), np.array([4, 0, 3, 4])
    nodes_, gives, whole = whole_racks(np.array([0, 1]), np.array([4, 5]), first, node, room)
    assert (nodes_.tolist(), gives.tolist(), whole.tolist()) == ([0], [4], [True, False])


@pytest.mark.parametrize("owner", [[0, 1, 0], [2, 2, 1, 2]])
def test_what_does_not_stand_together_has_no_runs(owner: list[int]) -> None:
    with pytest.raises(ValueError, match="stand together"):
        runs_of(np.array(owner), 3)


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_touched_racks_are_sums_and_largest_of_their_nodes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rack_of, share = np.repeat(np.arange(4), 3), np.where(rng.random(12) < 0.8, 0.25, 0.0)
    wetter, node_w, added_w = rng.uniform(0.5, 1.5, (3, 12))
    sized_w, liquid_w = rng.uniform(0.0, 4.0, (2, 4))
    sets = [np.sort(rng.choice(12, int(rng.integers(1, 13)), replace=False)) for _ in range(3)]
    whose = np.repeat(np.arange(3), [len(one) for one in sets])
    node = np.concatenate(sets)
    place, of, rack, rise_w, size_w, heat_w = touched_racks(
        whose, node, added_w[node], rack_of, wetter, share, node_w, sized_w, liquid_w
    )
    np.testing.assert_array_equal(rack[place], rack_of[node])
    np.testing.assert_array_equal(of[place], whose)
    for p in range(len(rack)):
        mine = sets[of[p]][rack_of[sets[of[p]]] == rack[p]]
        more_w = (wetter * added_w)[mine]
        np.testing.assert_allclose(rise_w[p], added_w[mine].sum())
        np.testing.assert_allclose(heat_w[p], liquid_w[rack[p]] + more_w.sum())
        wet = share[mine] > 0.0
        whole_w = (node_w[mine] + more_w)[wet] / share[mine][wet]
        assert size_w[p] == whole_w.max(initial=sized_w[rack[p]])


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_a_rack_takes_what_its_tightest_limit_leaves(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = rng.integers(1, 4, 5)
    first = np.append(0, np.cumsum(size))
    limit = np.concatenate([rng.permutation(6)[:count] for count in size])
    factor, room_w = rng.choice([0.0, 0.5, 2.0], first[-1]), rng.uniform(-9.0, 99.0, 6)
    fit_w, tight = tightest(room_w, factor, first, limit)
    for r in range(5):
        mine = range(first[r], first[r + 1])
        fits = {int(limit[i]): room_w[limit[i]] / factor[i] for i in mine if factor[i] > 0.0}
        assert fit_w[r] == min(fits.values(), default=np.inf)
        own = int(limit[first[r + 1] - 1])
        assert tight[r] == min(fits, key=lambda k: fits[k], default=own)


def test_a_watt_grows_by_every_stage_on_its_way_up() -> None:
    # two connections of one rack through stages 1 and 2 to stage 0
    carrier, entry = np.array([[0, 0], [1, 2]]), np.array([[2, 2], [0, 1]])
    found = climbed(
        np.array([0.0, 0.0, 0.0, 1.0]),
        np.array([0.6, 0.4]),
        np.array([1.5, 1.1, 1.2]),
        carrier,
        entry,
    )
    np.testing.assert_allclose(found, [0.6, 0.4, 0.6 * 1.1 + 0.4 * 1.2, 1.0])
