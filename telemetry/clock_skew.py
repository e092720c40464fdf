"""Clocks of other hosts: how far they are off, told apart from readings that come late."""

from dataclasses import dataclass

from telemetry.health import Health

LATE_S = 30.0
"""Readings that are older than this when they come are late, or their host's clock is slow."""
AHEAD_S = 5.0
"""A host this far ahead of us has a fast clock: nothing is read before it is measured."""
STEADY_S = 20.0
"""A lag that stays the same for this long is a clock; a backlog catches up."""
SAME_S = 5.0


@dataclass(slots=True)
class _Seen:
    shift_s: float = 0.0
    lag_s: float = 0.0
    since_s: float = 0.0


class Clocks:
    """Finds by how much each sender's times are to be shifted to be ours.

    Checked with jumps of an hour both ways and a backlog in
    ``tests/telemetry/test_clock_skew.py``.
    """

    def __init__(self, health: Health) -> None:
        self._health = health
        self._seen: dict[str, _Seen] = {}

    def shift_s(self, sender: str, newest_s: float, now_s: float) -> float:
        """Return what to add to a sender's times, by its newest reading that just came [s]."""
        seen = self._seen.setdefault(sender, _Seen(since_s=now_s))
        lag_s = now_s - newest_s
        if -AHEAD_S <= lag_s <= LATE_S:
            seen.shift_s, seen.lag_s, seen.since_s = 0.0, lag_s, now_s
            self._health.cleared("skewed", sender, now_s)
            return 0.0
        if -AHEAD_S <= lag_s - seen.shift_s <= LATE_S and seen.shift_s:
            return seen.shift_s
        if abs(lag_s - seen.lag_s) > SAME_S:
            seen.lag_s, seen.since_s = lag_s, now_s
        if lag_s < -AHEAD_S or now_s - seen.since_s >= STEADY_S:
            seen.shift_s = lag_s
            way = "ahead of" if lag_s < 0.0 else "behind"
            self._health.raised(
                "skewed", sender, f"its clock is {abs(lag_s):.0f} s {way} ours; shifted", now_s
            )
        return seen.shift_s
