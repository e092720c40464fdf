"""Follow a load target of the grid: slow jobs as far as their tiers allow, cheapest work first."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from controllers.grid.load_course import Course, course_of
from controllers.jobs.job_curves import (
    CORE_SHARE,
    KNEE,
    JobCurves,
    drawn_w,
    job_curves,
    least_loss,
    lowest_allowed,
)
from controllers.jobs.standing import standing
from controllers.parameters import parameter, share
from controllers.policy import Decision, JobOn, View
from controllers.site_power import SitePower, believed_site_w, site_power
from site_models.arrays import Floats
from site_models.plant import Plant

QUICK_S = 5.0
"""Mean of site power that the trim acts on; three of them make the 15 s that are judged."""
USUAL_S, LEARN_S = 300.0, 60.0
"""Mean of site power that counts as what it was, and of a GPU's power at full clock; that one
falls as slowly as the site's, for a job that stands a while will draw as much again."""
SLACK = 0.02
"""Of what the tiers allow, by which the integral may go beyond it."""
OPEN = Course(math.nan, math.nan, math.nan, math.nan, math.nan)


class Followed(NamedTuple):
    """What the policy remembers."""

    full_w: Floats
    """What each GPU draws at full clock, as last seen. Shape (GPUs,)"""
    clock: Floats
    """Last asked for. Shape (GPUs,)"""
    course: Course
    """Of the event that is followed; NaN: none."""
    usual_w: float
    """Site power, a slow mean while nothing is asked; the baseline during an event."""
    quick_w: float
    site: SitePower
    """What counts as the site's power now."""
    trim_w: float
    """Added to what the GPUs are meant to draw together."""
    told: Floats
    """What each GPU draws over what its job's curve tells, a slow mean. Shape (GPUs,)"""
    standing_w: float
    """What jobs that stand will draw again, a quick mean."""


