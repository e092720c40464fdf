"""What can ask a facility for supply temperatures."""

from typing import NamedTuple, Protocol

from site_models.arrays import Flags, Floats


class SetpointStanding(NamedTuple):
    """What a facility was asked for and what it does. Each of shape (CDUs,)."""

    held_c: Floats
    """Setpoint that the building system says is in force; NaN: not known."""
    reachable: Flags
    """Has a point that we may write."""


class SetpointActuator(Protocol):
    """The one road from a wish to a facility; only the supervisor's desk walks it."""

    armed: bool
    """Whether anything is sent; the desk says so."""

    def request(self, setpoint_c: Floats, time_s: float, until_s: float) -> None:
        """Ask for these; NaN: nothing for that CDU. They are owed only until `until_s`, and

        then withdrawn by the actuator itself. OSError when the facility cannot be reached.
        """
        ...

    def expire(self, time_s: float) -> None:
        """Withdraw every request now."""
        ...

    def standing(self) -> SetpointStanding:
        """Return what the facility says."""
        ...
