"""Trees and independent loops of a network's open branches."""

from collections import deque
from typing import NamedTuple

import numpy as np

from site_models.arrays import Flags, Floats, Ints
from twin.physics.loop_flow import Loops


class Tree(NamedTuple):
    """A spanning tree of the open branches and the loops that the others close."""

    chords: Ints
    """Branch that closes each loop, shape (loops,)."""
    order: Ints
    """Nodes as met from the reference node, itself first; unreachable ones are left out."""
    branch_to: Ints
    """Tree branch by which each node is reached, shape (nodes,); -1 at roots."""
    loops: Loops


def find_tree(
    start: Ints, end: Ints, is_open: Flags, late: Flags, root: int, node_count: int
) -> Tree:
    """Return a tree grown breadth first, so that loops are short, and the loops it leaves.

    Branches that are `late` (non-return valves) close loops where they can: their flow is
    then one number and not the difference of larger ones.
    """
    ways: list[list[int]] = [[] for _ in range(node_count)]
    for b in np.argsort(late, kind="stable"):
        if is_open[b]:
            ways[start[b]].append(int(b))
            ways[end[b]].append(int(b))
    parent = np.full(node_count, -1)
    branch_to = np.full(node_count, -1)
    depth = np.full(node_count, -1)
    order: list[int] = []
    for first in (root, *range(node_count)):
        if depth[first] >= 0:
            continue
        met = _grow(first, ways, late, start, end, parent, branch_to, depth)
        if first == root:
            order = met
    in_tree = set(branch_to[branch_to >= 0].tolist())
    chords = [b for b in range(start.size) if is_open[b] and b not in in_tree]
    loops = _loops(chords, start, end, parent, branch_to, depth)
    return Tree(np.array(chords, dtype=np.int64), np.array(order), branch_to, loops)


def _grow(
    first: int,
    ways: list[list[int]],
    late: Flags,
    start: Ints,
    end: Ints,
    parent: Ints,
    branch_to: Ints,
    depth: Ints,
) -> list[int]:
    """Reach every node that hangs together with `first`; late branches only if none else."""
    depth[first] = 0
    met = [first]
    now, afterwards = deque([first]), deque[tuple[int, int]]()
    while now or afterwards:
        if now:
            node = now.popleft()
            tried = [(node, b) for b in ways[node] if not late[b]]
            afterwards.extend((node, b) for b in ways[node] if late[b])
        else:
            tried = [afterwards.popleft()]
        for node, b in tried:
            other = int(end[b] if start[b] == node else start[b])
            if depth[other] < 0:
                parent[other], branch_to[other], depth[other] = node, b, depth[node] + 1
                met.append(other)
                now.append(other)
    return met


def _loops(
    chords: list[int], start: Ints, end: Ints, parent: Ints, branch_to: Ints, depth: Ints
) -> Loops:
    """Return the loop of each chord: along it, then back through the tree."""
    members: list[list[tuple[int, float]]] = [[] for _ in range(start.size)]
    for number, chord in enumerate(chords):
        members[chord].append((number, 1.0))
        ahead, behind = int(end[chord]), int(start[chord])
        while ahead != behind:
            if depth[ahead] >= depth[behind]:
                b = int(branch_to[ahead])
                members[b].append((number, 1.0 if start[b] == ahead else -1.0))
                ahead = int(parent[ahead])
            else:
                b = int(branch_to[behind])
                members[b].append((number, 1.0 if end[b] == behind else -1.0))
                behind = int(parent[behind])
    first = np.concatenate(([0], np.cumsum([len(m) for m in members]))).astype(np.int64)
    flat = [entry for m in members for entry in m]
    return Loops(
        first,
        np.array([loop for loop, _ in flat], dtype=np.int64),
        np.array([sign for _, sign in flat], dtype=np.float64),
        len(chords),
    )


def through(loops: Loops, branch: int) -> list[int]:
    """Return the loops that run through a branch."""
    return [int(i) for i in loops.loop[loops.first[branch] : loops.first[branch + 1]]]


def pressures_pa(start: Ints, end: Ints, loss_pa: Floats, tree: Tree) -> Floats:
    """Return the pressure of every node over the reference [Pa]; NaN where none leads there."""
    found = np.full(tree.branch_to.size, np.nan)
    found[tree.order[0]] = 0.0
    for node in tree.order[1:]:
        b = tree.branch_to[node]
        if end[b] == node:
            found[node] = found[start[b]] - loss_pa[b]
        else:
            found[node] = found[end[b]] + loss_pa[b]
    return found
