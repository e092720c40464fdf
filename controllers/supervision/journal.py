"""Append-only record of what policies did and why."""

import json
import os
import threading
from collections import deque
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Entry:
    """One change: never written for a tick at which nothing changed."""

    time_s: float
    policy: str
    """Name of the policy, or `supervisor`."""
    mode: str
    what: str
    """What changed, in a few words."""
    reason: str
    who: str = "loop"


class Journal:
    """Entries as JSON lines in a file, where one is given, and the latest in memory.

    The file is only ever appended to, and each line is on disk before `write` returns.
    """

    def __init__(self, path: Path | None = None, keep: int = 1000) -> None:
        self._path = path
        self._latest: deque[Entry] = deque(maxlen=keep)
        self._lock = threading.Lock()

    def write(self, entry: Entry) -> None:
        """Add one entry."""
        with self._lock:
            self._latest.append(entry)
            if self._path is not None:
                with self._path.open("a", encoding="utf-8") as lines:
                    lines.write(json.dumps(asdict(entry), ensure_ascii=False) + "\n")
                    lines.flush()
                    os.fsync(lines.fileno())

    def latest(self, count: int = 100) -> tuple[Entry, ...]:
        """Return the newest entries, newest last."""
        with self._lock:
            entries = tuple(self._latest)
        return entries[max(0, len(entries) - count) :]
