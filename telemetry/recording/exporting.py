"""Part of a recording as one file for others."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from site_models.errors import InputError
from telemetry.recording.folder import TEMPORARY_SUFFIX
from telemetry.recording.reader import Recording
from telemetry.signals import SIGNALS

Format = Literal["csv", "parquet"]


def export(
    recording: Recording,
    target: Path | BinaryIO,
    form: Format,
    signals: Sequence[str] = (),
    from_s: float = -np.inf,
    to_s: float = np.inf,
) -> int:
    """Write the readings of some signals (none given: all recorded) and return their rows.

    One row for each id and instant: `time` (UTC), `axis`, `id`, then the signals in base
    units, empty where there was no reading. Rows come part by part of the recording, axis
    by axis. A file appears when it is whole. Raises InputError for a signal that is not
    recorded and where the file cannot be written.
    """
    chosen = _chosen(recording, signals)
    schema = _schema(chosen)
    tables = _tables(recording, chosen, schema, from_s, to_s)
    if not isinstance(target, Path):
        return _write(target, form, schema, tables)
    temporary = target.with_name(target.name + TEMPORARY_SUFFIX)
    try:
        with temporary.open("wb") as file:
            rows = _write(file, form, schema, tables)
        temporary.replace(target)
    except OSError as error:
        raise InputError(f"{target}: cannot be written: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)
    return rows


def _chosen(recording: Recording, signals: Sequence[str]) -> tuple[str, ...]:
    recorded = [name for axis in recording.axes for name in recording.signals(axis)]
    for name in signals:
        if name not in recorded:
            said = ", ".join(recorded) or "none"
            raise InputError(f"signal {name!r}: not in {recording.folder}, expected one of: {said}")
    return tuple(dict.fromkeys(signals)) or tuple(recorded)


def _schema(signals: Sequence[str]) -> pa.Schema:
    fields = [
        pa.field("time", pa.timestamp("us", tz="UTC")),
        pa.field("axis", pa.string()),
        pa.field("id", pa.string()),
    ]
    return pa.schema(
        fields + [pa.field(name, pa.type_for_alias(SIGNALS[name].stored)) for name in signals]
    )


def _tables(
    recording: Recording, signals: Sequence[str], schema: pa.Schema, from_s: float, to_s: float
) -> Iterator[pa.Table]:
    """Yield the rows with every column of the schema."""
    for axis in recording.axes:
        mine = [name for name in signals if SIGNALS[name].axis == axis]
        for table in recording.tables(axis, mine, from_s, to_s):
            rows = table.num_rows
            columns = [
                pa.repeat(axis, rows)
                if field.name == "axis"
                else table[field.name].cast(field.type)
                if field.name in table.column_names
                else pa.nulls(rows, field.type)
                for field in schema
            ]
            yield pa.Table.from_arrays(columns, schema=schema)


def _write(file: BinaryIO, form: Format, schema: pa.Schema, tables: Iterator[pa.Table]) -> int:
    opened = (
        pa_csv.CSVWriter(file, schema)
        if form == "csv"
        else pq.ParquetWriter(file, schema, compression="zstd")
    )
    rows = 0
    with opened as writer:
        for table in tables:
            writer.write_table(table)
            rows += table.num_rows
    return rows
