"""The mix of jobs that a site expects: what it has seen, at first a usual one."""

from collections import defaultdict
from functools import lru_cache
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from controllers.placement.mix import ANY_MODEL, Mix, Tasks, mix_of
from site_models.figure import Strict
from site_models.yaml_file import read_yaml, validated

USUAL = Path(__file__).with_name("usual_mix.yaml")

FUTURES = 32
OFFERS_PER_GPU = 20
"""A node fills up in most futures, so that what is left does not depend on their length."""

Positive = Annotated[float, Field(gt=0.0)]
Seen = tuple[tuple[int, float, int], ...]
"""GPUs, share of each, and jobs seen of that kind."""


class UsualJob(Strict):
    """One kind of job."""

    gpus: Positive
    """Below 1: a share of one GPU."""
    weight: Positive


class UsualMix(Strict):
    """What to expect of an unknown site."""

    counts_as_jobs: Positive
    """So many seen jobs weigh as much."""
    jobs: Annotated[tuple[UsualJob, ...], Field(min_length=1)]


@lru_cache(maxsize=8)
def site_mix(seen: Seen, node_gpus: int) -> Mix:
    """Return the mix of a site with up to so many GPUs in a node.

    A job of more GPUs than a node has counts as one task for each node that it needs. The
    site's nodes are taken to have cores and memory enough: the plant does not tell them.
    """
    usual = usual_mix()
    scale = usual.counts_as_jobs / sum(job.weight for job in usual.jobs)
    count: defaultdict[tuple[int, float], float] = defaultdict(float)
    for job in usual.jobs:
        _add(count, max(int(job.gpus), 1), min(job.gpus, 1.0), job.weight * scale, node_gpus)
    for gpus, share, jobs in seen:
        _add(count, gpus, share, float(jobs), node_gpus)
    kinds = sorted(count)
    tasks = Tasks(
        cpu_cores=np.zeros(len(kinds)),
        memory_bytes=np.zeros(len(kinds)),
        gpus=np.array([gpus for gpus, _ in kinds], dtype=np.int64),
        share=np.array([share for _, share in kinds]),
        models=np.full(len(kinds), ANY_MODEL, dtype=np.int64),
    )
    seen_of = np.array([count[kind] for kind in kinds], dtype=np.float64)
    return mix_of(tasks, seen_of, FUTURES, OFFERS_PER_GPU * max(node_gpus, 1))


@lru_cache(maxsize=1)
def usual_mix() -> UsualMix:
    """Return the mix that the project ships."""
    return validated(UsualMix, read_yaml(USUAL), USUAL)


def _add(
    count: dict[tuple[int, float], float], gpus: int, share: float, jobs: float, node_gpus: int
) -> None:
    whole, rest = divmod(gpus, max(node_gpus, 1))
    if whole:
        count[(node_gpus, share)] += jobs * whole
    if rest:
        count[(rest, share)] += jobs
