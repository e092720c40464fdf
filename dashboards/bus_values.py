"""What the twin believes, told on the facility's bus; off unless somebody opens it.

The contract lets an integration publish only those points whose metadata names it, so a
building asks for each value by describing a point for us. Nothing here is a request: points
that ask the building for something are written by the supervisor alone.
"""

import threading
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from controllers.simulated.rig_readings import readings
from controllers.snapshot import Snapshot
from site_models.arrays import Floats
from site_models.errors import InputError
from site_models.plant import Plant
from telemetry.dsx.bus_address import address_of
from telemetry.dsx.density import densities
from telemetry.dsx.points import point_of
from telemetry.dsx.words import (
    METADATA,
    REPEAT_S,
    metadata_of,
    topic_of,
    value_payload,
    value_topic,
)
from telemetry.signals import SIGNALS
from telemetry.sources.mqtt import Link
from telemetry.units import WATER_DENSITY_KG_PER_M3

SUBSCRIBED = ("BMS/v1/PUB/Metadata/#",)
PERIOD_S = 10.0
"""A value that changes is told at most this often."""
SAME = 1e-4
"""Relative change that is none."""


class _Told(NamedTuple):
    """A point of ours: where it goes, reading = (value - offset) / scale, and what was told."""

    topic: str
    signal: str
    place: int
    scale: float
    offset: float
    reading: float = np.nan
    time_s: float = -np.inf

    def due(self, reading: float, time_s: float) -> bool:
        """Say whether a reading is to be told now."""
        same = abs(reading - self.reading) <= SAME * abs(self.reading)
        both_missing = np.isnan(reading) and np.isnan(self.reading)
        return time_s - self.time_s >= (REPEAT_S if same or both_missing else PERIOD_S)


class BelievedValues:
    """Publishes the twin's state of a live site, value by value, as the building asked for it.

    Snapshots of a replay or a what-if are not told: a building must never take them for the
    present.
    Values that are not known are null and of no good quality. Checked against a real broker
    in ``tests/dashboards/test_bus_values.py``.
    """

    def __init__(self, argument: str, plant: Plant) -> None:
        address = address_of(argument)
        self._chart = address.chart
        if not self._chart.integration:
            raise InputError(
                f"mqtt://{address.host}: expected ?map=FILE whose `integration` names us"
            )
        self.trouble = ""
        """Why nothing is told at present; empty while all is well."""
        self._density = densities(plant)
        self._place: dict[str, dict[str, int]] = {}
        for axis in {signal.axis for signal in SIGNALS.values()} - {"link", "job"}:
            self._place[axis] = {name.lower(): k for k, name in enumerate(plant.axis(axis))}
        self._points: dict[str, _Told] = {}
        self._lock = threading.Lock()
        self._link = Link(address, SUBSCRIBED, self._heard, self._state)

    def start(self) -> None:
        """Begin to connect."""
        self._link.start()

    def stop(self) -> None:
        """Leave the bus."""
        self._link.stop()

    @property
    def points(self) -> tuple[str, ...]:
        """Return the topics that are told."""
        with self._lock:
            return tuple(point.topic for point in self._points.values())

    def publish(self, snapshot: Snapshot) -> int:
        """Tell what is due of a snapshot; return how many values. Raises nothing."""
        if snapshot.mode != "LIVE" or self.trouble or not self._points:
            return 0
        told = 0
        believed = readings(snapshot.plant, snapshot.state, snapshot.inputs, snapshot.gpu_cap_w)
        time_s = snapshot.frame.time_s
        with self._lock:
            points = dict(self._points)
        for name, point in points.items():
            reading = _reading(point, believed)
            if not point.due(reading, time_s):
                continue
            try:
                self._link.publish(point.topic, value_payload(reading, time_s), sure=False)
            except OSError as error:
                self.trouble = str(error)
                break
            told += 1
            with self._lock:
                if name in self._points:
                    self._points[name] = point._replace(reading=reading, time_s=time_s)
        return told

    def _state(self, trouble: str) -> None:
        self.trouble = trouble

    def _heard(self, text: str, payload: bytes) -> None:
        """Learn which points the building gives to us; metadata that breaks the contract: none."""
        try:
            topic = topic_of(text)
            point = self._learned(text, payload) if topic.kind == METADATA and payload else None
        except InputError:
            point = None
        with self._lock:
            if point is None:
                self._points.pop(text, None)
            else:
                self._points[text] = point

    def _learned(self, text: str, payload: bytes) -> _Told | None:
        topic = topic_of(text)
        metadata = metadata_of(topic, payload)
        point = point_of(topic, metadata, self._chart)
        if metadata.integration != self._chart.integration or point is None:
            return None
        known = self._place.get(SIGNALS[point.signal].axis, {})
        place = next((known[i.lower()] for i in point.ids if i.lower() in known), None)
        if place is None:
            return None
        weight = self._density(point.signal, place) / WATER_DENSITY_KG_PER_M3
        scale = point.scale * (weight if point.as_water else 1.0)
        target = value_topic(topic, self._chart.integration)
        return _Told(target, point.signal, place, scale, point.offset)


def _reading(point: _Told, believed: Mapping[str, Floats]) -> float:
    """Return what the twin believes in the point's own unit; NaN for what it does not know."""
    if point.signal not in believed:
        return np.nan
    return float((believed[point.signal][point.place] - point.offset) / point.scale)
