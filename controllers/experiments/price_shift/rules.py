"""What shifting is judged against: hours by the clock, and a price that is too high."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from controllers.experiments.price_shift.weeks import HOUR_S, TEXAS
from controllers.policy import Decision, JobOn, View
from site_models.arrays import Floats
from site_models.plant import Plant

RESERVE_S = 1800.0
"""Kept before every deadline, as ours does."""
SLOWED = 0.75
"""Clock of jobs that may lose a quarter of their pace."""
DAYS = 7


@dataclass(frozen=True, slots=True)
class Rule:
    """Hold back whoever has the time to, in hours that a rule of thumb calls dear.

    Preemptible jobs stand, others that allow it are slowed. A job runs once holding it for
    another hour would leave less than the reserve to its deadline.
    """

    dear: Callable[[float, Floats, float], bool]
    """Time [s], the prices of the last seven days, the price now -> whether it is dear."""

    def start(self, plant: Plant) -> Floats:
        """Return no price seen."""
        return np.full(24 * DAYS, np.nan)

    def decide(self, view: View, memory: Floats) -> tuple[Decision, Floats]:
        """Return who is held back now."""
        gpus, outlook = view.plant.arrays.gpus, view.outlook
        assert outlook is not None
        assert outlook.price_per_j is not None
        price = float(outlook.price_per_j[0])
        clock, paused = np.ones(len(gpus.node)), set[str]()
        if self.dear(view.time_s, memory, price):
            for job in view.jobs:
                if not _has_time(job, view.time_s):
                    continue
                if job.preemptible:
                    paused.add(job.name)
                elif job.allowed_slowdown > 0.0:
                    clock[job.gpus] = SLOWED
        after = memory.copy()
        after[int(view.time_s / HOUR_S) % len(after)] = price
        names = frozenset(paused)
        return Decision(gpus.power_max_w.copy(), "by rule", clock, paused=names), after


def _has_time(job: JobOn, time_s: float) -> bool:
    spare_s = job.finish_by_s - time_s - job.left_s - job.resume_s
    return bool(np.isfinite(job.finish_by_s) and spare_s > RESERVE_S + HOUR_S)


def by_the_clock(first: int, last: int) -> Rule:
    """Return the rule that local hours from `first` up to `last` are dear."""

    def dear(time_s: float, seen: Floats, price: float) -> bool:
        return first <= datetime.fromtimestamp(time_s, UTC).astimezone(TEXAS).hour < last

    return Rule(dear)


def above(times: float) -> Rule:
    """Return the rule that a price over so many times the median of the week past is dear."""

    def dear(time_s: float, seen: Floats, price: float) -> bool:
        known = seen[np.isfinite(seen)]
        return len(known) >= 24 and price > times * float(np.median(known))

    return Rule(dear)
