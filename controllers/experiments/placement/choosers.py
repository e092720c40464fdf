"""Who chooses the GPUs of a job: rules that schedulers have, and the engine's advice."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from controllers.experiments.placement.stream import Asked
from controllers.jobs.allocations import Allocations
from controllers.placement.ahead import rise_of
from controllers.placement.index import PlaceIndex, place_index
from controllers.placement.models import Request
from controllers.placement.moment import Moment, stand_for
from controllers.placement.rank import rank
from controllers.placement.steering import to_avoid
from controllers.placement.traffic import traffic_of
from site_models.arrays import Flags, Ints
from site_models.placing import PlacingWeights
from site_models.plant import Plant
from twin.inputs import Outdoors
from twin.state import Inputs, State

Chooser = Callable[[Asked, Flags, State, Inputs, Allocations], Ints | None]
"""A job, the free GPUs, the twin and who holds what -> places; None: it waits."""

WEIGHTS = PlacingWeights(temperature=0.05, headroom=0.0, fabric=0.55, packing=0.4)
"""Hot nodes are left out before the score, and racks of the pilot carry all that their GPUs
draw: weight on headroom would only spread jobs, and large ones then find no whole rack."""
PATIENCE = 0.5
SLOW = 0.05
"""A place where the network would cost more of the step is left: the job waits, or throttles."""
HEAT_WORDS = "a GPU "
"""How the reasons of nodes begin that are, or would be, too hot."""


def first_fit(plant: Plant) -> Chooser:
    """Return the rule that takes the first node with room, or the first whole nodes.

    Where too few whole nodes are free, the first free GPUs: nothing waits while GPUs are free.
    """
    return _filling(plant, lambda nodes: nodes)


def at_random(plant: Plant, seed: int) -> Chooser:
    """Return the rule that takes any node with room, or any whole nodes, or any free GPUs."""
    rng = np.random.default_rng(seed)
    return _filling(plant, lambda nodes: rng.permutation(nodes))


def packed(plant: Plant) -> Chooser:
    """Return the rule of topology-aware schedulers: best fit in the nearest level, heat unseen.

    The node, else the NVLink domain or rack, else the pod with the fewest free GPUs that has
    room; within it the nodes with the fewest free GPUs that are needed, whole ones first.
    """
    arrays, node = plant.arrays, plant.arrays.gpus.node
    rack = arrays.nodes.rack
    pod = arrays.racks.pod[rack]
    every = np.arange(len(plant.node_names))
    model = np.array(plant.gpu_model)

    def choose(
        job: Asked, free: Flags, state: State, inputs: Inputs, held: Allocations
    ) -> Ints | None:
        usable = free & (model == job.model)
        left = np.bincount(node[usable], minlength=len(every))
        for level in (every, rack, pod, np.zeros_like(every)):
            room = np.bincount(level, left)
            fits = np.flatnonzero(room >= job.gpus)
            if len(fits):
                best = fits[np.argmin(room[fits])]
                mine = np.flatnonzero((level == best) & (left > 0))
                return _taken(usable, node, mine[np.argsort(-left[mine], kind="stable")], job.gpus)
        return None

    return choose


def steered(
    plant: Plant, outdoors: Outdoors, start_s: float, patience: float = PATIENCE
) -> Chooser:
    """Return our way: hot nodes left out as our Slurm controller does, the best advice of the rest.

    `outdoors` is the forecast: temperatures are those of the hottest hour of a job. A job for
    which nothing cool is left waits for at most `patience` of its length; then it takes what
    the packing of topology-aware schedulers gives, hot or not.
    """
    placing = plant.placing.model_copy(update={"weights": WEIGHTS})
    plant = replace(plant, placing=placing)
    index, otherwise = place_index(plant), packed(plant)

    nodes = plant.arrays.nodes
    model = np.array(plant.gpu_model)
    size = {
        name: int(nodes.gpu_count[plant.arrays.gpus.node[model == name]].max())
        for name in set(plant.gpu_model)
    }

    def choose(
        job: Asked, free: Flags, state: State, inputs: Inputs, held: Allocations
    ) -> Ints | None:
        now_s = state.time_s
        if int((free & (model == job.model)).sum()) < job.gpus:
            return None
        any_nodes = Request(
            job=job.name, gpus=job.gpus, gpu_model=job.model, profile=job.profile,
            duration_s=job.length_s, limit=3,
        )  # fmt: skip
        hot = _hot_nodes(index, any_nodes, state, inputs, held, outdoors)
        each = size[job.model]
        for whole in (each, None) if job.gpus % each == 0 else (None,):
            cool = any_nodes.model_copy(update={"exclude": hot, "gpus_per_node": whole})
            answer = rank(plant, state, inputs, held, cool, now_s, outdoors)
            best = answer.advice[0] if answer.advice else None
            if best is not None and (best.predicted.slowdown_share or 0.0) <= SLOW:
                return held.indices(best.gpus)
        if now_s - start_s - job.submit_s >= patience * job.length_s:
            return otherwise(job, free, state, inputs, held)
        return None

    return choose


def _hot_nodes(
    index: PlaceIndex,
    request: Request,
    state: State,
    inputs: Inputs,
    held: Allocations,
    outdoors: Outdoors,
) -> tuple[str, ...]:
    """Return the nodes that the engine tells to avoid for their heat in a job's hottest hour."""
    holdings = held.holdings(state.time_s)
    air = rise_of(outdoors, state.time_s, request.duration_s)
    stand = stand_for(Moment(index, state, inputs, holdings), air, ())
    traffic = traffic_of(index.plant, held, holdings.version, state.time_s)
    found = to_avoid(stand, traffic, request, state.time_s)
    return tuple(sorted(node for node, reason in found.items() if reason.startswith(HEAT_WORDS)))


def _filling(plant: Plant, order: Callable[[Ints], Ints]) -> Chooser:
    node = plant.arrays.gpus.node
    model = np.array(plant.gpu_model)
    count = len(plant.node_names)
    sizes = np.bincount(node, minlength=count)

    def choose(
        job: Asked, free: Flags, state: State, inputs: Inputs, held: Allocations
    ) -> Ints | None:
        usable = free & (model == job.model)
        left = np.bincount(node[usable], minlength=count)
        roomy = order(np.flatnonzero(left >= job.gpus))
        if len(roomy):
            return _taken(usable, node, roomy[:1], job.gpus)
        whole = order(np.flatnonzero((left == sizes) & (left > 0)))
        broken = order(np.flatnonzero((left < sizes) & (left > 0)))
        if int(left.sum()) < job.gpus:
            return None
        return _taken(usable, node, np.concatenate([whole, broken]), job.gpus)

    return choose


def _taken(usable: Flags, node: Ints, nodes: Ints, count: int) -> Ints:
    """Return the first so many usable GPUs of nodes in their order, ascending."""
    gpus = np.concatenate([np.flatnonzero(usable & (node == n)) for n in nodes.tolist()])
    return np.sort(gpus[:count]).astype(np.int64)
