"""Groups of nodes at every level, from near to far."""

from typing import NamedTuple

import numpy as np

from controllers.placement.models import Level
from site_models.arrays import Flags, Ints
from site_models.plant import Plant

SPAN: tuple[Level, ...] = ("node", "nvlink_domain", "rack", "row", "pod", "site")
"""Levels from near to far; the fabric crosses more of itself with each."""


class Members(NamedTuple):
    """Nodes sorted by group."""

    node: Ints
    first: Ints
    """Where each group begins, and the end. Shape (groups + 1,)"""

    def of(self, group: int) -> Ints:
        """Return the nodes of a group, in the plant's order."""
        return self.node[self.first[group] : self.first[group + 1]]


def groups_of(plant: Plant) -> tuple[dict[str, Ints], dict[str, int]]:
    """Return the group of every node at each level, and how many groups each level has."""
    gpus, nodes, racks = plant.arrays.gpus, plant.arrays.nodes, plant.arrays.racks
    count = len(plant.node_names)
    domain = np.full(count, -1, dtype=np.int64)
    domain[gpus.node] = plant.gpu_nvlink_domain
    group = {
        "node": np.arange(count),
        "nvlink_domain": domain,
        "rack": nodes.rack,
        "row": racks.row[nodes.rack],
        "pod": racks.pod[nodes.rack],
        "site": np.zeros(count, dtype=np.int64),
    }
    groups = {
        "node": count,
        "nvlink_domain": len(plant.nvlink_domain_names),
        "rack": len(plant.rack_names),
        "row": len(plant.row_names),
        "pod": len(plant.pod_names),
        "site": 1,
    }
    return group, groups


def alone(domain: Ints) -> Flags:
    """Return the nodes that are an NVLink domain of their own."""
    nodes = np.bincount(domain[domain >= 0], minlength=1)
    return np.asarray((domain >= 0) & (nodes[domain] == 1))


def members_of(group: Ints, count: int, with_gpus: Ints) -> Members:
    """Return the nodes of `with_gpus` by the group of each node; -1: none."""
    mine = np.sort(with_gpus[group[with_gpus] >= 0])
    order = mine[np.argsort(group[mine], kind="stable")]
    return Members(order, np.searchsorted(group[order], np.arange(count + 1)))
