"""The loads of the example: a mixed one drawn by seed, and a uniform one."""

from typing import NamedTuple

import numpy as np

from controllers.jobs.assigned import Assigned
from controllers.jobs.team import Team, first_team
from controllers.policy import JobOn
from site_models.plant import Plant
from twin.workload import workload

START_S = 1_750_000_000.0
MINUTE_S = 60.0
STEP = 0.02
MIX: tuple[tuple[str, int, int, int], ...] = (
    ("pretraining", 64, 64, 16),
    ("finetuning", 64, 128, 8),
    ("finetuning", 64, 128, 8),
    ("prefill", 48, 96, 4),
    ("prefill", 48, 96, 4),
    ("decode", 24, 48, 4),
    ("data_preparation", 8, 16, 1),
)
"""Profile, fewest and most GPUs, and the replica that they come in."""


class Placed(NamedTuple):
    """A job with what a policy may know of it, and what pace it could have."""

    job: Assigned
    known: JobOn
    team: Team
    full_per_s: float
    """Units a second at full clock."""


def placed(plant: Plant, name: str, profile: str, first: int, count: int, start_s: float,
           priority: int = 0) -> Placed:  # fmt: skip
    """Return a job on GPUs side by side, from a time on."""
    gpus = np.arange(first, first + count, dtype=np.int64)
    job = Assigned(name, profile, workload(profile), gpus, start_s, np.inf)
    team = first_team(job.profile, plant, gpus)
    known = JobOn(name, gpus, priority, compute_share=compute_share(team))
    return Placed(job, known, team, team.units_per_s(team.pace(np.ones(count))))


def compute_share(team: Team) -> float:
    """Return the part of a team's step that follows the clock, seen near full clock. 0..1"""
    full = float(team.pace(np.ones(len(team.gpus))).step_s.mean())
    slower = float(team.pace(np.full(len(team.gpus), 1.0 - STEP)).step_s.mean())
    return float(np.clip((slower / full - 1.0) / (1.0 / (1.0 - STEP) - 1.0), 0.0, 1.0))


def mixed(plant: Plant, seed: int, minutes: int, classes: bool = False) -> list[Placed]:
    """Return jobs of every kind on the site, in an order, of sizes and starts by seed.

    Two thirds of them start in the first minute, after ten seconds of idle site, the others
    on a later minute. Some GPUs are left without a job. With `classes` a third of the jobs
    has a higher priority and a third a lower one.
    """
    random = np.random.default_rng((seed, 7))
    kinds = [MIX[k] for k in random.permutation(len(MIX))]
    kinds += [MIX[int(k)] for k in random.permutation(len(MIX))]
    jobs: list[Placed] = []
    at = int(random.integers(0, 24))
    for n, (profile, fewest, most, whole) in enumerate(kinds):
        count = int(random.integers(fewest, most + 1)) // whole * whole
        count = min(count, (len(plant.gpu_names) - at) // whole * whole)
        if count < fewest // 2:
            continue
        late = n % 3 == 2
        start_s = START_S + (MINUTE_S * int(random.integers(1, minutes)) if late else 10.0)
        rank = int(random.integers(0, 3)) if classes else 0
        jobs.append(placed(plant, f"{profile}-{n}", profile, at, count, start_s, rank))
        at += count
    return jobs


def uniform(plant: Plant) -> list[Placed]:
    """Return a fine-tuning job on each rack."""
    racks = plant.arrays.nodes.rack[plant.arrays.gpus.node]
    sizes = np.bincount(racks)
    firsts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    return [
        placed(plant, f"rack-{n}", "finetuning", int(first), int(size), START_S + 10.0)
        for n, (first, size) in enumerate(zip(firsts, sizes, strict=True))
    ]
