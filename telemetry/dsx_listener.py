"""What the facility's bus says, put on a board: metadata first, then values of known points."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from site_models.errors import InputError
from telemetry.board import Board
from telemetry.clock_skew import Clocks
from telemetry.dsx import (
    GOOD,
    METADATA,
    PUB,
    REPEAT_S,
    Topic,
    Value,
    metadata_of,
    topic_of,
    value_of,
)
from telemetry.dsx_density import Density, as_water
from telemetry.dsx_map import BusMap
from telemetry.dsx_points import Point, point_of
from telemetry.signals import SIGNALS
from telemetry.units import WATER_DENSITY_KG_PER_M3

Message = tuple[str, bytes]
"""Topic and payload."""
MOST_POINTS = 1_000_000
"""Further points are not looked at: a bus that invents names must not fill the memory."""

LIFE_S = 2.5 * REPEAT_S
"""A reading is missing when its value was not even repeated for so long."""


@dataclass(slots=True)
class _Heard:
    """A point of interest: where its values go, and the last timestamp told."""

    signal: str
    place: int
    scale: float
    offset: float
    owner: str
    last_s: float = np.nan


class Listener:
    """Takes messages of the bus in their order; nothing that they hold can stop it.

    A value counts when its point's metadata came before it, is of good quality and was
    published by whom the metadata names. A value is as old as its timestamp says, but one
    that is repeated unchanged was true until now. What is left out is counted by reason, an
    unknown point once. Each incident is told once: payloads that cannot be read, bad quality,
    units that are refused, objects that the site does not know. Checked with the contract and
    the recorded messages in ``tests/telemetry/test_dsx_listener.py``.
    """

    def __init__(
        self,
        board: Board,
        chart: BusMap | None = None,
        density: Density = as_water,
        label: str = "bus",
    ) -> None:
        self.rejected: dict[str, int] = {}
        """Messages that were left out so far, by reason."""
        self._board, self._chart, self._density = board, chart or BusMap(), density
        self._label = label
        self._clocks = Clocks(board.health)
        self._shift_s = 0.0
        self._place = {
            axis: {name.lower(): k for k, name in enumerate(ids)}
            for axis, ids in board.axes.items()
        }
        self._points: dict[str, _Heard | None] = {}
        self._claims: dict[tuple[str, int], str] = {}
        self._said: dict[str, bytes] = {}
        self._unknown: set[str] = set()
        self._strangers: dict[str, None] = {}

    @property
    def count(self) -> int:
        """Return how many points are read."""
        return sum(point is not None for point in self._points.values())

    def take(self, messages: Iterable[Message], now_s: float) -> int:
        """Take messages; return how many readings went to the board. Raises nothing."""
        batch: dict[str, tuple[list[int], list[float], list[float]]] = {}
        for text, payload in messages:
            try:
                topic = topic_of(text)
                if topic.kind == METADATA:
                    self._learn(topic, payload, now_s)
                    continue
                found = self._read(topic, payload, now_s)
            except InputError as error:
                self._reject(text, str(error), now_s)
                continue
            if found is not None:
                point, reading, taken_s = found
                places, values, times = batch.setdefault(point.signal, ([], [], []))
                places.append(point.place)
                values.append(reading)
                times.append(taken_s)
        return sum(
            self._board.put(signal, np.array(p, np.int64), np.array(v), np.array(t), now_s, LIFE_S)
            for signal, (p, v, t) in batch.items()
        )

    def _learn(self, topic: Topic, payload: bytes, now_s: float) -> None:
        """Take a point's metadata; what it said before no longer holds."""
        if topic.publisher != PUB:
            raise InputError("metadata is not the building system's")
        name = topic.point
        if self._said.get(name) == payload and self._points.get(name) is not None:
            return
        self._forget(name)
        if not payload:
            return
        if len(self._points) >= MOST_POINTS:
            raise InputError("more points than are looked at")
        self._points[name], self._said[name] = None, payload
        metadata = metadata_of(topic, payload)
        point = point_of(topic, metadata, self._chart)
        self._board.health.cleared("rejected", self._named(name), now_s)
        if point is None or not self._board.has(point.signal):
            return
        place = self._seat(point, now_s)
        if place is not None and self._claimed(point.signal, place, name, now_s):
            weight = 1.0
            if point.as_water:
                weight = self._density(point.signal, place) / WATER_DENSITY_KG_PER_M3
            owner = metadata.integration or PUB
            self._points[name] = _Heard(
                point.signal, place, point.scale * weight, point.offset, owner
            )

    def _claimed(self, signal: str, place: int, name: str, now_s: float) -> bool:
        """Say whether a point is the only one that tells its signal; the first one stays."""
        other = self._claims.setdefault((signal, place), name)
        why = f"{other} tells the same already: not read"
        self._board.health.set(other != name, "repeated", self._named(name), why, now_s)
        return other == name

    def _forget(self, name: str) -> None:
        point = self._points.pop(name, None)
        self._said.pop(name, None)
        if point is not None and self._claims.get((point.signal, point.place)) == name:
            del self._claims[point.signal, point.place]

    def _seat(self, point: Point, now_s: float) -> int | None:
        known = self._place[SIGNALS[point.signal].axis]
        for name in point.ids:
            if name.lower() in known:
                return known[name.lower()]
        if point.ids[0] not in self._strangers:
            self._strangers[point.ids[0]] = None
            self._count("object that the site does not know")
            some = f"{len(self._strangers)} objects, first {next(iter(self._strangers))}"
            self._board.health.raised("unknown", self._label, some, now_s)
        return None

    def _read(
        self, topic: Topic, payload: bytes, now_s: float
    ) -> tuple[_Heard, float, float] | None:
        """Return a reading in the base unit and when it was taken; None for one not to be used."""
        if topic.point not in self._points:
            if topic.point not in self._unknown and len(self._unknown) < MOST_POINTS:
                self._unknown.add(topic.point)
                self._count("point without metadata")
            return None
        point = self._points[topic.point]
        if point is None:
            return None
        if topic.publisher != point.owner:
            raise InputError("value is not of the publisher that its metadata names")
        value = value_of(payload)
        if value.quality != GOOD:
            raise InputError(f"quality {value.quality}, expected 1")
        if np.isnan(value.reading):
            raise InputError("the building system has no reading")
        self._board.health.cleared("rejected", self._named(topic.point), now_s)
        return point, value.reading * point.scale + point.offset, self._when(point, value, now_s)

    def _when(self, point: _Heard, value: Value, now_s: float) -> float:
        """Return when a value was taken, by our clock [s].

        The same timestamp again is a repetition, or is no clock at all: the value was true
        until now. Only one that moved says how the building's clock stands.
        """
        before, point.last_s = point.last_s, value.time_s
        if before == value.time_s:
            return now_s
        if not np.isnan(before):
            self._shift_s = self._clocks.shift_s(self._label, value.time_s, now_s)
        return value.time_s + self._shift_s

    def _reject(self, text: str, why: str, now_s: float) -> None:
        """Count a message that cannot be used; tell it once for each point that we know."""
        self._count(why)
        point = text.split("/", 4)[-1]
        what = self._named(point) if point in self._points else self._label
        self._board.health.raised("rejected", what, why, now_s)

    def _named(self, point: str) -> str:
        return f"{self._label} {point}"

    def _count(self, reason: str) -> None:
        self.rejected[reason] = self.rejected.get(reason, 0) + 1
