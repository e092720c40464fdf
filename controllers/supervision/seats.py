"""What the supervisor keeps for each policy, what it remembers, and what it answers."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from controllers.actuators.lane import Lane
from controllers.actuators.order import Order
from controllers.policy import Decision, Mode, Policy, Standing
from controllers.supervision.orders import Orders
from controllers.supervision.scopes import SITE, Part, Scopes, joined, without
from site_models.arrays import Floats


class Grant(NamedTuple):
    """A mode for a part of the site, or all of it, and how long."""

    mode: Mode
    until_s: float = np.inf


@dataclass(slots=True)
class Seat:
    """One policy in the stack and how it stands; changed by the supervisor only."""

    policy: Policy
    mode: Mode
    memory: Any
    reason: str = ""
    alarm: str = ""
    until_s: float = np.inf
    """When the mode ends: one that was armed is then advise, another shadow."""
    scoped: dict[str, Grant] = field(default_factory=dict)
    """Other modes for rows, racks and CDUs; the smaller scope counts."""
    lane: Lane = field(default_factory=lambda: Lane("policy"))

    @property
    def asked(self) -> bool:
        """Whether it decides at the next tick."""
        on = self.mode != "off" or any(grant.mode != "off" for grant in self.scoped.values())
        return on and not self.alarm

    @property
    def shown(self) -> bool:
        """Whether what it decides is shown to people somewhere, armed or not."""
        modes = {self.mode, *(grant.mode for grant in self.scoped.values())}
        return self.asked and not modes.isdisjoint(("advise", "armed"))

    def armed(self, scopes: Scopes) -> Part:
        """Return the part of the site in which it is armed."""
        part = scopes.part(SITE) if self.mode == "armed" else scopes.nothing()
        for name in sorted(self.scoped, key=scopes.size, reverse=True):
            change = joined if self.scoped[name].mode == "armed" else without
            part = change(part, scopes.part(name))
        return part

    def over(self, time_s: float) -> list[tuple[str, Mode, Mode]]:
        """End what has ended by a time; return scope, mode before and after of each."""
        ended: list[tuple[str, Mode, Mode]] = []
        if self.until_s <= time_s:
            before, self.mode = self.mode, "advise" if self.mode == "armed" else "shadow"
            self.until_s = np.inf
            ended.append((SITE, before, self.mode))
        scopes = [name for name, grant in self.scoped.items() if grant.until_s <= time_s]
        return ended + [(name, self.scoped.pop(name).mode, self.mode) for name in scopes]

    def disarm(self) -> bool:
        """Put everything that is armed to advise; say whether anything was."""
        was = self.mode == "armed" or any(one.mode == "armed" for one in self.scoped.values())
        if self.mode == "armed":
            self.mode = "advise"
        self.scoped = {n: one for n, one in self.scoped.items() if one.mode != "armed"}
        return was

    def standing(self, name: str) -> Standing:
        """Return what the pages list."""
        return Standing(name, self.mode, self.reason, self.alarm)


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
