"""CDU supply temperatures requested over the facility's bus; the building system decides."""

import contextlib
import threading
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from controllers.actuators.ledger import Ledger, Write
from controllers.actuators.setpoint_actuator import SetpointStanding
from site_models.arrays import Flags, Floats
from site_models.errors import InputError
from site_models.plant import Plant
from telemetry.dsx.bus_address import address_of
from telemetry.dsx.points import HEARTBEAT, REQUEST, SUPPLY, TEMPERATURE, areas_of, celsius_of
from telemetry.dsx.words import (
    GOOD,
    HEARTBEAT_S,
    METADATA,
    PUB,
    REPEAT_S,
    Metadata,
    Topic,
    metadata_of,
    topic_of,
    value_of,
    value_payload,
    value_topic,
)
from telemetry.sources.mqtt import Link

SUBSCRIBED = (
    "BMS/v1/PUB/Metadata/CDU/#",
    f"BMS/v1/PUB/Metadata/System/{HEARTBEAT}/#",
    f"BMS/v1/PUB/Value/CDU/{TEMPERATURE}/#",
)
LOOK_S = 0.5
"""How often the dead-man's time is looked at."""


class _Writable(NamedTuple):
    """A request point of ours: place of its CDU, topic, and °C = reading * scale + offset."""

    place: int
    topic: str
    scale: float
    offset: float


