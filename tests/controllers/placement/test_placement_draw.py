"""What a job is expected to draw is what the rig's job draws: less, the longer it waits."""

from functools import cache
from typing import Any

import numpy as np
import pytest

from controllers.jobs.allocation import Allocation
from controllers.jobs.allocations import Allocations
from controllers.jobs.collective_told import Collective
from controllers.jobs.team import first_team
from controllers.placement.draw import draw_of
from controllers.placement.index import place_index
from controllers.placement.models import Answer, read_request
from controllers.placement.rank import rank
from controllers.placement.traffic import traffic_of
from site_models.arrays import Floats, Ints
from site_models.compile import compile_site
from site_models.plant import Plant
from twin.fabric.links import with_links
from twin.fabric.parallel import job_use
from twin.start import first_state, idle_inputs
from twin.state import Inputs, State
from twin.steady import steady
from twin.workload import workload

WET: Ints = np.arange(0, 144)
AIR: Ints = np.arange(576, 592)


@cache
def site() -> tuple[Plant, State, Inputs]:
    plant = compile_site("pilot")
    inputs = idle_inputs(plant, 25.0, 18.0)
    return plant, first_state(plant, inputs, 0.0), inputs


def narrow() -> Plant:
    plant = site()[0]
    uplinks = np.arange(len(plant.gpu_names), len(plant.fabric.links.lower))
    return with_links(plant, uplinks, 0.05)


def ask(plant: Plant, table: Allocations | None = None, **wish: Any) -> Answer:
    table = Allocations(plant) if table is None else table
    return rank(plant, *site()[1:], table, read_request({"job": "j", **wish}), 0.0)


@pytest.mark.parametrize("gpus", [WET, AIR], ids=["liquid", "air"])
@pytest.mark.parametrize("rate", [None, 1e9, 1e8])
@pytest.mark.parametrize("name", ["pretraining", "pretraining_moe", "finetuning", "decode"])
def test_power_at_a_step_is_that_of_the_rigs_job(name: str, rate: float | None, gpus: Ints) -> None:
    plant = site()[0]
    team = first_team(workload(name), plant, gpus).at_rate(plant, rate)
    clock = np.ones(len(gpus))
    at = team.pace(clock)
    draw, model = draw_of(place_index(plant), name, len(gpus), None), place_index(plant).model
    told_w = draw.power_w(model[gpus], at.step_s)
    np.testing.assert_allclose(told_w, team.power_w(plant, at, clock), rtol=1e-9)


def test_a_stated_collective_is_waited_for_at_the_waiting_power() -> None:
    plant, index = site()[0], place_index(site()[0])
    told = Collective(op="alltoall", bytes=1e9, per_step_s=0.5)
    draw = draw_of(index, "finetuning", 16, told)
    profile, model = workload("finetuning"), int(index.model[0])
    gpus = plant.arrays.gpus
    span_w = float(gpus.power_max_w[0] - gpus.idle_power_w[0])
    share = np.array([0.9, float(profile.wait_power_share)])
    work_w, wait_w = (float(gpus.idle_power_w[0]) + span_w * share).tolist()
    for exchange_s in (0.0, 0.5, 4.5):
        mean_w = (0.5 * work_w + exchange_s * wait_w) / (0.5 + exchange_s)
        told_w = draw.power_w(np.array([model]), np.array([0.5 + exchange_s]))
        assert told_w[0] == pytest.approx(mean_w)


def test_an_unknown_step_draws_as_on_the_nearest_place() -> None:
    index = place_index(site()[0])
    draw = draw_of(index, "pretraining", 16, None)
    models: Ints = np.arange(len(index.models))
    unknown: Floats = np.full(len(models), np.nan)
    np.testing.assert_array_equal(draw.power_w(models, unknown), draw.nearest_w)


def test_a_place_where_the_job_waits_longer_is_told_cooler_and_takes_less_power() -> None:
    plant = narrow()
    wish: dict[str, Any] = {"gpus": 144, "gpu_model": "gb200_gpu", "profile": "finetuning",
            "collective": {"op": "alltoall", "bytes": 1e9, "per_step_s": 0.5}}  # fmt: skip
    table = Allocations(plant)
    alone = ask(plant, table, **wish).advice[0].predicted
    held = np.r_[0:36, 72:108, 144:180, 216:252, 288:324]
    table.put(Allocation("old", held, 0.0, gpu_power_w=300.0), 0.0)
    beside = ask(plant, table, **wish).advice[0].predicted
    assert (beside.collective_s or 0.0) > 2.0 * (alone.collective_s or 0.0)
    assert beside.gpu_temp_max_c < alone.gpu_temp_max_c - 1.0
    assert beside.facility_power_w < 0.95 * alone.facility_power_w


