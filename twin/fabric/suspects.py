"""A suspected part of the fabric, and how sure one must be to name it."""

import math
from typing import NamedTuple

MAD_TO_STD = 1.4826
"""Standard deviation over the median absolute deviation of a normal distribution."""
LEAST_NOISE = 0.003
"""No set of measurements is taken for more even than this."""
LEAST_SLOW = 0.05
"""Parts slower by less are not named: everyday differences of cables and boards."""
FALSE_ALARM = 1e-3
"""Chance that measurements of a sound fabric name anything."""


class Suspect(NamedTuple):
    """A part that is probably slow."""

    name: str
    kind: str
    """`gpu`, `node`, `leaf` or `pod` from pairs, `link` from counters."""
    slow: float
    """Share of the usual rate that is missing; NaN where counters only tell that it is ill."""
    certainty: float
    """Standard deviations above what noise brings."""
    why: str
    also: tuple[str, ...] = ()
    """Parts that the same measurements would explain as well."""


def deviations(tests: int) -> float:
    """Return the deviations that noise exceeds with the chance FALSE_ALARM in so many tests."""
    tail = FALSE_ALARM / max(tests, 1)
    return math.sqrt(2.0 * math.log(1.0 / tail))
