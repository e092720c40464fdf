"""Rates measured between pairs of GPUs."""

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np

from site_models.arrays import Floats, Ints
from site_models.errors import InputError
from site_models.plant import Plant


class Pairs(NamedTuple):
    """Measured rates between GPUs, such as from send and receive."""

    first: Ints
    second: Ints
    bytes_per_s: Floats


def read_pairs(path: Path, plant: Plant) -> Pairs:
    """Return measured pairs from a CSV file with the columns first, second, bytes_per_s.

    Raises InputError naming the file, the row and what was expected.
    """
    index = {name: k for k, name in enumerate(plant.gpu_names)}
    try:
        with path.open(encoding="utf-8", newline="") as text:
            rows = list(csv.DictReader(text))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({type(error).__name__})") from None
    found: list[tuple[int, int, float]] = []
    for number, row in enumerate(rows, start=2):
        for end in ("first", "second"):
            if row.get(end) not in index:
                raise InputError(
                    f"{path}: row {number}: {end}: {row.get(end)!r}, expected a GPU of {plant.site}"
                )
        try:
            rate = float(row["bytes_per_s"])
        except (KeyError, TypeError, ValueError):
            said = row.get("bytes_per_s")
            raise InputError(
                f"{path}: row {number}: bytes_per_s: {said!r}, expected a number"
            ) from None
        found.append((index[row["first"]], index[row["second"]], rate))
    columns = np.array(found, dtype=np.float64).reshape(-1, 3)
    first, second = columns[:, 0].astype(np.int64), columns[:, 1].astype(np.int64)
    return Pairs(first, second, columns[:, 2])
