"""The jobs that fill 256 GPUs, their places and their tiers."""

from collections.abc import Sequence

import numpy as np

from controllers.scenario import Job
from site_models.plant import Plant

MIX: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("pretraining", (32, 32, 16, 16)),
    ("pretraining_moe", (16, 16)),
    ("finetuning", (16, 16, 8, 8, 8, 4, 4)),
    ("prefill", (8, 8, 8, 4, 4)),
    ("decode", (8, 8, 8, 4, 4)),
)
"""Profile -> GPUs of its jobs: half pre-training, a quarter fine-tuning, a quarter inference."""
STAGGER_S = 600.0
"""Jobs start at random within this time, so that their checkpoints do not fall together."""

Tiers = Sequence[tuple[float, float]]
"""Allowed slowdown and the share of the GPUs that has it."""


def jobs_of(plant: Plant, seed: int, tiers: Tiers) -> tuple[Job, ...]:
    """Return the jobs of a seed with their tiers: the same jobs for all tiers of a seed.

    Order, hence place, and start are drawn. The tiers fill up from the largest jobs down, each
    job going where most GPUs are missing yet, so their shares are met within two GPUs.
    """
    chance = np.random.default_rng(seed)
    sizes = [(profile, size) for profile, each in MIX for size in each]
    order = [sizes[k] for k in chance.permutation(len(sizes))]
    starts_s = chance.uniform(0.0, STAGGER_S, len(order)).round()
    tier = _tiers([size for _, size in order], len(plant.gpu_names), tiers, chance)
    jobs, at = [], 0
    for k, (profile, size) in enumerate(order):
        jobs.append(
            Job(
                name=f"{profile}-{k}",
                gpus=plant.gpu_names[at : at + size],
                profile=profile,
                start_s=float(starts_s[k]),
                allowed_slowdown=tier[k],
            )
        )
        at += size
    return tuple(jobs)


def _tiers(
    sizes: Sequence[int], gpus: int, tiers: Tiers, chance: np.random.Generator
) -> list[float]:
    missing = [share * gpus for _, share in tiers]
    tie = chance.random(len(sizes))
    given = [0.0] * len(sizes)
    for k in sorted(range(len(sizes)), key=lambda k: (-sizes[k], tie[k])):
        place = int(np.argmax(missing))
        missing[place] -= sizes[k]
        given[k] = tiers[place][0]
    return given
