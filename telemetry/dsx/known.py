"""The points of the facility's bus that are of interest: what their metadata said of them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from site_models.errors import InputError
from telemetry.board import Board
from telemetry.dsx.density import Density
from telemetry.dsx.map import BusMap
from telemetry.dsx.points import Point, point_of
from telemetry.dsx.words import PUB, Topic, metadata_of
from telemetry.signals import SIGNALS
from telemetry.units import WATER_DENSITY_KG_PER_M3

MOST_POINTS = 1_000_000
"""Further points are not looked at: a bus that invents names must not fill the memory."""


@dataclass(slots=True)
class Heard:
    """A point of interest: where its values go, and the last timestamp told."""

    signal: str
    place: int
    scale: float
    offset: float
    owner: str
    last_s: float = np.nan


class KnownPoints:
    """Points by name: where their values go, or None for one that is not of interest.

    Incidents go to the board's health as of `label`; `count` is told why a point is left out.
    """

    def __init__(
        self,
        board: Board,
        chart: BusMap,
        density: Density,
        label: str,
        count: Callable[[str], None],
    ) -> None:
        self._board, self._chart, self._density = board, chart, density
        self._label, self._count = label, count
        self._place = {
            axis: {name.lower(): k for k, name in enumerate(ids)}
            for axis, ids in board.axes.items()
        }
        self._points: dict[str, Heard | None] = {}
        self._claims: dict[tuple[str, int], str] = {}
        self._said: dict[str, bytes] = {}
        self._strangers: dict[str, None] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._points

    def __getitem__(self, name: str) -> Heard | None:
        return self._points[name]

    @property
    def read(self) -> int:
        """Return how many points are read."""
        return sum(point is not None for point in self._points.values())

    def named(self, name: str) -> str:
        """Return what health calls a point."""
        return f"{self._label} {name}"

    def learn(self, topic: Topic, payload: bytes, now_s: float) -> None:
        """Take a point's metadata; what it said before no longer holds.

        Raises InputError for metadata that is none, or not the building system's.
        """
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
        self._board.health.cleared("rejected", self.named(name), now_s)
        if point is None or not self._board.has(point.signal):
            return
        place = self._seat(point, now_s)
        if place is not None and self._claimed(point.signal, place, name, now_s):
            weight = 1.0
            if point.as_water:
                weight = self._density(point.signal, place) / WATER_DENSITY_KG_PER_M3
            owner = metadata.integration or PUB
            self._points[name] = Heard(
                point.signal, place, point.scale * weight, point.offset, owner
            )

    def _claimed(self, signal: str, place: int, name: str, now_s: float) -> bool:
        """Say whether a point is the only one that tells its signal; the first one stays."""
        other = self._claims.setdefault((signal, place), name)
        why = f"{other} tells the same already: not read"
        self._board.health.set(other != name, "repeated", self.named(name), why, now_s)
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
