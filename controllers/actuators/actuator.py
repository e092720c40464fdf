"""What can write to devices and facilities."""

from typing import NamedTuple, Protocol

from controllers.actuators.admit import Limits
from controllers.actuators.order import Order
from site_models.arrays import Floats


class Held(NamedTuple):
    """What devices say that they are held to, read back. NaN: not told. Shapes (GPUs,)"""

    gpu_cap_w: Floats
    gpu_clock_share: Floats
    """Locked clock that was last set and accepted; 1: none. Devices do not tell it back."""
    sm_clock_share: Floats
    """The clock that runs over the full one: a locked one shows where the load asks for more."""


class Actuator(Protocol):
    """The one road from a decision to hardware; only the supervisor walks it.

    One that can pause jobs and put them on other GPUs says so by an attribute,
    `commands_jobs = True`; without it no pause and no move is ordered, and that is said.
    """

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

    def held(self) -> Held | None:
        """Return what devices hold now; None where none can be asked.

        OSError when they cannot be reached. Asked before each write, which counts its rates
        from there; a GPU that does not tell is not written to.
        """
        ...
