"""What the supervisor keeps for each policy, what it remembers, and what it answers."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from controllers.policy import Decision, Mode, Policy, Standing
from site_models.arrays import Floats


@dataclass(slots=True)
class Seat:
    """One policy in the stack and how it stands; changed by the supervisor only."""

    policy: Policy
    mode: Mode
    memory: Any
    reason: str = ""
    alarm: str = ""

    @property
    def asked(self) -> bool:
        """Whether it decides at the next tick."""
        return self.mode != "off" and not self.alarm


class Caps(NamedTuple):
    """What the supervisor remembers beside the policies' memories."""

    advised_w: Floats
    """Admitted caps of all policies that are not off: what would be in force if armed."""
    written_w: Floats
    """Caps in force on the devices."""
    until_s: float
    """When those fall back to the defaults; -inf: they are the defaults."""


class Remembered(NamedTuple):
    """All of the supervisor that the next tick depends on, by policy name."""

    caps: Caps
    memories: dict[str, Any]
    policies: dict[str, str]
    """Each policy with its parameters, as text."""
    modes: dict[str, Mode]
    alarms: dict[str, str]


class Ruling(NamedTuple):
    """What one tick led to."""

    decision: Decision
    gpu_cap_w: Floats
    standings: tuple[Standing, ...]
    health: tuple[str, ...]
