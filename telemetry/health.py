"""Incidents of telemetry: each begins once, ends once, and is counted while it lasts."""

import threading
from collections import deque
from dataclasses import dataclass, replace

MOST_KEPT = 10_000
"""Incidents that are over and still listed."""


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that telemetry did wrong for a while.

    `kind` is one of a few words (lost, rejected, stuck, skewed, restarted, unknown), `what`
    names the thing: a source, a host, a signal of a device.
    """

    kind: str
    what: str
    why: str
    began_s: float
    ended_s: float | None = None
    times: int = 1
    """How often it was met while it lasted."""


class Health:
    """The health log: what is wrong now, and what was. Safe to use from several threads.

    An incident is known by its kind and by what it is about; raising one that lasts counts
    it and adds nothing to the log, so that a source that fails ten times a second is one
    line. Checked in ``tests/telemetry/test_health.py``.
    """

    def __init__(self) -> None:
        self._open: dict[tuple[str, str], Incident] = {}
        self._over: deque[Incident] = deque(maxlen=MOST_KEPT)
        self._lock = threading.Lock()

    def raised(self, kind: str, what: str, why: str, time_s: float) -> bool:
        """Note that something is wrong; say whether that is new."""
        key = (kind, what)
        with self._lock:
            known = self._open.get(key)
            if known is None:
                self._open[key] = Incident(kind, what, why, time_s)
                return True
            self._open[key] = replace(known, why=why, times=known.times + 1)
            return False

    def cleared(self, kind: str, what: str, time_s: float) -> bool:
        """Note that it is well again; say whether it had been wrong."""
        with self._lock:
            known = self._open.pop((kind, what), None)
            if known is None:
                return False
            self._over.append(replace(known, ended_s=time_s))
            return True

    def set(self, wrong: bool, kind: str, what: str, why: str, time_s: float) -> None:
        """Raise or clear, as it is."""
        if wrong:
            self.raised(kind, what, why, time_s)
        else:
            self.cleared(kind, what, time_s)

    @property
    def now(self) -> tuple[Incident, ...]:
        """Return what is wrong now, the oldest first."""
        with self._lock:
            return tuple(sorted(self._open.values(), key=lambda incident: incident.began_s))

    @property
    def log(self) -> tuple[Incident, ...]:
        """Return every incident kept, in the order in which they began."""
        with self._lock:
            every = [*self._over, *self._open.values()]
        return tuple(sorted(every, key=lambda incident: incident.began_s))
