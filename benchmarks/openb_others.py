"""What counts beside packing in a replay of openb."""

from typing import NamedTuple

import numpy as np

from benchmarks.openb_trace import Cluster
from controllers.gather import sum_by
from controllers.placement.score import Weights
from site_models.arrays import Floats, Ints

NODES_IN_RACK = 8
RATING = 1.2
"""Power for so many times its GPUs in each rack."""


class Others(NamedTuple):
    """What else counts, as in the advice: a temperature of each node, power left in its rack."""

    packing: float
    """Weight of the packing; 1 and the rest 0: packing alone."""
    cool: Floats
    """Weighted worth of each node's temperature. Shape (nodes,)"""
    headroom: float
    """Weight of what is left of the rack's rating."""
    headroom_enough: float
    rack: Ints
    """Rack of each node."""
    rating_gpus: Floats
    """GPU share that each rack has power for. Shape (racks,)"""


def packing_alone(cluster: Cluster) -> Others:
    """Return that nothing else counts."""
    nodes = len(cluster.gpus)
    return Others(1.0, np.zeros(nodes), 0.0, 1.0, np.zeros(nodes, dtype=np.int64), np.ones(1))


def with_heat_and_power(cluster: Cluster, weights: Weights, packing: float) -> Others:
    """Return made-up heat and power beside packing, weighted as in the advice.

    Every node has a temperature margin of its own, evenly between none and enough, and every
    8 nodes are a rack with power for 1.2 times its GPUs, so that power pulls jobs apart.
    """
    nodes = len(cluster.gpus)
    rack = np.arange(nodes) // NODES_IN_RACK
    margin = np.random.default_rng(7).random(nodes)
    return Others(
        packing=packing,
        cool=weights.temperature * margin,
        headroom=weights.headroom,
        headroom_enough=weights.headroom_enough,
        rack=rack,
        rating_gpus=RATING * sum_by(rack, cluster.gpus, int(rack[-1]) + 1),
    )
