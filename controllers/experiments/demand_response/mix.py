"""The jobs that fill 256 GPUs, their places and their tiers."""

from collections.abc import Sequence

import numpy as np

from controllers.scenario import Job
from controllers.trials.pod_unit import MIX
from site_models.plant import Plant

ROUNDED = 3.0
"""GPUs by which a tier may be passed, for jobs come in fours and tiers in tenths."""
STAGGER_S = 600.0
"""Jobs start at random within this time, so that their checkpoints do not fall together."""

SERVING = ("prefill", "decode")
"""Work that somebody waits for: it has the strictest tiers."""

Tiers = Sequence[tuple[float, float]]
"""Allowed slowdown and the share of the GPUs that has it."""


def jobs_of(plant: Plant, seed: int, tiers: Tiers, serving_first: bool = True) -> tuple[Job, ...]:
    """Return the jobs of a seed with their tiers: the same jobs for all tiers of a seed.

    Order, hence place, and start are drawn. Inference takes the strictest tiers that have
    room, where `serving_first`; the other jobs fill what is left from the largest down, each
    going where most GPUs are missing yet. So the shares are met within three GPUs.
    """
    chance = np.random.default_rng(seed)
    sizes = [(profile, size) for profile, each in MIX for size in each]
    order = [sizes[k] for k in chance.permutation(len(sizes))]
    starts_s = chance.uniform(0.0, STAGGER_S, len(order)).round()
    first = [profile in SERVING and serving_first for profile, _ in order]
    tier = _tiers([size for _, size in order], first, len(plant.gpu_names), tiers, chance)
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
    sizes: Sequence[int],
    first: Sequence[bool],
    gpus: int,
    tiers: Tiers,
    chance: np.random.Generator,
) -> list[float]:
    missing = [share * gpus for _, share in tiers]
    tie = chance.random(len(sizes))
    given = [0.0] * len(sizes)
    for k in sorted(range(len(sizes)), key=lambda k: (not first[k], -sizes[k], tie[k])):
        roomy = [n for n, left in enumerate(missing) if left >= sizes[k] - ROUNDED]
        place = roomy[0] if first[k] and roomy else int(np.argmax(missing))
        missing[place] -= sizes[k]
        given[k] = tiers[place][0]
    return given