@dataclass(frozen=True, slots=True)
class DemandResponse:
    """Bring site power, cooling included, to a target in time and hold it; no tier is broken.

    Each job may lose its `allowed_slowdown` of the event's work and no more: what it has lost
    already, as measured, is taken from what it may lose yet, and so is what the ways down and
    back cost. Within that the watts come from
    where they cost the least work (`jobs.job_curves.least_loss`); memory-bound jobs give
    theirs for nothing. GPUs without a job, and jobs that allow nothing, are left alone.

    The GPUs' power follows the target over `gain`; what cooling, fans and losses make of it is
    seen at the meters, by which the grid judges, or believed where there are none
    (`controllers.site_power`), and an integral closes the rest: quickly when above the target,
    slowly when below. What a job leaves free while it writes a checkpoint is not given to
    others, for they would have to be slowed again when it comes back. A
    target below what the tiers allow is answered with that, and the reason says so. After the
    event the jobs come back over `return_s`, never above what the site drew before.

    Checked in ``tests/controllers/policies/test_demand_response.py`` and by the experiment of this
    name.
    """

    ramp_s: float = parameter("Time to come down, if the notice is as long", 60.0, "s", 1.0, 3600.0)
    lead_s: float = parameter("The ramp is over by this before the start", 8.0, "s", 0.0, 600.0)
    margin: float = share("Part of the target to stay below it", 0.004, 0.0, 0.2)
    gain: float = parameter("Site power over GPU power, to begin with", 1.3, "W/W", 1.0, 3.0)
    tighten_s: float = parameter("Reset time while above the aim", 15.0, "s", 1.0, 3600.0)
    relax_s: float = parameter("Reset time while below it", 120.0, "s", 1.0, 3600.0)
    tier_margin: float = share("Part of each tier that is kept back", 0.003, 0.0, 0.5)
    early: float = share("A tier may be passed by this part of it at first", 0.15)
    early_s: float = parameter("Time in which that fades", 600.0, "s", 1.0, 36000.0)
    return_s: float = parameter("Time to come back after the end", 60.0, "s", 1.0, 7200.0)
    watch_s: float = parameter("Time after which a rebound is no more", 1800.0, "s", 0.0, 36000.0)
    rebound: float = share("Rise above the baseline to allow meanwhile", 0.01, 0.0, 0.2)
    core_share: float = share(*CORE_SHARE)
    knee: float = share(*KNEE)

    def start(self, plant: Plant) -> Followed:
        """Return that nothing was seen yet."""
        count = len(plant.gpu_names)
        never, ones = np.full(count, np.nan), np.ones(count)
        return Followed(never, ones, OPEN, math.nan, math.nan, SitePower(), 0.0, ones, 0.0)

    def decide(self, view: View, memory: Followed) -> tuple[Decision, Followed]:
        """Return the clocks for this instant."""
        seen = self.followed(view, memory)
        asked, most_w = seen.course, view.plant.arrays.gpus.power_max_w.copy()
        if math.isnan(asked.began_s):
            ones = np.ones(len(most_w))
            rest = seen._replace(trim_w=0.0, clock=ones, told=ones, standing_w=0.0)
            return Decision(most_w, "nothing is asked"), rest
        jobs = tuple(job for job in view.jobs if len(job.gpus) and not job.paused)
        curves = job_curves(view.plant, jobs, seen.full_w, self.core_share, self.knee)
        seen = _with_standing(view, seen, jobs, curves)
        lowest = lowest_allowed(curves, self._allowed(jobs, asked, view.time_s))
        aim_w = self.aim_w(seen, view.time_s)
        wanted_w, trim_w, short = self._wanted_w(view, seen, curves, lowest.tolist(), aim_w)
        per_job = least_loss(curves, lowest, wanted_w)
        clock = np.ones(len(most_w))
        for job, least in zip(jobs, per_job.tolist(), strict=True):
            clock[job.gpus] = least
        floor_w = float(curves.power_w[np.arange(len(jobs)), lowest].sum())
        least_w = seen.quick_w - self.gain * max(drawn_w(curves, per_job) - floor_w, 0.0)
        short &= asked.start_s <= view.time_s < asked.end_s and seen.quick_w > asked.power_w
        reason = _reason(asked, view.time_s, clock, aim_w, seen, least_w if short else math.nan)
        decision = Decision(most_w, reason, gpu_clock_share=clock)
        return decision, seen._replace(clock=clock, trim_w=trim_w)

    def followed(self, view: View, memory: Followed) -> Followed:
        """Return the memory with this instant's powers in its means, and the event of now."""
        power_w = view.state.gpu_power_w
        believed_w = believed_site_w(view.plant, view.state)
        site = site_power(memory.site, view.site_metered_w, believed_w, view.dt_s)
        learns = (memory.clock >= 1.0) | np.isnan(memory.full_w)
        over_s = np.where(power_w < memory.full_w, USUAL_S, LEARN_S)
        after_w = _mean(memory.full_w, power_w, view.dt_s, over_s)
        usual_w = memory.usual_w
        if math.isnan(memory.course.began_s):
            usual_w = float(_mean(usual_w, site.power_w, view.dt_s, USUAL_S))
        seen = memory._replace(
            full_w=np.where(learns, after_w, memory.full_w),
            usual_w=usual_w,
            quick_w=float(_mean(memory.quick_w, site.power_w, view.dt_s, QUICK_S)),
            site=site,
        )
        return seen._replace(course=self._course(view, seen))

    def aim_w(self, seen: Followed, time_s: float) -> float:
        """Return what the site is meant to draw at a time; NaN: whatever it likes [W]."""
        course = seen.course
        goal_w = course.power_w * (1.0 - self.margin)
        if time_s < course.end_s:
            down_s = course.start_s - self.lead_s - course.began_s
            done = min((time_s - course.began_s) / down_s, 1.0) if down_s > 0.0 else 1.0
            return course.from_w + done * (goal_w - course.from_w)
        back = min((time_s - course.end_s) / self.return_s, 1.0)
        top_w = max(seen.usual_w, goal_w) * (1.0 + self.rebound)
        return min(goal_w, top_w) + back * (top_w - min(goal_w, top_w))

    def _course(self, view: View, seen: Followed) -> Course:
        """Return the event to follow now: the one asked for, or the way back from the last."""
        target, before = view.target, seen.course
        if target is not None and target.start_s - self.ramp_s <= view.time_s < target.end_s:
            return course_of(target, before, view.time_s, seen.usual_w, seen.quick_w)
        ended = before._replace(end_s=min(before.end_s, view.time_s))
        over = not view.time_s < ended.end_s + self.return_s + self.watch_s
        return OPEN if over else ended

    def _allowed(self, jobs: tuple[JobOn, ...], course: Course, time_s: float) -> Floats:
        """Return the part of its throughput that each job may lose now."""
        tier = np.array([job.allowed_slowdown for job in jobs]) * (1.0 - self.tier_margin)
        lost = np.array([job.slowdown for job in jobs])
        whole_s = course.end_s - course.start_s
        if not np.isfinite(whole_s) or time_s >= course.end_s:
            return tier
        past_s = min(max(time_s - course.start_s, 0.0), whole_s)
        ramps_s = course.start_s - course.began_s + self.return_s
        left_s = max(whole_s - past_s, LEARN_S)
        budget_s = tier * max(past_s + left_s - ramps_s, 0.0)
        left = (budget_s - lost * past_s) / left_s
        loan = self.early * min(1.0, whole_s / (10.0 * self.early_s))
        fade = math.exp(-past_s / self.early_s)
        return np.asarray(np.clip(left, 0.0, 1.2 * tier) + loan * fade * tier)

    def _wanted_w(
        self, view: View, seen: Followed, curves: JobCurves, lowest: list[int], aim_w: float
    ) -> tuple[float, float, bool]:
        """Return what the jobs' GPUs shall draw together, the trim that is in it [W], and
        whether the tiers allow less than is needed."""
        full_w = float(curves.power_w[:, -1].sum())
        floor_w = float(curves.power_w[range(len(lowest)), lowest].sum())
        error_w = aim_w - seen.quick_w
        if error_w > 0.0:
            error_w = max(error_w - self.gain * seen.standing_w, 0.0)
        reset_s = self.relax_s if error_w > 0.0 else self.tighten_s
        step_w = error_w / self.gain * min(view.dt_s / reset_s, 1.0)
        ahead_w = full_w - max(seen.usual_w - aim_w, 0.0) / self.gain
        free_w = ahead_w + self._kept_trim_w(seen, view) + step_w
        least_w = floor_w - SLACK * (full_w - floor_w)
        bounded_w = min(max(free_w, least_w), full_w)
        return bounded_w, bounded_w - ahead_w, free_w <= least_w and error_w < 0.0

    def _kept_trim_w(self, seen: Followed, view: View) -> float:
        """Return the trim from before; on the way back it fades, for all jobs come back [W]."""
        back_s = seen.course.end_s + self.return_s - view.time_s
        if view.time_s < seen.course.end_s or view.dt_s <= 0.0:
            return seen.trim_w
        return seen.trim_w * max(1.0 - view.dt_s / max(back_s, view.dt_s), 0.0)


