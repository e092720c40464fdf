"""Who chooses the GPUs of a job: rules that schedulers have, and the engine's advice."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from controllers.allocations import Allocations
from controllers.experiments.placement.stream import Asked
from controllers.placement.models import Request
from controllers.placement.rank import rank
from site_models.arrays import Flags, Ints
from site_models.placing import Placing, PlacingWeights
from site_models.plant import Plant
from twin.state import Inputs, State

Chooser = Callable[[Asked, Flags, State, Inputs, Allocations], Ints | None]
"""A job, the free GPUs, the twin and who holds what -> places; None: it waits."""

TOPOLOGY_ONLY = PlacingWeights(temperature=0.0, headroom=0.0, fabric=0.65, packing=0.35)


def first_fit(plant: Plant) -> Chooser:
    """Return the rule that takes the first node with room, or the first whole nodes."""
    return _filling(plant, lambda nodes: nodes)


def at_random(plant: Plant, seed: int) -> Chooser:
    """Return the rule that takes any node with room, or any whole nodes."""
    rng = np.random.default_rng(seed)
    return _filling(plant, lambda nodes: rng.permutation(nodes))


def advised(plant: Plant, weights: PlacingWeights | None = None) -> Chooser:
    """Return the engine's best place, with weights other than the site's where given."""
    if weights is not None:
        placing: Placing = plant.placing.model_copy(update={"weights": weights})
        plant = replace(plant, placing=placing)

    def choose(
        job: Asked, free: Flags, state: State, inputs: Inputs, held: Allocations
    ) -> Ints | None:
        request = Request(
            job=job.name, gpus=job.gpus, gpu_model=job.model, profile=job.profile,
            duration_s=job.length_s, limit=3,
        )  # fmt: skip
        answer = rank(plant, state, inputs, held, request, state.time_s)
        return held.indices(answer.advice[0].gpus) if answer.advice else None

    return choose


def _filling(plant: Plant, order: Callable[[Ints], Ints]) -> Chooser:
    node = plant.arrays.gpus.node
    model = np.array(plant.gpu_model)
    count = len(plant.node_names)

    def choose(
        job: Asked, free: Flags, state: State, inputs: Inputs, held: Allocations
    ) -> Ints | None:
        usable = free & (model == job.model)
        left = np.bincount(node[usable], minlength=count)
        for at in order(np.flatnonzero(left >= job.gpus)):
            return np.flatnonzero(usable & (node == at))[: job.gpus].astype(np.int64)
        sizes = np.bincount(node, minlength=count)
        whole = order(np.flatnonzero((left == sizes) & (left > 0)))
        needed = np.searchsorted(np.cumsum(left[whole]), job.gpus) + 1
        if needed > len(whole):
            return None
        places = np.flatnonzero(usable & np.isin(node, whole[:needed]))
        return places[: job.gpus].astype(np.int64)

    return choose
