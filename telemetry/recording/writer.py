"""Writing a recording part by part, in constant memory."""

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from site_models.arrays import Floats
from site_models.errors import InputError
from telemetry.frame import Frame
from telemetry.recording.closing import Closing
from telemetry.recording.folder import clear_folder, make_folder
from telemetry.recording.format import (
    Manifest,
    Times,
    part_table,
    to_iso,
    to_microseconds,
    write_manifest,
    write_part,
)
from telemetry.recording.listing import Entry, Listing
from telemetry.recording.rollups import RackSeats, Rollups
from telemetry.signals import SIGNALS

Places = NDArray[np.int64]
_Chunk = tuple[Places, Times, Mapping[str, Floats]]


class RecordingWriter(Closing):
    """Writes frames to a new recording; use it in a `with` statement.

    A part is closed after `part_s` seconds of recorded time or `part_rows` rows, whichever
    comes first; that much is lost by a kill. Live recordings keep the 60 s; simulated and
    imported ones, which can be made again, pass a longer time. Boundaries depend on the
    frames alone, so the same frames give the same bytes. With `racks` the rollups per rack are
    written with each part, and parts end at whole multiples of `part_s`, so that bins do.

    A part is written on every axis or on none: where the disk has no room (or less than
    `reserve_bytes`), `add` raises OSError, has not taken the frame, and may be tried again;
    what is pending stays.

    A row's time is its frame's. A reading that a frame holds from before (its `age_s` says
    that it is not newer than what is recorded) is not recorded again.
    """

    def __init__(
        self,
        folder: Path | str,
        *,
        source: str,
        axes: Mapping[str, Sequence[str]],
        site: str | None = None,
        site_hash: str | None = None,
        host: Mapping[str, str] | None = None,
        part_s: float = 60.0,
        part_rows: int = 500_000,
        racks: RackSeats | None = None,
        reserve_bytes: int = 0,
        goes_on: Listing | None = None,
    ) -> None:
        """Create the folder. Raises InputError when it exists and is not empty.

        With `goes_on`, from `telemetry.recording.resume`, it goes on with what is there.
        """
        self.folder = Path(folder)
        self._rollups = None if racks is None else Rollups(racks)
        self._reserve_bytes = reserve_bytes
        self._ids = {axis: tuple(ids) for axis, ids in axes.items()}
        self._part_us, self._part_rows = part_s * 1e6, part_rows
        self._chunks: dict[str, list[_Chunk]] = {axis: [] for axis in self._ids}
        self._rows = 0
        self._part_start_us = self._last_us = np.iinfo(np.int64).min
        self._taken_us: dict[str, Floats] = {}
        self._serial = 0
        self.rows_written = 0
        """Of this run, on all axes, rollups not counted."""
        self._made = False
        if goes_on is None:
            manifest = Manifest(
                site=site, site_hash=site_hash, source=source, host=dict(host or {})
            )
            self._made = make_folder(self.folder)
            write_manifest(self.folder, manifest)
            self.listing = Listing(self.folder, manifest)
        else:
            self.listing = goes_on
            for entry in goes_on.entries:
                self._serial = max(self._serial, entry.numbers[1] + 1)
                if entry.is_raw:
                    self._last_us = max(self._last_us, entry.end_us)

    def keep(self) -> None:
        """End after an error: keep what was recorded, and nothing if nothing was."""
        with contextlib.suppress(OSError):  # of the two, what went wrong first is told
            self._flush()
        if not self.listing.entries:
            clear_folder(self.folder, self._made)

    def add(self, frame: Frame) -> None:
        """Record a frame. Raises InputError when its time is not after the last one's."""
        time_us = to_microseconds(frame.time_s)
        if time_us <= self._last_us:
            raise InputError(
                f"{self.folder}: frame at {to_iso(time_us)} came after the one at "
                f"{to_iso(self._last_us)}, expected times to rise"
            )
        if self._rollups is not None:
            self._rollups.pass_to(time_us)
        if self._rows and self._is_over(time_us):
            self._flush()
        self._last_us = time_us
        for axis, values in self._fresh(frame):
            present = np.zeros(len(self._ids[axis]), bool)
            for readings in values.values():
                present |= ~np.isnan(readings)
            place = np.flatnonzero(present)
            if place.size:
                times = np.full(place.size, time_us, np.int64)
                self._keep(axis, place, times, {k: v[place] for k, v in values.items()})
                if self._rollups is not None:
                    self._rollups.add(time_us, values)

    def _is_over(self, time_us: int) -> bool:
        """Say whether the pending part ends before a frame at that time."""
        if self._rows >= self._part_rows:
            return True
        if self._rollups is not None:
            return bool(time_us // self._part_us != self._part_start_us // self._part_us)
        return bool(time_us - self._part_start_us >= self._part_us)

    def add_rows(
        self, axis: str, place: Places, time_us: Times, values: Mapping[str, Floats]
    ) -> None:
        """Record many rows at once as one part; they are later than all rows before them.

        `place` indexes the axis' ids; every array has one entry a row.
        """
        if len(time_us):
            self._keep(axis, place, time_us, values)
            self._last_us = max(self._last_us, int(time_us.max()))
            if self._rows >= self._part_rows:
                self._flush()

    @property
    def last_us(self) -> int:
        """Time of the newest row, of this run or the one before; the least integer: none."""
        return int(self._last_us)

    def close(self) -> None:
        """Write what is pending and mark the recording as ended cleanly."""
        if self._rollups is not None:
            self._rollups.pass_to(None)
        self._flush()
        self.listing.change(closed=True)

    def _fresh(self, frame: Frame) -> Iterator[tuple[str, dict[str, Floats]]]:
        """Yield, for each axis, the readings of a frame that were not recorded before."""
        by_axis: dict[str, dict[str, Floats]] = {}
        for name, readings in frame.values.items():
            if name in frame.age_s:
                taken_us = np.rint((frame.time_s - frame.age_s[name]) * 1e6)
                last_us = self._taken_us.get(name, np.full(len(readings), -np.inf))
                # A microsecond of slack: ages are differences of float64 epoch seconds.
                held = ~(taken_us > last_us + 1.0)
                self._taken_us[name] = np.where(held, last_us, taken_us)
                readings = np.where(held, np.nan, readings)
            by_axis.setdefault(SIGNALS[name].axis, {})[name] = readings
        yield from by_axis.items()

    def _keep(self, axis: str, place: Places, time_us: Times, values: Mapping[str, Floats]) -> None:
        if not self._rows:
            self._part_start_us = int(time_us.min())
        self._chunks[axis].append((place, time_us, values))
        self._rows += len(place)

    def _flush(self) -> None:
        """Write the pending rows of every axis, then list the new parts; all or nothing."""
        tables = {} if self._rollups is None else self._rollups.tables()
        if not self._rows and not tables:
            return
        if self._reserve_bytes and shutil.disk_usage(self.folder).free < self._reserve_bytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.folder))
        raw = {
            axis: part_table(axis, self._ids[axis], *_joined(chunks))
            for axis, chunks in self._chunks.items()
            if chunks
        }
        added: list[Entry] = []
        try:
            for axis, table in (raw | tables).items():
                path = f"{axis}/part-{self._serial:06d}.parquet"
                added.append(_written(self.folder, path, table))
            self.listing.change(add=added)
        except OSError:
            for entry in added:
                (self.folder / entry.part.path).unlink(missing_ok=True)
            raise
        for chunks in self._chunks.values():
            chunks.clear()
        if self._rollups is not None:
            self._rollups.forget()
        self.rows_written += self._rows
        self._rows, self._serial = 0, self._serial + 1


def _written(folder: Path, path: str, table: pa.Table) -> Entry:
    """Write a part and return its entry."""
    part = write_part(folder, path, table)
    span = pc.min_max(table["time"].cast(pa.int64())).as_py()
    return Entry(part, span["min"], span["max"], (folder / path).stat().st_size)


def _joined(chunks: Sequence[_Chunk]) -> _Chunk:
    """Return chunks as one; a signal that a chunk has not is NaN there."""
    place = np.concatenate([chunk[0] for chunk in chunks])
    time_us = np.concatenate([chunk[1] for chunk in chunks])
    names = dict.fromkeys(name for chunk in chunks for name in chunk[2])
    values = {
        name: np.concatenate(
            [c[2][name] if name in c[2] else np.full(len(c[0]), np.nan) for c in chunks]
        )
        for name in names
    }
    return place, time_us, values
