"""The one place that lets a decision out: clamp, rate, staleness, modes, dead-man, journal."""

import threading
from collections.abc import Mapping
from typing import Any

import numpy as np

from controllers.actuators.actuator import Actuator
from controllers.actuators.order import Order, default_order
from controllers.admit import Rules
from controllers.journal import Entry, Journal
from controllers.orders import Orders, as_decision, ordered, restrains
from controllers.policy import MODES, Decision, Mode, Policy, Standing, View
from controllers.seats import Remembered, Ruling, Seat
from controllers.setpoints import SetpointDesk
from controllers.stack import combined, is_safety
from controllers.vetting import fault_of, silent_gpus, trouble_of
from site_models.arrays import Flags
from site_models.errors import InputError
from site_models.plant import Plant


class Supervisor:
    """Asks the policies, admits what the stack comes to, and alone calls the actuator.

    Every policy is in a mode of its own; nothing is armed unless asked for. What is armed
    is written, clamped and rate limited, with a dead-man's time. A policy that raises, or
    answers NaN, a wrong shape or a job that may not be paused, is taken out with one
    alarm and the rest go on. With stale frames or a state that is not finite no policy is asked
    and nothing is written: what is in force stays until its time is over. Single GPUs without
    a fresh reading keep their settings.

    `rule` belongs to the loop's thread; modes may be set from any.
    """

    def __init__(
        self,
        plant: Plant,
        policies: Mapping[str, Policy],
        actuator: Actuator,
        modes: Mapping[str, Mode] | None = None,
        rules: Rules | None = None,
        journal: Journal | None = None,
        setpoints: SetpointDesk | None = None,
    ) -> None:
        self.setpoints = setpoints
        """Where CDU supply temperatures are wished for; None where no facility can be asked."""
        self.rules = Rules() if rules is None else rules
        self.journal = Journal() if journal is None else journal
        self._plant, self._actuator, self._limits = plant, actuator, actuator.limits()
        self._lock = threading.RLock()
        wished = modes or {}
        for name in wished:
            _known(name, policies)
        self._seats = {
            name: Seat(policy, wished.get(name, "shadow"), policy.start(plant))
            for name, policy in policies.items()
        }
        self._default = default_order(plant, self._limits.gpu_cap_default_w)
        self._orders = Orders(self._default, self._default)
        self._ill: dict[str, str] = {}
        self._restrained = False

    def standings(self) -> tuple[Standing, ...]:
        """Return one line a policy, in the stack's order."""
        with self._lock:
            return tuple(
                Standing(name, seat.mode, seat.reason, seat.alarm)
                for name, seat in self._seats.items()
            )

    def policy(self, name: str) -> Policy:
        """Return the policy with its present parameters; InputError for an unknown name."""
        with self._lock:
            return self._seats[_known(name, self._seats)].policy

    def set_mode(self, name: str, mode: str, time_s: float, who: str, reason: str = "") -> None:
        """Change a policy's mode; one that was taken out starts afresh. Journaled."""
        if mode not in MODES:
            raise InputError(f"mode: expected one of {', '.join(MODES)}, got {mode!r}")
        with self._lock:
            seat = self._seats[_known(name, self._seats)]
            what = f"{seat.mode} -> {mode}" + (", alarm cleared" if seat.alarm else "")
            if seat.alarm or seat.mode == "off":
                seat.memory, seat.alarm = seat.policy.start(self._plant), ""
            seat.mode = mode
            if mode == "off":
                seat.reason = ""
            self.journal.write(Entry(time_s, name, mode, what, reason, who))

    def set_policy(
        self, name: str, policy: Policy, time_s: float, who: str, reason: str = ""
    ) -> None:
        """Put other parameters in a policy's place; its memory starts afresh. Journaled."""
        with self._lock:
            seat = self._seats[_known(name, self._seats)]
            seat.policy, seat.memory, seat.alarm = policy, policy.start(self._plant), ""
            self.journal.write(Entry(time_s, name, seat.mode, f"now {policy}", reason, who))

    def rule(self, view: View) -> Ruling:
        """Return what this tick leads to, having written what is armed."""
        with self._lock:
            self._fall_back(view.time_s)
            trouble = trouble_of(view, self.rules)
            self._note("input", trouble, view.time_s)
            if trouble:
                held = as_decision(self._orders.advised, f"{trouble}: caps held")
                return self._ruling(held, (), view.time_s)
            asked = self._ask(view)
            fresh = view.gpu_age_s <= self.rules.stale_s
            reason = self._advise(view, asked, fresh)
            self._write(view, asked, fresh)
            decision = as_decision(self._orders.advised, reason)
            return self._ruling(decision, silent_gpus(view, fresh), view.time_s)

    def memory(self) -> Remembered:
        """Return all that the next tick depends on, to be stored."""
        with self._lock:
            seats = self._seats.items()
            return Remembered(
                orders=self._orders,
                memories={name: seat.memory for name, seat in seats},
                policies={name: repr(seat.policy) for name, seat in seats},
                modes={name: seat.mode for name, seat in seats},
                alarms={name: seat.alarm for name, seat in seats},
            )

    def restore(self, remembered: Remembered) -> None:
        """Go on from what `memory` returned; the policies must be the same.

        What was armed is armed again only where this supervisor was made so: no device is
        written because a file says so.
        """
        with self._lock:
            self._orders = remembered.orders
            for name, seat in self._seats.items():
                mode = remembered.modes[name]
                seat.mode = "advise" if mode == "armed" and seat.mode != "armed" else mode
                seat.memory, seat.alarm = (
                    remembered.memories[name],
                    remembered.alarms[name],
                )

    def _ask(self, view: View) -> list[tuple[str, Mode, Decision]]:
        """Return what each policy asks; take out those that fail."""
        asked: list[tuple[str, Mode, Decision]] = []
        for name, seat in self._seats.items():
            if not seat.asked:
                continue
            try:
                decision, memory = seat.policy.decide(view, seat.memory)
                fault = fault_of(decision, view)
            except Exception as error:
                # A policy is anybody's code: whatever it raises must not stop the others.
                fault = f"raised {type(error).__name__}: {error}"
            if fault:
                seat.alarm = f"taken out: {fault}"
                self.journal.write(Entry(view.time_s, name, seat.mode, "taken out", fault))
            else:
                seat.memory, seat.reason = memory, decision.reason
                asked.append((name, seat.mode, decision))
        return asked

    def _advise(self, view: View, asked: list[tuple[str, Mode, Decision]], fresh: Flags) -> str:
        """Note what all that were asked come to, armed or not; return why."""
        wish = self._combined([(name, decision) for name, _, decision in asked])
        advised = self._ordered(view, self._orders.advised, wish, fresh)
        self._orders = self._orders._replace(advised=advised)
        restrained = restrains(advised, self._limits.gpu_cap_default_w)
        if restrained != self._restrained:
            self._restrained = restrained
            what = "caps below the defaults" if restrained else "caps back at the defaults"
            self.journal.write(Entry(view.time_s, "supervisor", "advise", what, wish.reason))
        return wish.reason

    def _combined(self, asked: list[tuple[str, Decision]]) -> Decision:
        safety = [name for name, seat in self._seats.items() if is_safety(seat.policy)]
        return combined(asked, self._limits.gpu_cap_default_w, safety)

    def _ordered(self, view: View, last: Order, wish: Decision, fresh: Flags) -> Order:
        until_s = view.time_s + self.rules.deadman_s
        return ordered(
            self._plant, self._limits, self.rules, last, wish, view.jobs, fresh, view.dt_s, until_s
        )

    def _write(self, view: View, asked: list[tuple[str, Mode, Decision]], fresh: Flags) -> None:
        """Write what is armed; restore the defaults when nothing is armed any more."""
        armed = [(name, decision) for name, mode, decision in asked if mode == "armed"]
        in_force = self._orders.written.until_s > -np.inf
        if not armed:
            if in_force:
                self._expire(view.time_s, "no policy is armed any more")
            return
        wish = self._combined(armed)
        order = self._ordered(view, self._orders.written, wish, fresh)
        try:
            self._actuator.apply(order, view.time_s)
        except OSError as error:
            self._note("actuator", f"actuator unreachable: {error}", view.time_s)
            return
        self._note("actuator", "", view.time_s)
        self._orders = self._orders._replace(written=order)
        if not in_force:
            self.journal.write(
                Entry(
                    view.time_s,
                    "supervisor",
                    "armed",
                    "first caps written",
                    wish.reason,
                )
            )

    def _fall_back(self, time_s: float) -> None:
        """Take note when the dead-man's time of written caps is over."""
        if -np.inf < self._orders.written.until_s <= time_s:
            self._expire(time_s, "dead-man's time over without renewal")

    def _expire(self, time_s: float, reason: str) -> None:
        try:
            self._actuator.expire(time_s)
        except OSError as error:
            self._note("actuator", f"actuator unreachable: {error}", time_s)
            return
        self._note("actuator", "", time_s)
        self._orders = self._orders._replace(written=self._default)
        self.journal.write(Entry(time_s, "supervisor", "armed", "defaults restored", reason))

    def _note(self, part: str, trouble: str, time_s: float) -> None:
        """Journal a change of a part's health once: when lost, and when recovered."""
        kind, was = trouble.split(":")[0], self._ill.get(part, "").split(":")[0]
        if kind != was:
            what, why = ("lost", trouble) if trouble else ("recovered", f"was: {was}")
            self.journal.write(Entry(time_s, "supervisor", "", f"{part} {what}", why))
        self._ill[part] = trouble

    def _ruling(self, decision: Decision, health: tuple[str, ...], time_s: float) -> Ruling:
        standings = self.standings()
        alarms = tuple(f"policy {s.name} {s.alarm}" for s in standings if s.alarm)
        ill = tuple(trouble for trouble in self._ill.values() if trouble)
        ill += self.setpoints.tick(time_s) if self.setpoints else ()
        return Ruling(decision, self._orders.written, standings, ill + health + alarms)


def _known(name: str, names: Mapping[str, Any]) -> str:
    if name not in names:
        raise InputError(f"policy: expected one of {', '.join(names) or 'none'}, got {name!r}")
    return name
