"""Only GPUs that may be used are offered, in the best places first, and it is said why."""

import time
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controllers.jobs.allocation import Allocation
from controllers.jobs.allocations import Allocations
from controllers.placement.models import Advice, Answer, Request, read_request
from controllers.placement.rank import advise, rank, rank_all
from controllers.placement.score import Weights
from site_models.arrays import Ints
from site_models.compile import compile_site
from site_models.errors import InputError
from site_models.plant import Arrays, Plant
from tests.fakes.small_plant import small_arrays, small_inputs, small_plant, small_state
from twin.start import first_state, idle_inputs
from twin.state import Inputs, State
from twin.step import step

PLANT = small_plant()


def ask(plant: Plant = PLANT, table: Allocations | None = None, **wish: Any) -> Answer:
    state = small_state(plant)
    table = Allocations(plant) if table is None else table
    request = Request(job="j", **wish)
    return rank(plant, state, small_inputs(plant), table, request, state.time_s)


def busy(*gpus: int) -> Allocations:
    table = Allocations(PLANT)
    table.put(Allocation("other", np.array(gpus, dtype=np.int64), 0.0), 0.0)
    return table


def groups_of(answer: Answer, groups: Ints) -> set[int]:
    (best, *_) = answer.advice
    return {int(groups[PLANT.gpu_names.index(name)]) for name in best.gpus}


def test_a_small_job_goes_into_one_node() -> None:
    answer = ask(gpus=8)
    assert answer.advice[0].nodes in (("node8",), ("node9",))
    assert answer.advice[0].reasons[0].startswith("all 8 GPUs in node node")
    assert answer.age_s == 0.0


def test_answers_are_as_if_their_fields_had_been_looked_at() -> None:
    answer = ask(gpus=4)
    looked_at = Answer.model_validate_json(answer.model_dump_json())
    assert answer == looked_at
    assert answer.model_dump_json() == looked_at.model_dump_json()


def test_advice_is_sorted_and_limited() -> None:
    answer = ask(gpus=4, limit=3, gpu_power_w=700.0)
    scores = [advice.score for advice in answer.advice]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) == 3


@pytest.mark.parametrize("level", ["node", "nvlink_domain", "rack", "row", "pod", "site"])
def test_a_required_level_holds_every_place_within_it(level: str) -> None:
    domain = {
        "node": PLANT.arrays.gpus.node,
        "nvlink_domain": PLANT.gpu_nvlink_domain,
        "rack": PLANT.arrays.nodes.rack[PLANT.arrays.gpus.node],
        "row": PLANT.arrays.racks.row[PLANT.arrays.nodes.rack[PLANT.arrays.gpus.node]],
        "pod": PLANT.arrays.racks.pod[PLANT.arrays.nodes.rack[PLANT.arrays.gpus.node]],
        "site": np.zeros(48, dtype=np.int64),
    }[level]
    for gpus in (1, 4, 8, 16, 32, 40):
        for advice in ask(gpus=gpus, required_level=level).advice:
            index = [PLANT.gpu_names.index(name) for name in advice.gpus]
            assert len(set(domain[index].tolist())) == 1
            assert len(index) == gpus


def test_one_rail_is_one_interface_of_each_node_in_one_pod() -> None:
    for advice in ask(gpus=3, required_level="rail", gpu_power_w=500.0).advice:
        index = [PLANT.gpu_names.index(name) for name in advice.gpus]
        assert len(set(PLANT.gpu_rail[index].tolist())) == 1
        assert len(advice.nodes) == 3
    assert "too few free on one rail" in ask(gpus=9, required_level="rail").rejected


def test_a_wished_rail_is_found_though_its_gpus_stand_far_apart() -> None:
    def rails(advice: Advice) -> set[int]:
        return set(PLANT.gpu_rail[[PLANT.gpu_names.index(name) for name in advice.gpus]].tolist())

    best = ask(gpus=3, preferred_level="rail", gpu_power_w=500.0).advice[0]
    assert len(rails(best)) == 1
    assert "preferred level rail kept" in best.reasons
    assert len(rails(ask(gpus=3, gpu_power_w=500.0).advice[0])) > 1
    more = ask(gpus=9, preferred_level="rail", gpu_power_w=500.0).advice[0]
    assert "preferred level rail not kept" in more.reasons


def test_a_preferred_level_is_better_kept_but_not_needed() -> None:
    kept = ask(gpus=16, preferred_level="rack").advice[0]
    assert "preferred level rack kept" in kept.reasons
    spread = ask(gpus=40, preferred_level="rack").advice[0]
    assert "preferred level rack not kept" in spread.reasons


