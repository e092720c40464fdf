"""Which nodes get no further work because one of their GPUs is hot now, whatever made it so."""

import numpy as np

from controllers.placement.hardware import hardware_of
from controllers.placement.index import PlaceIndex
from controllers.placement.sums import GIVEN
from site_models.arrays import Flags, Floats, Ints
from twin.physics.law import compiled_for

NEAR_LIMIT_K = 3.0
"""A node with a GPU this near to its limit gets no further work."""


def near_limit(index: PlaceIndex, temp_c: Floats) -> Flags:
    """Return the nodes with a GPU near its limit, given all temperatures. Shape (nodes,)"""
    limit_c = hardware_of(index.plant).devices.temp_limit_c
    nodes = len(index.plant.node_names)
    return _near(np.ascontiguousarray(temp_c), limit_c, index.walk.node, nodes)


@compiled_for(f"b1[::1]({GIVEN}, f8[::1], i8[::1], i8)")
def _near(temp_c: Floats, limit_c: Floats, node: Ints, nodes: int) -> Flags:
    near = np.zeros(nodes, np.bool_)
    for g in range(len(temp_c)):
        if temp_c[g] >= limit_c[g] - NEAR_LIMIT_K:
            near[node[g]] = True
    return near
