"""A job that runs by a profile: where, when, and what is asked of it."""

from typing import NamedTuple

import numpy as np

from site_models.arrays import Floats, Ints
from site_models.kinds.workload import Workload


class Arrivals(NamedTuple):
    """Units asked for, in the order of their times."""

    after_s: Floats
    """Since the job's start."""
    units: Floats
    """Asked for by each request and all before it."""

    def until(self, after_s: float) -> float:
        """Return what was asked for before a time since the job's start."""
        count = int(np.searchsorted(self.after_s, after_s, side="left"))
        return float(self.units[count - 1]) if count else 0.0


def arrivals_of(time_s: Floats, units: Floats) -> Arrivals:
    """Return arrivals whose first request comes with the job's start."""
    return Arrivals(time_s - time_s[0], np.cumsum(units))


class Assigned(NamedTuple):
    """A job, its GPUs in the order of their places, and its time: from start up to end."""

    name: str
    profile_name: str
    profile: Workload
    gpus: Ints
    start_s: float
    end_s: float
    arrivals: Arrivals | None = None
    """Units that requests ask for; None: there is always more to do."""
    priority: int = 0
    allowed_slowdown: float = 1.0
    preemptible: bool = False
    finish_by_s: float = np.inf
    """Where it is given the job ends when it has done what it would have by `end_s` undisturbed,
    and at this time at the latest."""


def meant_units(job: Assigned, ideal_per_s: float) -> float:
    """Return what a job with a time to be done by has to do, given its pace undisturbed.

    Checkpoints are in that pace, the network it has to itself. Infinite for other jobs.
    """
    if np.isinf(job.finish_by_s):
        return float("inf")
    return ideal_per_s * working_share(job) * (job.end_s - job.start_s)


def working_share(job: Assigned) -> float:
    """Return the share of its time in which a job writes no checkpoint. 0..1"""
    every_s, lasts_s = job.profile.checkpoint_every_s, job.profile.checkpoint_s
    if every_s is None or lasts_s is None:
        return 1.0
    return float(every_s) / (float(every_s) + float(lasts_s))


def resume_s(profile: Workload) -> float:
    """Return what a pause costs a job: a checkpoint before, as its GPUs may be lost, a restart."""
    checkpoint_s, restart_s = profile.checkpoint_s, profile.restart_s
    return float(checkpoint_s or 0.0) + float(restart_s or 0.0)
