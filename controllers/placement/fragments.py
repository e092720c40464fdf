"""How much GPU share a placement leaves that no expected task can use.

Two measures of a node: `unusable`, the published one, looks at the next task; `left_over`
plays sample futures until the node is full. `host_price` adds what the last places for tasks
of several GPUs are worth. A placement is good when it lets them grow least.
"""

import math
from typing import NamedTuple

from controllers.placement.mix import Mix, Tasks
from controllers.placement.node_room import NEARLY, WHOLE, Node, fits, taken, tightest
from site_models.arrays import Floats, Ints
from twin.physics.law import compiled

STEEP = 0.05
"""Rise for each GPU asked over which the worth of a place falls from 1/2 to 0.27. The openb
result is the same from 0.02 to 0.2."""
BROKEN = 0.1
"""What it costs to share a GPU that nobody has yet, in GPUs: what needs all of it may wait."""
LOST = 0.1
"""Part of a task that is lost with one of just as many places as are needed for its kind."""


class Growth(NamedTuple):
    """What a task does to a node."""

    left_over: float
    """Rise of the measure, in GPUs."""
    lost: int
    """Kinds of several GPUs that fit before and no longer do: bits in the order of `wide`."""
    gpu: int
    """The GPU to share, or WHOLE."""


@compiled
def unusable(node: Node, tasks: Tasks, weight: Floats) -> float:
    """Return the GPU share of the node that the next task is expected not to be able to use.

    For each kind: all that is free where the node cannot take it or it needs no GPU, else
    what is free on GPUs with less room than it needs on each. Weighted by `weight`. [GPUs]

    Source: Q. Weng et al., *Beware of Fragmentation: Scheduling GPU-Sharing Workloads with
    Fragmentation Gradient Descent*, USENIX ATC 2023, section 3. Checked by hand and, as a
    policy, against its published curve in ``benchmarks/validation/fragmentation.py``.
    """
    total = node.free.sum()
    expected = 0.0
    for kind in range(len(weight)):
        if weight[kind] <= 0.0:
            continue
        fitting, broken = 0, 0.0
        for g in range(len(node.free)):
            if node.free[g] >= tasks.share[kind] - NEARLY:
                fitting += 1
            else:
                broken += node.free[g]
        usable = (
            0 < tasks.gpus[kind] <= fitting
            and node.cpu_cores >= tasks.cpu_cores[kind] - NEARLY
            and node.memory_bytes >= tasks.memory_bytes[kind] - NEARLY
            and (tasks.models[kind] >> node.model) & 1
        )
        expected += weight[kind] * (broken if usable else total)
    return expected


@compiled
def left_over(node: Node, tasks: Tasks, offers: Ints) -> float:
    """Return the GPU share that stays free after a future of tasks came along. [GPUs]

    In every future the node takes each task that fits, on the GPU with the least room that
    will do; the mean over the futures is returned. It lies between 0 and what is free now.
    Checked by hand and by its bounds in ``tests/controllers/placement/test_fragments.py``.
    """
    now = node.free.sum()
    if now <= NEARLY:
        return 0.0
    free = node.free.copy()
    futures, length = offers.shape
    stays = 0.0
    for future in range(futures):
        free[:] = node.free
        cores, memory, total = node.cpu_cores, node.memory_bytes, now
        for i in range(length):
            kind = offers[future, i]
            share = tasks.share[kind]
            if cores < tasks.cpu_cores[kind] - NEARLY:
                continue
            if memory < tasks.memory_bytes[kind] - NEARLY:
                continue
            gpu = tightest(free, share)
            if gpu < 0 or not (tasks.models[kind] >> node.model) & 1:
                continue
            free[gpu] -= share
            cores -= tasks.cpu_cores[kind]
            memory -= tasks.memory_bytes[kind]
            total -= share
            if total <= NEARLY:
                break
        stays += max(total, 0.0)
    return float(stays / futures)


@compiled
def hosted(node: Node, tasks: Tasks, wide: Ints) -> int:
    """Return which kinds of several GPUs the node can take: bits in the order of `wide`."""
    found = 0
    for i in range(len(wide)):
        if fits(node, tasks, wide[i]):
            found |= 1 << i
    return found


@compiled
def priced(kinds: int, price: Floats) -> float:
    """Return the sum of the prices of the kinds whose bits are set."""
    total = 0.0
    for i in range(len(price)):
        if (kinds >> i) & 1:
            total += price[i]
    return total


@compiled
def host_price(mix: Mix, hosts: Ints, free_gpus: float, price: Floats) -> None:
    """Write what the loss of one place for each kind of several GPUs costs, in GPUs.

    As many tasks are still to come as fill what is free. Of a kind of which d are among them
    and for which h nodes are left, the lost place costs ``LOST * min(1, d / h)`` of a task's
    GPUs. `hosts` counts the nodes that can take each kind; shapes (wide kinds,).
    """
    for i in range(len(mix.wide)):
        kind = mix.wide[i]
        comes = mix.weight[kind] * free_gpus / mix.mean_gpus
        asked = mix.tasks.gpus[kind] * mix.tasks.share[kind]
        price[i] = LOST * asked * min(1.0, comes / max(hosts[i], 1))


@compiled
def growth(node: Node, before: float, host: int, mix: Mix, kind: int, price: Floats) -> Growth:
    """Return what a task of the kind adds at the node's best GPU; it must fit.

    `before` and `host` are the node's `left_over` and `hosted` now.
    """
    tasks = mix.tasks
    best, lowest = Growth(0.0, 0, WHOLE), 1e300
    shared = tasks.gpus[kind] == 1 and tasks.share[kind] < 1.0 - NEARLY
    for g in range(len(node.free) if shared else 1):
        if shared and (node.free[g] < tasks.share[kind] - NEARLY or _met(node.free, g)):
            continue
        gpu = g if shared else WHOLE
        after = taken(node, tasks, kind, gpu)
        rise = left_over(after, tasks, mix.offers) - before
        if shared and node.free[g] >= 1.0 - NEARLY:
            rise += BROKEN
        lost = host & ~hosted(after, tasks, mix.wide)
        cost = rise + priced(lost, price)
        if cost < lowest:
            best, lowest = Growth(rise, lost, gpu), cost
    return best


@compiled
def _met(free: Floats, gpu: int) -> bool:
    """Return whether a GPU before this one has the same room."""
    for g in range(gpu):  # noqa: SIM110 - compiled code knows no any() of a generator
        if abs(free[g] - free[gpu]) < NEARLY:
            return True
    return False


@compiled
def worth(rise: float, asked: float) -> float:
    """Return how good a place is that adds `rise` for a task that asks so many GPUs. 0..1

    1/2 where nothing is added, more where a remnant is used up.
    """
    return 1.0 / (1.0 + math.exp(min(rise / (STEEP * max(asked, NEARLY)), 500.0)))