def test_each_node_takes_exactly_what_is_asked_of_it() -> None:
    answer = ask(gpus=6, gpus_per_node=2, gpu_model="gb200", gpu_power_w=600.0)
    assert answer.advice
    for advice in answer.advice:
        nodes = [int(PLANT.arrays.gpus.node[PLANT.gpu_names.index(g)]) for g in advice.gpus]
        assert sorted(np.unique(nodes, return_counts=True)[1].tolist()) == [2, 2, 2]


def test_models_nodes_and_busy_gpus_are_left_out_and_counted() -> None:
    answer = ask(table=busy(*range(32, 40)), gpus=8, gpu_model="h200-sxm", exclude=("node9",))
    assert answer.advice == ()
    assert answer.rejected == {"other model": 32, "excluded": 8, "busy": 8}


def test_more_gpus_than_exist_and_old_telemetry_give_an_empty_list_with_reasons() -> None:
    assert ask(gpus=100).rejected == {"the site has 48 GPUs": 52}
    state = small_state(PLANT)
    late = rank(PLANT, state, small_inputs(PLANT), Allocations(PLANT),
                Request(job="j", gpus=1, max_age_s=5.0), state.time_s + 60.0)  # fmt: skip
    assert late.advice == ()
    assert late.rejected == {"telemetry is 60 s old": 48}
    stale = rank(PLANT, state, small_inputs(PLANT), Allocations(PLANT),
                 Request(job="j", gpus=1), state.time_s + 60.0)  # fmt: skip
    assert stale.age_s == 60.0
    assert "stale: rests on telemetry 60 s old" in stale.advice[0].reasons


def changed(**parts: Any) -> Plant:
    arrays = small_arrays()
    fields = {name: getattr(arrays, name)._replace(**change) for name, change in parts.items()}
    return small_plant(arrays._replace(**fields))


def off(count: int, *index: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    flags = np.ones(count, dtype=np.bool_)
    flags[list(index)] = False
    return flags


@pytest.mark.parametrize(
    ("parts", "gone"),
    [
        ({"gpus": {"in_service": off(48, 3)}}, [3]),
        ({"nodes": {"in_service": off(10, 8)}}, range(32, 40)),
        ({"racks": {"in_service": off(3, 1)}}, range(16, 32)),
        ({"exchangers": {"in_service": off(4, 0)}}, range(32)),
        ({"feeds": {"in_service": off(5, 3)}}, range(32, 48)),
        ({"feeds": {"in_service": off(5, 1)}}, range(48)),
        ({"exchangers": {"in_service": off(4, 2)}}, range(32)),
    ],
)
def test_out_of_service_takes_all_below_it_along(parts: dict[str, Any], gone: Any) -> None:
    plant = changed(**parts)
    answer = ask(plant, gpus=1, limit=100, gpu_power_w=300.0)
    assert answer.rejected["out of service"] == len(gone)
    offered = {name for advice in answer.advice for name in advice.gpus}
    assert not offered & {f"gpu{i}" for i in gone}


def test_one_feed_of_two_leaves_the_rack_on_the_other_with_all_of_its_power() -> None:
    plant = changed(
        feeds={"in_service": off(5, 2), "rating_w": np.array([15e4, 11e4, 6e4, 19e3, 3e4])}
    )
    answer = ask(plant, gpus=16, gpu_model="gb200")
    assert answer.advice == ()
    assert answer.rejected["feed pdu-b rating"] > 0


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"racks": {"rating_w": np.full(3, 9000.0)}}, "rack power"),
        ({"feeds": {"rating_w": np.array([15e4, 11e4, 5e3, 6e4, 3e4])}}, "feed pdu-a rating"),
        ({"feeds": {"rating_w": np.array([2e4, 11e4, 6e4, 6e4, 3e4])}}, "feed utility rating"),
        ({"exchangers": {"capacity_w": np.array([11e3, 3e4, 9e4, 3e4])}}, "cooling of tcs0"),
        ({"groups": {"die_resistance_k_per_w": np.full(4, 0.06)}}, "temperature"),
        ({"racks": {"flow_max_kg_per_s": np.full(3, 0.12)}}, "temperature"),
    ],
)  # fmt: skip
def test_every_limit_is_kept_and_named(parts: dict[str, Any], reason: str) -> None:
    answer = ask(changed(**parts), gpus=16, gpu_model="gb200")
    assert answer.advice == ()
    assert answer.rejected.get(reason, 0) > 0, answer.rejected


def test_hot_nodes_are_gone_around() -> None:
    # each of two racks has 16 gb200; with the node of gpu4 any job would be too hot
    rise = small_arrays().gpus.rise_factor.copy()
    rise[4] = 4.0
    plant = changed(gpus={"rise_factor": rise})
    answer = ask(plant, gpus=16, gpu_model="gb200")
    hot = plant.arrays.gpus.node == plant.arrays.gpus.node[4]
    names = {name for name, is_hot in zip(plant.gpu_names, hot, strict=True) if is_hot}
    assert answer.advice
    assert all(not names & set(one.gpus) for one in answer.advice)
    assert answer.rejected["temperature"] == int(hot.sum())


