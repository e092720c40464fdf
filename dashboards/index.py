"""Where things are in a plant: looked up once, used on every tick."""

from functools import cached_property

import numpy as np

from site_models.arrays import Floats, Ints
from site_models.plant import TCS, Plant


class Index:
    """Index maps of a plant that pages and the API share; nothing in it changes."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self.gpu = {name: i for i, name in enumerate(plant.gpu_names)}
        self.node = {name: i for i, name in enumerate(plant.node_names)}
        self.rack = {name: i for i, name in enumerate(plant.rack_names)}

    @cached_property
    def rack_of_gpu(self) -> Ints:
        """Return the rack of each GPU."""
        arrays = self.plant.arrays
        return arrays.nodes.rack[arrays.gpus.node]

    @cached_property
    def root_feeds(self) -> Ints:
        """Return the feeds at the utility meters."""
        return np.flatnonzero(self.plant.arrays.feeds.parent < 0)

    @cached_property
    def tcs_circuits(self) -> Ints:
        """Return the technology cooling systems."""
        return np.flatnonzero(self.plant.arrays.circuits.kind == TCS)

    @cached_property
    def gpus_by_rack(self) -> list[Ints]:
        """Return the GPUs of each rack, in node order."""
        return _members(self.rack_of_gpu, len(self.plant.rack_names))

    @cached_property
    def nodes_by_rack(self) -> list[Ints]:
        """Return the nodes of each rack."""
        return _members(self.plant.arrays.nodes.rack, len(self.plant.rack_names))

    @cached_property
    def rack_gpu_limit_c(self) -> Floats:
        """Return the lowest operating limit of each rack's GPUs; NaN without GPUs."""
        limit_c = np.full(len(self.plant.rack_names), np.inf)
        np.minimum.at(limit_c, self.rack_of_gpu, self.plant.arrays.gpus.temp_limit_c)
        return np.where(np.isfinite(limit_c), limit_c, np.nan)

    @cached_property
    def rack_supply_limit_c(self) -> Floats:
        """Return the warmest coolant each rack accepts; NaN without a liquid circuit."""
        arrays = self.plant.arrays
        return pick(arrays.circuits.supply_limit_c, arrays.racks.liquid_circuit)

    @cached_property
    def rack_inlet_limit_c(self) -> Floats:
        """Return the warmest inlet air each rack accepts; NaN without an air circuit."""
        arrays = self.plant.arrays
        return pick(arrays.circuits.supply_limit_c, arrays.racks.air_circuit)

    def gpus_of_node(self, node: int) -> range:
        """Return the GPUs of a node: they are neighbours."""
        nodes = self.plant.arrays.nodes
        first = int(nodes.first_gpu[node])
        return range(first, first + int(nodes.gpu_count[node]))

    def cdu_of_rack(self, rack: int) -> int:
        """Return the exchanger that is the rack's CDU; -1 for none."""
        arrays = self.plant.arrays
        circuit = int(arrays.racks.liquid_circuit[rack])
        if circuit < 0:
            return -1
        for exchanger in self.plant.cdu_exchangers:
            if int(arrays.exchangers.hot_circuit[exchanger]) == circuit:
                return int(exchanger)
        return -1


def pick(values: Floats, at: Ints) -> Floats:
    """Return `values[at]`, NaN where `at` is -1. Shape of `at`."""
    if len(values) == 0:
        return np.full(len(at), np.nan)
    return np.where(at >= 0, values[np.maximum(at, 0)], np.nan)


def _members(owner: Ints, owners: int) -> list[Ints]:
    """Return, for each owner, the indices that name it."""
    order = np.argsort(owner, kind="stable")
    bounds = np.searchsorted(owner[order], np.arange(owners + 1))
    return [order[bounds[i] : bounds[i + 1]] for i in range(owners)]
