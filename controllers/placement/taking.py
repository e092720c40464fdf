"""What jobs over many racks take of them: compiled, since a request tries several such places."""

import numpy as np

from controllers.placement.free import NEARLY
from controllers.placement.sums import GIVEN
from site_models.arrays import Flags, Floats, Ints
from twin.physics.law import compiled, compiled_for


@compiled_for(
    "i8[::1](i8[::1], i8[::1], f8[::1], f8[::1], i8, i8[::1], i8[::1], f8[::1], f8[::1], b1[::1],"
    " UniTuple(i8, 2))"
)
def first_broken(
    candidate: Ints,
    racks: Ints,
    gpu_w: Floats,
    fed_w: Floats,
    count: int,
    first: Ints,
    limit: Ints,
    factor: Floats,
    room_w: Floats,
    live: Flags,
    cooling: tuple[int, int],
) -> Ints:
    """Return the first limit that each of `count` candidates breaks with its rise; -1: none.

    Parameters
    ----------
    candidate, racks
        Whose each place is, ascending, and its rack. Shape (places,)
    gpu_w, fed_w
        The rise of each place's GPUs, and the one that counts where power is limited: with what
        else its rack then draws. Shape (places,) [W]
    first, limit
        As `Uses` has them. Shapes (racks + 1,), (uses,)
    factor
        Watts against each entry for a watt at a GPU. Shape (uses,) [-]
    room_w, live
        What is left under each limit, and whether it is one of equipment in service. Shape
        (limits,) [W]
    cooling
        The first limit that is one of cooling, and the one after the last.
    """
    more_w, found, p = np.zeros(len(room_w)), np.full(count, -1), 0
    for c in range(count):
        begin = p
        while p < len(racks) and candidate[p] == c:
            for entry in range(first[racks[p]], first[racks[p] + 1]):
                k = limit[entry]
                watts = gpu_w[p] if cooling[0] <= k < cooling[1] else fed_w[p]
                more_w[k] += factor[entry] * watts
            p += 1
        for i in range(begin, p):
            for entry in range(first[racks[i]], first[racks[i] + 1]):
                k = limit[entry]
                over = more_w[k] * (1.0 - NEARLY) > max(room_w[k], 0.0) + NEARLY
                if live[k] and over and found[c] < 0:
                    found[c] = k
                more_w[k] = 0.0
    return found


@compiled_for("Tuple((i8[::1], i8[::1], b1[::1]))(i8[::1], i8[::1], i8[::1], i8[::1], i8[::1])")
def whole_racks(
    racks: Ints, takes: Ints, first: Ints, node: Ints, room: Ints
) -> tuple[Ints, Ints, Flags]:
    """Return the nodes of racks that give all they have room for, what each gives, and which
    racks those are.

    Parameters
    ----------
    racks, takes
        Racks, and the GPUs that a job takes of each. Shape (n,)
    first, node
        Nodes sorted by rack, as `Members` has them.
    room
        GPUs that each node can give. Shape (nodes,)
    """
    whole = np.zeros(len(racks), np.bool_)
    count = 0
    for i in range(len(racks)):
        there = 0
        for at in range(first[racks[i]], first[racks[i] + 1]):
            there += room[node[at]]
        if there == takes[i]:
            whole[i] = True
            count += first[racks[i] + 1] - first[racks[i]]
    nodes, gives, met = np.zeros(count, np.int64), np.zeros(count, np.int64), 0
    for i in range(len(racks)):
        if whole[i]:
            for at in range(first[racks[i]], first[racks[i] + 1]):
                if room[node[at]] > 0:
                    nodes[met], gives[met] = node[at], room[node[at]]
                    met += 1
    return nodes[:met], gives[:met], whole


@compiled
def _not_before(a: int, b: int, held: Flags, upstream: Flags, temp_c: Floats) -> bool:
    """Return whether GPU a is no better to give than b."""
    if held[a] != held[b]:
        return bool(held[b])
    if upstream[a] != upstream[b]:
        return bool(upstream[b])
    return bool(temp_c[a] >= temp_c[b])


@compiled_for(
    f"i8[::1](i8[::1], i8[::1], b1[::1], b1[::1], i8[::1], i8, {GIVEN}, b1[::1], i8[::1], i8[::1])"
)
def given_gpus(
    nodes: Ints,
    takes: Ints,
    usable: Flags,
    held: Flags,
    rails: Ints,
    rail: int,
    temp_c: Floats,
    upstream: Flags,
    first: Ints,
    count: Ints,
) -> Ints:
    """Return the GPUs that nodes give: where not all are needed, those already shared, then those
    that breathe first, then the coolest.

    Parameters
    ----------
    nodes, takes
        Nodes, and how many GPUs a job takes of each. Shape (n,)
    usable, held, rails, temp_c, upstream
        Of each GPU: the job may use it, somebody holds a part of it, its rail, its temperature,
        it breathes first. Shape (GPUs,)
    rail
        The one rail that is used; -1: all.
    first, count
        First GPU of each node, and how many it has. Shape (nodes,)
    """
    total = 0
    for n in nodes:
        total += count[n]
    given, met = np.empty(total, np.int64), 0
    for i in range(len(nodes)):
        start = met
        for g in range(first[nodes[i]], first[nodes[i]] + count[nodes[i]]):
            if usable[g] and (rail < 0 or rails[g] == rail):
                given[met], met = g, met + 1
        while met > start + takes[i]:
            worst = start
            for k in range(start + 1, met):
                if _not_before(given[k], given[worst], held, upstream, temp_c):
                    worst = k
            for k in range(worst, met - 1):
                given[k] = given[k + 1]
            met -= 1
    return given[:met]
