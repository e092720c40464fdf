"""Tasks placed one by one on the nodes of openb; nobody leaves, what does not fit is dropped."""

import math
from typing import NamedTuple

import numpy as np

from benchmarks.openb_others import Others
from benchmarks.openb_policies import best_fit, gpu_packing, published_descent, random_place
from benchmarks.openb_trace import Cluster
from controllers.placement.fragments import growth, host_price, hosted, left_over, priced, worth
from controllers.placement.mix import Mix
from controllers.placement.node_room import Node, fits, taken
from site_models.arrays import Floats, Ints
from twin.physics.law import compiled

OURS, DESCENT, BEST_FIT, GPU_PACKING, RANDOM = range(5)
"""What a node is chosen by."""
UNFIT = 1e300


class Board(NamedTuple):
    """The nodes now, and what is known of each kind of task on each."""

    cluster: Cluster
    left_over: Floats
    hosted: Ints
    hosts: Ints
    price: Floats
    load_gpus: Floats
    """Of each rack."""
    cost: Floats
    """Shape (kinds, nodes); NaN: not known."""
    lost: Ints
    gpu: Ints


def replayed(
    cluster: Cluster, mix: Mix, kinds: Ints, policy: int, others: Others, seed: int = 0
) -> tuple[Floats, Floats]:
    """Return the arrived and the allocated GPU share after each task. 0..1"""
    wanted = (mix.tasks.gpus * mix.tasks.share)[kinds]
    capacity = float(cluster.gpus.sum())
    nodes, every, wide = len(cluster.gpus), len(mix.weight), len(mix.wide)
    board = Board(
        Cluster(
            cluster.cpu_cores.copy(),
            cluster.memory_bytes.copy(),
            cluster.model,
            cluster.gpus,
            cluster.free.copy(),
        ),
        np.zeros(nodes),
        np.zeros(nodes, dtype=np.int64),
        np.zeros(wide, dtype=np.int64),
        np.zeros(wide),
        np.zeros(len(others.rating_gpus)),
        np.full((every, nodes), np.nan),
        np.zeros((every, nodes), dtype=np.int64),
        np.zeros((every, nodes), dtype=np.int64),
    )
    placed = _placed(board, mix, kinds, policy, others, seed)
    return np.cumsum(wanted) / capacity, np.cumsum(wanted * placed) / capacity


@compiled
def _placed(board: Board, mix: Mix, kinds: Ints, policy: int, others: Others, seed: int) -> Floats:
    """Return 1 for each task that found a place, else 0."""
    np.random.seed(seed)
    placed = np.zeros(len(kinds))
    tasks = mix.tasks
    free_gpus = board.cluster.free.sum()
    for n in range(len(board.cluster.gpus)):
        _look(board, mix, n, policy)
    for i in range(len(kinds)):
        kind = kinds[i]
        host_price(mix, board.hosts, free_gpus, board.price)
        n = _best(board, mix, kind, policy, others)
        if n < 0:
            continue
        after = taken(_node(board, n), tasks, kind, board.gpu[kind, n])
        board.cluster.cpu_cores[n] = after.cpu_cores
        board.cluster.memory_bytes[n] = after.memory_bytes
        board.cluster.free[n, : len(after.free)] = after.free
        wanted = tasks.gpus[kind] * tasks.share[kind]
        board.load_gpus[others.rack[n]] += wanted
        free_gpus -= wanted
        _look(board, mix, n, policy)
        placed[i] = 1.0
    return placed


@compiled
def _node(board: Board, n: int) -> Node:
    cluster = board.cluster
    free = cluster.free[n, : cluster.gpus[n]]
    return Node(cluster.cpu_cores[n], cluster.memory_bytes[n], cluster.model[n], free)


@compiled
def _look(board: Board, mix: Mix, n: int, policy: int) -> None:
    """Note what is left of a node that changed; what was known of it is no longer true."""
    board.cost[:, n] = np.nan
    if policy != OURS:
        return
    node = _node(board, n)
    board.left_over[n] = left_over(node, mix.tasks, mix.offers)
    now = hosted(node, mix.tasks, mix.wide)
    for i in range(len(mix.wide)):
        board.hosts[i] += ((now >> i) & 1) - ((board.hosted[n] >> i) & 1)
    board.hosted[n] = now


@compiled
def _best(board: Board, mix: Mix, kind: int, policy: int, others: Others) -> int:
    """Return the best node for a task of the kind, the first of equals; -1: none."""
    best, highest = -1, -math.inf
    asked = mix.tasks.gpus[kind] * mix.tasks.share[kind]
    asked = asked if asked > 0.0 else 1.0
    for n in range(len(board.cluster.gpus)):
        if math.isnan(board.cost[kind, n]):
            _note(board, mix, kind, n, policy)
        cost = board.cost[kind, n]
        if cost >= UNFIT:
            continue
        if policy == RANDOM:
            cost = np.random.random()
        cost += priced(board.lost[kind, n], board.price)
        score = -cost
        if others.packing < 1.0:
            rack = others.rack[n]
            left = 1.0 - board.load_gpus[rack] / others.rating_gpus[rack]
            score = others.packing * worth(cost, asked) + others.cool[n]
            score += others.headroom * min(max(left / others.headroom_enough, 0.0), 1.0)
        if score > highest + 1e-12:
            best, highest = n, score
    return best


@compiled
def _note(board: Board, mix: Mix, kind: int, n: int, policy: int) -> None:
    """Note what a task of the kind would do to the node; equal neighbours are alike."""
    node = _node(board, n)
    if not fits(node, mix.tasks, kind):
        board.cost[kind, n] = UNFIT
        return
    if n and policy != RANDOM and _alike(board, n) and not math.isnan(board.cost[kind, n - 1]):
        for known in (board.lost, board.gpu):
            known[kind, n] = known[kind, n - 1]
        board.cost[kind, n] = board.cost[kind, n - 1]
        return
    if policy == OURS:
        found = growth(node, board.left_over[n], board.hosted[n], mix, kind, board.price)
    elif policy == DESCENT:
        found = published_descent(node, mix, kind)
    elif policy == BEST_FIT:
        found = best_fit(node, mix.tasks, kind)
    elif policy == GPU_PACKING:
        found = gpu_packing(node, mix.tasks, kind)
    else:
        found = random_place(node, mix.tasks, kind)
    board.cost[kind, n], board.lost[kind, n], board.gpu[kind, n] = found


@compiled
def _alike(board: Board, n: int) -> bool:
    cluster = board.cluster
    same = cluster.cpu_cores[n] == cluster.cpu_cores[n - 1]
    same &= cluster.memory_bytes[n] == cluster.memory_bytes[n - 1]
    same &= cluster.model[n] == cluster.model[n - 1] and cluster.gpus[n] == cluster.gpus[n - 1]
    return bool(same and (cluster.free[n] == cluster.free[n - 1]).all())
