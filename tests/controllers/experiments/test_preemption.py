"""Preemptible work stands where something is short, the lowest first, and comes back with room."""

from dataclasses import replace

import numpy as np
import pytest

from controllers.gather import sum_by
from controllers.policies.power_budget import PowerBudget
from controllers.policies.preemption import Preemption, Stood
from controllers.policy import JobOn, LoadTarget, View
from controllers.power.pour import vessel_of
from controllers.power.power_tree import power_tree
from controllers.power.shortage import Shortage, beside_racks_w, loops_of, margins_k
from controllers.power.stage_room import room_of
from controllers.supervision.vetting import fault_of
from site_models.plant import Plant
from tests.fakes.small_plant import small_plant, small_state
from tests.fakes.small_run import view_of

PLANT = small_plant()
LOW = JobOn("low", np.arange(0, 8), priority=0, preemptible=True)
HIGH = JobOn("high", np.arange(8, 16), priority=1, preemptible=True)
FIXED = JobOn("fixed", np.arange(16, 48), priority=0)
JOBS = (LOW, HIGH, FIXED)


def working(
    plant: Plant, jobs: tuple[JobOn, ...] = JOBS, paused: frozenset[str] = frozenset()
) -> View:
    """Return a view in which all run at nine tenths of their limits, but those that stand."""
    gpus = plant.arrays.gpus
    power_w = 0.9 * gpus.power_max_w
    for job in jobs:
        if job.name in paused:
            power_w[job.gpus] = gpus.idle_power_w[job.gpus]
    nodes = plant.arrays.nodes
    boards_w = sum_by(gpus.node, power_w, len(nodes.rack))
    dc_w = 300.0 + (1.0 + nodes.load_power_per_gpu_w) * boards_w
    state = small_state(plant)._replace(gpu_power_w=power_w, node_dc_power_w=dc_w)
    seen = tuple(replace(job, paused=job.name in paused) for job in jobs)
    return replace(view_of(plant, state), jobs=seen)


def metered_w(view: View, paused: frozenset[str] = frozenset()) -> float:
    """Return what passes the meters with the jobs that stand idle [W]."""
    plant, gpus = view.plant, view.plant.arrays.gpus
    vessel = vessel_of(plant, view.state, room_of(power_tree(plant), view.state, 1.0), 1.0)
    gpu_w = 0.9 * gpus.power_max_w
    for job in view.jobs:
        if job.name in paused:
            gpu_w[job.gpus] = gpus.idle_power_w[job.gpus]
    _, in_w = vessel.tree.feed_powers_w(vessel.rack_power_w(gpu_w), vessel.fixed_w)
    return float(in_w[vessel.meters].sum())


def test_nobody_stands_while_there_is_room() -> None:
    view = working(PLANT)
    decision, _ = Preemption().decide(view, Preemption().start(PLANT))
    assert decision.paused == frozenset()
    assert decision.reason == "room for every job"
    np.testing.assert_array_equal(decision.gpu_cap_w, PLANT.arrays.gpus.power_max_w)


@pytest.mark.parametrize(
    ("stand", "expected"),
    [(frozenset({"low"}), {"low"}), (frozenset({"low", "high"}), {"low", "high"})],
)
def test_the_lowest_priority_stands_first_and_no_more_than_needed(
    stand: frozenset[str], expected: set[str]
) -> None:
    view = working(PLANT)
    policy = Preemption(site_limit_w=1.001 * metered_w(view, stand) / 0.98)
    decision, _ = policy.decide(view, policy.start(PLANT))
    assert decision.paused == expected
    assert "the utility limit" in decision.reason
    assert fault_of(decision, view) == ""


def test_who_may_not_be_paused_never_is() -> None:
    policy, view = Preemption(site_limit_w=1.0), working(PLANT)
    decision, _ = policy.decide(view, policy.start(PLANT))
    assert decision.paused == {"low", "high"}
    alone = working(PLANT, (FIXED,))
    decision, _ = policy.decide(alone, policy.start(PLANT))
    assert decision.paused == frozenset()
    assert decision.reason == "short, and no job may be paused"


def test_a_job_that_does_not_hang_on_the_stage_that_is_short_goes_on() -> None:
    view = working(PLANT)
    both = Shortage(
        view, 0.9 * PLANT.arrays.gpus.power_max_w, {"low": LOW, "high": HIGH}, 1.0, np.inf
    )
    assert both.to_pause(()) == set()
    far = JobOn("far", np.arange(32, 48), priority=-1, preemptible=True)
    feeds = PLANT.arrays.feeds
    near = int(PLANT.arrays.rack_feeds.feed[PLANT.arrays.rack_feeds.rack == 0][0])
    rating_w = feeds.rating_w.copy()
    rating_w[near] = 0.8 * view.state.feed_output_w[near]
    arrays = PLANT.arrays._replace(feeds=feeds._replace(rating_w=rating_w))
    tight = replace(PLANT, arrays=arrays)
    jobs = (LOW, HIGH, replace(FIXED, gpus=np.arange(16, 32)), far)
    decision, _ = Preemption().decide(working(tight, jobs), Preemption().start(tight))
    on = {
        job.name
        for job in jobs
        if (PLANT.arrays.nodes.rack[PLANT.arrays.gpus.node[job.gpus]] == 2).any()
    }
    assert decision.paused.isdisjoint(on)


