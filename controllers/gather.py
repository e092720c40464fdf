"""Sums by index and laws over arrays, with the types that the libraries' stubs lose."""

from collections.abc import Callable
from typing import Any, NamedTuple, cast

import numpy as np

from site_models.arrays import Floats, Ints
from twin.physics.law import compiled_for


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


class Runs(NamedTuple):
    """Neighbours that belong to one owner each: sums over them need no index."""

    begin: Ints
    """First of every run."""
    owner: Ints
    """Whose it is."""
    owners: int

    def sum(self, values: Any) -> Floats:
        """Return the sum of each owner's values; 0 without any. Shape (owners,)

        >>> runs_of(np.array([1, 1, 0]), 3).sum(np.array([1.0, 2.0, 4.0])).tolist()
        [4.0, 3.0, 0.0]
        """
        return _summed(np.ascontiguousarray(values, np.float64), *self)


@compiled_for("f8[::1](f8[::1], i8[::1], i8[::1], i8)")
def _summed(values: Floats, begin: Ints, owner: Ints, owners: int) -> Floats:
    total = np.zeros(owners)
    for k in range(len(begin)):
        end = begin[k + 1] if k + 1 < len(begin) else len(values)
        found = 0.0
        for i in range(begin[k], end):
            found += values[i]
        total[owner[k]] = found
    return total


def runs_of(owner: Ints, owners: int) -> Runs:
    """Return the runs of things by their owner. ValueError where one's are not neighbours."""
    begin = np.flatnonzero(np.diff(owner, prepend=-1))
    if len(np.unique(owner[begin])) < len(begin):
        raise ValueError("what belongs together does not stand together")
    return Runs(begin, owner[begin], owners)
