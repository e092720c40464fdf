"""Frames of the past at the speed of a clock."""

import time
from collections.abc import Callable, Mapping, Sequence

from telemetry.frame import Frame
from telemetry.source import Source


class Paced:
    """Any source, slowed so that its times pass `speed` times as fast as the clock's.

    The first frame comes at once. When the reader is late, frames come at once until it has
    caught up; none is left out. `now_s` and `sleep` are replaced in tests.
    """

    def __init__(
        self,
        source: Source,
        speed: float = 1.0,
        now_s: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not speed > 0.0:
            raise ValueError(f"speed must be positive, got {speed}")
        self._source, self._speed = source, speed
        self._now_s, self._sleep = now_s, sleep
        self._lead_s: float | None = None

    @property
    def axes(self) -> Mapping[str, Sequence[str]]:
        """Ids along each axis, as the source has them."""
        return self._source.axes

    def read(self) -> Frame | None:
        """Wait until the next frame is due and return it, or None when there is none."""
        frame = self._source.read()
        if frame is not None:
            due_s = frame.time_s / self._speed
            if self._lead_s is None:
                self._lead_s = due_s - self._now_s()
            wait_s = due_s - self._lead_s - self._now_s()
            if wait_s > 0.0:
                self._sleep(wait_s)
        return frame
