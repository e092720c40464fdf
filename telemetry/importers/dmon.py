"""Logs of ``nvidia-smi dmon``: columns of numbers under two header lines, names and units."""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from site_models.arrays import Floats, Ints
from site_models.errors import InputError
from telemetry.files.readings import Log, Readings, in_order_of_appearance, rising
from telemetry.files.zones import UTC, to_utc
from telemetry.signals import SIGNALS
from telemetry.units import to_base

FORMAT = "dmon"

_COLUMNS: Mapping[str, str] = {
    "pwr": "gpu_power_w",
    "gtemp": "gpu_temp_c",
    "mtemp": "memory_temp_c",
    "sm": "gpu_utilization",
    "mem": "memory_utilization",
    "fb": "memory_used_bytes",
    "pclk": "sm_clock_hz",
    "mclk": "memory_clock_hz",
    "rxpci": "pcie_rx_bytes_per_s",
    "txpci": "pcie_tx_bytes_per_s",
}
_UNITS: Mapping[str, str] = {
    "W": "W",
    "C": "degC",
    "%": "percent",
    "MHz": "MHz",
    "MB": "MiB",
    "MB/s": "MB/s",
}
"""Unit as dmon writes it: its MB of memory are MiB."""

_SECOND_US = 1_000_000
_DAY_US = 86_400 * _SECOND_US
_STAMP = re.compile(r"(\d{4})(\d\d)(\d\d)[-_T]?(\d\d)(\d\d)(\d\d)")


def sniff(head: str, path: Path) -> bool:
    """Return whether the text begins with dmon's header."""
    lines = head.splitlines()
    return bool(lines) and lines[0].startswith("#") and {"gpu", "pwr"} <= set(_words(lines[0]))


def read(log: Log) -> Readings:
    """Return the GPU signals of the log.

    Times are those of ``-o DT``. Without them the log is taken to be of dmon's default, one
    sample a second, and to begin at the stamp YYYYMMDD-HHMMSS in its file name, or at the
    epoch if there is none. Raises InputError naming the row of a cell that is no number.
    """
    lines = log.text.splitlines()
    if len(lines) < 2 or not sniff(log.text, log.path):
        raise InputError(f"{log.path}: row 1: expected dmon's header, such as '# gpu pwr gtemp'")
    names, units = _words(lines[0]), _words(lines[1])
    rows, cells, cut = _rows(log, lines, len(names))
    columns = {name: cells[:, k] for k, name in enumerate(names)}
    ids, place = in_order_of_appearance([f"{log.prefix}gpu{text}" for text in columns["gpu"]])
    time_us = _times(log, columns, place)
    rising(log, place, time_us, 1)
    readings = Readings("gpu", ids, place, time_us, {})
    readings.rejected["half-written last row"] += cut
    for name, unit in zip(names, units, strict=True):
        signal = _COLUMNS.get(name)
        if signal and unit in _UNITS:
            numbers = _numbers(log, rows, columns[name], name)
            where = f"{log.path}: {name}"
            readings.values[signal] = to_base(SIGNALS[signal], numbers, _UNITS[unit], where)
    return readings


def _words(line: str) -> list[str]:
    return line.lstrip("# ").split()


def _rows(log: Log, lines: list[str], width: int) -> tuple[Ints, np.ndarray, int]:
    """Return row numbers, cells (rows, width) and how many cut last rows were dropped."""
    rows, cells = [], []
    for row, line in enumerate(lines, start=1):
        if line.startswith("#") or not line.strip():
            continue
        words = line.split()
        if len(words) == width:
            rows.append(row)
            cells.append(words)
        elif row == len(lines):
            return np.array(rows, np.int64), _square(cells, width), 1
        else:
            raise InputError(f"{log.path}: row {row}: expected {width} cells, got {len(words)}")
    return np.array(rows, np.int64), _square(cells, width), 0


def _square(cells: list[list[str]], width: int) -> np.ndarray:
    return np.array(cells, dtype=str).reshape(len(cells), width)


def _numbers(log: Log, rows: Ints, cells: np.ndarray, name: str) -> Floats:
    """Return a column as numbers, NaN for a dash."""
    try:
        return np.where(cells == "-", "nan", cells).astype(np.float64)
    except ValueError:
        for row, cell in zip(rows, cells, strict=True):
            if not re.fullmatch(r"-|[+-]?\d+(\.\d*)?", cell):
                raise InputError(
                    f"{log.path}: row {row}: {name}: expected a number or -, got '{cell}'"
                ) from None
        raise


def _times(log: Log, columns: Mapping[str, np.ndarray], place: Ints) -> Ints:
    """Return the time of each row in microseconds of UTC."""
    zone = log.zone or UTC
    stamp = _STAMP.search(log.path.name)
    start = "{}-{}-{}T{}:{}:{}".format(*stamp.groups()) if stamp else "1970-01-01T00:00:00"
    start_us = int(np.datetime64(start, "us").astype(np.int64))
    if "Time" not in columns:
        sample = np.zeros(len(place), np.int64)
        for k in np.unique(place):
            sample[place == k] = np.arange(np.count_nonzero(place == k))
        return to_utc(start_us + sample * _SECOND_US, zone)
    clock = [f"1970-01-01T{text}" for text in columns["Time"]]
    try:
        time_us = np.array(clock, "datetime64[us]").astype(np.int64)
        if "Date" in columns:
            dates = [f"{d[:4]}-{d[4:6]}-{d[6:8]}" for d in columns["Date"]]
            return to_utc(time_us + np.array(dates, "datetime64[us]").astype(np.int64), zone)
    except ValueError as error:
        raise InputError(f"{log.path}: expected times as YYYYMMDD HH:MM:SS: {error}") from None
    midnights = np.cumsum(np.diff(time_us, prepend=time_us[:1]) < -_DAY_US // 2)
    return to_utc(start_us // _DAY_US * _DAY_US + time_us + midnights * _DAY_US, zone)
