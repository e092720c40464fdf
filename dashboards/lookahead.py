"""The look-ahead that is shown: computed when asked for, seldom, once for all who ask."""

import threading
import time
from dataclasses import dataclass

from controllers.snapshot import Snapshot
from twin.estimation.estimator import risen
from twin.forecast import Forecast, forecast

KEPT_S = 10.0
"""A look-ahead younger than this is told again [s of the host's clock]."""
REST = 10.0
"""Nor is a new one computed before this many times the computing time has passed."""
LONGEST_MIN = 60.0
FINEST_S, POINTS = 10.0, 120


@dataclass(frozen=True, slots=True, eq=False)
class Ahead:
    """A look-ahead with what it began from."""

    snapshot: Snapshot
    forecast: Forecast
    made_s: float
    """Monotonic clock at its end."""
    took_s: float


class Lookahead:
    """Look-aheads of one feed by their length in minutes.

    One is computed at a time, in the thread of whoever asks first; others wait for it. So it
    takes a tenth of a core at most, however many ask.
    """

    def __init__(self) -> None:
        self._kept: dict[float, Ahead] = {}
        self._lock = threading.Lock()

    def ahead(self, snapshot: Snapshot, minutes: float) -> Ahead:
        """Return the look-ahead from about now; ValueError for a span out of range."""
        if not 0.0 < minutes <= LONGEST_MIN:
            raise ValueError(f"minutes: {minutes:g}, expected above 0, at most {LONGEST_MIN:g}")
        with self._lock:
            return self._ahead(snapshot, minutes)

    def at_once(self, snapshot: Snapshot, minutes: float) -> Ahead | None:
        """Return the look-ahead, or while another is computed the one before; None: none yet.

        For pages, which ask every second and must not wait in a row.
        """
        if not self._lock.acquire(blocking=False):
            return self._kept.get(minutes)
        try:
            return self._ahead(snapshot, minutes)
        finally:
            self._lock.release()

    def _ahead(self, snapshot: Snapshot, minutes: float) -> Ahead:
        kept = self._kept.get(minutes)
        if kept is not None and not self._due(kept):
            return kept
        began_s = time.monotonic()
        plant = snapshot.plant
        if snapshot.rise_k is not None:
            plant = risen(plant, snapshot.rise_k)
        every_s = max(FINEST_S, 60.0 * minutes / POINTS)
        made = forecast(plant, snapshot.state, snapshot.inputs, minutes, every_s)
        ended_s = time.monotonic()
        fresh = {length: one for length, one in self._kept.items() if not self._due(one)}
        self._kept = {**fresh, minutes: Ahead(snapshot, made, ended_s, ended_s - began_s)}
        return self._kept[minutes]

    def _due(self, kept: Ahead) -> bool:
        return time.monotonic() - kept.made_s >= max(KEPT_S, REST * kept.took_s)
