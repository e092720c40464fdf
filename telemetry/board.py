"""The newest reading of every signal of every device, from any number of sources.

Sources write when they have something; the loop takes a frame when it wants one. A reading
keeps the time at which it was taken, so a frame says how old each value is.
"""

import threading
from collections.abc import Mapping, Sequence

import numpy as np

from site_models.arrays import Floats, Ints
from telemetry.frame import Frame
from telemetry.health import Health
from telemetry.signals import SIGNALS

AHEAD_S = 5.0
"""A reading from further in the future than this is refused: its host's clock is wrong."""


class Board:
    """One array of values and one of times a signal, along the plant's axes.

    Parameters
    ----------
    axes
        Ids along each axis, in the order of the frames' arrays.
    expiry_s
        A reading older than this is missing, unless it came with a life of its own. [s]
    health
        Told of refused and of unknown things.

    Notes
    -----
    Of two readings of one thing the later one stays, whichever came first, so repeated and
    reordered samples do no harm. Readings outside a signal's physical range, NaN and times
    from the future are refused and counted; a refused reading leaves the one before it to
    age. Safe to use from several threads. Checked in ``tests/telemetry/test_board.py``.
    """

    def __init__(
        self, axes: Mapping[str, Sequence[str]], expiry_s: float, health: Health | None = None
    ) -> None:
        self.axes = {axis: tuple(ids) for axis, ids in axes.items()}
        self.health = Health() if health is None else health
        self.refused: dict[str, int] = {}
        """Readings refused so far, by reason."""
        self._expiry_s = expiry_s
        self._values: dict[str, Floats] = {}
        self._taken_s: dict[str, Floats] = {}
        self._life_s: dict[str, Floats] = {}
        self._lock = threading.Lock()

    def put(
        self,
        signal: str,
        place: Ints,
        value: Floats,
        taken_s: Floats,
        now_s: float,
        life_s: float | None = None,
    ) -> int:
        """Write readings of one signal in its base unit; return how many were taken.

        `place` along the signal's axis, `value` and `taken_s` (epoch, UTC) have one entry a
        reading; `life_s` is for sources that speak seldomer than the board expects.
        KeyError for a signal that is not in the table or an axis that is not here.
        """
        facts = SIGNALS[signal]
        missing = np.isnan(value)
        wild = ~missing & ~((value >= facts.low) & (value <= facts.high))
        ahead = taken_s > now_s + AHEAD_S
        sound = ~(missing | wild | ahead)
        with self._lock:
            self._count(f"{signal} outside {facts.low:g}..{facts.high:g}", int(wild.sum()))
            self._count("time in the future", int((ahead & ~wild & ~missing).sum()))
            values, times = self._columns(signal)
            at, read, when = place[sound], value[sound], taken_s[sound]
            if np.any(at[1:] <= at[:-1]):
                order = np.lexsort((when, at))
                last = np.append(at[order][1:] != at[order][:-1], True)
                at, read, when = at[order][last], read[order][last], when[order][last]
            newer = when >= times[at]
            self._count("older than what is known", int((~newer).sum()))
            at = at[newer]
            values[at], times[at] = read[newer], when[newer]
            self._life_s[signal][at] = self._expiry_s if life_s is None else life_s
            return len(at)

    def has(self, signal: str) -> bool:
        """Say whether the site has devices on a signal's axis."""
        return bool(self.axes.get(SIGNALS[signal].axis))

    def forget(self, axis: str, places: Sequence[int]) -> None:
        """Take the readings of devices that were lost from the board."""
        with self._lock:
            for signal in self._values:
                if SIGNALS[signal].axis == axis:
                    self._values[signal][list(places)] = np.nan

    def frame(self, now_s: float) -> Frame:
        """Return what is known at a time, with ages; what has expired is NaN.

        A reading up to a few seconds ahead of the clock has age 0.
        """
        values, ages = {}, {}
        with self._lock:
            for signal, kept in self._values.items():
                age_s = np.maximum(now_s - self._taken_s[signal], 0.0)
                fresh = age_s <= self._life_s[signal]
                values[signal] = np.where(fresh, kept, np.nan)
                ages[signal] = np.where(np.isfinite(values[signal]), age_s, np.inf)
        return Frame(now_s, values, ages)

    def _columns(self, signal: str) -> tuple[Floats, Floats]:
        if signal not in self._values:
            count = len(self.axes[SIGNALS[signal].axis])
            self._values[signal] = np.full(count, np.nan)
            self._taken_s[signal] = np.full(count, -np.inf)
            self._life_s[signal] = np.full(count, self._expiry_s)
        return self._values[signal], self._taken_s[signal]

    def _count(self, reason: str, times: int) -> None:
        if times:
            self.refused[reason] = self.refused.get(reason, 0) + times
