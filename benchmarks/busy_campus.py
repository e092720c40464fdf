"""The campus with 2,000 jobs on 70 % of its GPUs: where placement is timed."""

from typing import NamedTuple

import numpy as np

from controllers.jobs.allocation import Allocation
from controllers.jobs.allocations import Allocations
from site_models.arrays import Ints
from site_models.compile import compile_site
from site_models.plant import Plant
from twin.start import first_state, idle_inputs
from twin.state import Inputs, State
from twin.step import step

JOBS, BUSY = 2000, 0.7
SIZES = (1, 2, 4, 8, 16, 32, 64, 72, 144, 288)
SHARES = (0.1, 0.1, 0.15, 0.2, 0.15, 0.1, 0.08, 0.06, 0.04, 0.02)
BUSY_W = 900.0
"""Of each GPU that a job holds."""


class Campus(NamedTuple):
    """A moment of the busy campus."""

    plant: Plant
    state: State
    inputs: Inputs
    table: Allocations


def job_gpus(plant: Plant, seed: int = 7) -> list[Ints]:
    """Return the GPUs of the jobs: neighbours by number on nodes of their own, with gaps.

    Nine gaps of ten are a few nodes; the tenth leaves racks free, as a job that has just ended
    does.
    """
    rng, nodes = np.random.default_rng(seed), plant.arrays.nodes
    usable = np.flatnonzero(nodes.gpu_count > 0)
    each = int(nodes.gpu_count[usable[0]])
    sizes = rng.choice(SIZES, JOBS, p=SHARES).astype(np.int64)
    wanted = int(BUSY * len(plant.gpu_names))
    while sizes.sum() < wanted:
        sizes[rng.integers(0, JOBS)] += each
    while sizes.sum() > wanted:
        largest = int(np.argmax(sizes))
        sizes[largest] -= min(each, int(sizes[largest]) - 1)
    taken = -(-sizes // each)
    gaps = np.where(rng.random(JOBS) < 0.1, rng.exponential(18.0, JOBS), rng.exponential(0.7, JOBS))
    room = len(usable) - int(taken.sum())
    gaps = np.floor(gaps * room / gaps.sum()).astype(np.int64)
    start = np.cumsum(taken + gaps) - (taken + gaps)
    return [
        (nodes.first_gpu[usable[at : at + count]][:, None] + np.arange(each)).ravel()[:size]
        for at, count, size in zip(start.tolist(), taken.tolist(), sizes.tolist(), strict=True)
    ]


def busy_campus() -> Campus:
    """Return the campus a minute after all jobs began, and the table that holds them."""
    plant = compile_site("campus-100k")
    inputs, table = idle_inputs(plant, 25.0, 18.0), Allocations(plant)
    power_w = inputs.gpu_power_w.copy()
    for k, gpus in enumerate(job_gpus(plant)):
        profile = "finetuning" if k % 2 else None
        held = Allocation(f"job{k}", gpus.astype(np.int64), 0.0, None, profile)
        table.put(held, 0.0)
        power_w[gpus] = BUSY_W
    inputs = inputs._replace(gpu_power_w=power_w)
    state = step(plant, first_state(plant, inputs, 0.0), inputs, 60.0)
    return Campus(plant, state, inputs, table)
