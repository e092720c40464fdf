"""How sure a mean over a few seeds is."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

TWO_SIDED = 0.975
"""95 % between the two bounds."""


class Mean(NamedTuple):
    """A mean with its 95 % interval by Student's t."""

    mean: float
    low: float
    high: float

    def told(self, digits: int = 2) -> str:
        """Return `mean (low to high)`."""
        return f"{self.mean:.{digits}f} ({self.low:.{digits}f} to {self.high:.{digits}f})"

    def figures(self, mean: str, bounds: str) -> dict[str, float]:
        """Return the three as figures of an outcome; names of the bounds end in _low, _high."""
        return {mean: self.mean, f"{bounds}_low": self.low, f"{bounds}_high": self.high}


def mean_of(values: Sequence[float]) -> Mean:
    """Return the mean of independent values, one a seed; two or more for an interval.

    Checked against tabulated quantiles in ``tests/controllers/trials/test_confidence.py``.
    """
    each = np.asarray(values, dtype=np.float64)
    mean = float(each.mean())
    if len(each) < 2:
        return Mean(mean, -np.inf, np.inf)
    half = float(stdtrit(len(each) - 1, TWO_SIDED)) * float(each.std(ddof=1)) / len(each) ** 0.5
    return Mean(mean, mean - half, mean + half)


def below(ours: Sequence[float], others: Sequence[float]) -> list[float]:
    """Return by how much each of ours is below its other, over the other [%]."""
    return [100.0 * (1.0 - mine / other) for mine, other in zip(ours, others, strict=True)]


def told_each(means: Mapping[str, Mean], digits: int, unit: str = "") -> str:
    """Return `name mean (low to high) unit`, one after the other."""
    each = (f"{name} {mean.told(digits)} {unit}".rstrip() for name, mean in means.items())
    return "; ".join(each)
