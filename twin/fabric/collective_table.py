"""Tables of measured collectives, as benchmark pages publish them, and predictions beside them.

Columns of a CSV file: `gpu, gpus_per_node, nodes, interconnect, collective, size_bytes`, and
where known `algo_if_known`, `time_us`, `source_url`.
"""

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from site_models.arrays import Flags, Floats
from site_models.errors import InputError
from twin.fabric.collective import OPERATIONS
from twin.fabric.collective_fit import Table
from twin.fabric.names import Names, span_of_names

COLUMNS = ("gpu", "gpus_per_node", "nodes", "interconnect", "collective", "size_bytes")
_ALGORITHMS = {"ring": "ring", "tree": "tree", "nvlstree": "nvls"}
_S_PER_US = 1e-6


def read_table(path: Path) -> tuple[Table, list[Mapping[str, str]]]:
    """Return a table of measured or wanted collectives and its rows as they stand.

    Times that are missing are NaN. An algorithm is taken where the row names exactly one, such
    as `Ring`; a fallback (`CollNet(fallback, ...)`) is a ring. Raises InputError naming file,
    row and column.
    """
    rows = _rows(path)
    names, sizes, times, algorithms = [], [], [], []
    for number, row in enumerate(rows, 2):
        where = f"{path}: row {number}"
        if row["collective"] not in OPERATIONS:
            raise InputError(
                f"{where}: collective: {row['collective']!r}, expected one of:"
                f" {', '.join(OPERATIONS)}"
            )
        counts = [int(_number(row, key, where)) for key in ("gpus_per_node", "nodes")]
        if counts[0] * counts[1] < 2:
            raise InputError(f"{where}: gpus_per_node times nodes is 1, expected 2 GPUs or more")
        names.append(Names(row["gpu"], counts[0], counts[1], row["interconnect"]))
        sizes.append(_number(row, "size_bytes", where))
        times.append(_number(row, "time_us", where) * _S_PER_US if row.get("time_us") else np.nan)
        stated = (row.get("algo_if_known") or "").lower()
        algorithms.append("ring" if "fallback" in stated else _ALGORITHMS.get(stated, ""))
    return (
        Table(
            tuple(row["collective"] for row in rows),
            tuple(algorithms),
            tuple(row.get("source_url") or "" for row in rows),
            np.array(sizes),
            np.array(times),
            span_of_names(names, f"{path}: "),
        ),
        rows,
    )


def group_keys(rows: list[Mapping[str, str]]) -> list[str]:
    """Return the key of each row's system: GPU/GPUs a node/nodes/interconnect."""
    keys = ("gpu", "gpus_per_node", "nodes", "interconnect")
    return ["/".join(row[key] for key in keys) for row in rows]


def matching(keys: list[str], wanted: str) -> Flags:
    """Return the rows of a system; parts that the end of `wanted` leaves out match any.

    The GPU may be a part of the name: `H100/8/2` is every table of two nodes of eight H100.
    Raises InputError if no row matches.
    """
    parts = [part.strip().lower() for part in wanted.split("/", 3)]
    found = np.array([_fits(key.lower().split("/", 3), parts) for key in keys], dtype=np.bool_)
    if not found.any():
        known = ", ".join(dict.fromkeys(keys))
        raise InputError(f"--calibrate: no row of {wanted!r}, expected one of: {known}")
    return found


def errors_of(predicted_s: Floats, measured_s: Floats) -> Floats:
    """Return the absolute relative errors of the rows with a measured time [-]."""
    known = measured_s > 0.0
    return np.asarray(np.abs(predicted_s[known] / measured_s[known] - 1.0))


def _fits(key: list[str], wanted: list[str]) -> bool:
    same = zip(key, wanted, strict=False)
    return all(b in a if k in (0, 3) else a == b for k, (a, b) in enumerate(same))


def _rows(path: Path) -> list[Mapping[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise InputError(f"{path}: column {missing[0]!r} is missing, expected it")
            rows: list[Mapping[str, str]] = [
                {k: v or "" for k, v in row.items() if k} for row in reader
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{path}: cannot be read as CSV ({reason})") from None
    if not rows:
        raise InputError(f"{path}: no rows, expected at least one")
    return rows


def _number(row: Mapping[str, str], key: str, where: str) -> float:
    try:
        number = float(row[key])
    except ValueError:
        raise InputError(f"{where}: {key}: {row[key]!r}, expected a number") from None
    if not np.isfinite(number) or number < 0.0 or (number == 0.0 and key != "time_us"):
        raise InputError(f"{where}: {key}: {row[key]}, expected a number above 0")
    return number
