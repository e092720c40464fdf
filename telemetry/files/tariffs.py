"""What energy costs and emits, hour by hour, from files: market prices, carbon of a grid.

Times become UTC at the door. A column in UTC is taken as it is; a second, local one beside
it must tell the same instants. A file with local times alone needs its zone: the hour that
is skipped in spring is no hole, and of the hour that comes twice in autumn the second row is
the later one.
"""

import csv
import datetime
import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from site_models.arrays import Floats
from site_models.errors import InputError
from telemetry.files.readings import read_text
from telemetry.files.zones import UTC, Zone

USD_PER_J = 1.0 / 3.6e9
"""One USD/MWh."""
KG_PER_J = 1e-3 / 3.6e6
"""One gram a kilowatt hour."""


@dataclass(frozen=True, slots=True, eq=False)
class StepSeries:
    """A value that is held from each edge to the next.

    `edges_s` in seconds since the epoch, UTC, rising evenly, shape (n + 1,); `value` in base
    units a joule, shape (n,).
    """

    label: str
    edges_s: Floats
    value: Floats

    def moved(self, seconds: float) -> "StepSeries":
        """Return the same values at later times: last year's prices for a run of today."""
        return replace(self, edges_s=self.edges_s + seconds)

    def on_dates_of(self, time_s: float) -> "StepSeries":
        """Return the series as it is where it covers a time, else that of another year.

        Of several years that have the date, the nearest; 29 February stands for the day
        before. InputError where no year of the series has it.
        """
        first_s, last_s = float(self.edges_s[0]), float(self.edges_s[-1])
        if first_s <= time_s < last_s:
            return self
        when = datetime.datetime.fromtimestamp(time_s, datetime.UTC)
        years = [datetime.datetime.fromtimestamp(s, datetime.UTC).year for s in (first_s, last_s)]
        for year in sorted(range(years[0], years[1] + 1), key=lambda y: abs(y - when.year)):
            leap_day = (when.month, when.day) == (2, 29)
            same = when.replace(year=year, day=28) if leap_day else when.replace(year=year)
            if first_s <= same.timestamp() < last_s:
                return self.moved(time_s - same.timestamp())
        raise InputError(
            f"{self.label}: covers {_iso(first_s)} to {_iso(last_s)}, expected the date of"
            f" {_iso(time_s)} of some year"
        )


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of a file make a series.

    `factor` turns a value into its base unit, `low` and `high` bound it in the file's unit.
    `local` is a column that repeats the times with their distance to UTC, if there is one.
    """

    label: str
    time: str
    value: str
    factor: float
    low: float
    high: float
    local: str = ""


PRICE = Columns(
    "electricity price, USD/J", "Datetime (UTC)", "Price (USD/MWh)", USD_PER_J, -1e4, 2e4,
    local="Datetime (Local)",
)  # fmt: skip
"""ERCOT 2023, `data/ercot-price-2023`. Prices may be negative; 5,000 USD/MWh was its cap."""
CARBON = Columns("carbon intensity, kg/J", "timestamp", "avg_CI", KG_PER_J, 0.0, 2000.0)
"""Average CO2 of a grid from EIA-930's fuel mix, g/kWh, `data/grid-carbon-eia`."""


def read_price(path: Path, zone: Zone = UTC) -> StepSeries:
    """Return the prices of a file with the columns of `PRICE` [USD/J]."""
    return read_steps(path, PRICE, zone)


def read_carbon(path: Path, zone: Zone = UTC) -> StepSeries:
    """Return the carbon intensities of a file with the columns of `CARBON` [kg/J]."""
    return read_steps(path, CARBON, zone)


def read_steps(path: Path, columns: Columns, zone: Zone = UTC) -> StepSeries:
    """Return a series of evenly spaced, held values from a CSV file, plain or gzip.

    Times without a distance to UTC are of `zone`. Raises InputError naming file, row and
    column for a column or value that is missing, text, a value out of bounds, a time that
    goes back, a row left out, or a local time that is not the same instant. Checked on both
    changes of the clocks in ``tests/telemetry/files/test_tariffs.py``.
    """
    lines = csv.reader(read_text(path).splitlines())
    header = [name.strip() for name in next(lines, [])]
    wanted = [columns.time, columns.value] + [columns.local] * (columns.local in header)
    for name in wanted:
        if name not in header:
            raise InputError(f"{path}: no column {name!r}, expected {', '.join(wanted)}")
    place = [header.index(name) for name in wanted]
    starts_s: list[float] = []
    values: list[float] = []
    for row_number, row in enumerate(lines, start=2):
        if not row:
            continue
        where = f"{path}: row {row_number}"
        if len(row) != len(header):
            raise InputError(f"{where}: expected {len(header)} fields, found {len(row)}")
        start_s = _instant_s(where, columns.time, row[place[0]], zone, starts_s)
        if len(place) == 3 and _instant_s(where, columns.local, row[place[2]], UTC, []) != start_s:
            raise InputError(f"{where}: {columns.local}: {row[place[2]]} is not {row[place[0]]}")
        _check_spacing(where, columns.time, start_s, starts_s)
        starts_s.append(start_s)
        values.append(_value(where, columns, row[place[1]]))
    if len(starts_s) < 2:
        raise InputError(f"{path}: expected two rows or more, found {len(starts_s)}")
    edges_s = np.array([*starts_s, 2.0 * starts_s[-1] - starts_s[-2]])
    return StepSeries(columns.label, edges_s, np.array(values) * columns.factor)


def _iso(time_s: float) -> str:
    return datetime.datetime.fromtimestamp(time_s, datetime.UTC).isoformat(timespec="seconds")


def _instant_s(where: str, column: str, text: str, zone: Zone, before_s: list[float]) -> float:
    """Return a time as seconds since the epoch; of two equal local times the later second."""
    try:
        told = datetime.datetime.fromisoformat(text.strip())
    except ValueError:
        raise InputError(f"{where}: {column}: expected an ISO 8601 time, got {text!r}") from None
    if told.tzinfo is not None:
        return told.timestamp()
    first_s = told.replace(tzinfo=zone.rules).timestamp()
    if before_s and first_s <= before_s[-1]:
        return told.replace(tzinfo=zone.rules, fold=1).timestamp()
    return first_s


def _check_spacing(where: str, column: str, start_s: float, before_s: list[float]) -> None:
    """Raise InputError unless a row follows the ones before at their distance."""
    if not before_s:
        return
    spacing_s = before_s[1] - before_s[0] if len(before_s) > 1 else start_s - before_s[0]
    due_s = before_s[-1] + spacing_s
    if spacing_s <= 0.0 or abs(start_s - due_s) > 1e-3:
        due = datetime.datetime.fromtimestamp(due_s, datetime.UTC).isoformat()
        expected = f"{due}, {spacing_s:g} s after the row before" if spacing_s > 0.0 else "rising"
        got = datetime.datetime.fromtimestamp(start_s, datetime.UTC).isoformat()
        raise InputError(f"{where}: {column}: expected {expected}, got {got}")


def _value(where: str, columns: Columns, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not columns.low <= value <= columns.high:
        raise InputError(
            f"{where}: {columns.value}: expected a number {columns.low:g}..{columns.high:g},"
            f" got {text!r}"
        )
    return value
