"""Tables in text: columns of cells become columns of numbers and times, all at once."""

import io
from collections.abc import Sequence
from csv import reader
from pathlib import Path
from typing import NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from site_models.arrays import Floats, Ints
from site_models.errors import InputError
from telemetry.files.readings import Log
from telemetry.files.zones import Zone, to_utc

MISSING = ("", "-", "nan", "NaN", "NAN", "N/A", "[N/A]", "[Not Supported]", "[Unknown Error]")
"""Cells that mean no reading in every format."""

_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_US_PER = {"s": 1e6, "ms": 1e3, "us": 1.0}


class LogTable:
    """A log's table, all cells trimmed text. Rows count from 1, a header being row 1.

    A row with another number of cells than the first is an InputError naming it, but for
    the last one, which a killed logger leaves half-written: it is dropped and `cut` is 1.
    """

    def __init__(self, log: Log, header: Sequence[str] | None = None) -> None:
        """Read the table; `header` names the columns of a log that has none of its own."""
        self.path: Path = log.path
        self.first_row = 1 if header else 2
        lines = log.text.rstrip().count("\n") + 1
        bad_rows: list[int] = []

        def keep_row(row: csv.InvalidRow) -> str:
            bad_rows.append(row.number)
            return "skip"

        names = list(header or first_cells(log.text))
        if len(set(names)) < len(names) or not log.text.strip():
            raise InputError(f"{log.path}: row 1: expected a table whose columns have names")
        try:
            self._table = csv.read_csv(
                io.BytesIO(log.text.encode()),
                csv.ReadOptions(
                    use_threads=False,
                    column_names=names,
                    skip_rows=0 if header else 1,
                    block_size=1 << 26,
                ),
                csv.ParseOptions(invalid_row_handler=keep_row),
                csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
            )
        except pa.ArrowInvalid as error:
            reason = str(error).splitlines()[0]
            raise InputError(f"{log.path}: expected a table of text: {reason}") from error
        self.cut = 0
        if bad_rows:
            if bad_rows != [lines]:
                raise InputError(
                    f"{log.path}: row {bad_rows[0]}: expected {len(names)} cells as in row 1"
                )
            self.cut = 1

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self._table.column_names)

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def cells(self, column: str) -> pa.Array:
        """Return the trimmed cells of a column; InputError if there is no such column."""
        if column not in self._table.column_names:
            raise InputError(
                f"{self.path}: no column {column!r}, expected one of {', '.join(self.names)}"
            )
        return pc.utf8_trim_whitespace(self._table[column].combine_chunks())

    def numbers(
        self, column: str, missing: Sequence[str] = (), unit: str = "", called: str = ""
    ) -> Floats:
        """Return a column as float64, NaN where missing.

        `unit` is cut from cells that end in it. Raises InputError naming the first row that
        holds text, and the column as it is `called`.
        """
        cells = self.cells(column)
        unknown = pc.is_in(cells, pa.array([*MISSING, *missing], pa.string()))
        if unit:
            bare = pc.utf8_rtrim_whitespace(pc.utf8_rtrim(cells, unit))
            cells = pc.if_else(pc.ends_with(cells, unit), bare, cells)
        cells = pc.if_else(unknown, pa.scalar(None, pa.string()), cells)
        try:
            numbers = np.asarray(cells.cast(pa.float64()), np.float64)
        except pa.ArrowInvalid:
            self._complain(cells, _NUMBER, called or column, "a number")
        if np.isinf(numbers).any():
            self._complain(cells, _NUMBER, called or column, "a finite number")
        return numbers

    def times(self, column: str, unit: str, zone: Zone) -> Ints:
        """Return a column of times as microseconds of UTC.

        `unit` is s, ms or us since the epoch, or iso: a date and a time of day, with dashes
        or slashes, with or without an offset; `zone` applies to those without.
        """
        if unit != "iso":
            numbers = self.numbers(column)
            if np.isnan(numbers).any():
                row = int(np.flatnonzero(np.isnan(numbers))[0]) + self.first_row
                raise InputError(f"{self.path}: row {row}: {column}: expected a time, got none")
            return np.rint(numbers * _US_PER[unit]).astype(np.int64)
        return self.as_times(pc.replace_substring(self.cells(column), "/", "-"), column, zone)

    def as_times(self, cells: pa.Array, column: str, zone: Zone) -> Ints:
        """Return given ISO cells as microseconds of UTC."""
        offset = r"(Z|[+-]\d{2}:?\d{2})$"
        if len(cells) and pc.all(pc.match_substring_regex(cells, f":.*{offset}")).as_py():
            return np.asarray(self._timestamps(cells, column, "UTC").cast(pa.int64()))
        return to_utc(np.asarray(self._timestamps(cells, column, None).cast(pa.int64())), zone)

    def _timestamps(self, cells: pa.Array, column: str, zone: str | None) -> pa.Array:
        try:
            return cells.cast(pa.timestamp("us", tz=zone))
        except pa.ArrowInvalid:
            shape = r"^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:?\d{2})?$"
            self._complain(cells, shape, column, "a date and time")

    def _complain(self, cells: pa.Array, pattern: str, column: str, expected: str) -> NoReturn:
        """Raise InputError for the first cell that does not look like what was expected."""
        fits = pc.fill_null(pc.match_substring_regex(cells, pattern), True)
        bad = np.flatnonzero(~np.asarray(fits, bool))
        row = int(bad[0]) if len(bad) else 0
        raise InputError(
            f"{self.path}: row {row + self.first_row}: {column}: expected {expected}, "
            f"got {cells[row].as_py()!r}"
        )


def first_cells(text: str) -> list[str]:
    """Return the trimmed cells of a table's first line."""
    first = text.split("\n", 1)[0].rstrip("\r")
    return [cell.strip() for cell in next(iter(reader([first])), [])]
