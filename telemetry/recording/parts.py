"""One part of a recording, as a reader sees it: checked once, then read column by column."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from site_models.arrays import Floats, Ints
from site_models.errors import InputError
from telemetry.recording.format import MANIFEST_NAME, Times, to_microseconds
from telemetry.signals import SIGNALS


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A readable part: its file, span and the signals that have readings in it."""

    file: Path
    rows: int
    start_us: int
    end_us: int
    signals: tuple[str, ...]


def open_part(file: Path, sha256: str | None) -> StoredPart | None:
    """Return a part after checking its hash and footer; None if it has no rows.

    Without `sha256` only the footer is checked. Raises InputError naming the file if it is
    missing, truncated or not what was recorded.
    """
    try:
        with file.open("rb") as content:
            found = hashlib.file_digest(content, "sha256").hexdigest()
        footer = pq.read_metadata(file)
    except FileNotFoundError as error:
        raise InputError(f"{file}: listed in {MANIFEST_NAME} but missing") from error
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{file}: truncated or no Parquet part") from error
    if sha256 not in (None, found):
        raise InputError(f"{file}: changed since it was recorded (sha256 differs)")
    return described(file, footer) if footer.num_rows else None


def described(file: Path, footer: pq.FileMetaData) -> StoredPart:
    """Return what the footer of a part with rows says of it."""
    groups = [footer.row_group(k) for k in range(footer.num_row_groups)]
    chunks = [group.column(k) for group in groups for k in range(footer.num_columns)]
    times = [c.statistics for c in chunks if c.path_in_schema == "time"]
    present = [
        c.path_in_schema
        for c in chunks
        if c.path_in_schema in SIGNALS and c.statistics.null_count < c.num_values
    ]
    return StoredPart(
        file=file,
        rows=footer.num_rows,
        start_us=min(to_microseconds(t.min.timestamp()) for t in times),
        end_us=max(to_microseconds(t.max.timestamp()) for t in times),
        signals=tuple(dict.fromkeys(present)),
    )


def part_columns(part: StoredPart, columns: Sequence[str]) -> pa.Table:
    """Return some columns of a part; InputError naming the file if it was damaged since."""
    try:
        return pq.ParquetFile(part.file).read(columns=list(columns))
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{part.file}: truncated or no Parquet part") from error


def microseconds(table: pa.Table) -> Times:
    """Return the times of a table's rows."""
    return np.asarray(table["time"].cast(pa.int64()))


def readings(column: pa.ChunkedArray) -> Floats:
    """Return a column as float64 with NaN for null."""
    return np.asarray(column.cast(pa.float64()))


def places(column: pa.ChunkedArray, index: Mapping[str, int]) -> Ints:
    """Return the seat of each row's id; -1 for one that has none."""
    ids = column.combine_chunks()
    seats = np.array([index.get(name, -1) for name in ids.dictionary.to_pylist()], np.int64)
    return np.asarray(seats[np.asarray(ids.indices)])