def test_jobs_go_on_one_by_one_the_highest_first_once_there_is_room() -> None:
    policy, view = Preemption(site_limit_w=1.0), working(PLANT)
    decision, memory = policy.decide(view, policy.start(PLANT))
    assert decision.paused == {"low", "high"}
    wide, stood = Preemption(), list[frozenset[str]]()
    for _ in range(50):
        view = replace(working(PLANT, paused=decision.paused), dt_s=10.0)
        decision, memory = wide.decide(view, memory)
        stood.append(decision.paused)
    assert stood[28] == {"low", "high"}  # five minutes have not passed
    assert stood[29] == {"low"}
    assert stood[31] == {"low"}
    assert stood[32] == frozenset()


def test_a_limit_without_the_band_to_spare_gives_nobody_back() -> None:
    view = working(PLANT)
    tight = Preemption(site_limit_w=metered_w(view) / 0.98 * 1.02)
    _, memory = Preemption(site_limit_w=1.0).decide(view, Preemption().start(PLANT))
    stood = frozenset({"low", "high"})
    for _ in range(100):
        view = replace(working(PLANT, paused=stood), dt_s=10.0)
        decision, memory = tight.decide(view, memory)
        stood = decision.paused
    assert stood == {"low"}  # with it the limit would have 2 % to spare, not 5 %


def test_a_target_of_the_grid_counts_from_shortly_before_it_holds() -> None:
    view = working(PLANT)
    now_s = view.time_s
    power_w = 0.98 * metered_w(view) + beside_racks_w(view)
    for start_s, expected in ((now_s + 600.0, set[str]()), (now_s + 10.0, {"low"})):
        target = LoadTarget(power_w, start_s, start_s + 3600.0)
        asked = replace(view, target=target)
        decision, _ = Preemption().decide(asked, Preemption().start(PLANT))
        assert decision.paused == expected


def hot(view: View, circuit: int, margin_k: float) -> View:
    on = loops_of(view.plant) == circuit
    limit_c = view.plant.arrays.gpus.temp_limit_c
    state = view.state._replace(gpu_temp_c=np.where(on, limit_c - margin_k, 40.0))
    return replace(view, state=state)


def test_a_hot_loop_pauses_its_jobs_one_by_one_until_it_has_cooled_for_a_while() -> None:
    circuit = int(loops_of(PLANT)[0])
    elsewhere = JobOn("elsewhere", np.arange(32, 40), priority=-1, preemptible=True)
    jobs = (LOW, HIGH, elsewhere)
    policy, memory = Preemption(), Preemption().start(PLANT)
    stood = list[frozenset[str]]()
    paused = frozenset[str]()
    for step in range(140):
        view = replace(working(PLANT, jobs, paused), dt_s=10.0)
        decision, memory = policy.decide(hot(view, circuit, 1.0 if step < 10 else 20.0), memory)
        paused = decision.paused
        stood.append(paused)
    assert margins_k(hot(working(PLANT), circuit, 1.0))[circuit] == pytest.approx(1.0)
    assert stood[0] == {"low"}
    assert stood[2] == {"low"}
    assert stood[3] == {"low", "high"}
    assert stood[35] == {"low", "high"}
    assert stood[-1] == frozenset()


def test_memory_is_plain_and_jobs_that_end_leave_no_trace() -> None:
    policy, view = Preemption(site_limit_w=1.0), working(PLANT)
    _, memory = policy.decide(view, policy.start(PLANT))
    assert memory.stands.sum() == 16.0
    _, memory = policy.decide(working(PLANT, (FIXED,)), memory)
    assert isinstance(memory, Stood)
    assert memory.stands.sum() == 0.0


def test_the_budget_keeps_no_power_for_gpus_whose_job_stands() -> None:
    view = working(PLANT)
    limit_w = 1.05 * metered_w(view, frozenset({"low", "high"}))
    budget = PowerBudget(site_limit_w=limit_w)
    caps = []
    for paused in (frozenset[str](), frozenset({"low", "high"})):
        seen = working(PLANT, tuple(replace(job, priority=job is FIXED) for job in JOBS), paused)
        memory = budget.start(PLANT)
        decision, _ = budget.decide(seen, memory)
        caps.append(float(decision.gpu_cap_w[FIXED.gpus].sum()))
    assert caps[1] >= caps[0]
