"""The recorder of a running twin: what it is offered goes to disk and never holds it up.

Frames wait in a ring in memory while the disk is busy; parts, rollups, merging of past
hours and retention are its own thread's work. When the disk is full it stops writing, says
so, and goes on by itself when there is room; the ring then keeps the newest frames.
"""

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from site_models.errors import InputError
from telemetry.frame import Frame
from telemetry.health import Health
from telemetry.recording.closing import Closing
from telemetry.recording.folder import hold, host_facts
from telemetry.recording.format import MANIFEST_NAME, to_iso, to_microseconds
from telemetry.recording.incidents import Incident, note
from telemetry.recording.resume import reopened
from telemetry.recording.retention import Keep
from telemetry.recording.rollups import RackSeats
from telemetry.recording.upkeep import Upkeep
from telemetry.recording.waiting import Waiting
from telemetry.recording.writer import RecordingWriter

_log = logging.getLogger(__name__)

RESERVE_BYTES = 100_000_000
"""Room that is left to others on the disk."""
WAITING_BYTES = 256_000_000
"""Size of the ring of frames that wait for the disk."""
RETRY_S = 5.0
"""Between two tries of a disk that could not be written."""
LOOK_S = 0.2


class Recorder(Closing):
    """Records frames into a folder, a new one or with `goes_on` one to go on with.

    One thread calls `offer`; either `start` gives the recorder a thread of its own, or its
    owner calls `work`. `notes` tells what the end of the run before had cost, `alarm` what is
    wrong now (empty: nothing). Raises InputError where the folder cannot be recorded into or
    is in use. Checked in ``tests/telemetry/recording/test_recorder.py`` and, killed, in
    ``tests/telemetry/recording/test_recorder_killed.py``.
    """

    def __init__(
        self,
        folder: Path,
        *,
        source: str,
        axes: Mapping[str, Sequence[str]],
        site: str | None = None,
        site_hash: str | None = None,
        racks: RackSeats | None = None,
        facts: Mapping[str, str] | None = None,
        goes_on: bool = False,
        keep: Keep | None = None,
        health: Health | None = None,
        part_s: float = 60.0,
        reserve_bytes: int = RESERVE_BYTES,
        waiting_bytes: int = WAITING_BYTES,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder, self.health, self.alarm = folder, health or Health(), ""
        self.notes: tuple[str, ...] = ()
        self._clock_s, self._retry_s = clock_s, -1.0
        self._waiting, self._told = Waiting(waiting_bytes), 0
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        listing = None
        if goes_on and (folder / MANIFEST_NAME).is_file():
            self._hold = _held(folder)
            try:
                listing, self.notes = reopened(folder, site_hash)
            except BaseException:
                os.close(self._hold)
                raise
        self._writer = RecordingWriter(
            folder,
            source=source,
            axes=axes,
            site=site,
            site_hash=site_hash,
            host={**host_facts(), **(facts or {})},
            part_s=part_s,
            racks=racks,
            reserve_bytes=reserve_bytes,
            goes_on=listing,
        )
        if listing is None:
            self._hold = _held(folder)
        self._upkeep = Upkeep(self._writer.listing, keep or Keep())

    def keep(self) -> None:
        """End after an error: keep what was recorded, and nothing if nothing was."""
        self._end()
        self._drain()
        self._upkeep.abandon()
        self._writer.keep()
        os.close(self._hold)

    @property
    def last_s(self) -> float:
        """Return the newest recorded time [s]; minus infinity before the first."""
        last_us = self._writer.last_us
        return last_us / 1e6 if self._writer.listing.entries else float("-inf")

    @property
    def rows(self) -> int:
        """Return how many rows this run has put on disk, rollups not counted."""
        return self._writer.rows_written

    @property
    def dropped(self) -> int:
        """Return how many frames were offered and are lost."""
        return self._waiting.dropped

    def offer(self, frame: Frame) -> None:
        """Have a frame recorded; returns at once, whatever the disk does."""
        self._waiting.put(frame)

    def start(self) -> None:
        """Record in a thread of its own until `close`."""
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def work(self, wait_s: float = 0.0) -> bool:
        """Write a frame, or else merge a little, or else wait so long; say if it did any."""
        if self._clock_s() < self._retry_s:
            time.sleep(min(wait_s, LOOK_S))
            return False
        frame = self._waiting.take(0.0 if self._upkeep.merging else wait_s)
        try:
            if frame is not None:
                self._write(frame)
            elif not self._upkeep.advance():
                return False
        except OSError as error:
            if frame is not None:
                self._waiting.put_back(frame)
            self._stop(error)
            return False
        return True

    def close(self) -> None:
        """Write what waits and end cleanly; InputError where the disk has no room for it."""
        self._end()
        self._drain()
        self._upkeep.abandon()
        try:
            self._writer.close()
        except OSError as error:
            self._stop(error)
            raise InputError(f"{self.alarm}; the newest readings are lost") from error
        finally:
            os.close(self._hold)

    def _run(self) -> None:
        try:
            while not self._over.is_set():
                self.work(LOOK_S)
        except Exception as error:  # the pages must say it; the twin itself runs on
            _log.exception("%s: the recorder failed", self.folder)
            self.alarm = f"recording failed: {self.folder}: {error}"
            self.health.raised("failed", "recorder", self.alarm, self._writer.last_us / 1e6)

    def _end(self) -> None:
        self._over.set()
        self._waiting.wake()
        if self._thread is not None:
            self._thread.join()

    def _drain(self) -> None:
        """Write what waits, as far as the disk takes it."""
        self._upkeep.abandon()
        self._retry_s = -1.0
        while len(self._waiting) and self.work():
            pass

    def _write(self, frame: Frame) -> None:
        before = self._writer.listing.entries
        last_us = self._writer.last_us
        try:
            self._writer.add(frame)
        except InputError as error:
            self.health.raised("rejected", "recorder", str(error), frame.time_s)
            return
        if self._waiting.dropped > self._told:
            self._tell_loss(last_us if before else None, frame)
        if before is not self._writer.listing.entries:
            self._going_well(frame)
            self._upkeep.look(to_microseconds(frame.time_s))

    def _going_well(self, frame: Frame) -> None:
        """Note that a part was written."""
        self.alarm = ""
        self.health.cleared("full", "recorder", frame.time_s)

    def _stop(self, error: OSError) -> None:
        """Raise the alarm and let the disk alone for a while."""
        self._upkeep.abandon()
        why = os.strerror(error.errno) if error.errno else str(error)
        self.alarm = f"recording stopped: {self.folder}: {why}"
        self.health.raised("full", "recorder", self.alarm, self._writer.last_us / 1e6)
        self._retry_s = self._clock_s() + RETRY_S

    def _tell_loss(self, last_us: int | None, frame: Frame) -> None:
        """Write down that frames were lost between the newest row and this frame."""
        lost = self._waiting.dropped - self._told
        after = None if last_us is None else to_iso(last_us)
        until = to_iso(to_microseconds(frame.time_s))
        kind, cause = ("full", "could not be written") if self.alarm else ("slow", "was too slow")
        why = f"{lost} frames are lost: the disk {cause}"
        with contextlib.suppress(OSError):  # told with the next frame then
            note(self.folder, Incident(kind, after, until, why))
            self._told += lost


def _held(folder: Path) -> int:
    descriptor = hold(folder)
    if descriptor is None:
        raise InputError(f"{folder}: another process records into it")
    return descriptor
