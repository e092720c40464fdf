"""What the supervisor keeps for each policy, what it remembers, and what it answers."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from controllers.actuators.order import Order
from controllers.orders import Orders
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


class Remembered(NamedTuple):
    """All of the supervisor that the next tick depends on, by policy name."""

    orders: Orders
    memories: dict[str, Any]
    policies: dict[str, str]
    """Each policy with its parameters, as text."""
    modes: dict[str, Mode]
    alarms: dict[str, str]


class Ruling(NamedTuple):
    """What one tick led to."""

    decision: Decision
    """What all policies that are not off come to, admitted and complete."""
    order: Order
    """What is in force."""
    standings: tuple[Standing, ...]
    health: tuple[str, ...]

    @property
    def gpu_cap_w(self) -> Floats:
        """Return the caps in force."""
        return self.order.gpu_cap_w
