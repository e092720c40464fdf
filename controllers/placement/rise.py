"""How much more of the nodes that a job touches becomes unusable, in one pass."""

import numpy as np

from controllers.placement.node_room import NEARLY
from site_models.arrays import Floats, Ints
from twin.physics.law import compiled


@compiled
def plain_rise(
    gpus: Ints,
    share: float,
    node: Ints,
    first: Ints,
    count: Ints,
    free: Floats,
    left: Floats,
    wide_gpus: Ints,
    price: Floats,
) -> tuple[float, Ints]:
    """Return the rise without that of nodes of which a GPU is, or becomes, partly free;
    and those nodes."""
    mixed = np.empty(len(gpus), dtype=np.int64)
    total, i, met = 0.0, 0, 0
    while i < len(gpus):
        n, taken, broken = node[gpus[i]], 0, 0
        while i < len(gpus) and node[gpus[i]] == n:
            broken += free[gpus[i]] >= 1.0 - NEARLY
            taken += share >= 1.0 - NEARLY
            i += 1
        whole, rest = 0, 0.0
        for g in range(first[n], first[n] + count[n]):
            if free[g] >= 1.0 - NEARLY:
                whole += 1
            else:
                rest += free[g]
        for k in range(len(wide_gpus)):
            if max(whole - broken, taken) < wide_gpus[k] <= whole:
                total += price[k]
        if taken and rest <= NEARLY:
            total += left[whole - taken] - left[whole]
        else:
            mixed[met] = n
            met += 1
    return total, mixed[:met]
