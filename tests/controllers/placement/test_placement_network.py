"""The network that placement counts with is that of the twin, and the answer says what it costs."""

from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controllers.jobs.allocation import Allocation
from controllers.jobs.allocations import Allocations
from controllers.jobs.collective_told import Collective
from controllers.jobs.team import first_team
from controllers.placement.models import Answer, Request, read_request
from controllers.placement.rank import rank
from controllers.placement.spans import lay_of
from controllers.placement.traffic import traffic_of
from site_models.arrays import Ints
from site_models.compile import compile_site
from site_models.errors import InputError
from site_models.plant import Plant
from tests.fakes.small_plant import small_plant
from twin.fabric.collective import predict
from twin.fabric.collective_fit import Factors
from twin.fabric.collective_site import site_times, with_factors
from twin.fabric.links import Running, link_load, with_links
from twin.fabric.span import lone_rate, span_of, use_of
from twin.start import first_state, idle_inputs
from twin.state import Inputs, State
from twin.workload import workload

SITES = ("pilot", "superpod-h100", "campus-100k")
GB: dict[str, Any] = {"op": "all_reduce", "bytes": 1e9, "per_step_s": 0.1}


@cache
def site(name: str) -> tuple[Plant, State, Inputs]:
    plant = compile_site(name)
    inputs = idle_inputs(plant, 25.0, 18.0)
    return plant, first_state(plant, inputs, 0.0), inputs


def ask(name: str, table: Allocations | None = None, **wish: Any) -> Answer:
    plant, state, inputs = site(name)
    table = Allocations(plant) if table is None else table
    return rank(plant, state, inputs, table, Request(job="j", **wish), state.time_s)


def sets_of_gpus(plant: Plant, seed: int) -> list[Ints]:
    """Return sets of many kinds: single racks, rails, neighbours, scattered over all."""
    rng, count = np.random.default_rng(seed), len(plant.gpu_names)
    found = []
    for size in rng.integers(2, min(count, 1500), 6).tolist():
        start = int(rng.integers(0, count - size + 1))
        found.append(np.arange(start, start + size))
        found.append(np.sort(rng.choice(count, min(size, 300), replace=False)))
    rail = np.flatnonzero(plant.gpu_rail == plant.gpu_rail[0])
    return [*found, rail[: int(rng.integers(2, len(rail)))]]


@pytest.mark.parametrize("name", SITES)
@pytest.mark.parametrize("op", ["all_reduce", "alltoall"])
@pytest.mark.parametrize("seed", range(3))
def test_many_places_at_once_lie_as_each_alone(name: str, op: str, seed: int) -> None:
    plant = site(name)[0]
    places = sets_of_gpus(plant, seed)
    lay = lay_of(plant, places, op)
    for k, gpus in enumerate(places):
        alone = span_of(plant, gpus, op)
        for name_of, mine, its in zip(alone._fields, lay.span, alone, strict=True):
            if alone.domains[0] > 1.0 or name_of != "reach_s":  # no law asks it within NVLink
                np.testing.assert_allclose(mine[k], its[0], rtol=1e-12)
        use, its = lay.uses[k], use_of(plant, gpus, op)
        if use is None:
            assert alone.domains[0] == 1.0 or lone_rate(plant, gpus, op) == 0.0
            continue
        np.testing.assert_array_equal(use.trunk, its.trunk)
        np.testing.assert_allclose(use.weight, its.weight)
        assert use.limit_bytes_per_s == its.limit_bytes_per_s


def test_time_of_a_collective_is_that_of_the_law_on_the_offered_gpus() -> None:
    plant = site("pilot")[0]
    for gpus in (8, 72, 144):
        for advice in ask("pilot", gpus=gpus, collective=GB, gpu_power_w=500.0).advice:
            mine = Allocations(plant).indices(advice.gpus)
            alone_s = predict("all_reduce", np.array([1e9]), span_of(plant, mine, "all_reduce"))
            assert advice.predicted.collective_s == pytest.approx(alone_s.time_s[0])
            assert any(line.startswith("all_reduce of 1 GB") for line in advice.reasons)


