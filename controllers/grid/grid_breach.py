"""When the site draws more than the grid's target: the life of a breach."""

from dataclasses import dataclass
from typing import Literal

from controllers.grid.grid_desk import Second

Status = Literal["active", "escalated", "resolved"]

THRESHOLD, CRITICAL = 0.01, 0.20
"""Excess over the target that is a breach, and a critical one."""
LONG_S = 300.0
"""A breach that lasts so long is escalated."""
GRACE_S = 15.0
"""The mean that is judged lies within the event by then."""


@dataclass(frozen=True, slots=True)
class Breach:
    """A breach as it stands. `status` empty: there is none."""

    status: Status | Literal[""] = ""
    since_s: float = 0.0
    excess: float = 0.0
    """Over the target, as a share of it."""
    target_w: float = 0.0
    in_force_s: float = 0.0
    """Since when this target has been in force."""

    @property
    def critical(self) -> bool:
        """Whether the excess passes the contract's 20 %."""
        return self.excess > CRITICAL


def look(before: Breach, row: Second) -> Breach:
    """Return the breach after a line of the report; a changed status is to be told.

    active: the 15 s mean is over the target by the threshold; escalated: critical, or long;
    resolved: back, or nothing is asked any more; then nothing. Checked in
    ``tests/controllers/grid/test_grid_desk.py``.
    """
    asked = row.target_w == row.target_w
    if before.status == "resolved":
        before = Breach(target_w=before.target_w, in_force_s=before.in_force_s)
    if asked and row.target_w != before.target_w:
        before = Breach(before.status, before.since_s, before.excess, row.target_w, row.time_s)
    excess = row.mean_w / row.target_w - 1.0 if asked and row.target_w > 0.0 else 0.0
    settled = row.time_s - before.in_force_s >= GRACE_S
    if not asked:
        before = Breach(before.status, before.since_s, before.excess)
    over = asked and settled and excess > THRESHOLD
    kept = (before.target_w, before.in_force_s)
    if not over:
        status: Status | Literal[""] = "resolved" if before.status else ""
        return Breach(status, before.since_s, max(excess, 0.0), *kept)
    if not before.status:
        first: Status = "escalated" if excess > CRITICAL else "active"
        return Breach(first, row.time_s, excess, *kept)
    long = row.time_s - before.since_s >= LONG_S
    worse = before.status == "escalated" or excess > CRITICAL or long
    return Breach("escalated" if worse else "active", before.since_s, excess, *kept)
