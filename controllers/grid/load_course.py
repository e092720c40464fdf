"""When an event of the grid was first heard of, begins and ends."""

import math
from typing import NamedTuple

from controllers.policy import LoadTarget

SAME_W = 1e-6


class Course(NamedTuple):
    """An event as it is followed: plain numbers, so that a run can be stored. NaN: none."""

    power_w: float
    start_s: float
    end_s: float
    """Infinite: until it is taken back."""
    began_s: float
    """When the way down began."""
    from_w: float
    """What the site drew then."""


def course_of(
    target: LoadTarget, before: Course, time_s: float, usual_w: float, now_w: float
) -> Course:
    """Return the course of a target: gone on with where it is the same, else begun now.

    It sets out from what the site usually draws; one that follows another from what it draws
    now [W].
    """
    fresh = math.isnan(before.began_s)
    same = abs(before.power_w - target.power_w) <= SAME_W * target.power_w
    if not fresh and same and before.start_s == target.start_s:
        return before._replace(end_s=target.end_s)
    from_w = usual_w if fresh else now_w
    return Course(target.power_w, target.start_s, target.end_s, time_s, from_w)
