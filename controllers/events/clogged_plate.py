"""Cold plates or heat sinks conduct worse than they should."""

from typing import Literal

import numpy as np

from controllers.event import Event, Factor, places
from controllers.plant_edits import with_arrays, with_clogged
from site_models.plant import GpuGroups, Plant, freeze
from twin.state import State


class CloggedPlate(Event):
    """The resistance from body to coolant of some GPUs is multiplied, fouled or clogged.

    The target names GPUs, nodes or racks. With `pressure_factor`, liquid-cooled nodes that are
    hit also lose that much more pressure at a flow, so less passes them and more the others;
    of a single GPU only the heat path changes: the step has one flow for a node.
    """

    kind: Literal["clogged_plate"]
    factor: Factor
    pressure_factor: Factor = 1.0

    def known(self, plant: Plant) -> tuple[str, ...]:
        """Return racks, nodes and GPUs."""
        return (*plant.rack_names, *plant.node_names, *plant.gpu_names)

    def changed(self, plant: Plant, onset: State, after_s: float) -> Plant:
        """Return the plant with the GPUs moved to groups of their own."""
        gpus, groups = plant.arrays.gpus, plant.arrays.groups
        hit = self._hit(plant)
        old, new = np.unique(gpus.group[hit], return_inverse=True)
        added = groups._replace(
            body_resistance_k_per_w=groups.body_resistance_k_per_w * self.factor
        )
        joined = (np.concatenate((a, b[old])) for a, b in zip(groups, added, strict=True))
        group = gpus.group.copy()
        group[hit] = len(groups.node) + new
        group.setflags(write=False)
        widened = GpuGroups._make(joined)
        widened.node[group[::-1]] = gpus.node[::-1]  # flow is looked up at the first member
        plant = with_arrays(plant, groups=freeze(widened), gpus=gpus._replace(group=group))
        if self.pressure_factor != 1.0:
            for node in self._nodes(plant):
                plant = with_clogged(plant, node, self.pressure_factor)
        return plant

    def _nodes(self, plant: Plant) -> list[int]:
        """Return the liquid-cooled nodes that are hit as a whole."""
        nodes = plant.arrays.nodes
        whole = np.isin(nodes.rack, places(plant.rack_names, self.target))
        whole[places(plant.node_names, self.target)] = True
        return [int(n) for n in np.flatnonzero(whole & (nodes.liquid_circuit >= 0))]

    def _hit(self, plant: Plant) -> list[int]:
        nodes, gpus = plant.arrays.nodes, plant.arrays.gpus
        racks = np.isin(nodes.rack, places(plant.rack_names, self.target))
        racks[places(plant.node_names, self.target)] = True
        return sorted({*np.flatnonzero(racks[gpus.node]), *places(plant.gpu_names, self.target)})


KIND = CloggedPlate
