"""The one place that lets a decision out: clamp, rate, staleness, modes, dead-man, journal."""

import threading
from collections.abc import Mapping

import numpy as np

from controllers.actuators.actuator import Actuator
from controllers.actuators.admit import Rules
from controllers.jobs.allocations import Allocations
from controllers.policy import Decision, Mode, Policy, Standing, View, mode_of
from controllers.supervision.health import Health
from controllers.supervision.holds import Hold, Holds
from controllers.supervision.journal import Entry, Journal
from controllers.supervision.orders import Orders, as_decision, ordered, restrains
from controllers.supervision.scopes import SITE, within
from controllers.supervision.seating import Asked, Seating
from controllers.supervision.seats import Grant, Remembered, Ruling
from controllers.supervision.setpoints import SetpointDesk
from controllers.supervision.stack import combined
from controllers.supervision.vetting import silent_gpus, trouble_of
from controllers.supervision.writer import Writer
from site_models.arrays import Flags
from site_models.plant import Plant

PART = "supervisor"


class Supervisor:
    """Asks the policies, admits what the stack comes to, and alone calls the actuator.

    Every policy is in a mode of its own, for the site or parts of it, for ever or a while;
    nothing is armed unless asked for. What is armed is written, clamped and rate limited, with
    a dead-man's time, unless a person holds that part. A policy that raises, hangs, or answers
    NaN, a wrong shape or a job that may not be paused, is taken out with one alarm and the rest
    go on. With stale frames or a state that is not finite no policy is asked and nothing is
    written: what is in force stays until its time is over. Single GPUs without a fresh reading
    keep their settings. What devices do not hold is said. Where the plant departs from what the
    twin foretold, the defaults are restored and what was armed is advise.

    `rule` belongs to the loop's thread; modes and holds may be set from any.
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
        self._plant, self._health = plant, Health(self.journal)
        self._writer = Writer(plant, actuator, self.rules, self.journal, self._health)
        self._advised = self._writer.default
        self._lock = threading.RLock()
        self._seating = Seating(plant, policies, modes or {}, self.rules, self.journal)
        self._holds = Holds(self._seating.scopes, self.journal)
        self._restrained = False

    def place_with(self, allocations: Allocations) -> None:
        """Claim the new GPUs of jobs that are moved where schedulers ask for theirs."""
        self._writer.mover.allocations = allocations

    @property
    def scopes(self) -> tuple[str, ...]:
        """Return the names of the parts that a mode or a hold may be given for."""
        return self._seating.scopes.names

    def standings(self) -> tuple[Standing, ...]:
        """Return one line a policy, in the stack's order."""
        with self._lock:
            return self._seating.standings()

    def scoped(self, name: str) -> dict[str, tuple[Mode, float]]:
        """Return a policy's modes by scope, each with its end; the site's first."""
        with self._lock:
            seat = self._seating.seat(name)
            return {SITE: (seat.mode, seat.until_s), **seat.scoped}

    def policy(self, name: str) -> Policy:
        """Return the policy with its present parameters; InputError for an unknown name."""
        with self._lock:
            return self._seating.seat(name).policy

    def set_mode(
        self,
        name: str,
        mode: str,
        time_s: float,
        who: str,
        reason: str = "",
        scope: str = SITE,
        until_s: float = np.inf,
    ) -> None:
        """Change a policy's mode in a scope until a time; one taken out starts afresh.

        For the site it replaces what was set for parts of it. Journaled.
        """
        with self._lock:
            given = Grant(mode_of(mode), until_s)
            self._seating.set_mode(name, given, scope, time_s, who, reason)
            self._health.forget("prediction")

    def set_policy(
        self, name: str, policy: Policy, time_s: float, who: str, reason: str = ""
    ) -> None:
        """Put other parameters in a policy's place; its memory starts afresh. Journaled."""
        with self._lock:
            self._seating.set_policy(name, policy, time_s, who, reason)

    def holds(self) -> dict[str, Hold]:
        """Return the parts that people hold, by scope."""
        with self._lock:
            return dict(self._holds.all)

    def hold(
        self, scope: str, time_s: float, who: str, reason: str = "", until_s: float = np.inf
    ) -> None:
        """Leave a part of the site as it is, whatever policies ask. Journaled."""
        with self._lock:
            self._holds.put(scope, Hold(who, reason, until_s), time_s)

    def release(self, scope: str, time_s: float, who: str, reason: str = "") -> bool:
        """Let policies at a part again; False when nobody held it. Journaled."""
        with self._lock:
            return self._holds.end(scope, time_s, who, reason)

    @property
    def racks_off(self) -> frozenset[str]:
        """Return the racks that were shut down and that nobody has turned on since."""
        with self._lock:
            return self._writer.racks_off

    def turn_on(self, rack: str, time_s: float, who: str, reason: str = "") -> bool:
        """Let a rack that was shut down have power again, from the next tick on. Journaled.

        False when it is not shut down. A policy that still asks for it shuts it down anew.
        """
        with self._lock:
            if rack not in self._writer.racks_off:
                return False
            self._writer.turn_on(rack)
            self.journal.write(Entry(time_s, PART, "", f"{rack} turned on", reason, who))
            return True

    def rule(self, view: View) -> Ruling:
        """Return what this tick leads to, having written what is armed."""
        with self._lock:
            self._writer.fall_back(view.time_s)
            self._seating.end_modes(view.time_s)
            self._holds.end_over(view.time_s)
            on = self._writer.turn_racks_on(view.time_s)
            self._advised = self._advised._replace(racks_off=self._advised.racks_off - on)
            trouble = trouble_of(view, self.rules)
            self._health.note("input", trouble, view.time_s)
            if trouble:
                held = as_decision(self._advised, f"{trouble}: caps held")
                return self._ruling(held, (), view.time_s)
            asked = self._seating.ask(view)
            fresh = view.gpu_age_s <= self.rules.stale_s
            reason = self._advise(view, asked, fresh)
            self._write(view, asked, fresh)
            self._look(view, fresh)
            self._ask_facility(view, reason)
            decision = as_decision(self._advised, reason)
            return self._ruling(decision, silent_gpus(view, fresh), view.time_s)

    def memory(self) -> Remembered:
        """Return all that the next tick depends on, to be stored."""
        with self._lock:
            seats = self._seating.seats.items()
            return Remembered(
                orders=Orders(self._advised, self._writer.written),
                memories={name: seat.memory for name, seat in seats},
                policies={name: repr(seat.policy) for name, seat in seats},
                modes={name: seat.mode for name, seat in seats},
                alarms={name: seat.alarm for name, seat in seats},
            )

    def restore(self, remembered: Remembered) -> None:
        """Go on from what `memory` returned; the policies must be the same.

        What was armed is armed again only where this supervisor was made so: no device is
        written because a file says so. Modes for parts of the site, and holds, are not stored.
        """
        with self._lock:
            self._advised, self._writer.written = remembered.orders
            for name, seat in self._seating.seats.items():
                mode = remembered.modes[name]
                seat.mode = "advise" if mode == "armed" and seat.mode != "armed" else mode
                seat.memory, seat.alarm = remembered.memories[name], remembered.alarms[name]

    def _advise(self, view: View, asked: Asked, fresh: Flags) -> str:
        """Note what all that were asked come to, armed or not; return why."""
        wish, last = self._combined(asked), self._advised
        limits, default_w = self._writer.limits, self._writer.limits.gpu_cap_default_w
        self._advised = ordered(
            self._plant, limits, self.rules, last, wish, view.jobs, fresh, view.dt_s, view.time_s
        )
        if wish.moves:
            armed = self._seating.armed()
            acted = {move.job for name, one in asked if name in armed for move in one.moves}
            new = {m for m in self._advised.moves - last.moves if m.job not in acted}
            self._writer.mover.tell(frozenset(new), self._seating.told_as(), view, wish.reason)
        restrained = restrains(self._advised, default_w)
        if restrained != self._restrained:
            self._restrained = restrained
            what = "caps below the defaults" if restrained else "caps back at the defaults"
            mode = self._seating.told_as()
            self.journal.write(Entry(view.time_s, PART, mode, what, wish.reason))
        return wish.reason

    def _combined(self, asked: Asked) -> Decision:
        default_w = self._writer.limits.gpu_cap_default_w
        return combined(asked, default_w, self._seating.safety)

    def _write(self, view: View, asked: Asked, fresh: Flags) -> None:
        """Write what is armed; restore the defaults when nothing is armed any more."""
        parts, default_w = self._seating.armed(), self._writer.limits.gpu_cap_default_w
        armed = [
            (name, within(self._plant, decision, parts[name], default_w, view.jobs))
            for name, decision in asked
            if name in parts
        ]
        if armed:
            self._writer.write(view, self._combined(armed), fresh, self._holds.part())
        elif self._writer.in_force:
            self._writer.expire(view.time_s, "no policy is armed any more")

    def _look(self, view: View, fresh: Flags) -> None:
        """Undo everything but safety where the plant departs from what was foretold."""
        departed = self._writer.departed(view, fresh)
        if departed:
            self._seating.disarm(view.time_s, f"rolled back: {departed}")
            if not self._seating.armed():
                self._writer.expire(view.time_s, departed)
            self._health.note("prediction", f"rolled back: {departed}", view.time_s)

    def _ask_facility(self, view: View, reason: str) -> None:
        """Put wishes for CDUs on the desk: the advised ones while it is not armed itself."""
        desk = self.setpoints
        if desk is None or desk.mode == "off":
            return
        order = self._writer.written if desk.mode == "armed" else self._advised
        wish_c = order.facility.exchanger_setpoint_c[self._plant.cdu_exchangers]
        desk.wish(np.round(wish_c, 1), view.time_s, PART, reason)

    def _ruling(self, decision: Decision, health: tuple[str, ...], time_s: float) -> Ruling:
        standings = self._seating.standings()
        alarms = tuple(f"policy {s.name} {s.alarm}" for s in standings if s.alarm)
        ill = self._health.troubles + (self.setpoints.tick(time_s) if self.setpoints else ())
        return Ruling(decision, self._writer.written, standings, ill + health + alarms)
