"""The policies of the stack in their seats: asked one by one, taken out when they fail."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from controllers.actuators.admit import Rules
from controllers.actuators.lane import Lane, LateError
from controllers.policy import Decision, Mode, Policy, Standing, View
from controllers.supervision.journal import Entry, Journal
from controllers.supervision.scopes import SITE, Part, Scopes
from controllers.supervision.seats import Grant, Seat
from controllers.supervision.stack import is_safety
from controllers.supervision.vetting import fault_of
from site_models.errors import InputError
from site_models.plant import Plant

Asked = list[tuple[str, Decision]]


class Seating:
    """Seats by name, in the stack's order. Whoever calls holds the supervisor's lock."""

    def __init__(
        self,
        plant: Plant,
        policies: Mapping[str, Policy],
        modes: Mapping[str, Mode],
        rules: Rules,
        journal: Journal,
    ) -> None:
        for name in modes:
            known(name, policies)
        self.scopes = Scopes(plant)
        self._plant, self._rules, self._journal = plant, rules, journal
        self.seats = {
            name: Seat(policy, modes.get(name, "shadow"), policy.start(plant))
            for name, policy in policies.items()
        }

    @property
    def safety(self) -> frozenset[str]:
        """Return the names of the safety policies."""
        return frozenset(name for name, seat in self.seats.items() if is_safety(seat.policy))

    def seat(self, name: str) -> Seat:
        """Return a policy's seat; InputError for an unknown name."""
        return self.seats[known(name, self.seats)]

    def standings(self) -> tuple[Standing, ...]:
        """Return one line a policy."""
        return tuple(seat.standing(name) for name, seat in self.seats.items())

    def set_mode(
        self, name: str, given: Grant, scope: str, time_s: float, who: str, reason: str
    ) -> None:
        """Change a policy's mode in a scope until a time; one taken out starts afresh."""
        seat = self.seat(name)
        self.scopes.racks(scope)
        if not given.until_s > time_s:
            raise InputError("expires: expected a time to come")
        before = seat.mode if scope == SITE else seat.scoped.get(scope, Grant(seat.mode)).mode
        what = f"{before} -> {given.mode}" + ("" if scope == SITE else f" in {scope}")
        what += f" for {given.until_s - time_s:.0f} s" if np.isfinite(given.until_s) else ""
        if seat.alarm or not seat.asked:
            what += ", alarm cleared" if seat.alarm else ""
            self._begin(seat)
        if scope == SITE:
            seat.mode, seat.until_s, seat.scoped = given.mode, given.until_s, {}
        else:
            seat.scoped[scope] = given
        if not seat.asked:
            seat.reason = ""
        self._journal.write(Entry(time_s, name, given.mode, what, reason, who))

    def end_modes(self, time_s: float) -> None:
        """End the modes whose time is over. Journaled."""
        for name, seat in self.seats.items():
            for scope, before, after in seat.over(time_s):
                what = f"{before} -> {after}" + ("" if scope == SITE else f" in {scope}")
                self._journal.write(Entry(time_s, name, after, what, "its time is over"))

    def disarm(self, time_s: float, reason: str) -> None:
        """Put every policy that is armed somewhere to advise, but for safety. Journaled.

        What guards people or hardware stays: it only ever asks for less.
        """
        for name, seat in self.seats.items():
            if not is_safety(seat.policy) and seat.disarm():
                self._journal.write(Entry(time_s, name, "advise", "armed -> advise", reason))

    def set_policy(
        self, name: str, policy: Policy, time_s: float, who: str, reason: str = ""
    ) -> None:
        """Put other parameters in a policy's place; its memory starts afresh. Journaled."""
        seat = self.seat(name)
        seat.policy = policy
        self._begin(seat)
        self._journal.write(Entry(time_s, name, seat.mode, f"now {policy}", reason, who))

    def ask(self, view: View) -> Asked:
        """Return what each policy asks; take out those that raise, hang or answer nonsense."""
        asked: Asked = []
        for name, seat in self.seats.items():
            if not seat.asked:
                continue
            decision, memory, fault = self._answer(seat, view)
            if fault:
                seat.alarm = f"taken out: {fault}"
                self._journal.write(Entry(view.time_s, name, seat.mode, "taken out", fault))
            else:
                seat.memory, seat.reason = memory, decision.reason
                asked.append((name, decision))
        return asked

    def told_as(self) -> Mode:
        """Return the mode of what all that are asked come to together."""
        return "advise" if any(seat.shown for seat in self.seats.values()) else "shadow"

    def armed(self) -> dict[str, Part]:
        """Return where each policy is armed, those that are nowhere left out."""
        parts = {name: seat.armed(self.scopes) for name, seat in self.seats.items() if seat.asked}
        return {name: part for name, part in parts.items() if any(map(np.any, part))}

    def _begin(self, seat: Seat) -> None:
        """Start a policy afresh; one that hangs keeps its thread, the next has another."""
        seat.memory, seat.alarm = seat.policy.start(self._plant), ""
        if seat.lane.busy:
            seat.lane = Lane("policy")

    def _answer(self, seat: Seat, view: View) -> tuple[Decision, Any, str]:
        """Return a policy's decision and memory, and what is wrong with them."""
        policy, memory, limit_s = seat.policy, seat.memory, self._rules.decide_s
        nothing = Decision(np.zeros(0), "")
        try:
            if np.isinf(limit_s):
                decision, after = policy.decide(view, memory)
            else:
                decision, after = seat.lane.call(lambda: policy.decide(view, memory), limit_s)
            return decision, after, fault_of(decision, view)
        except LateError as late:
            return nothing, memory, f"hangs: {late}"
        except Exception as error:
            # A policy is anybody's code: whatever it raises must not stop the others.
            return nothing, memory, f"raised {type(error).__name__}: {error}"


def known(name: str, names: Mapping[str, Any]) -> str:
    """Return a policy's name; InputError for one that is none."""
    if name not in names:
        raise InputError(f"policy: expected one of {', '.join(names) or 'none'}, got {name!r}")
    return name
