"""GPUs are taken away from the jobs that run on them."""

from typing import Literal

from controllers.event import Event, places
from site_models.arrays import Flags
from site_models.plant import Plant


class GpuExcluded(Event):
    """No job uses the GPUs: those that did go on without, on whole replicas, after a restart."""

    kind: Literal["gpu_excluded"]

    def known(self, plant: Plant) -> tuple[str, ...]:
        """Return GPUs."""
        return plant.gpu_names

    def withheld(self, plant: Plant, gpus: Flags) -> Flags:
        """Return the GPUs withheld before, and these."""
        taken = gpus.copy()
        taken[places(plant.gpu_names, self.target)] = True
        return taken


KIND = GpuExcluded