def test_a_power_that_the_request_states_holds_whatever_the_wait() -> None:
    plant = narrow()
    wish: dict[str, Any] = {"gpus": 144, "gpu_model": "gb200_gpu", "profile": "finetuning"}
    wish["gpu_power_w"] = 900.0
    told = {"op": "alltoall", "bytes": 1e10, "per_step_s": 0.01}
    short, long = ask(plant, **wish), ask(plant, **wish, collective=told)
    same = [one.predicted.gpu_temp_max_c for one in (short.advice[0], long.advice[0])]
    assert same[0] == pytest.approx(same[1], abs=0.2)


def test_neighbours_that_wait_for_the_job_draw_less_and_the_meters_show_it() -> None:
    plant, _, inputs = narrow(), *site()[1:]
    old: Ints = np.r_[0:36, 72:108, 288:360]
    profile, table = workload("pretraining_moe"), Allocations(plant)
    table.put(Allocation("old", old, 0.0, profile="pretraining_moe"), 0.0)
    team = first_team(profile, plant, old)

    def at_rest(mine: Ints, rates: dict[str, float]) -> State:
        power_w, clock = inputs.gpu_power_w.copy(), np.ones(144)
        for name, gpus in (("old", old), ("j", mine)):
            if name in rates:
                own = first_team(profile, plant, gpus).at_rate(plant, rates[name])
                power_w[gpus] = own.power_w(plant, own.pace(clock), clock)
        return steady(plant, inputs._replace(gpu_power_w=power_w))

    traffic = traffic_of(plant, table, table.holdings(0.0).version, 0.0)
    before = at_rest(old, {"old": float(team.rate_bytes_per_s or 0.0)})
    wish = read_request({"job": "j", "gpus": 144, "gpu_model": "gb200_gpu", "limit": 20,
                         "profile": "pretraining_moe"})  # fmt: skip
    answer = rank(plant, before, inputs._replace(gpu_power_w=before.gpu_power_w), table, wish, 0.0)
    advice = max(answer.advice, key=lambda one: one.predicted.neighbours_slowdown_share or 0.0)
    assert (advice.predicted.neighbours_slowdown_share or 0.0) > 0.1
    assert any("less at the GPUs of slowed neighbours" in line for line in advice.reasons)
    mine = table.indices(advice.gpus)
    share = traffic.share(job_use(profile, plant, mine))
    (loser,) = share.losers
    after = at_rest(mine, {"old": loser.after_bytes_per_s, "j": share.bytes_per_s})
    rose_w = _meters_w(plant, after) - _meters_w(plant, before)
    assert after.gpu_power_w[old].sum() < 0.97 * before.gpu_power_w[old].sum()
    assert advice.predicted.facility_power_w == pytest.approx(rose_w, rel=0.05)
    assert advice.predicted.gpu_temp_max_c == pytest.approx(after.gpu_temp_c[mine].max(), abs=0.5)


@pytest.mark.parametrize("model", ["gb200_gpu", "h200_sxm"])
def test_air_and_liquid_each_pay_for_their_own_cooling(model: str) -> None:
    plant, _, inputs = site()
    busy_w = np.full(len(plant.gpu_names), 0.5) * plant.arrays.gpus.power_max_w
    busy = inputs._replace(gpu_power_w=busy_w)
    before = steady(plant, busy)
    wish = {"gpus": 32, "gpu_model": model, "gpu_power_w": 650.0, "limit": 1}
    table = Allocations(plant)
    request = read_request({"job": "j", **wish})
    (advice,) = rank(plant, before, busy, table, request, 0.0).advice
    mine = table.indices(advice.gpus)
    drawn_w = busy_w.copy()
    drawn_w[mine] = np.maximum(650.0, busy_w[mine])
    after = steady(plant, busy._replace(gpu_power_w=drawn_w))
    rose_w = _meters_w(plant, after) - _meters_w(plant, before)
    assert advice.predicted.facility_power_w == pytest.approx(rose_w, rel=0.1)


def _meters_w(plant: Plant, state: State) -> float:
    return float(state.feed_power_w[plant.arrays.feeds.parent < 0].sum())
