"""What jobs get of the fabric, by what their profiles send."""

import numpy as np

from controllers.jobs.allocation import Allocation
from controllers.jobs.allocations import Allocations
from controllers.jobs.assigned import Assigned
from dashboards.fabric_now import FabricNow, FabricWatch, trunk_names, trunk_of_link
from tests.fakes.small_plant import START_S, small_plant
from tests.fakes.small_world import SmallWorld, small_snapshot
from twin.fabric.contention import Contention
from twin.fabric.links import with_links
from twin.fabric.parallel import job_use
from twin.fabric.span import trunk_rates
from twin.workload import workload

PLANT = small_plant()
WIDE = np.r_[0:8, 32:40]
"""Sixteen GPUs, half of them behind each leaf."""


def look(told: Allocations, *played: Assigned) -> FabricNow:
    snapshot = small_snapshot(PLANT, 1, 0.5, SmallWorld(PLANT).supervisor)
    return FabricWatch(PLANT, told).look(snapshot, played)


def allocated(profile: str | None) -> Allocations:
    told = Allocations(PLANT)
    told.put(Allocation("wide", WIDE, START_S, profile=profile), START_S)
    return told


def test_a_profile_sends_its_own_operations() -> None:
    now = look(allocated("pretraining_moe"))
    (job,) = now.jobs
    assert "alltoall" in job.operations
    assert not job.assumed
    use = job_use(workload("pretraining_moe"), PLANT, WIDE)
    assert use is not None
    contention = Contention(trunk_rates(PLANT))
    contention.start("wide", use)
    assert job.rate_bytes_per_s == contention.rate("wide")
    np.testing.assert_allclose(
        now.trunk_load_bytes_per_s[use.trunk], use.weight * job.rate_bytes_per_s
    )


def test_without_a_known_profile_an_all_reduce_is_assumed() -> None:
    for profile in (None, "of-my-own"):
        (job,) = look(allocated(profile)).jobs
        assert (job.operations, job.assumed) == (("all_reduce",), True)


def test_a_profile_that_does_not_communicate_loads_nothing() -> None:
    now = look(allocated("idle"))
    assert now.jobs[0].operations == ()
    assert not now.trunk_load_bytes_per_s.any()


def test_jobs_that_the_world_plays_are_there_too_but_not_twice() -> None:
    job = Assigned("wide", "finetuning", workload("finetuning"), WIDE, START_S, START_S + 60.0)
    assert [one.profile for one in look(Allocations(PLANT), job).jobs] == ["finetuning"]
    assert [one.profile for one in look(allocated(None), job).jobs] == [""]


def test_one_domain_needs_no_network() -> None:
    told = Allocations(PLANT)
    told.put(Allocation("near", np.arange(8), START_S), START_S)
    job = look(told).jobs[0]
    assert job.domains == 1
    assert not job.stands_still


def test_the_links_of_the_trunks_add_up_to_their_rates() -> None:
    trunk, rate = trunk_of_link(PLANT), PLANT.fabric.links.rate_bytes_per_s
    for k, whole in enumerate(trunk_rates(PLANT)):
        assert rate[trunk == k].sum() == whole
    assert trunk_names(PLANT)[0] == "leaf0"


def test_it_is_solved_again_when_links_or_jobs_change() -> None:
    told, world = allocated(None), SmallWorld(PLANT)
    watch, snapshot = FabricWatch(PLANT, told), small_snapshot(PLANT, 1, 0.5, world.supervisor)
    first = watch.look(snapshot).jobs
    assert watch.look(snapshot).jobs is first
    ill = with_links(PLANT, np.array([48]), 0.0)
    slow = watch.look(small_snapshot(ill, 1, 0.5, world.supervisor))
    assert slow.trunk_rate_bytes_per_s[0] < slow.trunk_built_bytes_per_s[0]
    told.release("wide")
    assert watch.look(snapshot).jobs == ()
