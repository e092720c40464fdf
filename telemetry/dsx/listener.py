"""What the facility's bus says, put on a board: metadata first, then values of known points."""

from collections.abc import Iterable

import numpy as np

from site_models.errors import InputError
from telemetry.board import Board
from telemetry.clock_skew import Clocks
from telemetry.dsx.density import Density, as_water
from telemetry.dsx.known import MOST_POINTS, Heard, KnownPoints
from telemetry.dsx.map import BusMap
from telemetry.dsx.words import (
    METADATA,
    REPEAT_S,
    Topic,
    Value,
    good_value,
    topic_of,
)

Message = tuple[str, bytes]
"""Topic and payload."""
LIFE_S = 2.5 * REPEAT_S
"""A reading is missing when its value was not even repeated for so long."""


class Listener:
    """Takes messages of the bus in their order; nothing that they hold can stop it.

    A value counts when its point's metadata came before it, is of good quality and was
    published by whom the metadata names. A value is as old as its timestamp says, but one
    that is repeated unchanged was true until now. What is left out is counted by reason, an
    unknown point once. Each incident is told once: payloads that cannot be read, bad quality,
    units that are refused, objects that the site does not know. Checked with the contract and
    the recorded messages in ``tests/telemetry/dsx/test_dsx_listener.py``.
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
        self._board, self._label = board, label
        self._clocks = Clocks(board.health)
        self._shift_s = 0.0
        self._points = KnownPoints(board, chart or BusMap(), density, label, self._count)
        self._unknown: set[str] = set()

    @property
    def count(self) -> int:
        """Return how many points are read."""
        return self._points.read

    def take(self, messages: Iterable[Message], now_s: float) -> int:
        """Take messages; return how many readings went to the board. Raises nothing."""
        batch: dict[str, tuple[list[int], list[float], list[float]]] = {}
        for text, payload in messages:
            try:
                topic = topic_of(text)
                if topic.kind == METADATA:
                    self._points.learn(topic, payload, now_s)
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

    def _read(
        self, topic: Topic, payload: bytes, now_s: float
    ) -> tuple[Heard, float, float] | None:
        """Return a reading in the base unit and when it was taken; None for one not to be used."""
        if topic.point not in self._points:
            if topic.point not in self._unknown and len(self._unknown) < MOST_POINTS:
                self._unknown.add(topic.point)
                self._count("point without metadata")
            return None
        point = self._points[topic.point]
        if point is None:
            return None
        value = good_value(topic, payload, point.owner)
        self._board.health.cleared("rejected", self._points.named(topic.point), now_s)
        return point, value.reading * point.scale + point.offset, self._when(point, value, now_s)

    def _when(self, point: Heard, value: Value, now_s: float) -> float:
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
        what = self._points.named(point) if point in self._points else self._label
        self._board.health.raised("rejected", what, why, now_s)

    def _count(self, reason: str) -> None:
        self.rejected[reason] = self.rejected.get(reason, 0) + 1
