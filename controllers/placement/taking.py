"""What jobs over many racks take of them: compiled, since a request tries several such places."""

import numpy as np

from controllers.placement.free import NEARLY
from site_models.arrays import Flags, Floats, Ints
from twin.physics.law import compiled_for


@compiled_for("b1(i8[::1], f8[::1], i8[::1], i8[::1], f8[::1], f8[::1], b1[::1])")
def limits_hold(
    racks: Ints,
    gpu_w: Floats,
    first: Ints,
    limit: Ints,
    factor: Floats,
    room_w: Floats,
    live: Flags,
) -> bool:
    """Return whether every limit that racks share holds with a rise of their GPUs.

    Parameters
    ----------
    racks, gpu_w
        Racks, and the rise of the power of each one's GPUs. Shape (n,) [W]
    first, limit
        As `Uses` has them. Shapes (racks + 1,), (uses,)
    factor
        Watts against each entry for a watt at a GPU. Shape (uses,) [-]
    room_w, live
        What is left under each limit, and whether it is one of equipment in service. Shape
        (limits,) [W]
    """
    more_w = np.zeros(len(room_w))
    for i in range(len(racks)):
        for entry in range(first[racks[i]], first[racks[i] + 1]):
            more_w[limit[entry]] += factor[entry] * gpu_w[i]
    for i in range(len(racks)):
        for entry in range(first[racks[i]], first[racks[i] + 1]):
            k = limit[entry]
            if live[k] and more_w[k] > max(room_w[k], 0.0) + NEARLY:
                return False
    return True


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


@compiled_for("i8[::1](i8[::1], i8[::1], i8[::1])")
def gpus_of(nodes: Ints, first: Ints, count: Ints) -> Ints:
    """Return all GPUs of some nodes; `first` and `count` of every node."""
    total = 0
    for n in nodes:
        total += count[n]
    found, met = np.zeros(total, np.int64), 0
    for n in nodes:
        for k in range(count[n]):
            found[met + k] = first[n] + k
        met += count[n]
    return found


@compiled_for(
    "Tuple((i8[::1], i8[::1], i8[::1], i8[::1], i8[::1]))(i8[::1], i8[::1], i8[::1], i8[::1],"
    " i8[::1])"
)
def touched_nodes(
    chosen: Ints, begin: Ints, node_of: Ints, first: Ints, count: Ints
) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Return the nodes that sets of GPUs touch, with all of their GPUs.

    Parameters
    ----------
    chosen, begin
        The sets one after the other, each in ascending order; where each begins, and the end.
    node_of
        Of each GPU. Shape (GPUs,)
    first, count
        First GPU of each node, and how many it has. Shape (nodes,)

    Returns
    -------
    Set and node of every row; GPU and row of each GPU of these nodes; where the chosen are
    along those.
    """
    whose, node = np.zeros(len(chosen), np.int64), np.zeros(len(chosen), np.int64)
    at = np.zeros(len(chosen), np.int64)
    rows, total = 0, 0
    for s in range(len(begin) - 1):
        last = -1
        for i in range(begin[s], begin[s + 1]):
            n = node_of[chosen[i]]
            if n != last:
                whose[rows], node[rows], last = s, n, n
                rows, total = rows + 1, total + count[n]
            at[i] = total - count[n] + chosen[i] - first[n]
    gpu, row, k = np.zeros(total, np.int64), np.zeros(total, np.int64), 0
    for r in range(rows):
        for g in range(first[node[r]], first[node[r]] + count[node[r]]):
            gpu[k], row[k] = g, r
            k += 1
    return whose[:rows], node[:rows], gpu, row, at


@compiled_for(
    "Tuple((i8[::1], i8[::1], i8[::1], f8[::1], f8[::1], f8[::1]))(i8[::1], i8[::1], f8[::1],"
    " i8[::1], f8[::1], f8[::1], f8[::1], f8[::1], f8[::1])"
)
def touched_racks(
    whose: Ints,
    node: Ints,
    added_w: Floats,
    rack_of: Ints,
    wetter: Floats,
    share: Floats,
    node_w: Floats,
    sized_w: Floats,
    liquid_w: Floats,
) -> tuple[Ints, Ints, Ints, Floats, Floats, Floats]:
    """Return the racks that sets of nodes touch, and what a rise of their GPUs does to each.

    Parameters
    ----------
    whose, node, added_w
        Set, node and rise of every row, sorted by set [W]
    rack_of, wetter, share, node_w
        Of each node: its rack, watts into coolant for a watt at its GPUs, its part of the rack's
        flow (0: none), its heat into coolant now. Shape (nodes,)
    sized_w, liquid_w
        What each rack's valve is sized for now, its heat into coolant. Shape (racks,) [W]

    Returns
    -------
    The place of every row. Of each place, that is each set's racks: set, rack, rise of its GPUs,
    what its valve is sized for and its heat into coolant with it.
    """
    place, at = np.zeros(len(node), np.int64), np.full(len(sized_w), -1)
    sets, rack = np.zeros(len(node), np.int64), np.zeros(len(node), np.int64)
    rise_w, size_w, heat_w = np.zeros(len(node)), np.zeros(len(node)), np.zeros(len(node))
    found, begin = 0, 0
    for i in range(len(node)):
        n, r = node[i], rack_of[node[i]]
        if i > 0 and whose[i] != whose[i - 1]:
            at[rack[begin:found]], begin = -1, found
        if at[r] < 0:
            at[r], sets[found], rack[found] = found, whose[i], r
            size_w[found], heat_w[found] = sized_w[r], liquid_w[r]
            found += 1
        p, more_w = at[r], wetter[n] * added_w[i]
        place[i] = p
        rise_w[p] += added_w[i]
        heat_w[p] += more_w
        if share[n] > 0.0:
            size_w[p] = max(size_w[p], (node_w[n] + more_w) / share[n])
    return place, sets[:found], rack[:found], rise_w[:found], size_w[:found], heat_w[:found]
