"""Requests to a language model from a table: when each came, tokens read and written.

Columns `TIMESTAMP,ContextTokens,GeneratedTokens` as in Azure's public traces (Splitwise, ISCA
2024); times are ISO 8601, UTC where none is stated.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from site_models.arrays import Floats
from site_models.errors import InputError
from telemetry.files.readings import read_text

COLUMNS = ("TIMESTAMP", "ContextTokens", "GeneratedTokens")


@dataclass(frozen=True, slots=True, eq=False)
class Requests:
    """Requests in the order of their times; arrays of one entry a request."""

    time_s: Floats
    """Since the epoch, UTC."""
    context_tokens: Floats
    generated_tokens: Floats


def read_requests(path: Path) -> Requests:
    """Return the requests of a table; InputError naming the file and the row or column.

    Checked against the published trace in ``tests/telemetry/files/test_requests.py``.
    """
    rows = list(csv.reader(read_text(path).splitlines()))
    head = [name.strip() for name in rows[0]] if rows else []
    missing = [name for name in COLUMNS if name not in head]
    if missing:
        raise InputError(f"{path}: no column {missing[0]}, expected {','.join(COLUMNS)}")
    places = [head.index(name) for name in COLUMNS]
    times, context, generated = [], [], []
    for n, row in enumerate(rows[1:], start=2):
        if not row:
            continue
        try:
            time, read, written = (row[place].strip() for place in places)
            times.append(float(np.datetime64(time.rstrip("Z"), "us").astype(np.int64)) / 1e6)
            context.append(_tokens(read))
            generated.append(_tokens(written))
        except (IndexError, ValueError) as error:
            raise InputError(f"{path}: row {n}: expected a time and two counts ({error})") from None
    if not times:
        raise InputError(f"{path}: expected at least one request")
    order = np.argsort(times, kind="stable")
    return Requests(np.array(times)[order], np.array(context)[order], np.array(generated)[order])


def _tokens(text: str) -> float:
    count = int(text)
    if count < 0:
        raise ValueError(f"{count} tokens")
    return float(count)
