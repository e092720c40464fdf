"""Recorded messages of NVIDIA's DSX Exchange: a table of offset, topic and payload.

Offsets are spans of time since the log began, as in ``1m39.3675441s``. Payloads may have a
template field instead of their timestamp; then a reading's time is its offset from 1970-01-01,
as nobody knows the day.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from site_models.errors import InputError
from telemetry.dsx.map import BusMap
from telemetry.dsx.points import Point, point_of
from telemetry.dsx.words import METADATA, PUB, Topic, good_value, metadata_of, topic_of
from telemetry.files.log_table import first_cells
from telemetry.files.readings import Log, Readings
from telemetry.signals import SIGNALS

FORMAT = "dsx-csv"
COLUMNS = ["offset", "topic", "payload"]

_US_PER = {"h": 3.6e9, "m": 6e7, "s": 1e6, "ms": 1e3, "us": 1.0, "µs": 1.0, "ns": 1e-3}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|us|µs|ns|h|m|s)")
_SPAN = re.compile(rf"(?:{_PART.pattern})+")
_TEMPLATE_FIELD = re.compile(r"\{\{\s*\w+\s*\}\}")
_STAND_IN_MS = "1000000000000"

_Row = tuple[int, Topic, bytes, bool]
"""Offset in microseconds, topic, payload, and whether its timestamp is a template field."""
_Known = tuple[Point, str]
"""A point that is a reading, and who publishes it."""
_Found = dict[tuple[str, int], dict[str, float]]
"""Id and time -> signal -> value."""


def sniff(head: str, path: Path) -> bool:
    """Return whether the header is that of recorded messages."""
    return first_cells(head) == COLUMNS


def read(log: Log) -> Readings:
    """Return the readings of racks and, beside, of CDUs, named as the bus or the map does.

    Flows are told as volumes; they are water's unless the map gives a density. Values of bad
    quality, null, of points without metadata or of other publishers, and payloads that are
    not JSON, are left out and counted. Raises InputError naming the row that is no message.
    Checked against the means that come with the recorded messages in
    ``tests/telemetry/importers/test_import_dsx.py``.
    """
    rejected: Counter[str] = Counter()
    rows = list(_rows(log, rejected))
    points = _points(rows, log.bus or BusMap(), rejected)
    found: dict[str, _Found] = {}
    for offset_us, topic, payload, undated in rows:
        if topic.kind == METADATA:
            continue
        try:
            told = _reading(points, topic, payload)
        except InputError as error:
            rejected[str(error)] += 1
            continue
        if told is not None:
            point, value, stamp_us = told
            key = (point.ids[0], offset_us if undated else stamp_us)
            found.setdefault(SIGNALS[point.signal].axis, {}).setdefault(key, {})[point.signal] = (
                value
            )
    if not found:
        raise InputError(f"{log.path}: no reading of a rack or CDU, expected at least one")
    first, *others = (_table(axis, rows_of) for axis, rows_of in found.items())
    first.rejected.update(rejected)
    first.beside = tuple(others)
    return first


def span_us(text: str) -> int | None:
    """Return a span of time such as ``1m39.3675441s`` in microseconds; None for no span."""
    if not _SPAN.fullmatch(text):
        return None
    return round(sum(float(number) * _US_PER[unit] for number, unit in _PART.findall(text)))


def _rows(log: Log, rejected: Counter[str]) -> Iterator[_Row]:
    cut: list[str] | None = None
    for row, cells in _cells(log):
        if cut is not None or (len(cells) == len(COLUMNS) and span_us(cells[0]) is None):
            raise InputError(
                f"{log.path}: row {row}: expected offset, topic and payload, the offset such as "
                f"1m2.5s, got {(cut or cells)[0]!r}"
            )
        if len(cells) != len(COLUMNS):
            cut = cells or None
            continue
        payload, fields = _TEMPLATE_FIELD.subn(_STAND_IN_MS, cells[2])
        try:
            topic = topic_of(cells[1])
        except InputError as error:
            rejected[str(error)] += 1
            continue
        yield span_us(cells[0]) or 0, topic, payload.encode(), fields > 0
    rejected["half-written last row"] += cut is not None


def _cells(log: Log) -> Iterator[tuple[int, list[str]]]:
    """Yield each row below the header with its number, the header's being 1."""
    rows = csv.reader(io.StringIO(log.text))
    next(rows, None)
    row = 1
    try:
        for row, cells in enumerate(rows, start=2):
            yield row, cells
    except csv.Error as error:
        raise InputError(f"{log.path}: row {row + 1}: expected a table: {error}") from error


def _points(rows: list[_Row], chart: BusMap, rejected: Counter[str]) -> Mapping[str, _Known | None]:
    """Return what each point is; of two that tell the same, the first."""
    points: dict[str, _Known | None] = {}
    claims: dict[tuple[str, str], str] = {}
    for _, topic, payload, _ in rows:
        if topic.kind != METADATA or topic.publisher != PUB or points.get(topic.point):
            continue
        points[topic.point] = None
        try:
            metadata = metadata_of(topic, payload)
            point = point_of(topic, metadata, chart)
        except InputError as error:
            rejected[str(error)] += 1
            continue
        if point is None:
            continue
        if claims.setdefault((point.ids[0], point.signal), topic.point) != topic.point:
            rejected["second point of one signal"] += 1
            continue
        points[topic.point] = point, metadata.integration or PUB
    return points


def _reading(
    points: Mapping[str, _Known | None], topic: Topic, payload: bytes
) -> tuple[Point, float, int] | None:
    """Return point, value in the base unit and time [us]; None for a point of no interest."""
    if topic.point not in points:
        raise InputError("value of a point without metadata")
    known = points[topic.point]
    if known is None:
        return None
    point, owner = known
    value = good_value(topic, payload, owner)
    return point, value.reading * point.scale + point.offset, round(value.time_s * 1e6)


def _table(axis: str, found: _Found) -> Readings:
    ids = tuple(sorted({name for name, _ in found}))
    index = {name: k for k, name in enumerate(ids)}
    signals = dict.fromkeys(signal for values in found.values() for signal in values)
    return Readings(
        axis,
        ids,
        np.array([index[name] for name, _ in found], np.int64),
        np.array([time_us for _, time_us in found], np.int64),
        {
            signal: np.array([values.get(signal, np.nan) for values in found.values()])
            for signal in signals
        },
    )
