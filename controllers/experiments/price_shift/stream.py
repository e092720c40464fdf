"""A week of jobs on 256 GPUs: half of the GPU time may be paused, a quarter slowed."""

from typing import NamedTuple

import numpy as np

from controllers.experiments.price_shift.weeks import HOUR_S, WEEK_S
from controllers.jobs.assigned import Assigned
from twin.workload import workload


class Slot(NamedTuple):
    """GPUs side by side that take one job after the other."""

    profile: str
    gpus: int
    preemptible: bool
    allowed_slowdown: float


SERVING = (("prefill", 16), ("decode", 24), ("decode", 24))
"""Somebody waits for it: it runs all week and nobody may touch it."""
SLOTS: tuple[Slot, ...] = (
    *(Slot("pretraining", 32, True, 1.0) for _ in range(2)),
    *(Slot("finetuning", 16, True, 1.0) for _ in range(3)),
    *(Slot("data_preparation", 8, True, 1.0) for _ in range(2)),
    Slot("pretraining_moe", 16, False, 0.25),
    *(Slot("finetuning", 16, False, 0.25) for _ in range(3)),
)
"""The first half of the GPUs may be paused; the last quarter loses at most a quarter of pace."""
MEDIAN_S, SPREAD = 9 * HOUR_S, 0.7
SHORTEST_S, LONGEST_S = 2 * HOUR_S, 40 * HOUR_S
"""Lengths are lognormal and cut."""
SPARE = (0.25, 0.5, 1.0, 2.0)
"""Time that a job has beyond its length, over its length, each as often."""
GAP_S = HOUR_S
"""Mean between a deadline and the next start."""


def stream(seed: int, start_s: float) -> list[Assigned]:
    """Return the jobs of a week; every deadline lies within it."""
    random = np.random.default_rng((seed, 11))
    jobs, at = [], 0
    for n, (profile, gpus) in enumerate(SERVING):
        mine = np.arange(at, at + gpus, dtype=np.int64)
        name = f"serving-{n}"
        jobs.append(Assigned(name, profile, workload(profile), mine, start_s, np.inf,
                             allowed_slowdown=0.0))  # fmt: skip
        at += gpus
    for n, slot in enumerate(SLOTS):
        mine = np.arange(at, at + slot.gpus, dtype=np.int64)
        jobs.extend(_slot_jobs(random, n, slot, mine, start_s))
        at += slot.gpus
    return jobs


def _slot_jobs(
    random: np.random.Generator, n: int, slot: Slot, mine: np.ndarray, start_s: float
) -> list[Assigned]:
    jobs: list[Assigned] = []
    profile = workload(slot.profile)
    at_s = float(random.uniform(0.0, 8 * HOUR_S))
    while True:
        length_s = float(np.clip(random.lognormal(np.log(MEDIAN_S), SPREAD), SHORTEST_S, LONGEST_S))
        by_s = at_s + length_s * (1.0 + float(random.choice(SPARE)))
        if by_s > WEEK_S:
            return jobs
        jobs.append(
            Assigned(
                f"{slot.profile}-{n}-{len(jobs)}", slot.profile, profile, mine, start_s + at_s,
                start_s + at_s + length_s, None, 0, slot.allowed_slowdown, slot.preemptible,
                start_s + by_s,
            )
        )  # fmt: skip
        at_s = by_s + float(random.exponential(GAP_S))
