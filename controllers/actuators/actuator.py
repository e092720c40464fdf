"""What can write to devices and facilities."""

from typing import Protocol

from controllers.actuators.order import Order
from controllers.admit import Limits


class Actuator(Protocol):
    """The one road from a decision to hardware; only the supervisor walks it."""

    def limits(self) -> Limits:
        """Return what the devices accept."""
        ...

    def apply(self, order: Order, time_s: float) -> None:
        """Write the order. It is owed only until its `until_s`, a dead-man's time: unless

        renewed, the actuator itself then restores all defaults, even if its caller is gone.
        Raises OSError when the devices cannot be reached; then nothing is assumed.
        """
        ...

    def expire(self, time_s: float) -> None:
        """Restore the defaults of everything now."""
        ...
