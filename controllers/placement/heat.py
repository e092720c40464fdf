"""Temperatures and power at rest of the nodes that candidate places touch."""

from typing import NamedTuple

import numpy as np

from controllers.placement.ground import Ground, Here
from controllers.placement.hardware import Bodies, Devices, Servers, hardware_of
from controllers.placement.index import PlaceIndex
from controllers.placement.node_heat import noted, rise_w, settled_node, watts_of
from controllers.placement.touched import Touched
from controllers.power.power_tree import power_tree
from site_models.arrays import Flags, Floats, Ints
from twin.physics.converters import converter_input_w
from twin.physics.law import compiled_for


class Rest(NamedTuple):
    """What candidates come to at rest."""

    extremes: Floats
    """Of each candidate the hottest of the job's own GPUs [C], the least distance of any GPU or
    memory in the touched nodes to a limit [K], the least limit of its own [C]. Shape
    (candidates, 3)"""
    hot: Flags
    """Each row has a GPU or memory at its limit."""
    rack_w: Floats
    """Power at the inlet of each place's rack."""


def at_rest(
    index: PlaceIndex, ground: Ground, touched: Touched, supply_c: Floats, flow: Floats
) -> Rest:
    """Return what the touched nodes come to with the job on them.

    `supply_c` is every circuit's with each candidate's heat, shape (candidates, circuits); `flow`
    is that of each place's rack.
    """
    law = power_tree(index.plant).walk
    return Rest(
        *_at_rest(
            touched.chosen, touched.chosen_w, touched.place, touched.node, touched.first,
            touched.added_w, touched.candidate, touched.rack, supply_c, flow, ground.gpu_w,
            ground.node_dc_w, ground.node_w, ground.rack_nodes_w, law.node_law, law.rack_law,
            ground.here, *hardware_of(index.plant),
        )
    )  # fmt: skip


@compiled_for(
    "Tuple((f8[:,::1], b1[::1], f8[::1]))(i8[::1], f8[::1], i8[::1], i8[::1], i8[::1], f8[::1],"
    " i8[::1], i8[::1], f8[:,::1], f8[::1], f8[::1], f8[::1], f8[::1], f8[::1], f8[:,::1],"
    " f8[:,::1])",
    Here,
    Servers,
    Devices,
    Bodies,
)
def _at_rest(
    chosen: Ints,
    chosen_w: Floats,
    place: Ints,
    node: Ints,
    first: Ints,
    added_w: Floats,
    candidate: Ints,
    rack: Ints,
    supply_c: Floats,
    flow: Floats,
    gpu_w: Floats,
    node_dc_w: Floats,
    node_w: Floats,
    rack_nodes_w: Floats,
    node_law: Floats,
    rack_law: Floats,
    here: Here,
    servers: Servers,
    devices: Devices,
    bodies: Bodies,
) -> tuple[Floats, Flags, Floats]:
    """Return the fields of `Rest`: arguments as `Touched` and `Ground` have them, the laws of
    nodes and racks as `controllers.power.tree_walk.Walk`."""
    extremes, hot = np.empty((len(supply_c), 3)), np.zeros(len(node), np.bool_)
    extremes[:, 0], extremes[:, 1:] = -np.inf, np.inf
    most, rack_w = servers.gpu_count.max(), np.zeros(len(rack))
    watts, die_c, memory_c = np.empty(most), np.empty(most), np.empty(most)
    last = np.full(3, -1.0)
    for r in range(len(node)):
        n, p, c = node[r], place[r], candidate[place[r]]
        mine, mine_w = chosen[first[r] : first[r + 1]], chosen_w[first[r] : first[r + 1]]
        front_w = watts_of(n, mine, mine_w, gpu_w, watts, servers, devices)
        speed = settled_node(
            n, supply_c[c], flow[p], added_w[r], watts, front_w, die_c, memory_c, last, here,
            servers, devices, bodies,
        )  # fmt: skip
        hot[r] = noted(n, mine, die_c, memory_c, extremes[c], servers, devices)
        rack_w[p] += rise_w(n, speed, added_w[r], node_dc_w[n], node_w[n], node_law, servers, here)
    for p in range(len(rack)):
        r = rack[p]
        fixed, linear, square = rack_law[r, 1], rack_law[r, 2], rack_law[r, 3]
        rack_w[p] = converter_input_w(
            rack_nodes_w[r] + rack_w[p], rack_law[r, 0], fixed, linear, square
        )
    return extremes, hot, rack_w
