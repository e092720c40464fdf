"""A stream of jobs: sizes, models, lengths and arrivals drawn from a seed."""

from typing import NamedTuple

import numpy as np

SIZES = (1, 2, 4, 8, 16, 32, 64)
SIZE_WEIGHTS = (0.22, 0.10, 0.16, 0.24, 0.14, 0.09, 0.05)
"""Most jobs are small and most GPU time goes to the large: the shape of public cluster traces."""
MEDIAN_S, SPREAD, LONGEST_S = 5400.0, 1.0, 24.0 * 3600.0
"""Lengths are lognormal and cut."""
SHORTEST_S = 600.0
LARGEST_PRETRAINS = 16
"""Jobs of so many GPUs and more pre-train, the others fine-tune."""


class Asked(NamedTuple):
    """A job as it is submitted."""

    name: str
    gpus: int
    model: str
    profile: str
    submit_s: float
    """Since the start."""
    length_s: float
    """At full clock with the network to itself."""


def stream(seed: int, span_s: float, capacity: dict[str, int], load: float) -> tuple[Asked, ...]:
    """Return the jobs that ask for `load` of the GPU time of each model over a span."""
    rng = np.random.default_rng(seed)
    weights = np.array(SIZE_WEIGHTS) / sum(SIZE_WEIGHTS)
    mean_s = float(
        np.clip(rng.lognormal(np.log(MEDIAN_S), SPREAD, 20_000), SHORTEST_S, LONGEST_S).mean()
    )
    mean_gpu_s = float(np.dot(SIZES, weights)) * mean_s
    jobs = []
    for model, count in sorted(capacity.items()):
        wait_s = mean_gpu_s / (load * count)
        at_s = 0.0
        while (at_s := at_s + float(rng.exponential(wait_s))) < span_s:
            gpus = int(rng.choice(SIZES, p=weights))
            length_s = float(rng.lognormal(np.log(MEDIAN_S), SPREAD))
            profile = "pretraining" if gpus >= LARGEST_PRETRAINS else "finetuning"
            length_s = min(max(length_s, SHORTEST_S), LONGEST_S)
            jobs.append((at_s, gpus, model, profile, length_s))
    jobs.sort()
    return tuple(
        Asked(f"job-{n}", gpus, model, profile, at_s, length_s)
        for n, (at_s, gpus, model, profile, length_s) in enumerate(jobs)
    )