def test_an_all_to_all_over_two_racks_pays_for_the_network() -> None:
    wish = {"op": "alltoall", "bytes": 1e9, "per_step_s": 0.1}
    near = ask("pilot", gpus=72, collective=wish, gpu_power_w=500.0).advice[0].predicted
    far = ask("pilot", gpus=144, collective=wish, gpu_power_w=500.0).advice[0].predicted
    assert near.collective_s is not None
    assert far.collective_s is not None
    assert far.collective_s > 5.0 * near.collective_s
    assert near.slowdown_share == 0.0


def narrow() -> Plant:
    """Return the pilot with a twentieth of the rate between its switches."""
    plant = site("pilot")[0]
    uplinks = np.arange(len(plant.gpu_names), len(plant.fabric.links.lower))
    return with_links(plant, uplinks, 0.05)


def test_running_jobs_take_their_part_and_lose_some() -> None:
    plant, state, inputs = narrow(), *site("pilot")[1:]
    raw = {"op": "alltoall", "bytes": 1e9, "per_step_s": 0.01}
    wish = read_request({"job": "j", "gpus": 144, "gpu_model": "gb200_gpu", "gpu_power_w": 400.0,
                         "collective": raw, "limit": 20})  # fmt: skip
    table = Allocations(plant)
    alone = rank(plant, state, inputs, table, wish, 0.0)
    table.put(Allocation("old", np.r_[0:36, 72:108, 288:324], 0.0, gpu_power_w=300.0), 0.0)
    beside = rank(plant, state, inputs, table, wish, 0.0)
    for advice in beside.advice:
        mine = table.indices(advice.gpus)
        rates = link_load(
            plant,
            (Running("old", np.r_[0:36, 72:108, 288:324]), Running("j", mine, "alltoall")),
        ).rates
        span = span_of(plant, mine, "alltoall", rates["j"])
        time_s = predict("alltoall", np.array([1e9]), span).time_s[0]
        assert advice.predicted.collective_s == pytest.approx(time_s)
    crowded = [one for one in beside.advice if "shared with running jobs" in str(one.reasons)]
    assert crowded
    assert all((one.predicted.neighbours_slowdown_share or 0.0) > 0.0 for one in crowded)
    assert any("slows job old by up to" in line for one in crowded for line in one.reasons)
    assert all(one.predicted.neighbours_slowdown_share == 0.0 for one in alone.advice)


def test_a_neighbour_that_told_its_collective_is_counted_by_it() -> None:
    plant, state, inputs = narrow(), *site("pilot")[1:]
    told = Collective(op="alltoall", bytes=1e8, per_step_s=0.1)
    old, table = np.r_[0:36, 72:108, 288:324], Allocations(plant)
    held = Allocation("old", old, 0.0, gpu_power_w=300.0, collective=told)
    token = table.reserve(held, 0.0, 60.0)
    kept = table.put(Allocation("old", old, 0.0), 0.0, token)
    assert kept.collective == told
    wish = Request(job="j", gpus=144, gpu_model="gb200_gpu", gpu_power_w=400.0,
                   collective=Collective.model_validate(GB), limit=20)  # fmt: skip
    slowed = 0
    for advice in rank(plant, state, inputs, table, wish, 0.0).advice:
        mine = table.indices(advice.gpus)
        jobs = Running("old", old, "alltoall"), Running("j", mine, "all_reduce")
        alone, beside = link_load(plant, jobs[:1]).rates["old"], link_load(plant, jobs).rates["old"]
        steps_s = [
            0.1 + predict("alltoall", np.array([1e8]), span_of(plant, old, "alltoall", rate)).time_s
            for rate in (alone, beside)
        ]
        lost = 1.0 - float(steps_s[0][0] / steps_s[1][0])
        assert advice.predicted.neighbours_slowdown_share == pytest.approx(lost, abs=1e-12)
        slowed += lost > 0.01
    assert slowed


