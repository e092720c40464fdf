"""Passes over all GPUs and nodes of a site, made once for each new state of the twin.

A node's GPUs are neighbours by number, so that one walk gives sums and largest by node.
Checked against sums by index in ``tests/controllers/placement/test_placement_sums.py``.
"""

import numpy as np

from controllers.placement.index import Walk
from site_models.arrays import Flags, Floats, Ints
from twin.physics.converters import converter_input_w
from twin.physics.law import compiled_for

GIVEN = "Array(f8, 1, 'C', True)"
"""An array that its owner may have locked against changes."""


@compiled_for("Tuple((f8[::1], f8[::1]))(f8[::1], i8[::1], i8[::1], i8)")
def free_powers_w(power_w: Floats, free: Ints, node: Ints, nodes: int) -> tuple[Floats, Floats]:
    """Return the power of the free GPUs of each node together, and the largest of one [W].

    0 without any. What each GPU draws or promised, the free ones, the node of every GPU.
    """
    total_w, most_w = np.zeros(nodes), np.zeros(nodes)
    for g in free:
        n = np.uint64(node[g])
        total_w[n] += power_w[g]
        most_w[n] = max(most_w[n], power_w[g])
    return total_w, most_w


@compiled_for(
    "Tuple((f8[::1], f8[::1], f8[::1], f8[::1], f8[::1], f8[::1], f8[::1]))"
    f"({GIVEN}, {GIVEN}, {GIVEN}, {GIVEN}, f8[::1], f8[::1], f8[:,::1], i8)",
    Walk,
)
def present_w(
    power_w: Floats,
    promised_w: Floats,
    dc_w: Floats,
    liquid_w: Floats,
    load: Floats,
    wetter: Floats,
    law: Floats,
    racks: int,
    walk: Walk,
) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats, Floats]:
    """Return present power with what is promised, of GPUs, nodes and racks [W].

    Parameters
    ----------
    power_w, promised_w
        What each GPU draws, and what its holders announced. Shape (GPUs,)
    dc_w, liquid_w, load, wetter
        Of each node: power behind its supply and heat into coolant now; watts of the rest of it,
        and into coolant, for a watt at its GPUs. Shape (nodes,)
    law
        The nodes' supplies, as `controllers.power.tree_walk.Walk.node_law`.

    Returns
    -------
    Power of each GPU. Of each node: power behind its supply, at its inlet, heat into coolant. Of
    each rack: its nodes together, the rise of their heat into coolant, its heat if all nodes were
    loaded like its warmest.
    """
    node_of, rack_of, share, nodes = walk.node, walk.rack, walk.liquid_flow_share, len(dc_w)
    gpu_w, more_w, behind_w = np.empty(len(power_w)), np.zeros(nodes), np.empty(nodes)
    node_w, wet_w = np.empty(nodes), np.empty(nodes)
    rack_w, wetter_w, sized_w = np.zeros(racks), np.zeros(racks), np.zeros(racks)
    for g in range(len(power_w)):  # one loop a step: several of these take many GPUs at once
        gpu_w[g] = promised_w[g] if promised_w[g] > power_w[g] else power_w[g]
    for g in range(len(power_w)):
        more_w[np.uint64(node_of[g])] += gpu_w[g] - power_w[g]
    for n in range(nodes):
        behind_w[n] = dc_w[n] + (1.0 + load[n]) * more_w[n]
        wet_w[n] = liquid_w[n] + wetter[n] * more_w[n]
    for n in range(nodes):
        node_w[n] = converter_input_w(behind_w[n], law[n, 0], law[n, 1], law[n, 2], law[n, 3])
    for n in range(nodes):
        r = np.uint64(rack_of[n])
        rack_w[r] += node_w[n]
        wetter_w[r] += wetter[n] * more_w[n]
        if share[n] > 0.0:
            sized_w[r] = max(sized_w[r], wet_w[n] / share[n])
    return gpu_w, behind_w, node_w, wet_w, rack_w, wetter_w, sized_w


