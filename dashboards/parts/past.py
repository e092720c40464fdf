"""What was over a limit and no longer is: a trip must not vanish with the tick that ends it."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from dashboards.findings import Finding, Severity
from dashboards.numbers import span
from dashboards.parts.chart_points import zone_name

SHOWN_S, MOST, KEPT = 1800.0, 5, 100
"""How long it is shown, how many lines of it, how many are remembered."""
SAME_S = 60.0
"""What is over again so soon has not been well meanwhile."""


@dataclass(frozen=True, slots=True)
class Episode:
    """One time that something was over its limit."""

    where: str
    what: str
    """As it was said first."""
    href: str
    start_s: float
    end_s: float


class Past:
    """Remembers what was over; `look` at every tick, in the loop's thread."""

    def __init__(self) -> None:
        self._open: dict[str, Episode] = {}
        self._ended: deque[Episode] = deque(maxlen=KEPT)
        self._time_s = float("-inf")
        self._shown: tuple[Episode, ...] = ()

    def look(self, found: Iterable[Finding], time_s: float) -> None:
        """Take a tick's findings; a clock that runs back, as of a replay, forgets all."""
        if time_s < self._time_s:
            self._open.clear()
            self._ended.clear()
        self._time_s = time_s
        over = {one.where: one for one in found if one.severity is Severity.OVER}
        for where in [where for where in self._open if where not in over]:
            self._ended.append(replace(self._open.pop(where), end_s=time_s))
        for where, one in over.items():
            if where not in self._open:
                self._open[where] = self._again(where) or Episode(
                    where, one.what, one.href, time_s, time_s
                )
        self._shown = tuple(
            one for one in reversed(self._ended) if time_s - one.end_s <= SHOWN_S
        )  # fmt: skip

    @property
    def recent(self) -> tuple[Episode, ...]:
        """Return what was over and is not now, the latest first."""
        return self._shown

    def _again(self, where: str) -> Episode | None:
        """Take back and return what ended a moment ago at the same place."""
        for one in self._ended:
            if one.where == where and self._time_s - one.end_s <= SAME_S:
                self._ended.remove(one)
                return one
        return None


def lines_of(past: Iterable[Episode], zone: str) -> list[Finding]:
    """Return what was over as lines; what is one event at many places is one line."""
    lines: list[Finding] = []
    groups: dict[tuple[float, float], list[Episode]] = {}
    for one in past:
        groups.setdefault((round(one.start_s, -1), round(one.end_s, -1)), []).append(one)
    for same in list(groups.values())[:MOST]:
        first = same[0]
        more = f", {len(same) - 1} alike elsewhere" if len(same) > 1 else ""
        ended = datetime.fromtimestamp(first.end_s, ZoneInfo(zone_name(zone)))
        lasted = span(first.end_s - first.start_s)
        what = f"for {lasted} until {ended:%H:%M:%S}{more}: {first.what}"
        lines.append(Finding(Severity.NOTE, first.where, what, first.href))
    return lines
