"""Jobs of a recorded list, such as Slurm's accounting, as the jobs of a scenario.

A list tells when a job ran and on how many GPUs, not on which: they are given out in the site's
order, in the order of the starts, and a job for which too few are free waits until there are.
"""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from controllers.scenario import Job, Scenario
from controllers.simulated.scenario_jobs import gpus_of_job
from site_models.arrays import Flags, Floats
from site_models.errors import InputError
from site_models.plant import Plant
from telemetry.recording import Recording

ASSUMED_SHARE = 0.7
"""Of the power limit, for jobs whose list tells no energy: an estimate."""
MOST_JOBS = 5000
"""A scenario takes no more of a list."""


class Listed(NamedTuple):
    """A job as a list tells it."""

    name: str
    start_s: float
    """Since the epoch."""
    end_s: float
    """Infinite for one that still ran."""
    gpus: int
    energy_j: float
    """Of its GPUs; NaN where the list does not tell."""


class Placed(NamedTuple):
    """What became of a list."""

    jobs: tuple[Job, ...]
    left_out: Counter[str]
    delayed: int
    """Jobs that waited for GPUs."""


def listed_jobs(stored: Recording) -> list[Listed]:
    """Return the jobs of a recording that ran, by their start.

    Raises InputError for a recording without the signal `job_gpus`.
    """
    if "job" not in stored.axes or "job_gpus" not in stored.signals("job"):
        raise InputError(f"{stored.folder}: expected job_gpus on the axis job, as of sacct")
    with_energy = "job_energy_j" in stored.signals("job")
    found = []
    for name in stored.ids("job"):
        time_s, gpus = stored.series("job_gpus", name)
        held = np.flatnonzero(gpus > 0.0)
        if len(held) == 0:
            continue
        first = int(held[0])
        over = time_s[first + 1 :][gpus[first + 1 :] == 0.0]
        energy_j = float("nan")
        if with_energy:
            told = stored.series("job_energy_j", name)[1]
            energy_j = float(np.nanmax(told)) if np.isfinite(told).any() else energy_j
        end_s = float(over[0]) if len(over) else float("inf")
        found.append(Listed(name, float(time_s[first]), end_s, int(gpus[first]), energy_j))
    return sorted(found, key=lambda job: (job.start_s, job.name))


def placed_jobs(listed: Iterable[Listed], plant: Plant, scenario: Scenario) -> Placed:
    """Return the jobs of a list on the GPUs that a scenario's own jobs leave.

    The list's first start is the scenario's. Power is the job's energy over its GPUs and time,
    within what the GPUs can draw; ASSUMED_SHARE of the limit where no energy is told. Checked
    in ``tests/controllers/simulated/test_job_list.py``: no GPU ever has two jobs, none starts
    early.
    """
    jobs, left_out, delayed = list[Job](), Counter[str](), 0
    free_s = np.zeros(len(plant.gpu_names))
    free_s[~plant.arrays.gpus.in_service] = np.inf
    for own in scenario.jobs:
        free_s[gpus_of_job(own, plant)] = np.inf
    usable = int(np.isfinite(free_s).sum())
    began_s = None
    for job in listed:
        began_s = job.start_s if began_s is None else began_s
        wanted_s = job.start_s - began_s
        if wanted_s >= scenario.duration_s:
            left_out["starts after the scenario's end"] += 1
        elif job.gpus > usable:
            left_out[f"more GPUs than the {usable} that are free"] += 1
        elif len(jobs) >= MOST_JOBS:
            left_out[f"beyond {MOST_JOBS} jobs"] += 1
        else:
            start_s = max(wanted_s, float(np.partition(free_s, job.gpus - 1)[job.gpus - 1]))
            if start_s >= scenario.duration_s:
                left_out["no GPUs free before the scenario's end"] += 1
                continue
            end_s = start_s + (job.end_s - job.start_s)
            mine = _first_free(plant, free_s <= start_s, job.gpus)
            free_s[mine] = end_s
            delayed += start_s > wanted_s
            jobs.append(_as_job(job, plant, mine, start_s, end_s))
    return Placed(tuple(jobs), left_out, delayed)


def _first_free(plant: Plant, free: Flags, count: int) -> Flags:
    """Return so many free GPUs: those of wholly free nodes first, then the rest, in order."""
    node = plant.arrays.gpus.node
    taken = np.bincount(node, weights=~free, minlength=len(plant.node_names))
    order = np.lexsort((np.arange(len(free)), taken[node] > 0.0, ~free))
    mine = np.zeros(len(free), dtype=np.bool_)
    mine[order[:count]] = True
    return mine


def _as_job(job: Listed, plant: Plant, mine: Flags, start_s: float, end_s: float) -> Job:
    names = tuple(plant.gpu_names[k] for k in np.flatnonzero(mine))
    power_w = job.energy_j / (job.gpus * max(job.end_s - job.start_s, 1.0))
    known = np.isfinite(power_w) and power_w > 0.0
    return Job(
        name=job.name,
        gpus=names,
        power_w=_drawable_w(plant, mine, float(power_w)) if known else None,
        share=None if known else ASSUMED_SHARE,
        start_s=start_s,
        end_s=end_s if np.isfinite(end_s) else None,
    )


def _drawable_w(plant: Plant, mine: Flags, power_w: float) -> float:
    gpus = plant.arrays.gpus
    least: Floats = gpus.idle_power_w[mine]
    return float(np.clip(power_w, least.max(), gpus.power_max_w[mine].min()))
