"""Foreign logs become a recording, whole or not at all."""

import importlib
import os
import pkgutil
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

import numpy as np

import telemetry.importers
from site_models.errors import InputError
from telemetry.dsx.map import read_bus_map
from telemetry.files.csv_map import read_map
from telemetry.files.readings import Log, Readings, read_text, screened
from telemetry.files.zones import zone_of
from telemetry.recording import RecordingWriter
from telemetry.signals import SIGNALS

_HEAD = 4096
_PART_ROWS = 500_000
BUS_FORMAT = "dsx-csv"
"""The format whose map is one of a bus."""


class Importer(Protocol):
    """What a module of `telemetry.importers` offers."""

    FORMAT: str

    def sniff(self, head: str, path: Path) -> bool:
        """Return whether a log that begins with `head` is of this format."""
        ...

    def read(self, log: Log) -> Readings:
        """Return the log's readings; InputError naming file and row if it is unusable."""
        ...


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import took, and what it left out and why."""

    rows: int
    signals: tuple[str, ...]
    span_s: float
    rejected: Mapping[str, int]


def importers() -> dict[str, Importer]:
    """Return every importer by its format, found in the folder."""
    found = sorted(module.name for module in pkgutil.iter_modules(telemetry.importers.__path__))
    modules = [importlib.import_module(f"telemetry.importers.{name}") for name in found]
    return {module.FORMAT: cast("Importer", module) for module in modules}


def import_files(
    files: Sequence[Path | str],
    out: Path | str,
    format: str = "auto",
    map: Path | str | None = None,
    zone: str | None = None,
) -> ImportReport:
    """Make a recording of logs and return what was taken.

    Parameters
    ----------
    files
        Logs, plain or gzip. Several are node0, node1, ... in the given order, unless a map
        names the ids.
    out
        Folder of the recording: new or empty.
    format
        One of `importers()`, or auto: each file is asked; a map means csv.
    map
        Map file of the format csv, or of a bus for the format dsx-csv.
    zone
        Of local times. Without it the zone that the log states counts, else UTC.

    Raises
    ------
    InputError
        One line naming file and row or key. Then `out` is as it was before.
    """
    out = Path(out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out}: expected a new or empty folder for the recording")
    if not files:
        raise InputError("no files to import, expected at least one")
    logs = _logs([Path(file) for file in files], Path(map) if map else None, format, zone)
    taken = [screened(one) for log in logs for one in _read(log, format)]
    joined = [_joined([one for one in taken if one.axis == axis]) for axis in _axes(taken)]
    if not any(len(one.place) for one in joined):
        raise InputError(f"{files[0]}: no usable reading, expected at least one row")
    _write_whole(out, joined, f"{len(files)} logs, first {Path(files[0]).name}")
    return _report(joined, sum((one.rejected for one in [*taken, *joined]), Counter()))


def _report(joined: Sequence[Readings], rejected: Mapping[str, int]) -> ImportReport:
    """Return what was taken of which signals, over which time."""
    time_us = np.concatenate([one.time_us for one in joined])
    names = {n for one in joined for n, v in one.values.items() if not np.isnan(v).all()}
    return ImportReport(
        rows=len(time_us),
        signals=tuple(name for name in SIGNALS if name in names),
        span_s=float(time_us.max() - time_us.min()) / 1e6,
        rejected=dict(sorted(rejected.items())),
    )


def _logs(files: Sequence[Path], map: Path | None, format: str, zone: str | None) -> list[Log]:
    rules = zone_of(zone) if zone else None
    of_bus = format == BUS_FORMAT
    chart = read_map(map) if map is not None and not of_bus else None
    bus = read_bus_map(map) if map is not None and of_bus else None
    logs = []
    for k, path in enumerate(files):
        node = f"node{k}"
        prefix = f"{node}-" if len(files) > 1 else ""
        logs.append(Log(path, read_text(path), node, prefix, rules, chart, bus))
    return logs


def _read(log: Log, format: str) -> list[Readings]:
    """Return a log's readings, one an axis, by the format asked for or found."""
    known = importers()
    if format == "auto":
        head = log.text[:_HEAD]
        fitting = [name for name, module in known.items() if module.sniff(head, log.path)]
        if not fitting and log.map is None:
            raise InputError(
                f"{log.path}: format not recognised, expected one of "
                f"{', '.join(sorted(known))}; any other table needs --map MAP.yaml"
            )
        format = "csv" if log.map is not None and "mllog" not in fitting else fitting[0]
    if format not in known:
        raise InputError(
            f"--format: unknown format {format!r}, expected auto or one of "
            f"{', '.join(sorted(known))}"
        )
    found = known[format].read(log)
    return [found, *found.beside]


def _axes(taken: Sequence[Readings]) -> list[str]:
    return list(dict.fromkeys(readings.axis for readings in taken))


def _joined(logs: Sequence[Readings]) -> Readings:
    """Return the readings of several logs as one, in the order of their times."""
    ids = tuple(dict.fromkeys(name for one in logs for name in one.ids))
    index = {name: k for k, name in enumerate(ids)}
    names = dict.fromkeys(name for one in logs for name in one.values)
    place = np.concatenate([np.array([index[i] for i in r.ids], np.int64)[r.place] for r in logs])
    time_us = np.concatenate([one.time_us for one in logs])
    order = np.argsort(time_us, kind="stable")
    values = {
        name: np.concatenate(
            [r.values[name] if name in r.values else np.full(len(r.place), np.nan) for r in logs]
        )[order]
        for name in names
    }
    return screened(Readings(logs[0].axis, ids, place[order], time_us[order], values))


def _write_whole(out: Path, joined: Sequence[Readings], source: str) -> None:
    """Write a recording beside `out` and rename it, so that half of one never stands there."""
    made = next((p for p in reversed([out.parent, *out.parent.parents]) if not p.exists()), None)
    out.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        axes = {readings.axis: readings.ids for readings in joined}
        with RecordingWriter(scratch, source=source, axes=axes, part_s=np.inf) as writer:
            for readings in joined:
                _write(writer, readings)
        scratch.chmod(0o777 & ~_umask())
        scratch.replace(out)
    except BaseException:
        shutil.rmtree(made or scratch, ignore_errors=True)
        raise


def _write(writer: RecordingWriter, readings: Readings) -> None:
    """Write rows, which are in the order of time, in parts that never share an instant."""
    begin, count = 0, len(readings.time_us)
    while begin < count:
        last_us = readings.time_us[min(begin + _PART_ROWS, count) - 1]
        end = int(np.searchsorted(readings.time_us, last_us, side="right"))
        rows = slice(begin, end)
        values = {name: column[rows] for name, column in readings.values.items()}
        writer.add_rows(readings.axis, readings.place[rows], readings.time_us[rows], values)
        begin = end


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
