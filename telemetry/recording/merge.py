"""Merging the small parts of an hour into one, so that one id's hour is read at once.

Small parts keep the loss of a kill small; a reader of one id then opens sixty files and
decodes a group of rows of each. In a merged part an id's hour lies in one group.
"""

import contextlib
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from site_models.arrays import Ints
from telemetry.recording.folder import TEMPORARY_SUFFIX, put_in_place, sync
from telemetry.recording.format import Part, parquet_options
from telemetry.recording.listing import Entry, Listing
from telemetry.recording.parts import places

HOUR_US = 3_600_000_000
MOST_AT_ONCE = 64
"""Parts merged into one: each holds a group of rows in memory while that lasts."""
MERGED_GROUP_ROWS = 131_072
"""Rows that are compressed together: few enough to decode in milliseconds."""


def due(entries: Sequence[Entry], now_us: int) -> tuple[Entry, ...]:
    """Return the oldest parts of one axis and one past hour that are to be merged; or none."""
    hours: dict[tuple[int, str], list[Entry]] = {}
    for entry in entries:
        hour = entry.start_us // HOUR_US
        if hour < now_us // HOUR_US and entry.numbers[0] == entry.numbers[1]:
            hours.setdefault((hour, entry.axis), []).append(entry)
    for _, found in sorted(hours.items()):
        if len(found) > 1:
            return tuple(sorted(found, key=lambda entry: entry.numbers)[:MOST_AT_ONCE])
    return ()


class Merge:
    """One merge, group of rows by group: `advance` until it says that it is done.

    The merged file takes its name when it is whole, then the manifest lists it instead of
    its sources, then those are removed; a kill in between loses nothing. OSError where the
    disk cannot hold it; call `abandon` then. Same sources, same bytes. Checked in
    ``tests/telemetry/recording/test_recording_merge.py``.
    """

    def __init__(self, listing: Listing, sources: Sequence[Entry]) -> None:
        self.sources = tuple(sources)
        self._listing = listing
        axis, first, last = sources[0].axis, sources[0].numbers[0], sources[-1].numbers[1]
        self._path = f"{axis}/part-{first:06d}-{last:06d}.parquet"
        self._temporary = listing.folder / (self._path + TEMPORARY_SUFFIX)
        self._blocks = _merged(listing.folder, self.sources)
        self._writer: pq.ParquetWriter | None = None
        self._rows = 0

    def advance(self) -> bool:
        """Write one more group of rows; say whether all is done and listed."""
        block = next(self._blocks, None)
        if block is None:
            self._finish()
            return True
        if self._writer is None:
            options = parquet_options(block.schema)
            self._writer = pq.ParquetWriter(self._temporary, block.schema, **options)
        self._writer.write_table(block, row_group_size=MERGED_GROUP_ROWS)
        self._rows += block.num_rows
        return False

    def abandon(self) -> None:
        """Leave the sources as they are and nothing of the merge."""
        self._blocks = iter(())
        if self._writer is not None:
            with contextlib.suppress(OSError):  # the footer of a file that goes now anyway
                self._writer.close()
        self._temporary.unlink(missing_ok=True)

    def _finish(self) -> None:
        if self._writer is None:
            raise ValueError(f"{self._path}: parts without rows")
        self._writer.close()
        sync(self._temporary)
        with self._temporary.open("rb") as content:
            sha256 = hashlib.file_digest(content, "sha256").hexdigest()
        size_bytes = self._temporary.stat().st_size
        target = self._listing.folder / self._path
        put_in_place(self._temporary, target)
        entry = Entry(
            Part(path=self._path, rows=self._rows, sha256=sha256),
            min(source.start_us for source in self.sources),
            max(source.end_us for source in self.sources),
            size_bytes,
        )
        try:
            self._listing.change(add=[entry], drop=self.sources)
        except OSError:
            target.unlink(missing_ok=True)
            raise


def _merged(folder: Path, sources: Sequence[Entry]) -> Iterator[pa.Table]:
    """Yield all rows sorted by id, then time, about a group at a time and whole ids alone."""
    cursors = [_Cursor(folder / source.part.path) for source in sources]
    rows = sum(source.part.rows for source in sources)
    schema = cursors[0].schema
    present = {name for cursor in cursors for name in cursor.columns}
    columns = [name for name in schema.names if name in present and name != "id"]
    ids = sorted({name for cursor in cursors for name in cursor.ids()})
    place = {name: k for k, name in enumerate(ids)}
    a_block = max(1, MERGED_GROUP_ROWS * len(ids) // max(rows, 1))
    for end in range(a_block, len(ids) + a_block, a_block):
        pieces = [piece for c in cursors for piece in c.below(end, columns, place)]
        codes = np.concatenate([code for code, _ in pieces])
        yield _sorted(codes, pa.concat_tables([table for _, table in pieces]), ids, schema)


class _Cursor:
    """Reads a sorted part from its beginning, each group of rows once."""

    def __init__(self, file: Path) -> None:
        self._file = pq.ParquetFile(file)
        self.schema: pa.Schema = self._file.schema_arrow
        footer = self._file.metadata
        self._groups = iter(range(footer.num_row_groups))
        self._code: Ints = np.empty(0, np.int64)
        self._rest: pa.Table | None = None
        chunks = [
            footer.row_group(g).column(c)
            for g in range(footer.num_row_groups)
            for c in range(footer.num_columns)
        ]
        held = [c for c in chunks if c.statistics.null_count < c.num_values]
        self.columns = frozenset(c.path_in_schema for c in held)

    def ids(self) -> set[str]:
        """Return the ids that have rows."""
        chunks = self._file.read(columns=["id"])["id"].chunks
        return {name for chunk in chunks for name in chunk.dictionary.to_pylist()}

    def below(
        self, end: int, columns: Sequence[str], place: Mapping[str, int]
    ) -> Iterator[tuple[Ints, pa.Table]]:
        """Yield the rows not yet handed out whose id's place is below `end`, and the places."""
        while True:
            if self._rest is None:
                group = next(self._groups, None)
                if group is None:
                    return
                table = self._file.read_row_group(group, columns=["id", *columns])
                self._code, self._rest = places(table["id"], place), table.select(columns)
            cut = int(np.searchsorted(self._code, end))
            if cut < len(self._code):
                if cut:
                    yield self._code[:cut], self._rest.slice(0, cut)
                    self._code, self._rest = self._code[cut:], self._rest.slice(cut)
                return
            yield self._code, self._rest
            self._rest = None


def _sorted(codes: Ints, table: pa.Table, ids: Sequence[str], schema: pa.Schema) -> pa.Table:
    """Return rows sorted by id, then time, with every column of the schema."""
    time_us = np.asarray(table["time"].cast(pa.int64()))
    order = np.lexsort((time_us, codes))
    used, dense = np.unique(codes[order], return_inverse=True)
    names = pa.array([ids[k] for k in used], pa.string())
    taken = pa.array(order)
    columns: dict[str, Any] = {
        name: table[name].combine_chunks().take(taken) for name in table.column_names
    }
    columns["id"] = pa.DictionaryArray.from_arrays(pa.array(dense, pa.int32()), names)
    arrays = [
        columns[field.name] if field.name in columns else pa.nulls(len(order), field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)
