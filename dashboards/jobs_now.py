"""The jobs at one tick: their records, and what they draw and get at this instant."""

from dataclasses import dataclass

import numpy as np

from controllers.jobs.job_account import JobAccount
from dashboards.feed import Feed
from dashboards.summary import Summary
from site_models.arrays import Floats, Ints


@dataclass(frozen=True, slots=True, eq=False)
class JobNow:
    """A job's record with what it does now; NaN for one that has ended."""

    record: JobAccount
    running: bool
    gpu_power_w: float
    """Of its GPU boards now."""
    network_share: float
    """Of the rate that it would have alone; NaN where it needs no network."""
    racks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class JobsNow:
    """All jobs, running ones first, and what is left of the GPUs."""

    jobs: tuple[JobNow, ...]
    held: float
    """GPUs held; a share of one counts as that."""
    idle_power_w: float
    """Boards, and shares of boards, that no job holds."""

    @property
    def running(self) -> tuple[JobNow, ...]:
        """Return those that hold GPUs now."""
        return tuple(job for job in self.jobs if job.running)


def jobs_now(feed: Feed, summary: Summary) -> JobsNow:
    """Return the jobs of a tick.

    Those that a scheduler told of and those that the world plays; checked in
    ``tests/dashboards/test_jobs_page.py``.
    """
    state, world = summary.state, feed.world
    told = world.allocations.jobs(state.time_s)
    names = {job.job for job in told}
    part = {job.job: _part(state.gpu_power_w, job.gpus, job.share) for job in told}
    racks = {job.job: _racks(feed, job.gpus) for job in told}
    held = np.zeros(len(state.gpu_power_w))
    for job in told:
        np.add.at(held, job.gpus, job.share)
    for own in (one for one in world.played if one.name not in names):
        part[own.name] = _part(state.gpu_power_w, own.gpus, 1.0)
        racks[own.name] = _racks(feed, own.gpus)
        held[own.gpus] += 1.0
    network = {
        job.job: job.rate_bytes_per_s / job.lone_bytes_per_s
        for job in feed.fabric_now(summary).jobs
        if job.domains > 1 and job.lone_bytes_per_s > 0.0
    }
    nan = float("nan")
    # the latest record of a name is the one that runs, if any does
    latest = {record.job: record for record in sorted(feed.job_records, key=_begun)}
    every = [
        JobNow(record, True, part[record.job], network.get(record.job, nan), racks[record.job])
        if record.job in part and latest[record.job] is record
        else JobNow(record, False, nan, nan)
        for record in feed.job_records
    ]
    idle_w = float((np.maximum(1.0 - held, 0.0) * state.gpu_power_w).sum())
    order = sorted(every, key=lambda job: (not job.running, -job.record.start_s, job.record.job))
    return JobsNow(tuple(order), float(np.minimum(held, 1.0).sum()), idle_w)


def _part(gpu_power_w: Floats, gpus: Ints, share: float) -> float:
    return share * float(gpu_power_w[gpus].sum())


def _racks(feed: Feed, gpus: Ints) -> tuple[str, ...]:
    racks = np.unique(feed.index.rack_of_gpu[gpus])
    return tuple(feed.plant.rack_names[rack] for rack in racks)


def _begun(record: JobAccount) -> float:
    return record.start_s