@compiled_for("Tuple((b1, i8[::1], f8[::1]))(i8[::1], i8[::1], f8[::1], f8[::1], b1[::1], f8[::1])")
def counted_free(
    nodes: Ints, whole: Ints, drawn_w: Floats, most_w: Floats, kept: Flags, asked_w: Floats
) -> tuple[bool, Ints, Floats]:
    """Return whether the free GPUs by node tell what a job could use, how many it could use of
    each node, and the rise with a GPU of the job on each of these, by node [W].

    They do not where one draws more than is asked. The first four as `Free` has them; then which
    nodes may be used and what is asked of a GPU there. Shape (nodes,)
    """
    count, added_w = np.zeros(len(whole), np.int64), np.zeros(len(whole))
    for n in nodes:
        if kept[n]:
            if most_w[n] > asked_w[n]:
                return False, count, added_w
            count[n] = whole[n]
            added_w[n] = max(whole[n] * asked_w[n] - drawn_w[n], 0.0)
    return True, count, added_w


@compiled_for(
    "Tuple((i8[::1], f8[::1], f8[::1], i8[::1]))(i8[::1], i8[::1], f8[::1], b1[::1], i8, i8,"
    " i8[::1], i8)"
)
def roomed(
    nodes: Ints,
    count: Ints,
    added_w: Floats,
    alone: Flags,
    whole: int,
    per_node: int,
    rack: Ints,
    racks: int,
) -> tuple[Ints, Floats, Floats, Ints]:
    """Return the room of every node and, by rack, the mean rise of a GPU [W] and the room; then
    how many GPUs are usable, how many of these stand in nodes with too few, the most of a node.

    Parameters
    ----------
    nodes
        Those that may have usable GPUs, ascending.
    count, added_w
        Usable GPUs of each node, and the rise of a job GPU on each together. Shape (nodes,)
    alone, whole
        Nodes that are an NVLink domain of their own take multiples of `whole`.
    per_node
        GPUs that a node has to give; 0: any number, as the line above says.
    """
    room, told = np.zeros(len(count), np.int64), np.zeros(3, np.int64)
    there, mean_w, wished = np.zeros(racks), np.zeros(racks), np.zeros(racks)
    for n in nodes:
        room[n] = count[n] // whole * whole if alone[n] else count[n]
        if per_node > 0:
            room[n] = per_node if count[n] >= per_node else 0
            told[1] += count[n] if count[n] < per_node else 0
        told[0], told[2] = told[0] + count[n], max(told[2], room[n])
        there[rack[n]] += count[n]
        mean_w[rack[n]] += added_w[n]
        wished[rack[n]] += room[n]
    for r in range(racks):
        mean_w[r] /= max(there[r], 1.0)
    return room, mean_w, wished, told


@compiled_for("f8[::1](f8[::1], f8[::1], f8[::1], i8[:,::1], i8[:,::1])")
def climbed(factor: Floats, gain: Floats, stage: Floats, carrier: Ints, entry: Ints) -> Floats:
    """Return the watts out of each limit's stage for a watt at a GPU, all depths [-].

    Parameters
    ----------
    factor
        The same with nothing for stages of the power chain. Shape (uses,)
    gain
        Watts into each connection for a watt at a GPU of its rack. Shape (connections,)
    stage
        Watts into each stage for a watt out of it. Shape (feeds,)
    carrier, entry
        The stage that carries each connection at each depth, the roots first, and its entry
        in `factor`; -1: none. Shape (depths, connections)
    """
    found, gain = factor.copy(), gain.copy()
    for d in range(len(entry) - 1, -1, -1):
        for c in range(len(gain)):
            if entry[d, c] >= 0:
                found[entry[d, c]] += gain[c]
                gain[c] *= stage[carrier[d, c]]
    return found


@compiled_for("Tuple((f8[::1], i8[::1]))(f8[::1], f8[::1], i8[::1], i8[::1])")
def tightest(room_w: Floats, factor: Floats, first: Ints, limit: Ints) -> tuple[Floats, Ints]:
    """Return the GPU power that each rack can take more [W], and the limit that stops it.

    Infinite, and the rack's own limit, the last, where nothing stops it.

    Parameters
    ----------
    room_w
        What is left under each limit. Shape (limits,) [W]
    factor, first, limit
        As `Uses` has them.
    """
    racks = len(first) - 1
    fit_w, tight = np.full(racks, np.inf), np.zeros(racks, np.int64)
    for r in range(racks):
        tight[r] = limit[first[r + 1] - 1]
        for i in range(first[r], first[r + 1]):
            if factor[i] > 0.0 and room_w[limit[i]] / factor[i] < fit_w[r]:
                fit_w[r], tight[r] = room_w[limit[i]] / factor[i], limit[i]
    return fit_w, tight
