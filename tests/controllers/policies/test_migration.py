"""Jobs leave where they are held down once they have lost what the move costs, and not before."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from controllers.migration.held_down import clocks, ill_gpus, pace_of
from controllers.policies.migration import Migration
from controllers.policy import Decision, JobOn, Move, View
from controllers.supervision.vetting import fault_of
from site_models.placing import Maintenance, Placing
from site_models.plant import Plant
from tests.fakes.small_plant import small_plant, small_state
from tests.fakes.small_run import view_of

PLANT = small_plant()
GPUS = len(PLANT.gpu_names)
DT_S = 10.0
SLOW = JobOn("slow", np.arange(0, 4), preemptible=True, resume_s=100.0)
WELL = JobOn("well", np.arange(4, 12), preemptible=True, resume_s=100.0)
JOBS = (SLOW, WELL)


def seen(
    held: Any = (0,),
    clock: float = 0.5,
    jobs: tuple[JobOn, ...] = JOBS,
    plant: Plant = PLANT,
    taken: Any = (),
    **changes: Any,
) -> View:
    """Return a view in which some GPUs are slow and others, that nobody tells of, are taken."""
    state = small_state(plant, 0.3)
    ratio = np.ones(GPUS)
    ratio[list(held)] = clock
    free = np.ones(GPUS, dtype=np.bool_)
    for job in jobs:
        free[job.gpus] = False
    free[list(taken)] = False
    state = state._replace(gpu_clock_ratio=ratio)
    view = replace(view_of(plant, state, DT_S), jobs=jobs, free=free)
    return replace(view, **changes)


class Watch:
    """A policy and its memory over many ticks."""

    def __init__(self, policy: Migration | None = None, plant: Plant = PLANT) -> None:
        self.policy = policy or Migration()
        self.memory = self.policy.start(plant)

    def decide(self, view: View, seconds: float = DT_S) -> Decision:
        """Return the last decision of so many seconds with the same view."""
        for _ in range(int(seconds / DT_S)):
            decision, self.memory = self.policy.decide(view, self.memory)
            assert fault_of(decision, view) == ""
        return decision


def to_of(decision: Decision, job: str = "slow") -> Move:
    (move,) = (move for move in decision.moves if move.job == job)
    return move


def moved(decision: Decision, jobs: tuple[JobOn, ...] = JOBS) -> tuple[JobOn, ...]:
    """Return the jobs where they were asked to go."""
    goals = {move.job: np.array(move.gpus) for move in decision.moves}
    return tuple(replace(job, gpus=goals.get(job.name, job.gpus)) for job in jobs)


def test_a_job_leaves_when_it_has_lost_what_a_move_costs() -> None:
    watch = Watch()
    assert not watch.decide(seen(), 200.0).moves  # half of its pace for 200 s is 100 s
    decision = watch.decide(seen())
    move = to_of(decision)
    assert len(move.gpus) == 4
    assert len({PLANT.arrays.gpus.node[gpu] for gpu in move.gpus}) == 1
    assert not set(move.gpus) & set(range(12))
    assert {PLANT.gpu_model[gpu] for gpu in move.gpus} == {"gb200"}
    assert "slow to node" in decision.reason


def test_the_dearer_the_move_the_longer_it_waits() -> None:
    dear = (replace(SLOW, resume_s=1000.0), WELL)
    watch = Watch()
    assert not watch.decide(seen(jobs=dear), 2000.0).moves
    assert watch.decide(seen(jobs=dear), 100.0).moves
    assert not Watch(Migration(worth=3.0)).decide(seen(), 600.0).moves


def test_a_job_that_is_almost_done_stays() -> None:
    ends = (replace(SLOW, left_s=90.0), WELL)
    assert not Watch().decide(seen(jobs=ends), 3000.0).moves


def test_short_dips_are_forgotten_and_what_is_half_way_back_is_not() -> None:
    watch = Watch()
    watch.decide(seen(), 150.0)
    watch.decide(seen(clock=0.93), 500.0)
    assert watch.memory.lost_s[0] == pytest.approx(75.0)
    assert watch.decide(seen(), 100.0).moves
    watch = Watch()
    for _ in range(20):
        assert not watch.decide(seen(), 150.0).moves
        watch.decide(seen(clock=1.0))


@pytest.mark.parametrize(
    "job", [replace(SLOW, preemptible=False), replace(SLOW, paused=True)], ids=["fixed", "paused"]
)
def test_who_may_not_be_moved_never_is(job: JobOn) -> None:
    assert not Watch().decide(seen(jobs=(job, WELL)), 3000.0).moves


def test_without_word_of_free_gpus_nothing_is_asked() -> None:
    assert not Watch().decide(seen(free=None), 3000.0).moves


def test_a_place_that_is_asked_for_stays_until_the_job_is_there_and_it_then_rests() -> None:
    watch = Watch(Migration(again_s=1000.0))
    asked = watch.decide(seen(), 210.0)
    assert watch.decide(seen(), 300.0).moves == asked.moves
    there = moved(asked)
    new = to_of(asked).gpus
    assert not watch.decide(seen(held=new[:1], jobs=there), 600.0).moves
    again = watch.decide(seen(held=new[:1], jobs=there), 600.0)
    assert to_of(again).gpus != new


def test_a_place_is_given_up_in_time_or_when_another_job_has_it() -> None:
    watch = Watch(Migration(patience_s=200.0))
    first = to_of(watch.decide(seen(), 210.0))
    other = JobOn("other", np.array(first.gpus))
    second = to_of(watch.decide(seen(jobs=(*JOBS, other)), 100.0))
    assert not set(second.gpus) & set(first.gpus)
    watch.decide(seen(jobs=(*JOBS, other)), 190.0)
    third = to_of(watch.decide(seen(jobs=(*JOBS, other), taken=second.gpus), 100.0))
    assert not set(third.gpus) & set(second.gpus)


def test_only_so_many_are_under_way_at_a_time() -> None:
    small = tuple(
        JobOn(f"j{n}", np.arange(4 * n, 4 * n + 4), preemptible=True, resume_s=100.0)
        for n in range(3)
    )
    steady = JobOn("steady", np.arange(12, 20))
    jobs = (*small, steady)
    watch = Watch(Migration(at_once=2.0))
    held = (0, 4, 8)
    first = watch.decide(seen(held, jobs=jobs), 250.0)
    assert len(first.moves) == 2
    jobs = moved(first, jobs)
    left = [job.gpus[0] for job in jobs if job.name not in {m.job for m in first.moves}][:1]
    assert not watch.decide(seen(left, jobs=jobs), 50.0).moves  # they restart
    last = watch.decide(seen(left, jobs=jobs), 120.0)
    assert len(last.moves) == 1
    gpus = [gpu for move in (*first.moves, *last.moves) for gpu in move.gpus]
    assert len(set(gpus)) == len(gpus)


def test_a_gang_goes_as_a_whole_into_one_domain_as_many_in_each_node() -> None:
    gang = JobOn("gang", np.arange(0, 8), preemptible=True, resume_s=100.0)
    steady = JobOn("steady", np.arange(8, 24))
    move = to_of(Watch().decide(seen(held=(3,), jobs=(gang, steady)), 250.0), "gang")
    nodes = PLANT.arrays.gpus.node[list(move.gpus)]
    assert np.bincount(nodes)[np.unique(nodes)].tolist() == [4, 4]
    assert len(set(PLANT.gpu_nvlink_domain[list(move.gpus)])) == 1
    torn = JobOn("gang", np.arange(0, 16), preemptible=True, resume_s=100.0)
    kept = seen(held=(3,), jobs=(torn, JobOn("steady", np.arange(16, 24))), taken=range(24, 28))
    assert not Watch().decide(kept, 3000.0).moves


def test_on_a_loop_that_is_held_down_as_a_whole_no_place_is_taken() -> None:
    all_held = seen(held=range(12))
    loop = PLANT.arrays.racks.liquid_circuit[0]
    on = PLANT.arrays.racks.liquid_circuit[PLANT.arrays.nodes.rack[PLANT.arrays.gpus.node]] == loop
    held = np.zeros(GPUS, dtype=np.bool_)
    held[:12] = True
    assert ill_gpus(all_held, held)[on].all()
    assert not Watch().decide(all_held, 3000.0).moves
    held[4:] = False
    assert ill_gpus(seen(), held).sum() == 4


def test_capped_places_are_no_better() -> None:
    view = seen()
    cap_w = np.full(GPUS, float(PLANT.arrays.gpus.power_min_w.min()))
    want_w = 0.9 * PLANT.arrays.gpus.power_max_w
    state = view.state._replace(gpu_power_w=want_w)
    capped = replace(view, state=state, inputs=view.inputs._replace(gpu_cap_w=cap_w))
    assert not Watch().decide(capped, 3000.0).moves


def test_dead_gpus_are_left_as_soon_as_they_stay_dead() -> None:
    gpus = PLANT.arrays.gpus
    service = gpus.in_service.copy()
    service[1] = False
    dead = replace(PLANT, arrays=PLANT.arrays._replace(gpus=gpus._replace(in_service=service)))
    dear = (replace(SLOW, resume_s=1000.0), WELL)
    view = seen(held=(), jobs=dear, plant=dead)
    assert pace_of(dear[0], clocks(view)) == 0.0
    watch = Watch(plant=dead)
    assert not watch.decide(view, 50.0).moves
    assert 1 not in to_of(watch.decide(view, 30.0)).gpus


def test_maintenance_ahead_is_left_in_time() -> None:
    work = Maintenance(targets=("node0",), reason="valve")
    plant = replace(PLANT, placing=Placing(maintenance=(work,)))
    move = to_of(Watch(plant=plant).decide(seen(held=(), plant=plant)))
    assert not set(move.gpus) & {0, 1, 2, 3}


def test_a_job_of_independent_gpus_loses_by_the_mean() -> None:
    clock = np.array([0.5, 1.0, 1.0, 1.0])
    gang = JobOn("a", np.arange(4))
    assert pace_of(gang, clock) == pytest.approx(0.5)
    assert pace_of(replace(gang, together=False), clock) == pytest.approx(0.875)
    assert pace_of(replace(gang, compute_share=0.0), np.full(4, 0.7)) == pytest.approx(1.0)