class BusSetpoints:
    """Writes requests to the points that the building's metadata gives to our integration.

    Dry unless armed: it listens, and notes in `unsent` what it would have written. Armed, it
    repeats each request as the contract wants, tells its heartbeat, and when the time of the
    requests is over withdraws them from its own thread (null of no good quality), even if its
    caller is gone. If this process dies its heartbeat stops, which the building watches. What
    the building holds is read back from the CDU's own setpoint points. Checked against a real
    broker in ``tests/controllers/actuators/test_bus_setpoints.py``.
    """

    def __init__(
        self,
        argument: str,
        plant: Plant,
        now_s: Callable[[], float],
        armed: bool = False,
        ledger: Ledger | None = None,
    ) -> None:
        address = address_of(argument)
        self._chart = address.chart
        if not self._chart.integration:
            raise InputError(
                f"mqtt://{address.host}: expected ?map=FILE whose `integration` names us"
            )
        self.armed = armed
        self._ledger = Ledger() if ledger is None else ledger
        self.unsent: deque[tuple[str, bytes]] = deque(maxlen=1000)
        self._now_s = now_s
        self._place = {name.lower(): k for k, name in enumerate(plant.axis("cdu"))}
        self._writable: dict[str, _Writable] = {}
        self._told: dict[str, _Writable] = {}
        self._held: dict[str, float] = {}
        self._heartbeat = ""
        self._asked_c, self._until_s = np.full(len(self._place), np.nan), -np.inf
        self._sent_s = self._beat_s = -np.inf
        self._writing, self._reading = threading.RLock(), threading.Lock()
        """The first is never wanted by the link's thread, which a write waits for."""
        self._over = threading.Event()
        self._link = Link(address, SUBSCRIBED, self._heard, lambda trouble: None)
        self._thread = threading.Thread(target=self._keep, name="bus setpoints", daemon=True)

    def start(self) -> None:
        """Begin to listen and, if armed, to tell that we are there."""
        self._link.start()
        self._thread.start()

    def stop(self) -> None:
        """Withdraw what was asked and leave the bus."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2.0)
        # Without a connection nothing can be withdrawn; then the missing heartbeat says it.
        with contextlib.suppress(OSError):
            self.expire(self._now_s())
        self._link.stop()

    def request(self, setpoint_c: Floats, time_s: float, until_s: float) -> None:
        """Ask for supply temperatures until `until_s`; OSError without a connection."""
        with self._writing:
            gone = ~np.isnan(self._asked_c) & np.isnan(setpoint_c)
            same = np.array_equal(setpoint_c, self._asked_c, equal_nan=True)
            if not same or time_s - self._sent_s >= REPEAT_S:
                whole = self._send(setpoint_c, gone, time_s)
                self._asked_c = np.array(setpoint_c, np.float64)
                self._sent_s = time_s if whole else -np.inf
            self._until_s = until_s

    def expire(self, time_s: float) -> None:
        """Withdraw every request; OSError without a connection, and then it is tried again."""
        with self._writing:
            asked = ~np.isnan(self._asked_c)
            if asked.any():
                self._send(np.full(len(asked), np.nan), asked, time_s)
            self._asked_c, self._until_s = np.full(len(asked), np.nan), -np.inf

    def standing(self) -> SetpointStanding:
        """Return what the building holds: of several points of a CDU, the one next to ours."""
        held_c = np.full(len(self._place), np.nan)
        reachable = np.zeros(len(self._place), dtype=np.bool_)
        with self._reading:
            for point in self._writable.values():
                reachable[point.place] = True
            for name, value_c in self._held.items():
                k = self._told[name].place
                nearer = abs(value_c - self._asked_c[k]) < abs(held_c[k] - self._asked_c[k])
                if np.isnan(held_c[k]) or nearer:
                    held_c[k] = value_c
        return SetpointStanding(held_c, reachable)

    def _send(self, setpoint_c: Floats, withdrawn: Flags, time_s: float) -> bool:
        """Write what is asked and withdrawn; say whether there was a point for all of it."""
        left = ~np.isnan(setpoint_c) | withdrawn
        with self._reading:
            points = list(self._writable.values())
        for point in points:
            value_c = setpoint_c[point.place]
            if not np.isnan(value_c) or withdrawn[point.place]:
                reading = (value_c - point.offset) / point.scale
                self._publish(point.topic, value_payload(reading, time_s))
                left[point.place] = False
        return not left.any()

    def _publish(self, topic: str, payload: bytes) -> None:
        write = Write(topic, "publish", payload.decode())
        self._ledger.note(write, "asked" if self.armed else "dry")
        if self.armed:
            self._link.publish(topic, payload)
        else:
            self.unsent.append((topic, payload))

    def _keep(self) -> None:
        """Keep what is owed, whether or not anybody calls."""
        while not self._over.wait(LOOK_S):
            now_s = self._now_s()
            try:
                with self._writing:
                    if -np.inf < self._until_s <= now_s:
                        self.expire(now_s)
                    if self.armed and self._heartbeat and now_s - self._beat_s >= HEARTBEAT_S:
                        payload = value_payload(round(1e3 * now_s), now_s)
                        self._link.publish(self._heartbeat, payload)
                        self._beat_s = now_s
            except OSError:
                # The link connects again by itself; then this is done at the next look.
                continue

    def _heard(self, text: str, payload: bytes) -> None:
        """Learn which points there are and what the building holds; bad messages are left."""
        try:
            topic = topic_of(text)
            with self._reading:
                if topic.kind == METADATA:
                    self._learn(topic, payload)
                elif topic.point in self._told and topic.publisher == PUB:
                    value, point = value_of(payload), self._told[topic.point]
                    if value.quality == GOOD and not np.isnan(value.reading):
                        self._held[topic.point] = value.reading * point.scale + point.offset
                    else:
                        self._held.pop(topic.point, None)
        except InputError:
            # The source of the same bus counts what cannot be read; here nothing is believed.
            return

    def _learn(self, topic: Topic, payload: bytes) -> None:
        for known in (self._writable, self._told):
            known.pop(topic.point, None)
        if not payload:
            self._held.pop(topic.point, None)
            return
        metadata = metadata_of(topic, payload)
        ours = metadata.integration == self._chart.integration
        target = value_topic(topic, self._chart.integration)
        if topic.point_type == HEARTBEAT and ours:
            self._heartbeat = target
        elif topic.object_type == "CDU" and areas_of(metadata, self._chart) == SUPPLY:
            place = self._seat(metadata)
            if place is None:
                return
            if topic.point_type == REQUEST and ours:
                point = _Writable(place, target, *celsius_of(metadata, self._chart))
                self._writable[topic.point] = point
            elif topic.point_type == TEMPERATURE and metadata.setpoint:
                point = _Writable(place, "", *celsius_of(metadata, self._chart))
                self._told[topic.point] = point

    def _seat(self, metadata: Metadata) -> int | None:
        named = [self._chart.places.get(name, name).lower() for name in metadata.ids]
        return next((self._place[name] for name in named if name in self._place), None)
