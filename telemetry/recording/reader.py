"""Reading a recording: whole, slice by slice, in bounded memory."""

import hashlib
import heapq
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from site_models.arrays import Flags, Floats
from telemetry.frame import Frame
from telemetry.recording.folder import is_held
from telemetry.recording.format import (
    Manifest,
    Times,
    axis_of,
    read_manifest,
)
from telemetry.recording.incidents import noted, said
from telemetry.recording.leftovers import leftovers
from telemetry.recording.parts import (
    StoredPart,
    microseconds,
    open_part,
    part_columns,
    places,
    readings,
)
from telemetry.signals import AXES, SIGNALS

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Seats:
    """Where a recording's ids go along an axis of frames."""

    index: Mapping[str, int]
    """Place of each recorded id; ids that are not named here are left out."""
    count: int
    """Length of the axis."""


class Recording:
    """A recording on disk, opened for reading.

    Opening checks every listed part against its sha256 and its footer. What a kill cost is
    in `notes`, and logged once as warnings. Raises InputError, naming the file, for a folder
    that is no recording and for a part that is missing, changed or truncated.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self.manifest: Manifest = read_manifest(self.folder)
        self._parts: dict[str, list[StoredPart]] = {}
        self._rollups: dict[str, list[StoredPart]] = {}
        self._ids: dict[str, tuple[str, ...]] = {}
        self.notes: tuple[str, ...] = tuple(self._open_parts())
        self.losses: tuple[str, ...] = tuple(said(one) for one in noted(self.folder))
        for note in self.notes:
            _log.warning("%s: %s", self.folder, note)

    @property
    def axes(self) -> tuple[str, ...]:
        """Axes that have rows, in the table's order."""
        return tuple(axis for axis in AXES if self._parts.get(axis))

    @property
    def rows(self) -> int:
        """Rows over all axes."""
        return sum(part.rows for parts in self._parts.values() for part in parts)

    @property
    def rollups(self) -> dict[str, int]:
        """Rows of each rollup, by its folder."""
        return {name: sum(part.rows for part in parts) for name, parts in self._rollups.items()}

    @property
    def start_s(self) -> float:
        """First recorded time; NaN when there is none."""
        starts = [part.start_us for parts in self._parts.values() for part in parts]
        return min(starts) / 1e6 if starts else float("nan")

    @property
    def end_s(self) -> float:
        """Last recorded time; NaN when there is none."""
        ends = [part.end_us for parts in self._parts.values() for part in parts]
        return max(ends) / 1e6 if ends else float("nan")

    @cached_property
    def sha256(self) -> str:
        """Hash of the parts' hashes: the same for the same rows, whoever recorded them.

        Rollups follow from the rows and do not count.
        """
        raw = [part for part in self.manifest.parts if axis_of(part.path) in AXES]
        listed = "".join(f"{part.path} {part.sha256}\n" for part in raw)
        return hashlib.sha256(listed.encode()).hexdigest()

    def signals(self, axis: str) -> tuple[str, ...]:
        """Return the signals of an axis that have at least one reading."""
        found = {name for part in self._parts.get(axis, ()) for name in part.signals}
        return tuple(name for name in SIGNALS if name in found)

    def ids(self, axis: str) -> tuple[str, ...]:
        """Return the ids recorded on an axis in natural order: gpu2 before gpu10."""
        if axis not in self._ids:
            found: set[str] = set()
            for part in self._parts.get(axis, ()):
                column = part_columns(part, ("id",))["id"]
                found.update(pc.unique(pc.cast(column, pa.string())).to_pylist())
            self._ids[axis] = tuple(sorted(found, key=_natural))
        return self._ids[axis]

    def series(
        self, signal: str, id: str, from_s: float = -np.inf, to_s: float = np.inf
    ) -> tuple[Floats, Floats]:
        """Return times [s] and readings of one signal of one id within [from_s, to_s].

        Instants at which the signal was not read are left out. Both arrays are empty when
        there is none.
        """
        times: list[Floats] = [np.empty(0)]
        values: list[Floats] = [np.empty(0)]
        for part in self._within(SIGNALS[signal].axis, from_s, to_s):
            if signal in part.signals:
                wanted = (pc.field("id") == id) & pc.is_valid(pc.field(signal))
                table = part_columns(part, ("time", "id", signal)).filter(wanted)
                time_s = microseconds(table) / 1e6
                inside = (time_s >= from_s) & (time_s <= to_s)
                times.append(time_s[inside])
                values.append(readings(table[signal])[inside])
        return np.concatenate(times), np.concatenate(values)

    def tables(
        self, axis: str, signals: Sequence[str], from_s: float = -np.inf, to_s: float = np.inf
    ) -> Iterator[pa.Table]:
        """Yield the rows within [from_s, to_s], part by part: time, id and these signals.

        A row that has a reading of none of them is left out.
        """
        for part in self._within(axis, from_s, to_s):
            held = [name for name in signals if name in part.signals]
            if held:
                table = part_columns(part, ("time", "id", *signals))
                known = np.zeros(table.num_rows, bool)
                for name in held:
                    known |= np.asarray(table[name].is_valid())
                yield table.filter(pa.array(known & _between(microseconds(table), from_s, to_s)))

    def frames(
        self,
        seats: Mapping[str, Seats] | None = None,
        from_s: float = -np.inf,
        to_s: float = np.inf,
    ) -> Iterator[Frame]:
        """Yield what was recorded, instant by instant in time order.

        `seats` places the ids along each axis; an axis without is left out. By default every
        axis is handed out in the order of `ids`. A frame holds a signal only if some id has
        a reading at that instant; the others are NaN. Holds one part an axis in memory.
        """
        if seats is None:
            seats = {axis: seat_in_order(self.ids(axis)) for axis in self.axes}
        streams = [self._instants(axis, seats[axis], from_s, to_s) for axis in seats]
        merged = heapq.merge(*streams, key=itemgetter(0))
        for time_us, together in groupby(merged, key=itemgetter(0)):
            values = {name: row for _, one in together for name, row in one.items()}
            yield Frame(time_us / 1e6, values)

    def _within(self, axis: str, from_s: float, to_s: float) -> list[StoredPart]:
        parts = self._parts.get(axis, ())
        return [p for p in parts if p.end_us / 1e6 >= from_s and p.start_us / 1e6 <= to_s]

    def _instants(
        self, axis: str, seats: Seats, from_s: float, to_s: float
    ) -> Iterator[tuple[int, dict[str, Floats]]]:
        for part in self._within(axis, from_s, to_s):
            table = part_columns(part, ("time", "id", *part.signals))
            place = places(table["id"], seats.index)
            time_us = microseconds(table)
            keep = np.flatnonzero((place >= 0) & _between(time_us, from_s, to_s))
            keep = keep[np.argsort(time_us[keep], kind="stable")]
            place, time_us = place[keep], time_us[keep]
            columns = {name: readings(table[name])[keep] for name in part.signals}
            first = np.flatnonzero(np.diff(time_us, prepend=np.iinfo(np.int64).min))
            for begin, end in zip(first, [*first[1:], len(time_us)], strict=True):
                row = {}
                for name, column in columns.items():
                    if not np.isnan(column[begin:end]).all():
                        row[name] = np.full(seats.count, np.nan)
                        row[name][place[begin:end]] = column[begin:end]
                if row:
                    yield int(time_us[begin]), row

    def _open_parts(self) -> Iterator[str]:
        """Fill the table of parts; yield what was lost or left over."""
        for part in self.manifest.parts:
            self._take(part.path, part.sha256)
        if not self.manifest.closed:
            if is_held(self.folder):
                yield "is being recorded: the newest 60 s or less are still in memory"
            else:
                yield "was not ended cleanly: up to the last 60 s before its end may be missing"
        for left in leftovers(self.folder, self.manifest):
            if left.whole:
                self._take(left.path, None)
            yield left.said
        for parts in (*self._parts.values(), *self._rollups.values()):
            parts.sort(key=lambda part: (part.start_us, part.end_us))

    def _take(self, path: str, sha256: str | None) -> None:
        """Check a part and add it to the table."""
        part = open_part(self.folder / path, sha256)
        if part is not None:
            axis = axis_of(path)
            table = self._parts if axis in AXES else self._rollups
            table.setdefault(axis, []).append(part)


def seat_in_order(ids: Sequence[str]) -> Seats:
    """Return the seats that put ids in the given order."""
    return Seats({name: k for k, name in enumerate(ids)}, len(ids))


def _between(time_us: Times, from_s: float, to_s: float) -> Flags:
    time_s = time_us / 1e6
    return (time_s >= from_s) & (time_s <= to_s)


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(run), "") if run.isdigit() else (-1, run) for run in re.split(r"(\d+)", name)]
