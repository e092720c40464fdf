"""What is asked of an answer to the grid, measured on a run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from controllers.experiments.demand_response.play import (
    AFTER_S,
    BASE_S,
    WARM_S,
    Event,
    Run,
    slowdowns,
    windows,
)
from controllers.scenario import Job

ROUNDING = 1e-4
"""Loss beyond a tier that is rounding: a step of five seconds in an hour is more."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The figures of one run. Shares, watts and seconds."""

    met: float
    """Share of the event's 15 s means at or below the target."""
    over_w: float
    """Most that one of them was above it; 0: none was."""
    cut: float
    """Mean of the event below the baseline, metered."""
    reach_s: float
    """From the message to the first step at or below the target."""
    rebound: float
    """Highest 15 s mean after the event over the baseline, less 1."""
    broken: float
    """Most that any job lost beyond its tier; below 0: none did."""
    jobs: int
    jobs_broken: int
    """Jobs that lost more than their tier allows."""
    lost: Mapping[float, float]
    """Tier -> mean throughput lost by its GPUs, ways down and back included."""
    baseline_w: float
    it_cut_w: float
    cooling_before_w: float
    cooling_during_w: float
    reason: str


def judged(run: Run, alone: Run, jobs: Sequence[Job], event: Event) -> Verdict:
    """Return how a run did against the same jobs left alone."""
    base_w = run.mean_w(run.site_w, WARM_S - BASE_S, WARM_S)
    means_w = np.array(list(windows(run, event.start_s, event.end_s)))
    after_w = np.array(list(windows(run, event.end_s, event.end_s + AFTER_S)))
    there = (run.time_s > WARM_S) & (run.site_w <= run.target_w)
    reach_s = float(run.time_s[there][0]) - WARM_S if there.any() else float("inf")
    lost = slowdowns(run, alone, event)
    beyond = [lost[job.name] - job.allowed_slowdown for job in jobs]
    span = (event.start_s, event.end_s)
    before = (WARM_S - BASE_S, WARM_S)
    return Verdict(
        met=share_met(run, event, run.target_w),
        over_w=max(float(means_w.max()) - run.target_w, 0.0),
        cut=1.0 - float(means_w.mean()) / base_w,
        reach_s=reach_s,
        rebound=float(after_w.max()) / base_w - 1.0,
        broken=max(beyond),
        jobs=len(jobs),
        jobs_broken=sum(one > ROUNDING for one in beyond),
        lost=_by_tier(jobs, lost),
        baseline_w=base_w,
        it_cut_w=run.mean_w(run.it_w, *before) - run.mean_w(run.it_w, *span),
        cooling_before_w=run.mean_w(run.cooling_w, *before),
        cooling_during_w=run.mean_w(run.cooling_w, *span),
        reason=run.reasons[0] if run.reasons else "",
    )


def share_met(run: Run, event: Event, target_w: float) -> float:
    """Return the share of the event's 15 s means at or below a target."""
    means_w = np.array(list(windows(run, event.start_s, event.end_s)))
    return float((means_w <= target_w).mean())


def _by_tier(jobs: Sequence[Job], lost: Mapping[str, float]) -> Mapping[float, float]:
    gpus: dict[float, int] = {}
    sums: dict[float, float] = {}
    for job in jobs:
        tier, count = job.allowed_slowdown, len(job.gpus)
        gpus[tier] = gpus.get(tier, 0) + count
        sums[tier] = sums.get(tier, 0.0) + count * lost[job.name]
    return {tier: sums[tier] / gpus[tier] for tier in sorted(gpus)}
