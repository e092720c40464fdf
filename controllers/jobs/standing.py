"""Jobs that stand for a while, as when they write a checkpoint: what they will draw again."""

from collections.abc import Sequence

import numpy as np

from controllers.gather import sum_by
from controllers.jobs.job_curves import JobCurves, each_w
from controllers.policy import JobOn
from site_models.arrays import Floats

STANDS = 0.15
"""A job that draws so much less than is usual at its clock stands."""


def standing(
    jobs: Sequence[JobOn], curves: JobCurves, clock: Floats, power_w: Floats, told: Floats
) -> tuple[Floats, float]:
    """Return what jobs draw over what their curves tell, and what the standing will draw again.

    Parameters
    ----------
    clock, power_w
        What each GPU was locked to and drew. Shape (GPUs,) [-], [W]
    told
        What it usually draws over what its job's curve tells. Shape (GPUs,) [-]

    Returns
    -------
    The present shares, those of GPUs without a job as they were (GPUs,) [-], and what the jobs
    miss that draw far less than usual [W].

    Notes
    -----
    A curve need not be exact, only its errors lasting: `told` is a slow mean of the shares.
    Checked in ``tests/controllers/jobs/test_standing.py``.
    """
    share, missing_w = told.copy(), 0.0
    if not jobs:
        return share, missing_w
    first = np.array([int(job.gpus[0]) for job in jobs])
    size = np.array([len(job.gpus) for job in jobs])
    owner = np.repeat(np.arange(len(jobs)), size)
    mine = np.concatenate([job.gpus for job in jobs])
    drawn_w, expected_w = sum_by(owner, power_w[mine], len(jobs)), each_w(curves, clock[first])
    now = np.where(expected_w > 0.0, drawn_w / np.maximum(expected_w, 1e-9), told[first])
    share[mine] = now[owner]
    stands = now < told[first] * (1.0 - STANDS)
    missing_w = float((told[first] * expected_w - drawn_w)[stands].sum())
    return share, missing_w
