"""Cold plates or heat sinks conduct worse than they should."""

from typing import Literal

import numpy as np

from controllers.event import Event, Factor, places
from controllers.plant_edits import with_arrays
from site_models.plant import GpuGroups, Plant, freeze
from twin.state import State


class CloggedPlate(Event):
    """The resistance from body to coolant of some GPUs is multiplied.

    The target names GPUs, nodes or racks. Flow through the plates is left as it was: the
    step has one flow for the GPUs of a node.
    """

    kind: Literal["clogged_plate"]
    factor: Factor

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
        return with_arrays(
            plant, groups=freeze(GpuGroups._make(joined)), gpus=gpus._replace(group=group)
        )

    def _hit(self, plant: Plant) -> list[int]:
        nodes, gpus = plant.arrays.nodes, plant.arrays.gpus
        racks = np.isin(nodes.rack, places(plant.rack_names, self.target))
        racks[places(plant.node_names, self.target)] = True
        return sorted({*np.flatnonzero(racks[gpus.node]), *places(plant.gpu_names, self.target)})


KIND = CloggedPlate
