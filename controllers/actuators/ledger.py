"""Append-only record of every single write to a device, a scheduler or a building."""

import json
import os
import threading
import time
from collections import deque
from pathlib import Path
from typing import NamedTuple


class Write(NamedTuple):
    """One write, as the other side's own interface has it."""

    target: str
    """Which device, job or point."""
    call: str
    """What is called, published or run."""
    value: str
    """With its unit."""

    def __str__(self) -> str:
        return f"{self.target}: {self.call} {self.value}".rstrip()


class Ledger:
    """JSON lines, each on disk before the write that it tells of, and again with its result.

    Without a path it remembers the latest in memory alone: for what is simulated.
    """

    def __init__(self, path: Path | None = None, keep: int = 10_000) -> None:
        self._path, self._lock = path, threading.Lock()
        self.latest: deque[tuple[Write, str]] = deque(maxlen=keep)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)

    def note(self, write: Write, result: str) -> None:
        """Add a line; `result` is `asked` before the write, then how it went."""
        self.latest.append((write, result))
        if self._path is None:
            return
        line = json.dumps({"time_s": time.time(), **write._asdict(), "result": result})
        with self._lock:
            handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(handle, f"{line}\n".encode())
            finally:
                os.close(handle)
