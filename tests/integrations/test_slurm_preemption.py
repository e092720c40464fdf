"""A job is told preemptible where Slurm says so; never one that Slurm would not requeue."""

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from integrations.slurm.commands import Slurm, SlurmError
from integrations.slurm.controller import Controller
from integrations.slurm.preemption import (
    Preemption,
    partitions_pushed,
    preemption_of,
    qualities_pushed,
)
from integrations.slurm.told import job_of
from tests.fakes.slurm import Cluster

TOLD = job_of(
    "JobId=7 JobName=x\n   Priority=1 Nice=0 Account=(null) QOS=low\n"
    "   JobState=RUNNING Reason=None Dependency=(null)\n   Requeue=1 Restarts=0 BatchFlag=1\n"
    "   PreemptEligibleTime=2026-01-01T00:00:00 PreemptTime=None\n   Partition=spare\n"
)
FIXED = ("Requeue=1 BatchFlag=0", "Requeue=0 BatchFlag=1", "Requeue=1 BatchFlag=1 HetJobId=7")
PUSHED = Preemption(partitions=frozenset({"spare"}))


@pytest.fixture
def told(twin: httpx.Client) -> Iterator[httpx.Client]:
    """Return the twin; afterwards it knows of no job."""
    yield twin
    for one in twin.get("/api/v1/allocations").json()["items"]:
        twin.delete(f"/api/v1/allocations/{one['job']}")


def told_preemptible(twin: httpx.Client) -> dict[str, bool]:
    """Return what the twin was told of each job."""
    items = twin.get("/api/v1/allocations").json()["items"]
    return {one["job"].removeprefix("slurm-"): one["preemptible"] for one in items}


def test_what_slurm_would_requeue_for_others_is_told_preemptible(
    slurm: Cluster, told: httpx.Client, control: Controller
) -> None:
    expected = {
        slurm.submit(*words, "--gres=gpu:1", script="sleep 60"): may
        for words, may in (
            (("-p", "spare"), True),
            (("-p", "spare", "--no-requeue"), False),
            (("-p", "urgent"), False),
            (("-p", "all"), False),
            (("-p", "all", "--comment=mine twin:preemptible"), True),
            (("-p", "all", "--comment=twin:preemptible", "--no-requeue"), False),
        )
    }
    for job in expected:
        slurm.waits(job, "RUNNING")
    control.round()
    assert told_preemptible(told) == expected


def test_a_job_that_may_no_longer_be_requeued_is_told_so_also_while_it_is_paused(
    slurm: Cluster, told: httpx.Client, control: Controller
) -> None:
    job = slurm.submit("-p", "spare", "--gres=gpu:2", script="sleep 60")
    slurm.waits(job, "RUNNING")
    control.round()
    before = told.get("/api/v1/allocations").json()["items"][0]
    assert before["preemptible"]
    slurm.run("scontrol", "suspend", job)
    slurm.waits(job, "SUSPENDED")
    slurm.run("scontrol", "update", f"JobId={job}", "Requeue=0")
    control.round()
    now = told.get("/api/v1/allocations").json()["items"][0]
    assert not now["preemptible"]
    assert now["gpus"] == before["gpus"]
    slurm.run("scontrol", "resume", job)


def test_slurm_refuses_itself_to_requeue_what_is_not_told(slurm: Cluster, commands: Slurm) -> None:
    job = slurm.submit("-p", "spare", "--no-requeue", "--gres=gpu:1", script="sleep 60")
    slurm.waits(job, "RUNNING")
    refused = slurm.run("scontrol", "requeuehold", job)
    assert refused.returncode != 0
    assert slurm.job(job)["JobState"] == "RUNNING"
    (told,) = (one for one in commands.jobs() if one.id == job)
    assert not told.requeues
    assert preemption_of(commands).partitions == {"spare"}


def test_a_part_of_a_larger_job_or_one_without_a_script_is_never_preemptible() -> None:
    assert PUSHED.allows(TOLD)
    comment = "Comment=twin:preemptible"
    for flags in FIXED:
        job = job_of(f"JobId=7 JobName=x\n   {flags}\n   {comment}\n")
        assert not PUSHED.allows(replace(job, partition="spare")), flags
    assert not PUSHED.allows(replace(TOLD, partition="all"))


def test_nobody_is_preempted_within_the_time_that_slurm_promises() -> None:
    assert TOLD.exempt_until_s is not None
    assert not PUSHED.allows(TOLD, TOLD.exempt_until_s - 1.0)
    assert PUSHED.allows(TOLD, TOLD.exempt_until_s)
    assert not PUSHED.allows(replace(TOLD, exempt_until_s=None)), "Slurm hides it where it is off"


def test_a_partition_is_pushed_by_a_higher_one_on_its_nodes_alone() -> None:
    def rows(*parts: tuple[str, str, str]) -> list[dict[str, str]]:
        keys = ("PartitionName", "PriorityTier", "PreemptMode")
        return [dict(zip(keys, part, strict=True)) for part in parts]

    low, high = ("low", "1", "GANG,REQUEUE"), ("high", "2", "REQUEUE")
    shared, apart = {"low": {"n1"}, "high": {"n1"}}, {"low": {"n1"}, "high": {"n2"}}
    assert list(partitions_pushed(rows(low, high), shared)) == ["low"]
    assert list(partitions_pushed(rows(low, high), apart)) == []
    for mode in ("OFF", "CANCEL", "SUSPEND,GANG"):
        assert list(partitions_pushed(rows(("low", "1", mode), high), shared)) == []


@pytest.mark.parametrize(
    ("mode", "default", "pushed"),
    [("requeue", "CANCEL", True), ("cluster", "REQUEUE", True), ("cluster", "CANCEL", False),
     ("cancel", "REQUEUE", False), ("suspend", "REQUEUE", False), ("", "GANG,REQUEUE", True)],
)  # fmt: skip
def test_a_quality_of_service_is_pushed_as_it_says_or_else_as_the_cluster(
    mode: str, default: str, pushed: bool
) -> None:
    rows = [("low", "", mode), ("high", "low", "cluster")]
    assert list(qualities_pushed(rows, default)) == (["low"] if pushed else [])
    assert list(qualities_pushed([("low", "", mode)], default)) == []
    assert list(qualities_pushed([("low", "", "within,requeue")], "CANCEL")) == ["low"]


def test_without_the_accounting_database_no_quality_says_anything(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def gone(_: Slurm) -> list[tuple[str, str, str]]:
        raise SlurmError("sacctmgr: connection refused")

    config = {"PreemptType": "preempt/qos", "PreemptMode": "REQUEUE"}
    monkeypatch.setattr(Slurm, "config", lambda _: config)
    monkeypatch.setattr(Slurm, "qualities", gone)
    for _ in range(2):
        assert preemption_of(Slurm()) == Preemption()
    assert len(caplog.records) == 1, "said once"
    monkeypatch.setattr(Slurm, "qualities", lambda _: [("low", "low", "cluster")])
    assert preemption_of(Slurm()).qualities == {"low"}
