"""What a placement leaves unusable, by hand and by its bounds."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controllers.placement.fragments import (
    BROKEN,
    LOST,
    growth,
    host_price,
    hosted,
    left_over,
    priced,
    unusable,
    worth,
)
from controllers.placement.mix import ANY_MODEL, Mix, Tasks, mix_of
from controllers.placement.node_room import WHOLE, Node, fits, taken
from site_models.arrays import Floats

KINDS = [(1, 0.25), (1, 0.5), (1, 0.75), (1, 1.0), (2, 1.0), (4, 1.0)]


def tasks_of(kinds: list[tuple[int, float]], cores: float = 1.0, models: int = ANY_MODEL) -> Tasks:
    count = len(kinds)
    return Tasks(
        cpu_cores=np.full(count, cores),
        memory_bytes=np.full(count, 10.0),
        gpus=np.array([gpus for gpus, _ in kinds]),
        share=np.array([share for _, share in kinds]),
        models=np.full(count, models),
    )


def node_of(*free: float, cores: float = 100.0, memory: float = 1000.0, model: int = 0) -> Node:
    return Node(cores, memory, model, np.array(free))


def even_mix(kinds: list[tuple[int, float]]) -> Mix:
    return mix_of(tasks_of(kinds), np.ones(len(kinds)))


frees = st.lists(st.sampled_from([0.0, 0.2, 0.25, 0.5, 0.75, 1.0]), min_size=1, max_size=8)
nodes = st.builds(lambda free, cores: node_of(*free, cores=cores), frees, st.floats(0.0, 10.0))


def test_the_next_task_cannot_use_what_is_too_small_for_it() -> None:
    tasks = tasks_of([(1, 0.465), (1, 1.0), (0, 0.0)])
    weight = np.array([0.5, 0.3, 0.2])
    node = node_of(0.2, 1.0, 1.0, 0.5)
    assert unusable(node, tasks, weight) == pytest.approx(0.5 * 0.2 + 0.3 * 0.7 + 0.2 * 2.7)


@pytest.mark.parametrize(
    "short",
    [
        node_of(1.0, 0.5, cores=0.5),
        node_of(1.0, 0.5, memory=5.0),
        node_of(1.0, 0.5, model=1),
    ],
)
def test_without_cores_memory_or_the_model_all_that_is_free_is_unusable(short: Node) -> None:
    tasks = tasks_of([(1, 0.5)], models=0b101)
    assert unusable(short, tasks, np.ones(1)) == 1.5
    assert left_over(short, tasks, np.zeros((1, 9), dtype=np.int64)) == 1.5
    assert not fits(short, tasks, 0)


@pytest.mark.parametrize(("came", "stays"), [(1, 1.25), (2, 0.75), (3, 0.25), (4, 0.25)])
def test_a_future_fills_the_tightest_gpu_first(came: int, stays: float) -> None:
    offers = np.zeros((1, came), dtype=np.int64)
    node = node_of(0.75, 1.0)
    assert left_over(node, tasks_of([(1, 0.5)]), offers) == pytest.approx(stays)


def test_cores_end_a_future_and_futures_are_averaged() -> None:
    tasks = tasks_of([(1, 0.5), (1, 1.0)])
    few = node_of(1.0, 1.0, 1.0, cores=2.0)
    assert left_over(few, tasks, np.array([[0, 0, 0, 0]])) == pytest.approx(2.0)
    assert left_over(few, tasks, np.array([[0, 0], [1, 1]])) == pytest.approx((2.0 + 1.0) / 2)


def test_the_last_places_for_wide_tasks_have_a_price() -> None:
    mix = even_mix([(1, 1.0), (8, 1.0)])
    price = np.zeros(1)
    for hosts, chance in ((10, 0.5), (5, 1.0), (2, 1.0), (100, 0.05)):
        host_price(mix, np.array([hosts]), 45.0, price)
        assert price[0] == pytest.approx(LOST * 8.0 * chance), "45 GPUs: 5 of the wide come"


def test_a_share_goes_where_it_leaves_least_and_breaks_no_whole_gpu() -> None:
    mix, node = even_mix([(1, 0.5)]), node_of(1.0, 0.75, 0.5)
    before = left_over(node, mix.tasks, mix.offers)
    found = growth(node, before, 0, mix, 0, np.zeros(0))
    assert found.gpu in (1, 2)
    assert found.left_over == pytest.approx(0.0), "in a full future 0.25 is left either way"
    alone = growth(node_of(1.0), 0.0, 0, mix, 0, np.zeros(0))
    assert alone.gpu == 0
    assert alone.left_over == pytest.approx(BROKEN)


def test_a_whole_gpu_taken_from_a_pair_costs_the_pair() -> None:
    mix = even_mix([(1, 1.0), (2, 1.0)])
    price = np.array([0.7])
    pair, single = node_of(1.0, 1.0), node_of(0.0, 1.0)
    rise = {}
    for name, node in (("pair", pair), ("single", single)):
        host = hosted(node, mix.tasks, mix.wide)
        before = left_over(node, mix.tasks, mix.offers)
        found = growth(node, before, host, mix, 0, price)
        assert found.gpu == WHOLE
        rise[name] = found.left_over + priced(found.lost, price)
    assert rise["pair"] == pytest.approx(rise["single"] + 0.7)


@given(nodes)
def test_measures_lie_between_nothing_and_all_that_is_free(node: Node) -> None:
    mix = even_mix(KINDS)
    free = float(node.free.sum())
    assert -1e-9 <= unusable(node, mix.tasks, mix.weight) <= free + 1e-9
    assert -1e-9 <= left_over(node, mix.tasks, mix.offers) <= free + 1e-9


@given(nodes, st.randoms())
def test_the_order_of_gpus_does_not_matter(node: Node, chance: Any) -> None:
    mix = even_mix(KINDS)
    free = node.free.tolist()
    chance.shuffle(free)
    other = node._replace(free=np.array(free))
    assert unusable(node, mix.tasks, mix.weight) == pytest.approx(
        unusable(other, mix.tasks, mix.weight)
    )
    assert left_over(node, mix.tasks, mix.offers) == pytest.approx(
        left_over(other, mix.tasks, mix.offers)
    )


@given(nodes, st.integers(0, len(KINDS) - 1))
def test_a_task_that_fits_takes_exactly_what_it_asks(node: Node, kind: int) -> None:
    mix = even_mix(KINDS)
    gpus, share = KINDS[kind]
    if not fits(node, mix.tasks, kind):
        assert node.cpu_cores < 1.0 or int((node.free >= share - 1e-9).sum()) < gpus
        return
    host = hosted(node, mix.tasks, mix.wide)
    price = np.zeros(len(mix.wide))
    found = growth(node, 0.0, host, mix, kind, price)
    after = taken(node, mix.tasks, kind, found.gpu)
    assert after.free.min() >= -1e-9
    assert node.free.sum() - after.free.sum() == pytest.approx(gpus * share)
    assert node.cpu_cores - after.cpu_cores == pytest.approx(1.0)
    assert hosted(after, mix.tasks, mix.wide) == host & ~found.lost


@given(st.floats(-50.0, 50.0), st.floats(-50.0, 50.0), st.floats(0.0, 16.0))
def test_worth_is_a_share_that_falls_with_what_is_added(a: float, b: float, asked: float) -> None:
    low, high = sorted((a, b))
    assert 0.0 <= worth(high, asked) <= worth(low, asked) <= 1.0
    assert worth(0.0, asked) == 0.5


def drawn(mix: Mix) -> Floats:
    return np.bincount(mix.offers.ravel(), minlength=len(mix.weight)) / mix.offers.size


@given(st.lists(st.floats(0.1, 100.0), min_size=len(KINDS), max_size=len(KINDS)))
def test_futures_hold_each_kind_of_one_gpu_as_often_as_it_comes(count: list[float]) -> None:
    mix = mix_of(tasks_of(KINDS), np.array(count))
    single = mix.tasks.gpus == 1
    expected = np.where(single, mix.weight, 0.0) / mix.weight[single].sum()
    assert np.abs(drawn(mix) - expected).max() <= 1.0 / mix.offers.size + 1e-9
    assert mix.weight.sum() == pytest.approx(1.0)
    np.testing.assert_array_equal(mix.offers, mix_of(tasks_of(KINDS), np.array(count)).offers)


def test_a_mix_of_wide_tasks_alone_leaves_all_that_is_free_to_their_price() -> None:
    mix = even_mix([(2, 1.0), (4, 1.0)])
    assert mix.offers.shape == (1, 0)
    assert mix.wide.tolist() == [1, 0], "those with most GPU share first"
    assert left_over(node_of(1.0, 1.0), mix.tasks, mix.offers) == 2.0
