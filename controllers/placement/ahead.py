"""The hottest hour that a job would see, as far as the site's weather tells.

The typical year's rise over the job's time is added to what is measured now: so a warm day
stays warm, and a site without weather stays as it is.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from site_models.arrays import Floats
from twin.inputs import Outdoors

HOUR_S = 3600.0
LONGEST_H = 14 * 24
"""Hours looked ahead, however long the job is."""


class Air(NamedTuple):
    """How much warmer it gets than now, to a tenth [K]."""

    dry_bulb_k: float
    wet_bulb_k: float


STILL = Air(0.0, 0.0)
"""As now."""


def rise_of(outdoors: Outdoors | None, from_s: float, duration_s: float) -> Air:
    """Return the largest rise of dry and wet bulb over the coming hours; none without weather.

    Checked on the shipped weather file in ``tests/controllers/placement/test_placement_losses.py``.
    """
    if outdoors is None:
        return STILL
    hours = int(np.ceil(min(duration_s / HOUR_S, float(LONGEST_H))))
    dry_k, wet_k = _rises(outdoors, int(from_s // HOUR_S))[:, hours].tolist()
    return Air(round(dry_k, 1), round(wet_k, 1))


@lru_cache(maxsize=8)
def _rises(outdoors: Outdoors, hour: int) -> Floats:
    """Return the largest rise until each hour from now on. Shape (2, LONGEST_H + 1)"""
    air = np.array([outdoors((hour + k) * HOUR_S) for k in range(LONGEST_H + 1)]).T
    return np.asarray(np.maximum.accumulate(air - air[:, :1], axis=1))
