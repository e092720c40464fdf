"""Frames of a source to disk, the reading never waiting for the disk."""

import contextlib
import os
import queue
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from site_models.errors import InputError
from telemetry.frame import Frame
from telemetry.recording.recorder import Recorder
from telemetry.recording.retention import Keep
from telemetry.recording.rollups import RackSeats
from telemetry.source import Source

WAITING_FRAMES = 3000
"""Frames kept while the disk is busy: five minutes at 10 Hz. Further ones are dropped."""
LOOK_S, LAST_LOOKS = 0.2, 3
"""How often the end is looked for, and how often more for a frame that is still on its way."""
SLACK_S = 0.005
"""Frames jitter: the one that ends the time may come this much early."""


class Collected(NamedTuple):
    """What a recording came to."""

    rows: int
    seconds: float
    dropped: int
    """Frames that were due but not read, or read and not written."""
    notes: tuple[str, ...] = ()
    """What the end of the run before had cost, where one is gone on with."""


def collect(
    source: Source,
    folder: Path,
    *,
    label: str,
    for_s: float,
    site: str | None = None,
    site_hash: str | None = None,
    facts: Mapping[str, str] | None = None,
    racks: RackSeats | None = None,
    keep: Keep | None = None,
    goes_on: bool = False,
    ended: threading.Event | None = None,
) -> Collected:
    """Record a source into a folder until it ends, for `for_s` at most.

    The folder is new, or with `goes_on` a recording to go on with. With `racks` rollups are
    written beside the readings; `keep` bounds age and size. A frame at or after `for_s` from
    the first is the end and not recorded. Whoever sets `ended`, a signal for instance, ends the
    recording with what was read. Raises InputError when the folder is not empty, the disk has
    no room at the end, or the source says so; what was recorded stays.
    """
    reader = _Reader(source, for_s, ended or threading.Event())
    recorder = Recorder(
        folder,
        source=label,
        axes=source.axes,
        site=site,
        site_hash=site_hash,
        facts=facts,
        racks=racks,
        keep=keep,
        goes_on=goes_on,
    )
    with recorder:
        reader.start()
        while (frame := reader.next()) is not None:
            recorder.offer(frame)
            while recorder.work() and not reader.waiting:
                pass  # what is left of the time goes into merging past hours
    dropped = reader.dropped + recorder.dropped + int(getattr(source, "dropped", 0))
    return Collected(recorder.rows, reader.seconds, dropped, recorder.notes)


class _Reader(threading.Thread):
    """Reads in a thread of its own, since to close a part takes longer than a frame."""

    def __init__(self, source: Source, for_s: float, ended: threading.Event) -> None:
        super().__init__(daemon=True)
        self.dropped, self.seconds = 0, 0.0
        self._source, self._for_s, self._ended = source, for_s, ended
        self._frames: queue.Queue[Frame] = queue.Queue(WAITING_FRAMES)
        self._failed: Exception | None = None

    def run(self) -> None:
        """Read until told to end."""
        first_s: float | None = None
        take_precedence()
        try:
            while not self._ended.is_set() and (frame := self._source.read()) is not None:
                first_s = frame.time_s if first_s is None else first_s
                if frame.time_s - first_s >= self._for_s - SLACK_S:
                    break
                self.seconds = frame.time_s - first_s
                try:
                    self._frames.put_nowait(frame)
                except queue.Full:
                    self.dropped += 1
        except Exception as error:  # whatever it is, it ends the recording and is told there
            self._failed = error

    @property
    def waiting(self) -> bool:
        """Say whether a frame was read and not yet taken."""
        return not self._frames.empty()

    def next(self) -> Frame | None:
        """Wait for a frame and return it; None at the end."""
        patience = LAST_LOOKS
        while patience:
            alive = self.is_alive()
            try:
                return self._frames.get(timeout=LOOK_S) if alive else self._frames.get_nowait()
            except queue.Empty:
                if not alive:
                    break
                patience -= self._ended.is_set()
        if self._failed is not None:
            if isinstance(self._failed, InputError):
                raise self._failed
            raise RuntimeError("the source failed") from self._failed
        return None


def take_precedence() -> None:
    """Let the calling thread be woken before others on a busy host, where that is allowed.

    The lowest real-time priority: reading takes a hundredth of a core, and late it is worth
    less. A lower nice value does not help: the thread then still waits for a scheduler's tick,
    4 ms. Threads that it starts are ordinary ones. Where it is not allowed, nothing happens.
    """
    with contextlib.suppress(OSError, AttributeError):
        lowest = os.sched_get_priority_min(os.SCHED_RR)
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(lowest))
