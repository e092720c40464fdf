"""Jobs that run on the pilot already, on a network as built or with most of it down."""

from collections.abc import Iterator

import numpy as np

from controllers.jobs.allocation import Allocation
from controllers.jobs.allocations import Allocations
from controllers.jobs.assigned import Assigned
from site_models.arrays import Flags, Ints
from site_models.plant import Plant
from twin.fabric.links import with_links
from twin.workload import workload

PROFILES = ("finetuning", "pretraining", "pretraining_moe", "prefill", "decode")
SIZES = (4, 8, 16, 32, 64, 128)
LARGE = (32, 64, 96, 128, 144)
"""GPUs of jobs in the rounds whose network is narrow."""
LEFT = 0.05
"""Of the rate between switches of a narrowed plant."""
CROWD = 10
"""Jobs that run already, fewer than this."""


def narrowed(plant: Plant) -> Plant:
    """Return the plant with a twentieth of the rate between its switches."""
    uplinks = np.arange(len(plant.gpu_names), len(plant.fabric.links.lower))
    return with_links(plant, uplinks, LEFT)


def crowd(
    plant: Plant, rng: np.random.Generator, start_s: float, scattered: bool
) -> Iterator[Assigned]:
    """Yield jobs on whole nodes: neighbours by number, or taken here and there in a hall.

    Scattered jobs cross the switches between racks, as on a site that has filled up by and by.
    """
    taken = np.zeros(len(plant.gpu_names), dtype=np.bool_)
    for k in range(int(rng.integers(2, CROWD))):
        name = str(rng.choice(PROFILES))
        count = fitting_count(name, rng, LARGE if scattered else SIZES)
        gpus = _whole_nodes(plant, _nodes(plant, rng, taken, scattered), count)
        if len(gpus) == count and not taken[gpus].any() and _one_network(plant, gpus):
            taken[gpus] = True
            yield Assigned(f"old{k}", name, workload(name), gpus, start_s, start_s + 1e6)


def fitting_count(name: str, rng: np.random.Generator, sizes: tuple[int, ...]) -> int:
    """Return one of some sizes at random, cut to what makes whole replicas of a profile."""
    profile = workload(name)
    unit = profile.tensor * profile.pipeline * profile.expert
    return unit * max(int(rng.choice(sizes)) // unit, 1)


def told(plant: Plant, jobs: list[Assigned], now_s: float) -> Allocations:
    """Return a table that holds jobs, their profiles named."""
    table = Allocations(plant)
    for job in jobs:
        table.put(Allocation(job.name, job.gpus, now_s, profile=job.profile_name), now_s)
    return table


def _nodes(plant: Plant, rng: np.random.Generator, taken: Flags, scattered: bool) -> Ints:
    """Return nodes with GPUs in the order in which a job takes them."""
    nodes = plant.arrays.nodes
    usable = np.flatnonzero(nodes.gpu_count > 0)
    first = int(rng.integers(0, len(usable)))
    if not scattered:
        return usable[first:]
    hall = np.array([plant.gpu_model[g] for g in nodes.first_gpu[usable].tolist()])
    free = (hall == hall[first]) & ~taken[nodes.first_gpu[usable]]
    return np.asarray(rng.permutation(usable[free]), dtype=np.int64)


def _whole_nodes(plant: Plant, nodes: Ints, count: int) -> Ints:
    """Return GPUs of the first nodes that hold so many, in the plant's order."""
    first, size = plant.arrays.nodes.first_gpu, plant.arrays.nodes.gpu_count
    enough = int(np.searchsorted(np.cumsum(size[nodes]), count)) + 1
    chosen = np.sort(nodes[:enough]).tolist()
    found = [np.arange(int(first[n]), int(first[n] + size[n])) for n in chosen]
    return np.concatenate([np.zeros(0, dtype=np.int64), *found])[:count].astype(np.int64)


def _one_network(plant: Plant, gpus: Ints) -> bool:
    return len({plant.gpu_model[g] for g in gpus.tolist()}) == 1
