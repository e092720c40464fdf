"""What can write power caps to devices."""

from typing import Protocol

from controllers.admit import Limits
from site_models.arrays import Floats


class Actuator(Protocol):
    """The one road from a decision to hardware; only the supervisor walks it."""

    def limits(self) -> Limits:
        """Return what the devices accept."""
        ...

    def apply(self, gpu_cap_w: Floats, time_s: float, until_s: float) -> None:
        """Write the caps. They are owed only until `until_s`, a dead-man's time: unless

        renewed, the actuator itself then restores the defaults, even if its caller is gone.
        Raises OSError when the devices cannot be reached; then nothing is assumed.
        """
        ...

    def expire(self, time_s: float) -> None:
        """Restore the device defaults now."""
        ...
