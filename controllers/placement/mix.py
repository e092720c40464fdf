"""Which tasks are to be expected, and sample futures of them."""

from typing import NamedTuple

import numpy as np

from site_models.arrays import Floats, Ints

ANY_MODEL = -1
"""Every bit set: a task that runs on whatever model."""
FUTURES = 16
"""Sample futures of one node. More change the openb result by less than its scatter."""
OFFERS = 60
"""Tasks that come along in each: several times what the largest common node holds."""
MOST_WIDE = 60
"""Kinds of several GPUs that are told apart, one bit each."""
SEED = 20_230_710


class Tasks(NamedTuple):
    """Kinds of task, one an entry. Each array has shape (kinds,)."""

    cpu_cores: Floats
    memory_bytes: Floats
    gpus: Ints
    """0: none."""
    share: Floats
    """Of each of its GPUs. 0..1"""
    models: Ints
    """Bit m is set when the task runs on GPU model m."""


class Mix(NamedTuple):
    """The tasks to expect."""

    tasks: Tasks
    weight: Floats
    """How often each kind comes; adds up to one."""
    mean_gpus: float
    """GPU share of the mean task."""
    offers: Ints
    """Sample futures: kinds of one GPU, in the order of coming. (futures, offers)"""
    wide: Ints
    """Kinds of several GPUs, those with most GPU share first. Shape (wide kinds,)"""


def mix_of(tasks: Tasks, count: Floats, futures: int = FUTURES, offers: int = OFFERS) -> Mix:
    """Return the mix in which each kind comes as often as it was counted.

    The futures hold kinds of one GPU alone, drawn in strata: each comes as often as its weight
    among them says, rounded up or down. The same counts give the same futures.
    """
    weight = np.asarray(count / count.sum(), dtype=np.float64)
    gpu_share = weight * tasks.gpus * tasks.share
    wide = np.flatnonzero(tasks.gpus > 1)
    wide = wide[np.argsort(-gpu_share[wide], kind="stable")][:MOST_WIDE]
    return Mix(
        tasks=tasks,
        weight=weight,
        mean_gpus=float(gpu_share.sum()),
        offers=_drawn(np.where(tasks.gpus == 1, weight, 0.0), futures, offers),
        wide=wide.astype(np.int64),
    )


def _drawn(weight: Floats, futures: int, offers: int) -> Ints:
    """Return kinds in strata of their weights, in random order. Shape (futures, offers)"""
    if not weight.sum() > 0.0:
        return np.zeros((1, 0), dtype=np.int64)
    chance = np.random.default_rng(SEED)
    count = futures * offers
    steps = (np.arange(count) + chance.random()) / count
    upper = np.cumsum(weight / weight.sum())
    kinds = np.minimum(np.searchsorted(upper, steps, side="right"), len(weight) - 1)
    return chance.permutation(kinds).reshape(futures, offers).astype(np.int64)