def test_a_calibrated_site_tells_its_own_times() -> None:
    plant, state, inputs = site("pilot")
    slow = with_factors(plant, {name: {"all_reduce/nvlink": 2.0} for name in Factors._fields})
    wish = Request(job="j", gpus=8, collective=Collective.model_validate(GB), gpu_power_w=500.0)
    for advice in rank(slow, state, inputs, Allocations(slow), wish, 0.0).advice:
        span = span_of(slow, Allocations(slow).indices(advice.gpus), "all_reduce")
        own_s = site_times(slow, "all_reduce", np.array([1e9]), span)[0]
        assert advice.predicted.collective_s == pytest.approx(own_s)
        assert own_s > 1.5 * predict("all_reduce", np.array([1e9]), span).time_s[0]


def test_a_job_over_two_domains_is_split_evenly_where_that_is_faster() -> None:
    raw = {"op": "alltoall", "bytes": 1e9, "per_step_s": 0.01}
    best = ask("pilot", gpus=100, gpu_model="gb200_gpu", collective=raw, gpu_power_w=400.0)
    plant = site("pilot")[0]
    mine = Allocations(plant).indices(best.advice[0].gpus)
    parts = np.unique(plant.gpu_nvlink_domain[mine], return_counts=True)[1]
    assert parts.tolist() == [50, 50]


@given(st.integers(0, 10_000))
@settings(max_examples=20)
def test_traffic_followed_job_by_job_is_that_of_all_at_once(seed: int) -> None:
    plant, rng = small_plant(), np.random.default_rng(seed)
    table, followed = Allocations(plant), None
    gpus = rng.permutation(len(plant.gpu_names))
    for k in range(6):
        mine = np.sort(gpus[k * 8 : k * 8 + int(rng.integers(2, 8))])
        table.put(Allocation(f"job{k}", mine, 0.0), 0.0)
        followed = traffic_of(plant, table, table.holdings(0.0).version, 0.0)
        if k % 2:
            table.release(f"job{int(rng.integers(0, k))}")
            followed = traffic_of(plant, table, table.holdings(0.0).version, 0.0)
    fresh_table = Allocations(plant)
    for held in table.jobs(0.0):
        fresh_table.put(held, 0.0)
    fresh = traffic_of(plant, fresh_table, fresh_table.holdings(0.0).version, 0.0)
    use = use_of(plant, np.array([0, 20, 40]), "alltoall")
    assert followed is not None
    mine, its = followed.share(use), fresh.share(use)
    assert mine.bytes_per_s == pytest.approx(its.bytes_per_s)
    assert {one.runner.held.job for one in mine.losers} == {
        one.runner.held.job for one in its.losers
    }


def test_a_profile_gives_power_and_exchange() -> None:
    plant, _, _ = site("pilot")
    answer = ask("pilot", gpus=64, profile="pretraining", gpu_model="gb200_gpu")
    best = answer.advice[0]
    mine = Allocations(plant).indices(best.gpus)
    team = first_team(workload("pretraining"), plant, mine)
    assert best.predicted.collective_s == pytest.approx(team.exchange.time_s.sum())
    rated = ask("pilot", gpus=64, gpu_model="gb200_gpu").advice[0]
    assert best.predicted.facility_power_w < rated.predicted.facility_power_w
    assert any("exchange of a pretraining step" in line for line in best.reasons)


def test_a_profile_that_is_unknown_or_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError, match="pretrain"):
        ask("pilot", gpus=8, profile="pretrain")
    with pytest.raises(InputError, match="multiple of tensor x pipeline"):
        ask("pilot", gpus=8, profile="pretraining")


def test_gpus_that_no_network_joins_are_no_place_for_a_collective() -> None:
    answer = ask("pilot", gpus=600, collective=GB, gpu_power_w=300.0)
    for advice in answer.advice:
        assert advice.predicted.collective_s is not None
