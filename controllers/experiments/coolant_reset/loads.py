"""A week of work: jobs that come and go, seeded, the same for every policy."""

import numpy as np

from site_models.arrays import Floats
from site_models.plant import Plant

SEED = 20_260
MINUTES_A_DAY = 1440
MEDIAN_JOB_MINUTES = 240.0
JOB_SPREAD = 0.9
"""Of the logarithm of a job's length."""
KINDS = ((0.12, 0.0), (0.33, 0.85), (0.25, 0.65), (0.30, 0.45))
"""Part of the jobs, and their mean draw between idle and full: none, training, tuning, serving."""
TOGETHER = 0.4
"""Part of the jobs that run on all racks of a loop at once."""
DAILY = 0.2
"""Serving follows the day by this share either way."""


def places_of(plant: Plant) -> tuple[Floats, int]:
    """Return the place of work of each rack, and how many loops or rows share jobs."""
    racks = plant.arrays.racks
    wet = racks.liquid_circuit >= 0
    group = np.where(wet, racks.liquid_circuit, -1 - racks.row)
    _, shared = np.unique(group, return_inverse=True)
    return shared.astype(np.float64), int(shared.max(initial=-1)) + 1


def week_of_work(plant: Plant, days: int, seed: int = SEED) -> Floats:
    """Return the draw of each rack's GPUs, or of a lumped rack, between idle and full.

    Shape (minutes, racks), 0..1. Jobs of log-normal length, a few hours each, some over all
    racks of a loop; one in eight stands idle; serving follows the day; minutes differ by a few
    per cent.
    """
    random = np.random.default_rng(seed)
    minutes = days * MINUTES_A_DAY
    group, groups = places_of(plant)
    racks = len(group)
    of_group = np.stack([_course(random, minutes) for _ in range(groups)], axis=1)
    own = np.stack([_course(random, minutes) for _ in range(racks)], axis=1)
    shared = np.repeat(random.random((days * 3, groups)) < TOGETHER, MINUTES_A_DAY // 3, axis=0)
    member = group.astype(np.int64)
    share = np.where(shared[:, member], of_group[:, member], own)
    noise = random.normal(0.0, 0.02, (minutes, racks))
    return np.asarray(np.clip(share + noise * (share > 0.0), 0.0, 1.0))


def _course(random: np.random.Generator, minutes: int) -> Floats:
    """Return the draw over time of one place: job after job."""
    course = np.zeros(minutes)
    day = np.sin(2.0 * np.pi * (np.arange(minutes) / MINUTES_A_DAY - 0.375))
    parts = np.array([part for part, _ in KINDS])
    start = -int(random.integers(0, 600))
    while start < minutes:
        length = max(int(MEDIAN_JOB_MINUTES * np.exp(random.normal(0.0, JOB_SPREAD))), 10)
        kind = int(random.choice(len(KINDS), p=parts))
        mean = KINDS[kind][1] * (1.0 + 0.08 * random.normal())
        span = slice(max(start, 0), max(min(start + length, minutes), 0))
        course[span] = mean * (1.0 + DAILY * day[span] * (kind == len(KINDS) - 1))
        start += length
    return course


def draws(plant: Plant, share: Floats) -> tuple[Floats, Floats]:
    """Return the power asked of each GPU and of each lumped rack [W] at draws of its rack.

    GPUs of one job differ by a few per cent, the same ones always.
    """
    gpus, nodes, racks = plant.arrays.gpus, plant.arrays.nodes, plant.arrays.racks
    own = np.random.default_rng(SEED + 1).normal(0.0, 0.03, len(gpus.node))
    each = np.clip(share[nodes.rack[gpus.node]] * (1.0 + own), 0.0, 1.0)
    gpu_w = gpus.idle_power_w + each * (gpus.power_max_w - gpus.idle_power_w)
    least = 0.15
    rack_w = racks.lumped_power_w * (least + (1.0 - least) * share)
    return gpu_w, rack_w * racks.in_service
