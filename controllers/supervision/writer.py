"""What is in force at the devices: written, read back, undone where the plant departs from it."""

import numpy as np

from controllers.actuators.actuator import Actuator, Held
from controllers.actuators.admit import Rules
from controllers.actuators.order import Order, default_order
from controllers.policy import Decision, View
from controllers.supervision.health import Health
from controllers.supervision.journal import Entry, Journal
from controllers.supervision.mover import Mover
from controllers.supervision.moves import astray
from controllers.supervision.orders import as_held, ordered
from controllers.supervision.scopes import Part, frozen
from controllers.supervision.verifying import Prediction, Readback
from site_models.arrays import Flags
from site_models.plant import Plant

PART = "supervisor"


class Writer:
    """The supervisor's hand: it alone calls the actuator, on the loop's thread alone.

    Every order ends by itself after a dead-man's time. An actuator that cannot be reached is
    said, and nothing is assumed to have happened.
    """

    def __init__(
        self, plant: Plant, actuator: Actuator, rules: Rules, journal: Journal, health: Health
    ) -> None:
        self.limits = actuator.limits()
        self.default = default_order(plant, self.limits.gpu_cap_default_w)
        self.written = self.default
        """What is in force."""
        self._commands_jobs = bool(getattr(actuator, "commands_jobs", False))
        self.mover = Mover(plant, self._commands_jobs, rules, journal)
        self._plant, self._actuator, self._rules = plant, actuator, rules
        self._journal, self._health = journal, health
        self._readback, self._prediction = Readback(plant, rules), Prediction(plant, rules)
        self._turned_on = frozenset[str]()

    @property
    def in_force(self) -> bool:
        """Return whether anything but the defaults was written and has not ended."""
        return self.written.until_s > -np.inf

    @property
    def racks_off(self) -> frozenset[str]:
        """Return the racks that were shut down and that nobody has turned on since."""
        return self.written.racks_off - self._turned_on

    def turn_on(self, rack: str) -> None:
        """Let a rack have power again from the next tick on."""
        self._turned_on |= {rack}

    def write(self, view: View, wish: Decision, fresh: Flags, held_by_people: Part) -> None:
        """Write what the armed policies come to, as far as it is admitted."""
        last, in_force = self.written, self.in_force
        default_w = self.limits.gpu_cap_default_w
        try:
            held = self._actuator.held()
            self._verify(held, view)
            last, told = as_held(last, held, wish.gpu_cap_w, default_w)
            order = ordered(
                self._plant, self.limits, self._rules, last, wish, view.jobs, fresh & told,
                view.dt_s, view.time_s,
            )  # fmt: skip
            order = frozen(self._plant, order, last, held_by_people, view.jobs)
            order = self._commanded(order, last, view.time_s)
            self._actuator.apply(order, view.time_s)
        except OSError as error:
            self._health.note("actuator", f"actuator unreachable: {error}", view.time_s)
            return
        self._health.note("actuator", "", view.time_s)
        self.mover.tell(order.moves - last.moves, "armed", view, wish.reason)
        self.written = order
        if not in_force:
            entry = Entry(view.time_s, PART, "armed", "first caps written", wish.reason)
            self._journal.write(entry)

    def _commanded(self, order: Order, last: Order, time_s: float) -> Order:
        """Return an order with the pauses and moves that something here can carry out."""
        order = order._replace(moves=self.mover.claimed(order.moves, last.moves, time_s))
        if not order.paused or self._commands_jobs:
            self._health.note("pauses", "", time_s)
            return order
        why = f"no pause: nothing that acts here can pause a job, {len(order.paused)} asked for"
        self._health.note("pauses", why, time_s)
        return order._replace(paused=frozenset())

    def turn_racks_on(self, time_s: float) -> frozenset[str]:
        """Write what is in force without the racks that a person turned on; return these.

        Here and not where it was asked: the actuator belongs to the loop's thread.
        """
        on = self._turned_on
        if not on:
            return on
        until_s = time_s + self._rules.deadman_s
        order = self.written._replace(racks_off=self.written.racks_off - on, until_s=until_s)
        try:
            self._actuator.apply(order, time_s)
        except OSError as error:
            self._health.note("actuator", f"actuator unreachable: {error}", time_s)
            return frozenset()
        self.written, self._turned_on = order, frozenset()
        return on

    def departed(self, view: View, fresh: Flags) -> str:
        """Return how the plant departs from what was foretold of what is in force; "" if not."""
        departed = self._prediction.look(view, self.written, fresh)
        if departed:
            self._prediction.forget()
        return departed

    def fall_back(self, time_s: float) -> None:
        """Take note when the dead-man's time of what was written is over."""
        if -np.inf < self.written.until_s <= time_s:
            self.expire(time_s, "dead-man's time over without renewal")

    def expire(self, time_s: float, reason: str) -> None:
        """Restore the defaults; only a person turns racks on again, and no job is moved back."""
        try:
            self._actuator.expire(time_s)
        except OSError as error:
            self._health.note("actuator", f"actuator unreachable: {error}", time_s)
            return
        self._health.note("actuator", "", time_s)
        self._health.note("verification", "", time_s)
        stay = self.written
        self.written = self.default._replace(racks_off=stay.racks_off, moves=stay.moves)
        self._journal.write(Entry(time_s, PART, "armed", "defaults restored", reason))

    def _verify(self, held: Held | None, view: View) -> None:
        """Say what devices do not hold of what was written last, and which job is elsewhere."""
        now_s, default_w = view.time_s, self.limits.gpu_cap_default_w
        apart = self._readback.look(self.written, held, default_w, now_s)
        self._health.note("verification", apart, now_s)
        gone = astray(self._plant, self.written.moves, view.jobs, self._rules, now_s)
        self._health.note("moves", gone or self.mover.trouble, now_s)