def test_promised_power_counts_as_drawn() -> None:
    plant = changed(feeds={"rating_w": np.array([45e3, 11e4, 6e4, 6e4, 3e4])})
    assert ask(plant, gpus=16, gpu_model="gb200").advice
    table = Allocations(plant)
    table.put(Allocation("soon", np.arange(16), 0.0, gpu_power_w=1200.0), 0.0)
    full = ask(plant, table, gpus=16, gpu_model="gb200")
    assert full.advice == ()
    assert full.rejected["feed utility rating"] > 0


def test_a_share_goes_beside_other_shares_and_whole_gpus_stay_whole() -> None:
    table = Allocations(PLANT)
    table.put(Allocation("half", np.array([13]), 0.0, share=0.5, gpu_power_w=200.0), 0.0)
    (best, *_) = ask(table=table, gpus=0.5, limit=40, gpu_power_w=400.0).advice
    assert best.gpus == ("gpu13",)
    assert all("gpu13" not in a.gpus for a in ask(table=table, gpus=1, limit=48).advice)
    assert all("gpu13" not in a.gpus for a in ask(table=table, gpus=0.75, limit=48).advice)


def test_a_cool_place_is_preferred_among_equals() -> None:
    arrays = small_arrays()
    groups = arrays.groups
    warm = groups.body_resistance_k_per_w * np.array([1.0, 1.0, 1.2, 1.0])
    plant = small_plant(arrays._replace(groups=groups._replace(body_resistance_k_per_w=warm)))
    assert ask(plant, gpus=8, gpu_model="h200-sxm").advice[0].nodes == ("node9",)


def test_a_limit_of_the_device_is_told_as_throttling() -> None:
    answer = ask(gpus=8, gpu_model="h200-sxm", gpu_power_w=1000.0).advice[0]
    assert answer.predicted.throttle_share == pytest.approx(0.3)
    assert "asks 1000 W a GPU, the device gives 700 W" in answer.reasons


def test_a_reservation_holds_the_best_place_for_a_while() -> None:
    table, state = Allocations(PLANT), small_state(PLANT)
    request = Request(job="j", gpus=8, reserve_s=30.0)
    now_s = state.time_s
    first = advise(PLANT, state, small_inputs(PLANT), table, request, now_s)
    second = advise(PLANT, state, small_inputs(PLANT), table, request, now_s)
    assert first.advice[0].reservation
    assert not set(first.advice[0].gpus) & set(second.advice[0].gpus)
    assert table.holdings(now_s).expected_w.sum() == 16 * 700.0
    job = Allocation("j", table.indices(first.advice[0].gpus), now_s)
    table.put(job, now_s + 1.0, first.advice[0].reservation)
    assert table.free_share(now_s + 60.0).sum() == 40.0
    assert table.holdings(now_s + 60.0).expected_w.sum() == 0.0


def test_a_batch_answers_each_as_alone() -> None:
    state, table = small_state(PLANT), Allocations(PLANT)
    wishes = [Request(job="a", gpus=4), Request(job="b", gpus=16)]
    both = rank_all(PLANT, state, small_inputs(PLANT), table, wishes, state.time_s)
    alone = [rank(PLANT, state, small_inputs(PLANT), table, wish, state.time_s) for wish in wishes]
    assert both == alone


@given(
    st.sets(st.integers(0, 47), max_size=40),
    st.sets(st.integers(0, 47), max_size=20),
    st.sets(st.integers(0, 9), max_size=3),
    st.sampled_from([0.5, 1, 2, 4, 8, 12, 16, 24, 40]),
    st.sampled_from([None, "node", "nvlink_domain", "rack", "row", "pod", "site", "rail"]),
)
@settings(max_examples=80)
def test_busy_broken_and_excluded_gpus_are_never_offered(
    held: set[int], broken: set[int], excluded: set[int], gpus: float, level: str | None
) -> None:
    plant = changed(gpus={"in_service": off(48, *broken)})
    table = Allocations(plant)
    if held:
        table.put(Allocation("h", np.array(sorted(held)), 0.0), 0.0)
    answer = ask(
        plant, table, gpus=gpus, required_level=level, limit=20, gpu_power_w=600.0,
        exclude=tuple(f"node{n}" for n in sorted(excluded)),
    )  # fmt: skip
    for advice in answer.advice:
        index = {int(name.removeprefix("gpu")) for name in advice.gpus}
        assert len(index) == len(advice.gpus) == max(1, int(gpus))
        assert not index & held
        assert not index & broken
        assert not {int(plant.arrays.gpus.node[i]) for i in index} & excluded
        assert 0.0 <= advice.score <= 1.0
        assert advice.predicted.gpu_temp_max_c < 88.0
        assert advice.predicted.rack_headroom_w >= 0.0
        assert advice.predicted.site_headroom_w >= 0.0