def _with_standing(
    view: View, seen: Followed, jobs: tuple[JobOn, ...], curves: JobCurves
) -> Followed:
    """Return the memory with what jobs that stand will draw again."""
    now, missing_w = standing(jobs, curves, seen.clock, view.state.gpu_power_w, seen.told)
    return seen._replace(
        told=_mean(seen.told, now, view.dt_s, USUAL_S),
        standing_w=float(_mean(seen.standing_w, missing_w, view.dt_s, QUICK_S)),
    )


def _mean(before: Any, now: Any, dt_s: float, time_s: Any) -> Any:
    """Return a mean that forgets over a time; what was never seen is taken as it is now."""
    part = 1.0 - np.exp(-dt_s / time_s)
    return np.where(np.isnan(before), now, before + part * (now - before))


def _reason(
    course: Course, time_s: float, clock: Floats, aim_w: float, seen: Followed, least_w: float
) -> str:
    """Return the line for the operator."""
    slowed = int(np.count_nonzero(clock < 1.0))
    now = f"{slowed} GPUs slowed, site {seen.quick_w / 1e3:.1f} kW"
    if not math.isnan(least_w):
        given = 1.0 - least_w / seen.usual_w
        return (
            f"target {course.power_w / 1e3:.1f} kW is below what the tiers allow:"
            f" {least_w / 1e3:.1f} kW is given, {given:.1%} below the usual; {now}"
        )
    if time_s >= course.end_s:
        return f"event over, back to the usual: {now}, aim {aim_w / 1e3:.1f} kW"
    verb = "coming down to" if time_s < course.start_s else "holding"
    return f"{verb} {course.power_w / 1e3:.1f} kW: {now}"


POLICY = DemandResponse
