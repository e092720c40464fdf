"""What policies are told beside the plant's state: jobs, targets of the grid, the hours ahead."""

import math
from collections.abc import Callable
from datetime import UTC, tzinfo
from typing import NamedTuple

import numpy as np

from controllers.accounts.charges import Charges
from controllers.accounts.publication import known_until_s, published
from controllers.grid.targets import Targets
from controllers.jobs.allocation import ROUNDING, Allocation
from controllers.jobs.allocations import Allocations
from controllers.jobs.assigned import resume_s
from controllers.policy import JobOn, LoadTarget, Outlook
from site_models.arrays import Flags, Floats
from site_models.errors import InputError
from twin.accounts.step_sums import Held, held_at
from twin.inputs import Outdoors
from twin.workload import workload

AHEAD_S = 24.0 * 3600.0
STEP_S = 900.0
"""An outlook reaches so far, at such steps."""

Jobs = Callable[[float, LoadTarget | None], tuple[JobOn, ...]]
"""Time [s] and the target in force, or to come -> the jobs that run or are paused."""


Free = Callable[[float], Flags]
"""Time [s] -> GPUs that nobody holds or has reserved. Shape (GPUs,)"""


class Around(NamedTuple):
    """What a view holds beside the plant."""

    jobs: tuple[JobOn, ...] = ()
    target: LoadTarget | None = None
    outlook: Outlook | None = None
    free: Flags | None = None


class Surroundings:
    """Asked by the loop at every tick; `charges` may be set once they are known.

    The weather of a typical year stands for its own forecast, so that has no error here. Prices
    are those of a day-ahead market: known until the end of the day, from the afternoon on until
    the end of the next (`accounts.publication`). Carbon is known for now and not ahead. An
    outlook is made at each of its steps and shown until the next.
    """

    def __init__(
        self,
        outdoors: Outdoors | None = None,
        jobs: Jobs | None = None,
        targets: Targets | None = None,
        free: Free | None = None,
    ) -> None:
        self.targets = Targets() if targets is None else targets
        self.free: Flags | None = None
        """The GPUs that were free when it was asked last; None: nobody tells."""
        self.charges = Charges()
        """Where the outlook has its prices and carbon from."""
        self.zone: tzinfo = UTC
        """Where the market's days begin."""
        self._outdoors, self._jobs, self._free = outdoors, jobs, free
        self._made: tuple[float, Charges, Outlook] | None = None

    def at(self, time_s: float) -> Around:
        """Return what is told at a time."""
        target = self.targets.at(time_s)
        jobs = self._jobs(time_s, target) if self._jobs is not None else ()
        self.free = None if self._free is None else self._free(time_s)
        return Around(jobs, target, self._outlook(time_s), self.free)

    def _outlook(self, time_s: float) -> Outlook | None:
        if self._outdoors is None:
            return None
        first_s = math.floor(time_s / STEP_S) * STEP_S
        made_for = None if self._made is None else self._made[:2]
        if made_for is None or made_for[0] != first_s or made_for[1] is not self.charges:
            ahead_s = first_s + np.arange(0.0, AHEAD_S + 1.0, STEP_S)
            air = np.array([self._outdoors(float(at_s)) for at_s in ahead_s])
            dry_bulb_c, wet_bulb_c = np.ascontiguousarray(air.T)
            terms = self.charges.terms
            made = Outlook(
                time_s=ahead_s,
                dry_bulb_c=dry_bulb_c,
                wet_bulb_c=wet_bulb_c,
                price_per_j=published(
                    _at(terms.price_usd_per_j, ahead_s),
                    ahead_s,
                    known_until_s(time_s, self.zone),
                ),
                carbon_kg_per_j=published(
                    _at(terms.carbon_kg_per_j, ahead_s), ahead_s, first_s + STEP_S
                ),
            )
            self._made = (first_s, self.charges, made)
        return None if self._made is None else self._made[2]


def _job_on(one: Allocation) -> JobOn:
    return JobOn(
        one.job,
        one.gpus,
        priority=one.priority,
        allowed_slowdown=one.allowed_slowdown,
        preemptible=one.preemptible,
        resume_s=_resume_s(one.profile),
        profile=one.profile,
    )


def _resume_s(profile: str | None) -> float:
    """Return what a pause costs a job of a profile [s]; 0 where the catalog does not know it."""
    try:
        return 0.0 if profile is None else resume_s(workload(profile))
    except InputError:
        return 0.0


def free_of(allocations: Allocations) -> Free:
    """Return the GPUs that no scheduler holds or reserved a part of."""
    return lambda time_s: np.asarray(allocations.free_share(time_s) >= 1.0 - ROUNDING)


def jobs_of(allocations: Allocations) -> Jobs:
    """Return the jobs that schedulers told of, with the leave that was given for each."""

    seen: tuple[Allocation, ...] = ()
    shown: tuple[JobOn, ...] = ()

    def jobs(time_s: float, target: LoadTarget | None) -> tuple[JobOn, ...]:
        nonlocal seen, shown
        held = allocations.jobs(time_s)
        if held is not seen:
            seen, shown = held, tuple(_job_on(one) for one in held)
        return shown

    return jobs


def _at(series: Held | None, time_s: Floats) -> Floats | None:
    """Return what a series holds at times; NaN outside of it."""
    return None if series is None else held_at(series, time_s)
