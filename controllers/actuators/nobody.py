"""The actuator of replays and of every world where nothing may be touched."""

from controllers.actuators.actuator import Held
from controllers.actuators.admit import Limits, catalog_limits
from controllers.actuators.order import Order
from site_models.plant import Plant


class Nobody:
    """Accepts orders and does nothing with them."""

    def __init__(self, plant: Plant) -> None:
        self._limits = catalog_limits(plant)

    def limits(self) -> Limits:
        """Return the ranges of the catalog."""
        return self._limits

    def apply(self, order: Order, time_s: float) -> None:
        """Do nothing."""

    def expire(self, time_s: float) -> None:
        """Do nothing."""

    def held(self) -> Held | None:
        """Return nothing: there is no device."""
        return None
