"""Compiled walks over GPUs, nodes and racks give what sums by index give."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controllers.gather import runs_of, sum_by
from controllers.placement.index import Walk
from controllers.placement.sums import (
    climbed,
    counted_free,
    free_powers_w,
    present_w,
    roomed,
    tightest,
)
from controllers.placement.taking import first_broken, given_gpus, whole_racks
from controllers.placement.touched import touched
from site_models.arrays import Floats, Ints

SEEDS = st.integers(0, 10_000)


def nodes(rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """Return first GPU and GPUs of nodes, some without any, and the node of each GPU."""
    count = rng.integers(0, 5, 12)
    return np.cumsum(count) - count, count, np.repeat(np.arange(12), count)


@given(SEEDS)
@settings(max_examples=25)
def test_powers_by_node_are_sums_over_their_gpus(seed: int) -> None:
    rng = np.random.default_rng(seed)
    _, _, node = nodes(rng)
    power_w = rng.uniform(0.0, 900.0, len(node))
    np.testing.assert_allclose(runs_of(node, 12).sum(power_w), sum_by(node, power_w, 12))
    free = rng.random(len(node)) < 0.5
    total_w, most_w = free_powers_w(power_w, np.flatnonzero(free), node, 12)
    np.testing.assert_allclose(total_w, sum_by(node[free], power_w[free], 12))
    for n in range(12):
        assert most_w[n] == power_w[free & (node == n)].max(initial=0.0)


def walk_of(rng: np.random.Generator, share: Floats, rack: Ints) -> Walk:
    """Return twelve nodes with any number of GPUs of two models."""
    first, count, node = nodes(rng)
    gpus = len(node)
    return Walk(node, rng.integers(0, 2, gpus), rng.uniform(500.0, 900.0, gpus), first, count,
                share, rack)  # fmt: skip


def test_a_rack_is_sized_by_its_warmest_node() -> None:
    nobody, rack = np.zeros(0, dtype=np.int64), np.array([0, 0, 1])
    share = np.array([0.5, 0.5, 0.0])
    walk = Walk(nobody, nobody, np.zeros(0), 0 * rack, 0 * rack, share, rack)
    none, wet_w = np.zeros(0), np.array([10.0, 40.0, 30.0])
    found = present_w(none, none, wet_w, wet_w, np.zeros(3), np.zeros(3), np.zeros((3, 4)), 2, walk)
    np.testing.assert_array_equal(found[-1], [80.0, 0.0])


@given(SEEDS)
@settings(max_examples=25)
def test_what_is_promised_counts_as_drawn_up_to_the_rack(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rack = np.repeat(np.arange(4), 3)
    walk = walk_of(rng, np.full(12, 0.25), rack)
    power_w, promised_w = rng.uniform(0.0, 900.0, (2, len(walk.node)))
    dc_w, liquid_w, load, wetter = rng.uniform(0.1, 1.0, (4, 12))
    gpu_w, behind_w, node_w, wet_w, rack_w, wetter_w, _ = present_w(
        power_w, promised_w, dc_w, liquid_w, load, wetter, np.zeros((12, 4)), 4, walk
    )
    more_w = sum_by(walk.node, gpu_w - power_w, 12)
    np.testing.assert_array_equal(gpu_w, np.maximum(power_w, promised_w))
    np.testing.assert_allclose(behind_w, dc_w + (1.0 + load) * more_w)
    np.testing.assert_array_equal(node_w, behind_w)  # no supply, no loss
    np.testing.assert_allclose(wet_w, liquid_w + wetter * more_w)
    np.testing.assert_allclose(rack_w, sum_by(rack, node_w, 4))
    np.testing.assert_allclose(wetter_w, sum_by(rack, wetter * more_w, 4))


@given(SEEDS)
@settings(max_examples=25)
def test_room_is_what_usable_gpus_by_node_leave(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rack, whole = np.repeat(np.arange(4), 3), rng.integers(0, 5, 12)
    drawn_w, most_w = rng.uniform(0.0, 99.0, (2, 12))
    kept, alone, asked_w = rng.random(12) < 0.8, rng.random(12) < 0.5, np.full(12, 100.0)
    some, each = np.flatnonzero(whole), int(rng.integers(0, 3))
    told, count, added_w = counted_free(some, whole, drawn_w, most_w, kept, asked_w)
    assert told
    np.testing.assert_array_equal(count, whole * kept)
    np.testing.assert_allclose(added_w, np.maximum(count * 100.0 - drawn_w, 0.0) * (count > 0))
    room, mean_w, wished, (total, few, most) = roomed(some, count, added_w, alone, 2, each, rack, 4)
    by_domain = np.where(alone, count // 2 * 2, count)
    np.testing.assert_array_equal(room, (count >= each) * each if each else by_domain)
    np.testing.assert_allclose(wished, sum_by(rack, room, 4))
    there = np.maximum(sum_by(rack, count, 4), 1.0)
    np.testing.assert_allclose(mean_w, sum_by(rack, added_w, 4) / there)
    assert (total, few, most) == (count.sum(), count[count < each].sum(), room.max())
    assert (
        not counted_free(some, whole, drawn_w, most_w + 100.0, kept, asked_w)[0]
        or not (kept & (whole > 0)).any()
    )


@given(SEEDS)
@settings(max_examples=25)
def test_the_first_limit_that_a_candidate_breaks_is_as_its_sums_say(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = rng.integers(1, 4, 8)
    begin = np.append(0, np.cumsum(size))
    limit, factor = rng.integers(0, 6, begin[-1]), rng.uniform(0.5, 2.0, begin[-1])
    racks = [rng.permutation(8)[: int(rng.integers(1, 8))] for _ in range(3)]
    candidate = np.repeat(np.arange(3), [len(mine) for mine in racks])
    gpu_w, fed_w = rng.uniform(0.0, 100.0, (2, len(candidate)))
    room_w, live = rng.uniform(-50.0, 400.0, 6), rng.random(6) < 0.8
    found = first_broken(
        candidate,
        np.concatenate(racks),
        gpu_w,
        fed_w,
        3,
        begin,
        limit,
        factor,
        room_w,
        live,
        (2, 4),
    )
    for c in range(3):
        more_w, met = np.zeros(6), []
        for p in np.flatnonzero(candidate == c):
            rack = np.concatenate(racks)[p]
            for i in range(begin[rack], begin[rack + 1]):
                cooling = 2 <= limit[i] < 4
                more_w[limit[i]] += factor[i] * (gpu_w[p] if cooling else fed_w[p])
                met.append(int(limit[i]))
        over = live & (more_w > np.maximum(room_w, 0.0) + 1e-6)
        assert found[c] == next((k for k in met if over[k]), -1)


@given(SEEDS)
@settings(max_examples=25)
def test_nodes_give_shared_gpus_then_those_that_breathe_first_then_the_coolest(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, count, node = nodes(rng)
    usable, held, upstream = rng.random((3, len(node))) < 0.6
    rails, temp_c = (
        rng.integers(0, 2, len(node)),
        rng.integers(30, 33, len(node)).astype(np.float64),
    )
    rail = int(rng.integers(-1, 2))
    good = usable & ((rails == rail) | (rail < 0))
    some = np.flatnonzero(np.bincount(node[good], minlength=12))
    takes = np.array([int(rng.integers(1, 1 + good[node == n].sum())) for n in some], np.int64)
    best = np.lexsort((np.arange(len(node)), temp_c, ~upstream, ~held))
    wanted = [best[good[best] & (node[best] == n)][:take] for n, take in zip(some, takes)]  # noqa: B905
    chosen = given_gpus(some, takes, usable, held, rails, rail, temp_c, upstream, first, count)
    np.testing.assert_array_equal(chosen, np.sort(np.concatenate([*wanted, some[:0]])))


def test_racks_that_give_all_are_told_from_those_that_give_some() -> None:
    first, node, room = np.array([0, 2, 4]), np.array([0, 1, 2, 3]), np.array([4, 0, 3, 4])
    nodes_, gives, whole = whole_racks(np.array([0, 1]), np.array([4, 5]), first, node, room)
    assert (nodes_.tolist(), gives.tolist(), whole.tolist()) == ([0], [4], [True, False])


@pytest.mark.parametrize("owner", [[0, 1, 0], [2, 2, 1, 2]])
def test_what_does_not_stand_together_has_no_runs(owner: list[int]) -> None:
    with pytest.raises(ValueError, match="stand together"):
        runs_of(np.array(owner), 3)


@given(SEEDS, st.booleans())
@settings(max_examples=25)
def test_touched_nodes_and_racks_are_sums_and_largest_of_the_jobs_gpus(
    seed: int, stepped: bool
) -> None:
    rng = np.random.default_rng(seed)
    rack_of, share = np.repeat(np.arange(4), 3), np.where(rng.random(12) < 0.8, 0.25, 0.0)
    walk = walk_of(rng, share, rack_of)
    total = len(walk.node)
    sizes = rng.integers(0, total, 3 if total else 0).tolist()
    sets = [np.sort(rng.choice(total, size, replace=False)) for size in sizes]
    chosen, begin = np.concatenate([*sets, walk.first_gpu[:0]]), [0, *map(len, sets)]
    gpu_w, held = rng.uniform(0.0, 900.0, total), rng.random(total) < 0.3
    node_asked_w, wetter, node_w = rng.uniform(0.5, 900.0, (3, 12))
    asked_w = rng.uniform(0.0, 900.0, (len(sets), 2)) if stepped else np.zeros((0, 0))
    sized_w, liquid_w = rng.uniform(0.0, 4.0, (2, 4))
    chosen_w, place, node, first, added_w, of, rack, rise_w, size_w, heat_w = touched(
        chosen, np.cumsum(begin), gpu_w, held, node_asked_w, asked_w, wetter, node_w, sized_w,
        liquid_w, walk,
    )  # fmt: skip
    whose, n = np.repeat(np.arange(len(sets)), begin[1:]), walk.node[chosen]
    wanted_w = asked_w[whose, walk.model[chosen]] if stepped else node_asked_w[n]
    more_w = np.maximum(wanted_w - np.where(held[chosen], 0.0, gpu_w[chosen]), 0.0)
    more_w = np.minimum(more_w, np.maximum(walk.power_max_w[chosen] - gpu_w[chosen], 0.0))
    np.testing.assert_array_equal(chosen_w, gpu_w[chosen] + more_w)
    row = np.repeat(np.arange(len(node)), np.diff(first))
    np.testing.assert_array_equal(node[row], n)
    np.testing.assert_array_equal(of[place[row]], whose)
    np.testing.assert_array_equal(rack[place[row]], rack_of[n])
    np.testing.assert_allclose(added_w, sum_by(row, more_w, len(node)))
    np.testing.assert_allclose(rise_w, sum_by(place, added_w, len(rack)))
    wetter_w = wetter[node] * added_w
    np.testing.assert_allclose(heat_w, liquid_w[rack] + sum_by(place, wetter_w, len(rack)))
    for p in range(len(rack)):
        mine = (place == p) & (share[node] > 0.0)
        whole_w = (node_w[node[mine]] + wetter_w[mine]) / share[node[mine]]
        assert size_w[p] == whole_w.max(initial=sized_w[rack[p]])


@given(SEEDS)
@settings(max_examples=25)
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
