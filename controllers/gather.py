"""Sums by index and laws over arrays, with the types that the libraries' stubs lose."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np

from site_models.arrays import Floats, Ints


def sum_by(index: Ints, values: Any, count: int) -> Floats:
    """Return the sum of the values that share an index. Shape (count,)

    >>> sum_by(np.array([0, 2, 2]), np.array([1.0, 2.0, 3.0]), 4).tolist()
    [1.0, 0.0, 5.0, 0.0]
    """
    return cast(Floats, np.bincount(index, values, count).astype(np.float64, copy=False))


def applied(law: Callable[..., Any], *arguments: Any) -> Floats:
    """Return a law's values over arrays.

    Without a word about divisions by zero: where a rating of 0 means that there is no stage
    the law does not use it, yet vectorised code may divide by it on the way.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.asarray(law(*arguments), dtype=np.float64)
