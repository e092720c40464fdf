"""Headroom of a tree: what is told to fit does fit, and no more does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from site_models.arrays import Floats, Ints
from twin.physics.converters import converter_input_w
from twin.physics.feed_tree import BELOW, Stages, headroom, tree_powers, worst_outputs_w
from twin.physics.switching import worst_load_w

LOSSES = (0.004, 0.002, 0.008)
INF = np.inf


def stages_of(parent: list[int], rating_w: list[float], lossless: bool = False) -> Stages:
    count = len(parent)
    a, b, c = (0.0, 0.0, 0.0) if lossless else LOSSES
    return Stages(
        np.array(parent, dtype=np.int64),
        np.array(rating_w),
        np.full(count, a),
        np.full(count, b),
        np.full(count, c),
    )


def test_powers_add_up_the_tree_with_every_loss() -> None:
    stages = stages_of([-1, 0, 0], [1e6, 4e5, 6e5])
    out_w, in_w = tree_powers(stages, np.array([1e4, 2e5, 3e5]))
    left_w = converter_input_w(2e5, 4e5, *LOSSES)
    right_w = converter_input_w(3e5, 6e5, *LOSSES)
    np.testing.assert_allclose(out_w, [1e4 + left_w + right_w, 2e5, 3e5], rtol=1e-15)
    assert in_w[0] == pytest.approx(converter_input_w(out_w[0], 1e6, *LOSSES), rel=1e-15)


def test_a_stage_above_strands_what_stands_unused_below() -> None:
    stages = stages_of([-1, 0, 0], [1000.0, 800.0, 800.0], lossless=True)
    direct_w = np.array([0.0, 500.0, 300.0])
    room = headroom(stages, stages.rating_w, direct_w, np.array([0.0, INF, INF]))
    np.testing.assert_allclose(room.unused_w, [200.0, 300.0, 500.0])
    np.testing.assert_allclose(room.usable_w, [200.0, 200.0, 200.0])
    np.testing.assert_allclose(room.stranded_w, [0.0, 100.0, 300.0])
    np.testing.assert_array_equal(room.bound_by, [0, 0, 0])


def test_stages_below_strand_what_stands_unused_above() -> None:
    stages = stages_of([-1, 0, 0], [1000.0, 300.0, 300.0], lossless=True)
    direct_w = np.array([0.0, 250.0, 280.0])
    room = headroom(stages, stages.rating_w, direct_w, np.array([0.0, INF, 5.0]))
    np.testing.assert_allclose(room.usable_w, [55.0, 50.0, 5.0])
    np.testing.assert_allclose(room.stranded_w, [415.0, 0.0, 15.0])
    np.testing.assert_array_equal(room.bound_by, [BELOW, 1, BELOW])


def test_an_overloaded_stage_leaves_nothing_to_those_below() -> None:
    stages = stages_of([-1, 0], [400.0, 500.0], lossless=True)
    room = headroom(stages, stages.rating_w, np.array([0.0, 450.0]), np.array([0.0, INF]))
    np.testing.assert_allclose(room.unused_w, [-50.0, 50.0])
    np.testing.assert_allclose(room.usable_w, [0.0, 0.0])
    np.testing.assert_allclose(room.stranded_w, [0.0, 50.0])


def test_a_stage_out_of_service_has_no_room() -> None:
    stages = stages_of([-1, 0], [400.0, 500.0], lossless=True)
    room = headroom(stages, np.array([400.0, 0.0]), np.zeros(2), np.array([0.0, INF]))
    np.testing.assert_allclose(room.usable_w, [0.0, 0.0])
    np.testing.assert_allclose(room.stranded_w, [400.0, 0.0])


@st.composite
def trees(draw: st.DrawFn) -> tuple[Stages, Floats, Ints]:
    count = draw(st.integers(1, 9))
    parent = [-1] + [draw(st.integers(0, i - 1)) for i in range(1, count)]
    rating_w = [draw(st.floats(100.0, 1e6)) for _ in range(count)]
    leaves = np.array([i for i in range(count) if i not in parent])
    direct_w = np.zeros(count)
    direct_w[leaves] = [draw(st.floats(0.0, 1.0)) * rating_w[i] for i in leaves]
    return stages_of(parent, rating_w), direct_w, leaves


@given(trees())
def test_the_room_of_a_leaf_fits_to_the_watt_and_more_does_not(
    tree: tuple[Stages, Floats, Ints],
) -> None:
    stages, direct_w, leaves = tree
    places_w = np.where(np.isin(np.arange(len(direct_w)), leaves), INF, 0.0)
    room = headroom(stages, stages.rating_w, direct_w, places_w)
    before_w, _ = tree_powers(stages, direct_w)
    if (before_w > stages.rating_w).any():
        return
    for leaf in leaves:
        fitted_w = direct_w.copy()
        fitted_w[leaf] += room.usable_w[leaf]
        out_w, _ = tree_powers(stages, fitted_w)
        assert (out_w <= stages.rating_w * (1.0 + 1e-9)).all()
        binding = room.bound_by[leaf]
        assert out_w[binding] == pytest.approx(stages.rating_w[binding], rel=1e-9)


@given(trees())
def test_usable_and_stranded_make_up_the_unused(tree: tuple[Stages, Floats, Ints]) -> None:
    stages, direct_w, _ = tree
    room = headroom(stages, stages.rating_w, direct_w, np.full(len(direct_w), INF))
    assert (room.usable_w >= 0.0).all()
    assert (room.stranded_w >= -1e-6).all()
    np.testing.assert_allclose(
        room.usable_w + room.stranded_w, np.maximum(room.unused_w, 0.0), atol=1e-6
    )


@given(st.integers(0, 2**32 - 1))
def test_the_worst_loss_agrees_with_that_of_single_connections_and_bounds_the_rest(
    seed: int,
) -> None:
    chance = np.random.default_rng(seed)
    stages = stages_of([-1, 0, 0, 1, 2], [4e3, 2e3, 2e3, 1e3, 1e3])
    consumer = np.array([0, 0, 1, 1, 2])
    feed = np.array([3, 4, 3, 4, int(chance.integers(3, 5))])
    share = np.array([0.5, 0.5, 1.0, 0.0, 1.0])
    power_w = chance.uniform(0.0, 500.0, 3)
    worst_w, worst = worst_outputs_w(stages, consumer, feed, share, power_w, np.zeros(5))
    leaves = worst_load_w(stages.parent, consumer, feed, share, power_w)
    np.testing.assert_allclose(worst_w[3:], leaves[3:])
    direct_w = np.bincount(feed, share * power_w[consumer], 5).astype(np.float64)
    assert (worst_w >= tree_powers(stages, direct_w)[0] - 1e-9).all()
    assert (worst[:1] != 0).all()
