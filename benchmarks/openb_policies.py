"""Ways to choose a node that packing is compared with, each by its published rule.

Rules after the simulator of the ATC 2023 paper: whole points of 0..100, the first node of
equals. A cost is minus the points.
"""

import math

import numpy as np

from controllers.placement.fragments import Growth, unusable
from controllers.placement.mix import Mix, Tasks
from controllers.placement.node_room import WHOLE, Node, room, taken, tightest
from site_models.arrays import Floats
from twin.physics.law import compiled

POPULAR = 0.95
"""Part of all tasks that the typical kinds make up."""
MOST_CORES = 128.0
MOST_GPUS = 8.0


def typical(mix: Mix) -> Mix:
    """Return the mix of the most frequent kinds, as the published descent sees them."""
    order = np.argsort(-mix.weight, kind="stable")
    before = np.cumsum(mix.weight[order]) - mix.weight[order]
    kept = np.zeros(len(mix.weight), dtype=np.bool_)
    kept[order[before < POPULAR]] = True
    weight = np.where(kept, mix.weight, 0.0)
    return mix._replace(weight=weight / weight.sum())


@compiled
def published_descent(node: Node, mix: Mix, kind: int) -> Growth:
    """Return fragmentation gradient descent: the points of the fall of what is unusable.

    It knows cores and GPUs, not memory.
    """
    tasks = mix.tasks
    seen = Node(node.cpu_cores, math.inf, node.model, node.free)
    before = unusable(seen, tasks, mix.weight)
    shared = tasks.gpus[kind] == 1 and tasks.share[kind] < 1.0
    best = Growth(1.0, 0, WHOLE)
    for g in range(len(node.free) if shared else 1):
        if shared and node.free[g] < tasks.share[kind] - 1e-9:
            continue
        gpu = g if shared else WHOLE
        after = unusable(taken(seen, tasks, kind, gpu), tasks, mix.weight)
        points = math.floor(100.0 / (1.0 + math.exp(after - before)))
        if -points < best.left_over:
            best = Growth(-float(points), 0, gpu)
    return best


@compiled
def best_fit(node: Node, tasks: Tasks, kind: int) -> Growth:
    """Return the points for little left of cores and GPUs."""
    cores = (node.cpu_cores - tasks.cpu_cores[kind]) / MOST_CORES
    gpus = (node.free.sum() - tasks.gpus[kind] * tasks.share[kind]) / MOST_GPUS
    return Growth(-float(math.floor(100.0 * (1.0 - 0.5 * cores - 0.5 * gpus))), 0, WHOLE)


@compiled
def gpu_packing(node: Node, tasks: Tasks, kind: int) -> Growth:
    """Return the points for shared GPUs first, then busy nodes, then whole free nodes."""
    if tasks.gpus[kind] == 0:
        return Growth(0.0, 0, WHOLE)
    idle = room(node.free, 1.0)
    if idle == len(node.free):
        return Growth(-float(max(33 - idle, idle)), 0, WHOLE)
    broken, needs = _usable_broken(node.free, tasks.share[kind]), tasks.gpus[kind]
    if broken < needs:
        return Growth(-float(max(50 - (needs - broken), 33)), 0, WHOLE)
    free = node.free.copy()
    percent = 0
    for _ in range(needs):
        g = tightest(free, tasks.share[kind])
        percent += math.floor(100.0 * free[g] + 1e-6)
        free[g] = 0.0
    return Growth(-float(max(100 - percent // 10, 50)), 0, WHOLE)


@compiled
def random_place(node: Node, tasks: Tasks, kind: int) -> Growth:
    """Return any GPU that will do."""
    if tasks.gpus[kind] != 1 or tasks.share[kind] >= 1.0:
        return Growth(0.0, 0, WHOLE)
    pick = np.random.randint(room(node.free, tasks.share[kind]))
    for g in range(len(node.free)):
        if node.free[g] >= tasks.share[kind] - 1e-9:
            if pick == 0:
                return Growth(0.0, 0, g)
            pick -= 1
    return Growth(0.0, 0, WHOLE)


@compiled
def _usable_broken(free: Floats, share: float) -> int:
    count = 0
    for g in range(len(free)):
        if share - 1e-9 <= free[g] < 1.0 - 1e-9:
            count += 1
    return count
