"""The weather of a typical year, from an EPW file."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from site_models.arrays import Floats
from site_models.errors import InputError
from telemetry.files.readings import read_text
from telemetry.signals import SIGNALS

HOURS = 8760
_HOUR_S, _DAY_S = 3600.0, 86_400.0
_LEAP_DAY = 59
"""Days of a leap year before its 29 February."""
_HEADER_LINES = 8
_COLUMNS = {
    "dry_bulb_c": (6, 1.0, 99.9),
    "dew_point_c": (7, 1.0, 99.9),
    "relative_humidity": (8, 0.01, 999.0),
    "pressure_pa": (9, 1.0, 999_999.0),
}
"""Name: place in the row, factor to the base unit, what stands for missing [1].

.. [1] EnergyPlus *Auxiliary Programs*, ch. Weather Converter, EPW file format.
"""


@dataclass(frozen=True, slots=True)
class Outdoor:
    """Outdoor air. Every field has the shape of the times asked for."""

    dry_bulb_c: Floats
    dew_point_c: Floats
    relative_humidity: Floats
    pressure_pa: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Weather:
    """Hourly outdoor air of a typical year. Every array has shape (8760,).

    `time_s` counts from the start of the year in the station's standard time, which is
    `utc_offset_s` ahead of UTC. Hour h of a day stands at h o'clock, as EPW has it.
    """

    place: str
    utc_offset_s: float
    time_s: Floats
    dry_bulb_c: Floats
    dew_point_c: Floats
    relative_humidity: Floats
    pressure_pa: Floats

    def at(self, time_s: float | Floats) -> Outdoor:
        """Return the outdoor air at times since the epoch, of any year, between the hours.

        A date stands for the same date of the typical year; 29 February for the day before.
        The year closes on itself: between its last hour and its first.
        """
        hour = year_second(np.asarray(time_s, np.float64) + self.utc_offset_s) / _HOUR_S
        passed = np.floor(hour)
        part = hour - passed
        after = passed.astype(np.int64) % HOURS  # entry k stands at k + 1 o'clock

        def between(hourly: Floats) -> Floats:
            return np.asarray(hourly[after - 1] * (1.0 - part) + hourly[after] * part)

        return Outdoor(
            between(self.dry_bulb_c),
            between(self.dew_point_c),
            between(self.relative_humidity),
            between(self.pressure_pa),
        )


def year_second(local_s: Floats) -> Floats:
    """Return seconds since the start of a year of 365 days for local seconds since 1970.

    In leap years 29 February counts as the 28th once more.
    """
    day = np.floor(local_s / _DAY_S).astype(np.int64)
    date = day.astype("datetime64[D]")
    year = date.astype("datetime64[Y]")
    of_year = day - year.astype("datetime64[D]").astype(np.int64)
    length = (year + 1).astype("datetime64[D]").astype(np.int64) - (day - of_year)
    of_year = of_year - ((length == 366) & (of_year >= _LEAP_DAY))
    return np.asarray(of_year * _DAY_S + (local_s - day * _DAY_S))


def read_epw(path: Path) -> Weather:
    """Return the weather of an EPW file, plain or gzip.

    Raises InputError naming file and row for anything but one value for each of the 8,760
    hours: a row left out or out of order, a missing or impossible value, text. Checked
    against the file's own design conditions in ``tests/telemetry/files/test_weather.py``.
    """
    lines = read_text(path).splitlines()
    station = lines[0].split(",") if lines else []
    if station[:1] != ["LOCATION"] or len(station) < 10:
        raise InputError(f"{path}: row 1: expected LOCATION with its ten fields, as EPW begins")
    offset_s = _number(path, 1, "time zone", station[8]) * _HOUR_S
    rows = [line.split(",") for line in lines[_HEADER_LINES:] if line.strip()]
    for k, row in enumerate(rows):
        _check_hour(path, k, row)
    if len(rows) != HOURS:
        raise InputError(f"{path}: expected {HOURS} hours, found {len(rows)}")
    columns = {name: _column(path, rows, name) for name in _COLUMNS}
    time_s = np.arange(1, HOURS + 1, dtype=np.float64) * _HOUR_S
    return Weather(f"{station[1]}, {station[2]}, {station[3]}", offset_s, time_s, **columns)


def _check_hour(path: Path, k: int, row: list[str]) -> None:
    """Raise InputError unless a row is of hour k of the year."""
    at = np.datetime64("2001-01-01T00", "h") + k
    day = at.astype("datetime64[D]").item()
    wanted = [str(day.month), str(day.day), str(k % 24 + 1)]
    if len(row) < 10 or [cell.strip().lstrip("0") for cell in row[1:4]] != wanted:
        raise InputError(
            f"{path}: row {k + _HEADER_LINES + 1}: expected month {wanted[0]}, day {wanted[1]}, "
            f"hour {wanted[2]} with ten fields or more"
        )


def _column(path: Path, rows: list[list[str]], name: str) -> Floats:
    """Return one quantity of every hour in its base unit."""
    place, factor, missing = _COLUMNS[name]
    values = np.empty(len(rows), np.float64)
    for k, row in enumerate(rows):
        values[k] = _number(path, k + _HEADER_LINES + 1, name, row[place])
    signal = SIGNALS[name]
    known = values != missing
    values *= factor
    bad = np.flatnonzero(~known | ~(values >= signal.low) | ~(values <= signal.high))
    if len(bad):
        row_number = int(bad[0]) + _HEADER_LINES + 1
        raise InputError(
            f"{path}: row {row_number}: {name}: expected {signal.low:g}..{signal.high:g} "
            f"{signal.unit}, got {rows[int(bad[0])][place]}"
        )
    return values


def _number(path: Path, row: int, name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{path}: row {row}: {name}: expected a number, got {text!r}") from None