@given(st.sets(st.integers(0, 31), max_size=28), st.sampled_from([1, 2, 4, 6, 8, 16]))
@settings(max_examples=30)
def test_exchanging_two_equal_racks_exchanges_the_answer(held: set[int], gpus: int) -> None:
    def swap(i: int) -> int:
        return (i + 16) % 32

    def swapped(names: Iterable[str]) -> frozenset[str]:
        return frozenset(f"gpu{swap(int(name.removeprefix('gpu')))}" for name in names)

    straight, crossed = Allocations(PLANT), Allocations(PLANT)
    if held:
        straight.put(Allocation("h", np.array(sorted(held)), 0.0), 0.0)
        crossed.put(Allocation("h", np.array(sorted(map(swap, held))), 0.0), 0.0)
    wish: dict[str, Any] = {"gpus": gpus, "gpu_model": "gb200", "gpu_power_w": 500.0}
    wish |= {"limit": 50, "required_level": "rack"}
    one, other = ask(table=straight, **wish), ask(table=crossed, **wish)
    assert one.rejected == other.rejected
    assert {swapped(advice.gpus): advice.score for advice in one.advice} == {
        frozenset(advice.gpus): advice.score for advice in other.advice
    }


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        ({"gpus": 8}, "job"),
        ({"job": "a", "gpus": 8, "gpu": 1}, "gpu"),
        ({"job": "a", "gpus": 0}, "gpus"),
        ({"job": "a", "gpus": 1.5}, "1.5 is neither whole"),
        ({"job": "a", "gpus": 6, "gpus_per_node": 4}, "not a multiple"),
        ({"job": "a", "gpus": 8, "gpu_power_w": -1}, "gpu_power_w"),
        ({"job": "a", "gpus": 8, "required_level": "shelf"}, "required_level"),
        ({"job": "a", "gpus": 8, "duration_s": 0}, "duration_s"),
        ({"job": "a", "gpus": float("inf")}, "gpus"),
        ({"job": "a", "gpus": 8, "collective": {"op": "x", "bytes": 1, "per_step_s": 1}}, "op"),
    ],
)
def test_a_request_that_cannot_be_read_names_its_key(raw: dict[str, Any], key: str) -> None:
    with pytest.raises(InputError, match=key):
        read_request(raw)


def test_unknown_models_and_nodes_are_refused() -> None:
    with pytest.raises(InputError, match="gpu_model: the site has gb200, h200-sxm, not 'tpu'"):
        ask(gpus=1, gpu_model="tpu")
    with pytest.raises(InputError, match="exclude: the site has no node 'n1'"):
        ask(gpus=1, exclude=("n1",))


def test_weights_add_up_to_one() -> None:
    w = Weights()
    assert w.temperature + w.headroom + w.fabric + w.packing == pytest.approx(1.0)


def resting(site: str) -> tuple[Plant, State, Inputs]:
    """Return a shipped site with its GPUs idle."""
    plant = compile_site(site)
    inputs = idle_inputs(plant, 25.0, 18.0)
    return plant, step(plant, first_state(plant, inputs, 0.0), inputs, 20.0), inputs


def test_advice_on_a_hundred_thousand_gpus_takes_milliseconds() -> None:
    plant, state, inputs = resting("campus-100k")
    table, took_s = Allocations(plant), []
    request = Request(job="j", gpus=8, gpu_power_w=700.0)
    for _ in range(6):
        began_s = time.perf_counter()
        answer = rank(plant, state, inputs, table, request, state.time_s)
        took_s.append(time.perf_counter() - began_s)
    assert len(answer.advice) == 5
    assert min(took_s) < 0.02


def test_a_rack_that_is_built_for_its_gpus_takes_them_all() -> None:
    plant, state, inputs = resting("pilot")
    request = Request(job="j", gpus=72, required_level="nvlink_domain", limit=8)
    answer = rank(plant, state, inputs, Allocations(plant), request, state.time_s)
    assert "rack power" not in answer.rejected
    assert len(answer.advice) == 8


def test_a_site_without_gpus_answers_too() -> None:
    plant, state, inputs = resting("workstation")
    answer = rank(plant, state, inputs, Allocations(plant), Request(job="j", gpus=1), 0.0)
    assert answer.advice == ()
    assert answer.rejected == {"the site has 0 GPUs": 1}


def test_arrays_of_the_plant_stay_as_they_were() -> None:
    before: Arrays = small_arrays()
    ask(gpus=16)
    for part, was in zip(PLANT.arrays, before, strict=True):
        for array, old in zip(part, was, strict=True):
            np.testing.assert_array_equal(array, old)
