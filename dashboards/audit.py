"""The append-only log of every write: who, what, before, after, reason."""

import os
import threading
import time
from pathlib import Path
from typing import Any

import orjson

from dashboards.auth import CALLER


class Audit:
    """JSON lines in one file, each on disk before the write it tells of is answered."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)

    def write(self, what: str, before: Any, after: Any, reason: str = "") -> None:
        """Append one entry for the present caller; OSError when the disk refuses."""
        caller = CALLER.get()
        entry = {
            "time_s": time.time(),
            "who": caller.name if caller else "unknown",
            "role": caller.role.name.lower() if caller else "none",
            "what": what,
            "before": before,
            "after": after,
            "reason": reason,
        }
        line = orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY)
        with self._lock:
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(handle, line)
                os.fsync(handle)
            finally:
                os.close(handle)
