"""Job lists of Slurm's accounting, on the axis `job`: one id a job, a row at each change.

What `sacct` prints with `--parsable` or `--parsable2` (cells between bars), with another
`--delimiter` such as a comma, or as a plain table under a rule of dashes. A job has a row when
it was submitted, when it started and when it ended; job steps lend it their energy only.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from site_models.errors import InputError
from telemetry.files.readings import Log, Readings, in_order_of_appearance
from telemetry.files.zones import UTC, to_utc

FORMAT = "sacct"

STATES = {
    "PENDING": 0, "RUNNING": 1, "SUSPENDED": 2, "COMPLETED": 3, "CANCELLED": 4, "FAILED": 5,
    "TIMEOUT": 6, "NODE_FAIL": 7, "PREEMPTED": 8, "BOOT_FAIL": 9, "DEADLINE": 10,
    "OUT_OF_MEMORY": 11,
}  # fmt: skip
"""Numbers of `enum job_states` in slurm.h, 22.05."""

_NEEDED = ("JobID", "Start", "End")
_NO_TIME = ("", "Unknown", "None", "N/A")
_TRES_GPUS = re.compile(r"gres/gpu(?::[^=,]+)?=(\d+)")
_GRES_GPUS = re.compile(r"gpu(?::[A-Za-z_][^:,]*)?:(\d+)")
_ENERGY = re.compile(r"(\d+(?:\.\d*)?)([KMGT]?)")
_FACTOR = {"": 1.0, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}

Cells = dict[str, str]


def sniff(head: str, path: Path) -> bool:
    """Return whether the first line names a job and its times as sacct does."""
    words = re.split(r"[|,;\s]+", head.split("\n", 1)[0].strip())
    return all(name in words for name in _NEEDED) or {"JobIDRaw", "Start", "End"} <= set(words)


def read(log: Log) -> Readings:
    """Return the jobs' changes; InputError naming the file and row or column that is unusable.

    `job_gpus` and `job_nodes` are what the job holds from the row on, `job_energy_j` what it
    consumed, in the row of its end. Checked in ``tests/telemetry/importers/test_import_sacct.py``.
    """
    rejected: Counter[str] = Counter()
    names: list[str] = []
    rows: list[tuple[int, float, float, float, float]] = []
    steps = _step_energy(log)
    for row, cells in _table(log):
        job = cells.get("JobID") or cells.get("JobIDRaw") or ""
        if "." in job:
            rejected["job step"] += 1
            continue
        changes = _changes(log, row, cells, steps.get(job, np.nan))
        if len(changes) == 0:
            rejected["job without times"] += 1
        names += [log.prefix + job] * len(changes)
        rows += changes
    if not rows:
        raise InputError(f"{log.path}: expected at least one job with its times")
    ids, place = in_order_of_appearance(names)
    time_us, state, gpus, nodes, energy_j = (np.array(column) for column in zip(*rows, strict=True))
    order = np.argsort(time_us, kind="stable")
    values = {
        "job_state": state[order],
        "job_gpus": gpus[order],
        "job_nodes": nodes[order],
        "job_energy_j": energy_j[order],
    }
    readings = Readings("job", ids, place[order], time_us[order].astype(np.int64), values)
    readings.rejected.update(rejected)
    return readings


def _changes(
    log: Log, row: int, cells: Cells, step_energy_j: float
) -> list[tuple[int, float, float, float, float]]:
    """Return time [us], state, GPUs, nodes and energy of each change of a job."""
    word = cells.get("State", "").split(" ")[0].rstrip("+")
    state = float(STATES.get(word, np.nan))
    gpus, nodes = _gpus(cells), _count(cells.get("NNodes", cells.get("AllocNodes", "")))
    energy_j = _energy_j(cells)
    energy_j = step_energy_j if np.isnan(energy_j) else energy_j
    found = []
    submit, start, end = (_time(log, row, cells, key) for key in ("Submit", "Start", "End"))
    if submit is not None and (start is None or submit < start):
        found.append((submit, float(STATES["PENDING"]), 0.0, 0.0, np.nan))
    if start is not None:
        found.append((start, float(STATES["RUNNING"]), gpus, nodes, np.nan))
    if end is not None and start is not None:
        if end < start:
            raise InputError(f"{log.path}: row {row}: End before Start, expected it later")
        # a job that ended within the second that it started in has one row, that of its end
        found = [change for change in found if change[0] != end]
        found.append((end, state, 0.0, 0.0, energy_j))
    return found


def _table(log: Log) -> Iterator[tuple[int, Cells]]:
    """Yield the number of each row, the heading being 1, and its cells by column."""
    lines = log.text.splitlines()
    if len(lines) > 1 and re.fullmatch(r"\s*-+(\s+-+)*\s*", lines[1]):
        edges = [match.span() for match in re.finditer(r"-+", lines[1])]
        tables = ([line[a:b].strip() for a, b in edges] for line in (lines[0], *lines[2:]))
        numbers = [1, *range(3, len(lines) + 1)]
        parted = list(zip(numbers, tables, strict=True))
    else:
        mark = next((mark for mark in "|;," if mark in lines[0]), "|") if lines else "|"
        parted = list(enumerate(csv.reader(lines, delimiter=mark), start=1))
    if not parted:
        raise InputError(f"{log.path}: expected a heading with JobID, Start and End")
    head = [name.strip() for name in parted[0][1]]
    for name in _NEEDED:
        if name not in head and not (name == "JobID" and "JobIDRaw" in head):
            raise InputError(f"{log.path}: no column {name}, expected JobID, Start and End")
    for row, cells in parted[1:]:
        if not any(cells):
            continue
        if len(cells) < len(head):
            raise InputError(f"{log.path}: row {row}: {len(cells)} cells, expected {len(head)}")
        yield row, {name: cell.strip() for name, cell in zip(head, cells, strict=False)}


def _time(log: Log, row: int, cells: Cells, key: str) -> int | None:
    """Return a time in microseconds, UTC; None where the job has none."""
    text = cells.get(key, "")
    if text in _NO_TIME:
        return None
    try:
        local = np.datetime64(text, "us").astype(np.int64)
    except ValueError:
        raise InputError(
            f"{log.path}: row {row}: {key} {text!r}, expected YYYY-MM-DDTHH:MM:SS"
        ) from None
    return int(to_utc(np.array([local]), log.zone or UTC)[0])


def _gpus(cells: Cells) -> float:
    for key in ("AllocTRES", "ReqTRES"):
        counts = [int(text) for text in _TRES_GPUS.findall(cells.get(key, ""))]
        if counts:  # the total, and the same by model
            return float(max(counts))
    found = _GRES_GPUS.findall(cells.get("AllocGRES", cells.get("ReqGRES", "")))
    return float(sum(int(text) for text in found)) if found else np.nan


def _count(text: str) -> float:
    return float(text) if text.isdigit() else np.nan


def _energy_j(cells: Cells) -> float:
    """Return the energy that a row states; 0 and what Slurm writes for unknown are missing."""
    text = cells.get("ConsumedEnergyRaw") or cells.get("ConsumedEnergy") or ""
    found = _ENERGY.fullmatch(text)
    if found is None:
        return np.nan
    energy_j = float(found[1]) * _FACTOR[found[2]]
    return energy_j if 0.0 < energy_j < 1.8e19 else np.nan


def _step_energy(log: Log) -> dict[str, float]:
    """Return the energy that the steps of each job consumed."""
    total: dict[str, float] = {}
    for _, cells in _table(log):
        job, dot, _ = (cells.get("JobID") or cells.get("JobIDRaw") or "").partition(".")
        energy_j = _energy_j(cells)
        if dot and not np.isnan(energy_j):
            total[job] = total.get(job, 0.0) + energy_j
    return total
