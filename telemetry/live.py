"""Live frames: what any number of feeders have put on a board, taken at a steady rate."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np

from telemetry.board import Board
from telemetry.frame import Frame
from telemetry.health import Health
from telemetry.signals import SIGNALS
from telemetry.source import Source

EXPIRY_PERIODS = 3.0
"""A reading lives for so many of its feeder's periods, and 15 s at least."""
LEAST_EXPIRY_S = 15.0


class Feeder(Protocol):
    """Something that puts readings on a board while it runs, from threads of its own."""

    @property
    def label(self) -> str:
        """What a banner says of it."""
        ...

    def start(self) -> None:
        """Begin; InputError where it cannot."""
        ...

    def stop(self) -> None:
        """End, within a second or so."""
        ...


class LiveClock:
    """Seconds since the epoch that only rise: the wall clock once, then a monotonic one.

    A wall clock that is set an hour back while we run would otherwise stop the loop for an
    hour. Other hosts' times are brought to this clock by `telemetry.clock_skew`.
    """

    def __init__(self) -> None:
        self._zero_s = time.time() - time.monotonic()

    def __call__(self) -> float:
        """Return the time now [s]."""
        return self._zero_s + time.monotonic()


class LiveSource:
    """Frames at multiples of `dt_s` from a board that feeders write to.

    The source is the clock: `read` waits until the next frame is due, by absolute deadlines,
    so that lateness does not add up; a reader that is late gets the newest deadline that has
    passed. Checked in ``tests/telemetry/test_live_frames.py``.
    """

    def __init__(
        self,
        board: Board,
        feeders: Sequence[Feeder],
        dt_s: float = 1.0,
        now_s: Callable[[], float] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.board, self._feeders, self._dt_s = board, tuple(feeders), dt_s
        self._now_s = LiveClock() if now_s is None else now_s
        self._sleep = sleep
        self._due_s = np.nan

    @property
    def axes(self) -> Mapping[str, Sequence[str]]:
        """Ids along each axis, as the plant has them."""
        return self.board.axes

    @property
    def label(self) -> str:
        """What a banner says of these frames."""
        return ", ".join(feeder.label for feeder in self._feeders)

    def read(self) -> Frame | None:
        """Wait for the next frame's time and return what is known then; never None."""
        if np.isnan(self._due_s):
            for feeder in self._feeders:
                feeder.start()
            self._due_s = np.ceil(self._now_s() / self._dt_s) * self._dt_s
        now_s = self._now_s()
        if now_s > self._due_s + self._dt_s:
            self._due_s = np.floor(now_s / self._dt_s) * self._dt_s
        while (wait_s := self._due_s - self._now_s()) > 0.0:
            self._sleep(wait_s)
        frame = self.board.frame(float(self._due_s))
        self._due_s += self._dt_s
        return frame

    def close(self) -> None:
        """Stop the feeders."""
        for feeder in self._feeders:
            feeder.stop()


class Pumped:
    """A source of frames as a feeder: its readings go to the board as they come."""

    def __init__(
        self, source: Source, board: Board, label: str, now_s: Callable[[], float]
    ) -> None:
        self.label = label
        self._source, self._board, self._now_s = source, board, now_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=label, daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """Read no more."""
        self._over.set()

    def _run(self) -> None:
        while not self._over.is_set() and (frame := self._source.read()) is not None:
            put_frame(self._board, frame, self._now_s())


class Fresh:
    """A source whose frames hold what has come since the frame before, and no more.

    What is recorded is then each reading once, and not the last one again and again.
    """

    def __init__(self, source: Source, label: str, close: Callable[[], None]) -> None:
        self.label, self.close = label, close
        self._source = source
        self._last_s = -np.inf

    @property
    def axes(self) -> Mapping[str, Sequence[str]]:
        """Ids along each axis, as the source has them."""
        return self._source.axes

    def read(self) -> Frame | None:
        """Return the next frame without what was there before."""
        frame = self._source.read()
        if frame is None:
            return None
        since_s, self._last_s = frame.time_s - self._last_s, frame.time_s
        return fresh(frame, since_s)


def fresh(frame: Frame, since_s: float) -> Frame:
    """Return a frame with only those readings that are younger than `since_s`."""
    values = {
        name: np.where(frame.age_s[name] < since_s, readings, np.nan)
        if name in frame.age_s
        else readings
        for name, readings in frame.values.items()
    }
    return Frame(frame.time_s, values, frame.age_s)


def put_frame(board: Board, frame: Frame, now_s: float) -> None:
    """Put a whole frame, on the board's own axes, on the board."""
    for signal, values in frame.values.items():
        if not board.has(signal):
            continue
        places = np.flatnonzero(~np.isnan(values))
        ages = frame.age_s.get(signal, np.zeros(len(values)))
        board.put(signal, places, values[places], frame.time_s - ages[places], now_s)


def board_for(
    axes: Mapping[str, Sequence[str]], period_s: float, health: Health | None = None
) -> Board:
    """Return a board whose readings outlive a few periods of the slowest feeder."""
    known = {signal.axis for signal in SIGNALS.values()}
    kept = {axis: ids for axis, ids in axes.items() if axis in known}
    return Board(kept, max(EXPIRY_PERIODS * period_s, LEAST_EXPIRY_S), health)
