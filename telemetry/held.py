"""Frames on a regular grid: the last reading is held, and its age is told."""

from collections.abc import Mapping, Sequence

import numpy as np

from site_models.arrays import Floats
from telemetry.frame import Frame
from telemetry.source import Source


class Held:
    """Any source, resampled to one frame every `dt_s`.

    Ticks lie at the first frame's time plus whole multiples of `dt_s`. A tick holds, for
    every reading seen up to it, the latest value and its age; NaN until first seen, never 0.
    The age of what was never seen is infinite. The last tick is the last that a frame
    reaches; so that no frame is forgotten, one more follows if frames remain after it.

    With `after_s` ticks up to that time are passed over but their readings held: a run that
    is resumed from a stored state sees what the uninterrupted one saw. No tick lies after
    `until_s`, so a run cut there is the beginning of the whole one.
    """

    def __init__(
        self, source: Source, dt_s: float, after_s: float = -np.inf, until_s: float = np.inf
    ) -> None:
        if not dt_s > 0.0:
            raise ValueError(f"dt_s must be positive, got {dt_s}")
        self._source, self._dt_s = source, dt_s
        self._after_s, self._until_s = after_s, until_s
        self._ahead = source.read()
        self._origin_s = self._ahead.time_s if self._ahead else np.nan
        self._tick = 0
        self._pending = self._ahead is not None
        self._values: dict[str, Floats] = {}
        self._taken_s: dict[str, Floats] = {}

    @property
    def axes(self) -> Mapping[str, Sequence[str]]:
        """Ids along each axis, as the source has them."""
        return self._source.axes

    def read(self) -> Frame | None:
        """Return the frame of the next tick, or None when the source has ended."""
        while self._pending:
            time_s = self._origin_s + self._tick * self._dt_s
            self._tick += 1
            if time_s > self._until_s:
                return None
            while self._ahead is not None and self._ahead.time_s <= time_s:
                self._take(self._ahead)
                self._ahead = self._source.read()
            self._pending = self._ahead is not None
            if time_s > self._after_s:
                return self._frame(time_s)
        return None

    def _take(self, frame: Frame) -> None:
        """Hold what a frame has and keep what it has not."""
        for name, readings in frame.values.items():
            taken_s = frame.time_s - frame.age_s.get(name, np.zeros(len(readings)))
            seen = ~np.isnan(readings)
            if name in self._values:
                readings = np.where(seen, readings, self._values[name])
                taken_s = np.where(seen, taken_s, self._taken_s[name])
            else:
                taken_s = np.where(seen, taken_s, -np.inf)
            self._values[name], self._taken_s[name] = readings, taken_s

    def _frame(self, time_s: float) -> Frame:
        age_s = {name: time_s - taken_s for name, taken_s in self._taken_s.items()}
        return Frame(time_s, dict(self._values), age_s)
