"""Frames that wait for the disk: a ring in memory, bounded in bytes."""

import threading
from collections import deque

from telemetry.frame import Frame


class Waiting:
    """The newest frames not yet on disk, oldest first. Safe to use from several threads.

    A frame that does not fit pushes the oldest out, which is counted in `dropped`; one
    frame is always held, however large.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._frames: deque[tuple[Frame, int]] = deque()
        self._bytes = 0
        self._changed = threading.Condition()
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._frames)

    def put(self, frame: Frame) -> None:
        """Add a frame at the end."""
        size = sum(a.nbytes for a in (*frame.values.values(), *frame.age_s.values()))
        with self._changed:
            self._frames.append((frame, size))
            self._bytes += size
            while self._bytes > self._most_bytes and len(self._frames) > 1:
                self._drop()
            self._changed.notify_all()

    def take(self, wait_s: float = 0.0) -> Frame | None:
        """Remove and return the oldest frame, waiting so long for one; None if none came."""
        with self._changed:
            if not self._frames and wait_s > 0.0:
                self._changed.wait(wait_s)
            if not self._frames:
                return None
            frame, size = self._frames.popleft()
            self._bytes -= size
            return frame

    def put_back(self, frame: Frame) -> None:
        """Return a frame that was taken and could not be written to the beginning."""
        size = sum(a.nbytes for a in (*frame.values.values(), *frame.age_s.values()))
        with self._changed:
            if self._frames and self._bytes + size > self._most_bytes:
                self.dropped += 1
                return
            self._frames.appendleft((frame, size))
            self._bytes += size

    def wake(self) -> None:
        """End a wait."""
        with self._changed:
            self._changed.notify_all()

    def _drop(self) -> None:
        _, size = self._frames.popleft()
        self._bytes -= size
        self.dropped += 1
