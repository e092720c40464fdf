"""Where every GPU stands, and which of them can never be offered. Built once a plant."""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from controllers.gather import Runs, runs_of, sum_by
from controllers.placement.groups import Members, alone, groups_of, members_of
from controllers.placement.limits import Cuts, Uses, heats_in, row_cuts, sink_circuits, uses_of
from controllers.placement.models import Level
from controllers.placement.service import nodes_in_service
from site_models.arrays import Flags, Floats, Ints
from site_models.plant import Plant

Names = npt.NDArray[np.object_]


class Walk(NamedTuple):
    """GPUs and nodes as compiled passes take them: arrays of their own. Shape (nodes,)"""

    node: Ints
    """Of each GPU. Shape (GPUs,), as the next two"""
    model: Ints
    power_max_w: Floats
    first_gpu: Ints
    gpu_count: Ints
    liquid_flow_share: Floats
    rack: Ints


@dataclass(frozen=True, slots=True, eq=False)
class PlaceIndex:
    """Groups at every level, for GPUs and for nodes."""

    plant: Plant
    in_service: Flags
    """Of each GPU, with its node, rack, cooling and power in service too. Shape (GPUs,)"""
    model: Ints
    """Number of each GPU's model in `models`. Shape (GPUs,)"""
    models: tuple[str, ...]
    gpu_name: Names
    """Shape (GPUs,)"""
    node_name: Names
    """Shape (nodes,)"""
    node_number: dict[str, int]
    """Index of each node's name."""
    node_group: dict[str, Ints]
    """Level -> group of each node; nodes without GPUs are in group -1 of their domain."""
    group_count: dict[str, int]
    group_most: dict[str, int]
    """Level -> GPUs in service of the group that has the most."""
    members: dict[str, Members]
    """Level -> the nodes with GPUs of each group."""
    node_model: Ints
    """Number of the model of each node's GPUs; -1: none. Shape (nodes,)"""
    node_alone: Flags
    """The node is an NVLink domain of its own. Shape (nodes,)"""
    node_serviceable: Ints
    """GPUs of each node that are in service. Shape (nodes,)"""
    node_power_max_w: Floats
    """Rating of each node's GPUs; 0: none. Shape (nodes,)"""
    rack_group: dict[str, Ints]
    """Level -> group of each rack, from `rack` on."""
    walk: Walk
    by_node: Runs
    """GPUs of each node."""
    by_rack: Runs
    """Nodes of each rack."""
    rail: Ints
    """Group of each GPU at level `rail`: same pod, same network interface. Shape (GPUs,)"""
    uses: Uses
    heats: Uses
    """The part of `uses` that is cooling, its limits numbered as circuits."""
    sink_circuit: Ints
    """Circuit that each circuit gives its heat to; -1: outdoors. Shape (circuits,)"""
    cooling_depth: int
    """Circuits in a row between a rack and the outdoors, at most; at least 1."""
    row_cuts: Cuts

    @property
    def limits(self) -> int:
        """Return how many limits `uses` numbers."""
        plant = self.plant
        return len(plant.feed_names) + len(plant.circuit_names) + len(plant.rack_names)

    @property
    def cooling_limits(self) -> tuple[int, int]:
        """Return the first of these that is a circuit, and the one after the last."""
        feeds = len(self.plant.feed_names)
        return feeds, feeds + len(self.plant.circuit_names)

    def group_of_gpus(self, level: Level) -> Ints:
        """Return the group of every GPU at a level. Shape (GPUs,)"""
        if level == "gpu":
            return np.arange(len(self.plant.gpu_names))
        if level == "rail":
            return self.rail
        return self.node_group[level][self.plant.arrays.gpus.node]


@lru_cache(maxsize=8)
def place_index(plant: Plant) -> PlaceIndex:
    """Return the index of a plant."""
    gpus, nodes, racks = plant.arrays.gpus, plant.arrays.nodes, plant.arrays.racks
    models = tuple(sorted(set(plant.gpu_model)))
    number = {name: i for i, name in enumerate(models)}
    count = len(plant.node_names)
    sinks = sink_circuits(plant)
    rails = int(plant.gpu_rail.max(initial=0)) + 1
    by_node = runs_of(gpus.node, count)
    uses = uses_of(plant)
    node_group, group_count = groups_of(plant)
    in_service = gpus.in_service & nodes_in_service(plant)[gpus.node]
    serviceable = np.bincount(gpus.node[in_service], minlength=count).astype(np.int64)
    model = np.array([number[name] for name in plant.gpu_model], dtype=np.int64)
    node_model = np.full(count, -1, dtype=np.int64)
    node_model[gpus.node] = model
    node_power_max_w = np.zeros(count)
    node_power_max_w[gpus.node] = gpus.power_max_w
    return PlaceIndex(
        plant=plant,
        in_service=in_service,
        model=model,
        models=models,
        gpu_name=np.array(plant.gpu_names, dtype=object),
        node_name=np.array(plant.node_names, dtype=object),
        node_number={name: i for i, name in enumerate(plant.node_names)},
        node_group=node_group,
        group_count=group_count,
        group_most={
            level: int(sum_by(group[group >= 0], serviceable[group >= 0], 1).max())
            for level, group in node_group.items()
        },
        members={
            level: members_of(group, group_count[level], by_node.owner)
            for level, group in node_group.items()
        },
        node_model=node_model,
        node_alone=alone(node_group["nvlink_domain"]),
        node_serviceable=serviceable,
        node_power_max_w=node_power_max_w,
        rack_group={
            "rack": np.arange(len(plant.rack_names)),
            "row": racks.row,
            "pod": racks.pod,
            "site": np.zeros(len(plant.rack_names), dtype=np.int64),
        },
        walk=_walk(plant, model),
        by_node=by_node,
        by_rack=runs_of(nodes.rack, len(plant.rack_names)),
        rail=racks.pod[nodes.rack[gpus.node]] * rails + plant.gpu_rail,
        uses=uses,
        heats=heats_in(plant, uses),
        sink_circuit=sinks,
        cooling_depth=_cooling_depth(sinks),
        row_cuts=row_cuts(plant),
    )


def _walk(plant: Plant, model: Ints) -> Walk:
    gpus, nodes = plant.arrays.gpus, plant.arrays.nodes
    return Walk(
        gpus.node.copy(),
        model,
        gpus.power_max_w.copy(),
        nodes.first_gpu.copy(),
        nodes.gpu_count.copy(),
        nodes.liquid_flow_share.copy(),
        nodes.rack.copy(),
    )


def _cooling_depth(sinks: Ints) -> int:
    depth, at = 1, sinks[sinks >= 0]
    while len(at) and depth <= len(sinks):
        depth, at = depth + 1, sinks[at][sinks[at] >= 0]
    return depth
