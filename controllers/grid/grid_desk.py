"""What the grid has asked of the site, and how the site answers, second by second."""

import math
import threading
import uuid
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from controllers.grid.targets import Targets
from controllers.policy import LoadTarget
from controllers.site_power import SitePower, believed_site_w, metered_site_w, site_power
from controllers.snapshot import Snapshot

Phase = Literal["rest", "down", "held", "up"]
"""Nothing is asked; coming down; at or below the target; coming back."""

BASE_S, BEFORE_S = 600.0, 300.0
"""The baseline is the site's mean over ten minutes, up to five minutes before an event begins
or up to the minute that it is told of, whichever is later."""
WINDOW_S, KEPT_S = 15.0, 3600.0
"""Mean that is judged; how long the report goes back."""
RAMP_S = 60.0
"""Before its start a target is being approached."""
BACK_S, BACK = 1800.0, 0.98
"""After an event the site is back when it draws this part of the baseline, or after this time."""
FORGOTTEN_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A target with its number."""

    key: str
    target: LoadTarget
    told_s: float
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Second:
    """One line of the report. NaN: not known, or nothing asked."""

    time_s: float
    site_w: float
    mean_w: float
    """Over the last 15 s."""
    baseline_w: float
    target_w: float
    """In force now."""
    phase: Phase
    metered: bool
    """`site_w` was read at the meters just now; else the twin believes it, by as much more or
    less as the meters showed when they spoke."""

    @property
    def delivered_w(self) -> float:
        """Power below the baseline [W]."""
        return self.baseline_w - self.site_w

    @property
    def compliant(self) -> bool:
        """Whether the 15 s mean keeps to the target; True where none is in force."""
        return not self.mean_w > self.target_w


class GridDesk:
    """Takes targets from people and from the grid, and keeps the report. Safe from any thread.

    Targets go to the loop through `Targets`, where policies find them. `look` hears every
    snapshot. Checked in ``tests/controllers/grid/test_grid_desk.py``.
    """

    def __init__(self, targets: Targets) -> None:
        self._targets, self._lock = targets, threading.Lock()
        self._asked: dict[str, Asked] = {}
        self._past: deque[tuple[float, float, float]] = deque()
        self._report: deque[Second] = deque()
        self._frozen_w, self._over_s = math.nan, -math.inf
        self._site = SitePower()
        self._phase: Phase = "rest"

    def ask(self, target: LoadTarget, time_s: float, key: str = "") -> Asked:
        """Note a target and return it with its key; InputError for one that cannot be."""
        asked = Asked(key or uuid.uuid4().hex[:12], target, time_s)
        self._targets.set(asked.key, target)
        with self._lock:
            self._asked[asked.key] = asked
        return asked

    def cancel(self, key: str) -> bool:
        """Take a target back; False where there is none that is not over."""
        gone = self._targets.drop(key)
        with self._lock:
            if gone and key in self._asked:
                self._asked[key] = replace(self._asked[key], cancelled=True)
        return gone

    def asked(self, time_s: float) -> tuple[Asked, ...]:
        """Return the targets of the last day and those to come, by their start."""
        with self._lock:
            old = [k for k, one in self._asked.items() if one.target.end_s < time_s - FORGOTTEN_S]
            for key in old:
                del self._asked[key]
            every = list(self._asked.values())
        return tuple(sorted(every, key=lambda one: (one.target.start_s, one.key)))

    def report(self, for_s: float = KEPT_S) -> Sequence[Second]:
        """Return the last seconds, the newest last."""
        with self._lock:
            if not self._report:
                return ()
            from_s = self._report[-1].time_s - for_s
            return [row for row in self._report if row.time_s > from_s]

    def look(self, snapshot: Snapshot) -> None:
        """Take note of a snapshot."""
        time_s = snapshot.state.time_s
        plant, dt_s = snapshot.plant, max(snapshot.dt_s, 1e-3)
        metered_w = metered_site_w(plant, snapshot.frame)
        believed_w = believed_site_w(plant, snapshot.state)
        target = self._targets.at(time_s)
        with self._lock:
            if self._past and time_s <= self._past[-1][0]:
                self._past.clear()
                self._report.clear()
                self._site = SitePower()
            self._site = site_power(self._site, metered_w, believed_w, dt_s)
            site_w, metered = self._site.power_w, self._site.metered
            self._past.append((time_s, site_w, dt_s))
            while self._past[0][0] < time_s - BASE_S - BEFORE_S:
                self._past.popleft()
            self._move(time_s, site_w, target)
            if not self._report or time_s - self._report[-1].time_s >= 1.0 - 1e-6:
                self._report.append(self._second(time_s, site_w, target, metered))
            while self._report[0].time_s < time_s - KEPT_S:
                self._report.popleft()

    def _move(self, time_s: float, site_w: float, target: LoadTarget | None) -> None:
        """Bring baseline and phase up to a time."""
        due = target is not None and target.start_s - BEFORE_S <= time_s
        if due and math.isnan(self._frozen_w):
            assert target is not None
            self._frozen_w = self._mean_w(min(target.start_s - BEFORE_S, time_s), BASE_S)
        if target is not None and target.start_s - RAMP_S <= time_s:
            below = self._mean_w(time_s, WINDOW_S) <= target.power_w
            started = target.start_s <= time_s
            tighter = self._phase == "held" and not below and not started
            if self._phase in ("rest", "up") or tighter:
                self._phase = "down"
            if self._phase == "down" and below:
                self._phase = "held"
            self._over_s = time_s
        elif self._phase in ("down", "held"):
            self._phase, self._over_s = "up", time_s
        elif self._phase == "up":
            back = site_w >= BACK * self._frozen_w or time_s - self._over_s > BACK_S
            self._phase = "rest" if back else "up"
        if self._phase == "rest" and not due and time_s - self._over_s > BACK_S:
            self._frozen_w = math.nan

    def _second(
        self, time_s: float, site_w: float, target: LoadTarget | None, metered: bool
    ) -> Second:
        now = target is not None and target.start_s <= time_s
        return Second(
            time_s=time_s,
            site_w=site_w,
            mean_w=self._mean_w(time_s, WINDOW_S),
            baseline_w=(
                self._mean_w(time_s, BASE_S) if math.isnan(self._frozen_w) else self._frozen_w
            ),
            target_w=target.power_w if target is not None and now else math.nan,
            phase=self._phase,
            metered=metered,
        )

    def _mean_w(self, until_s: float, over_s: float) -> float:
        """Return the site's mean over a time that ends then; before all that is known, its first.

        The steps that ended within it count by their lengths.
        """
        total_j = total_s = 0.0
        for time_s, power_w, dt_s in self._past:
            if until_s - over_s < time_s <= until_s and not math.isnan(power_w):
                total_j += power_w * dt_s
                total_s += dt_s
        if total_s > 0.0:
            return total_j / total_s
        return self._past[0][1] if self._past else math.nan
