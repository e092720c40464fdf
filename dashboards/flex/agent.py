"""This site as an agent on the grid's bus: takes load targets, tells its power state, alerts."""

import queue
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from controllers.grid.grid_breach import Breach, look
from controllers.grid.grid_desk import GridDesk, Second
from dashboards.flex.intake import Intake
from dashboards.flex.keys import keys_and_address
from dashboards.flex.messages import (
    BREACH,
    BREACH_TOPIC,
    SET_TOPIC,
    STATUS,
    STATUS_TOPIC,
    event_of,
)
from dashboards.flex.status import breach_data, moved, status_data
from site_models.plant import Plant
from telemetry.dsx.bus_address import address_of
from telemetry.sources.mqtt import Link

ACTIVE_S, RESTING_S = 1.0, 10.0
"""Time between reports while something is asked, and else."""
TURN_S = 0.1
LATE_S = 60.0
"""A thread held up for longer than this tells no more than this of what it missed."""
MOST_WAITING = 1_000


class FlexAgent:
    """Speaks the DSX Flex contract to a broker from a thread of its own.

    Nothing here acts on a device: targets go to the desk, whence policies that an operator has
    put into the stack see them. A refused message is counted, and answered by nothing: the
    contract knows no refusals. Checked against a real broker in
    ``tests/dashboards/flex/test_flex_agent.py``.
    """

    def __init__(
        self, argument: str, plant: Plant, desk: GridDesk, site_now_s: Callable[[], float]
    ) -> None:
        self.keys, rest = keys_and_address(argument)
        self.intake = Intake(self.keys, desk)
        self.trouble = "not connected yet"
        """Why the bus is not there; empty while it is."""
        self._desk, self._site_now_s = desk, site_now_s
        feeds = plant.arrays.feeds
        self._rating_w = float(np.sum(feeds.rating_w[feeds.parent < 0]))
        self._waiting: queue.Queue[tuple[str, bytes]] = queue.Queue(MOST_WAITING)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="grid", daemon=True)
        self._link = Link(
            address_of(rest), (SET_TOPIC.format("+"),), self._arrived, self._state, quality=1
        )
        self._told_s = -np.inf
        self._row: Second | None = None
        self._breach, self._breach_id = Breach(), ""
        self._trace = self._correlation = ""
        self._begun_s: float | None = None

    def start(self) -> None:
        """Begin to connect and to listen."""
        self._link.start()
        self._thread.start()

    def stop(self) -> None:
        """Leave the bus."""
        self._over.set()
        self._link.stop()
        if self._thread.is_alive():
            self._thread.join(timeout=3.0)

    def _arrived(self, topic: str, payload: bytes) -> None:
        try:
            self._waiting.put_nowait((topic, payload))
        except queue.Full:
            self.intake.rejected["messages come faster than they are taken"] += 1

    def _state(self, trouble: str) -> None:
        self.trouble = trouble

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                topic, payload = self._waiting.get(timeout=TURN_S)
            except queue.Empty:
                self._tell("")
                continue
            site_s = self._site_now_s()
            if not np.isfinite(site_s):
                self.intake.rejected["the twin has no picture of the site yet"] += 1
                continue
            taken = self.intake.take(topic, payload, time.time(), site_s)
            if taken is not None:
                self._trace, self._correlation = taken.traceparent, taken.correlation
                self._tell("target_set")

    def _tell(self, happened: str) -> None:
        """Publish what has happened since the last turn, second by second, and breaches.

        A turn that comes late finds several seconds: each change of phase among them is told.
        """
        rows = self._desk.report(LATE_S)
        if not rows or self.trouble:
            return
        for row in self._unseen(rows):
            self._tell_second(row)
        if happened:
            self._status(rows[-1], happened)

    def _unseen(self, rows: Sequence[Second]) -> Sequence[Second]:
        """Return the seconds after the last one told of; the newest alone at first or after a
        clock that was put back.
        """
        last = self._row
        if last is None or rows[-1].time_s < last.time_s:
            return rows[-1:]
        return [row for row in rows if row.time_s > last.time_s]

    def _tell_second(self, row: Second) -> None:
        event = moved(self._row, row) if self._row is not None else ""
        if event in ("start_ramp_down", "end_ramp_up"):
            self._begun_s = row.time_s if event == "start_ramp_down" else None
        busy = row.phase != "rest" or row.target_w == row.target_w
        due = row.time_s - self._told_s >= (ACTIVE_S if busy else RESTING_S) - 1e-6
        if event or due or row.time_s < self._told_s:
            self._status(row, event or "periodic")
        self._alert(row)
        self._row = row

    def _status(self, row: Second, event: str) -> None:
        asked = self._desk.asked(row.time_s)
        data = status_data(row, asked, self.keys.feed, self._rating_w, event, self._begun_s)
        self._publish(STATUS_TOPIC, STATUS, "powerstate", data)
        self._told_s = row.time_s

    def _alert(self, row: Second) -> None:
        breach = look(self._breach, row)
        if breach.status and breach.status != self._breach.status:
            if not self._breach.status:
                self._breach_id = str(uuid.uuid4())
            target = next(
                (a for a in self._desk.asked(row.time_s) if a.target.power_w == breach.target_w),
                None,
            )
            data = breach_data(row, breach, self._breach_id, target, self.keys.feed)
            self._publish(BREACH_TOPIC, BREACH, "powerbreach", data, 2)
        self._breach = breach

    def _publish(
        self, topic: str, kind: str, subject: str, data: dict[str, Any], quality: int = 1
    ) -> None:
        message = event_of(kind, subject, data, self.keys, self._trace, self._correlation)
        try:
            self._link.publish(topic.format(self.keys.agent), message, quality=quality)
        except OSError as error:
            self.trouble = str(error)
