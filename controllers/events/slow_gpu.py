"""A GPU's clock is locked below what it could run at."""

from typing import Literal

import numpy as np

from controllers.event import Event, Factor, places
from site_models.arrays import Floats
from site_models.plant import Plant


class SlowGpu(Event):
    """GPUs run no faster than a share of their full clock, whatever power and heat allow.

    Such as by a power brake that never lets go, or by somebody's clock lock.
    """

    kind: Literal["slow_gpu"]
    clock: Factor = 0.5
    """Share of full clock. Up to 1."""

    def known(self, plant: Plant) -> tuple[str, ...]:
        """Return GPUs."""
        return plant.gpu_names

    def complaint(self, plant: Plant) -> tuple[str, str] | None:
        """Return what is wrong on this plant, a clock above full included."""
        if self.clock > 1.0:
            return "clock", f"{self.clock:g}, expected a share of full clock, up to 1"
        return super().complaint(plant)

    def clock_limit(self, plant: Plant, clock: Floats) -> Floats:
        """Return the lowest of the clocks that each GPU is locked to."""
        locked = clock.copy()
        hit = places(plant.gpu_names, self.target)
        locked[hit] = np.minimum(locked[hit], self.clock)
        return locked


KIND = SlowGpu
