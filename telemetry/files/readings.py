"""What an importer is given and what it gives back."""

import gzip
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from site_models.arrays import Floats, Ints
from site_models.errors import InputError
from telemetry.dsx.map import BusMap
from telemetry.files.csv_map import CsvMap
from telemetry.files.zones import Zone
from telemetry.signals import SIGNALS


@dataclass(frozen=True, slots=True)
class Log:
    """A foreign log to be read.

    `node` is the name its node gets, and `prefix` what stands before the ids of parts of a
    node: empty for a single log, the node's name and a dash for several.
    """

    path: Path
    text: str
    node: str = "node0"
    prefix: str = ""
    zone: Zone | None = None
    map: CsvMap | None = None
    bus: BusMap | None = None


@dataclass(slots=True)
class Readings:
    """Rows of one axis, as one log has them. Every array has one entry a row.

    `place` is each row's index into `ids`; times are microseconds since the epoch, UTC.
    Values are in base units, NaN where missing. `rejected` counts readings that were left
    out, by reason.
    """

    axis: str
    ids: tuple[str, ...]
    place: Ints
    time_us: Ints
    values: dict[str, Floats]
    rejected: Counter[str] = field(default_factory=Counter)
    beside: tuple["Readings", ...] = ()
    """What the same log tells on other axes."""


def read_text(path: Path) -> str:
    """Return the text of a log, unpacked if it is gzip; InputError if it has none."""
    try:
        content = path.read_bytes()
        if content.startswith(b"\x1f\x8b"):
            content = gzip.decompress(content)
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or "broken gzip"
        raise InputError(f"{path}: cannot be read: {reason}") from error
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def screened(readings: Readings) -> Readings:
    """Return readings without what is impossible, and without empty and repeated rows.

    A value outside its signal's physical range becomes missing; of rows with equal id and
    time the first is kept. Both are counted in `rejected`.
    """
    rejected = Counter(readings.rejected)
    values: dict[str, Floats] = {}
    present = np.zeros(len(readings.place), bool)
    for name, column in readings.values.items():
        signal = SIGNALS[name]
        wild = (column < signal.low) | (column > signal.high)
        if wild.any():
            rejected[f"{name} outside {signal.low:g}..{signal.high:g}"] += int(wild.sum())
        values[name] = np.where(wild, np.nan, column)
        present |= ~np.isnan(values[name])
    rejected["empty row"] += int((~present).sum())
    keep = np.flatnonzero(present)
    order = keep[np.lexsort((readings.time_us[keep], readings.place[keep]))]
    place, time_us = readings.place[order], readings.time_us[order]
    repeated = np.zeros(len(order), bool)
    repeated[1:] = (np.diff(place) == 0) & (np.diff(time_us) == 0)
    rejected["repeated time"] += int(repeated.sum())
    order = np.sort(order[~repeated])
    return Readings(
        axis=readings.axis,
        ids=readings.ids,
        place=readings.place[order],
        time_us=readings.time_us[order],
        values={name: column[order] for name, column in values.items()},
        rejected=+rejected,
    )


def rising(log: Log, place: Ints, time_us: Ints, first_row: int) -> None:
    """Raise InputError, naming the row, if an id's time goes back. `first_row` is row 0's."""
    order = np.argsort(place, kind="stable")
    back = np.zeros(len(order), bool)
    back[1:] = (np.diff(place[order]) == 0) & (np.diff(time_us[order]) < 0)
    if back.any():
        row = int(order[back].min())
        raise InputError(
            f"{log.path}: row {row + first_row}: time runs backwards "
            f"({np.datetime64(int(time_us[row]), 'us')} UTC after a later one), "
            "expected rising times"
        )


def without_resets(counter: Floats, place: Ints) -> Floats:
    """Return a cumulative count that goes on where the device started again from zero.

    A fall of the count of an id is taken for a reset, and all that was counted before is
    added to what follows. Missing values stay missing.
    """
    whole = counter.copy()
    for k in np.unique(place):
        rows = np.flatnonzero((place == k) & ~np.isnan(counter))
        before = counter[rows[:-1]]
        lost = np.where(np.diff(counter[rows]) < 0.0, before, 0.0)
        whole[rows[1:]] += np.cumsum(lost)
    return whole


def in_order_of_appearance(names: list[str]) -> tuple[tuple[str, ...], Ints]:
    """Return the distinct names and, for each row, the index of its name."""
    index: dict[str, int] = {}
    place = np.array([index.setdefault(name, len(index)) for name in names], np.int64)
    return tuple(index), place
