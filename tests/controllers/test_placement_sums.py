"""Compiled walks over GPUs, nodes and racks give what sums by index give."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from controllers.gather import distinct, sum_by
from controllers.placement.sums import free_powers_w, largest_of_rack_w, promised_powers_w
from controllers.placement.taking import (
    gpus_of,
    limits_hold,
    touched_nodes,
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
    drawn_w, told_w = rng.uniform(0.0, 900.0, (2, len(node)))
    power_w, more_w = promised_powers_w(drawn_w, told_w, first, count)
    np.testing.assert_array_equal(power_w, np.maximum(drawn_w, told_w))
    np.testing.assert_allclose(more_w, sum_by(node, power_w - drawn_w, 12))
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


@given(st.lists(st.integers(0, 9), max_size=12), st.booleans())
def test_distinct_keys_are_those_of_a_sort(keys: list[int], in_order: bool) -> None:
    asked = np.array(sorted(keys) if in_order else keys, dtype=np.int64)
    found, at = distinct(asked)
    np.testing.assert_array_equal(found, np.unique(asked))
    np.testing.assert_array_equal(found[at], asked)
