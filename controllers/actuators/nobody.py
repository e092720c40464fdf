"""The actuator of replays and of every world where nothing may be touched."""

from controllers.admit import Limits
from site_models.arrays import Floats
from site_models.plant import Plant


class Nobody:
    """Accepts caps and does nothing with them."""

    def __init__(self, plant: Plant) -> None:
        gpus = plant.arrays.gpus
        self._limits = Limits(gpus.power_min_w, gpus.power_max_w, gpus.power_max_w)

    def limits(self) -> Limits:
        """Return the ranges of the catalog."""
        return self._limits

    def apply(self, gpu_cap_w: Floats, time_s: float, until_s: float) -> None:
        """Do nothing."""

    def expire(self, time_s: float) -> None:
        """Do nothing."""
