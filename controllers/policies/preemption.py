"""Pause preemptible work where power or cooling is short, and let it go on when there is room."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from controllers.parameters import parameter, share
from controllers.policy import Decision, JobOn, View
from controllers.power.shortage import Shortage, beside_racks_w, hottest_job, loops_of, margins_k
from controllers.power.worth import full_power_w
from site_models.arrays import Flags, Floats, Ints
from site_models.plant import Plant

FORGET_S = 3600.0
"""In which a peak of what a GPU would draw is forgotten: a restart is shorter."""

Jobs = Mapping[str, JobOn]


class Stood(NamedTuple):
    """What the policy remembers."""

    full_w: Floats
    """What each GPU draws at full clock while its job runs: recent peak. Shape (GPUs,)"""
    stands: Floats
    """1: its job was paused here. Shape (GPUs,)"""
    for_s: Floats
    """How long ago that last changed. Shape (GPUs,)"""
    calm_s: Floats
    """How long each circuit has had margin to spare. Shape (circuits,)"""
    turned_s: float
    """Since any job was paused or given back."""


@dataclass(frozen=True, slots=True)
class Preemption:
    """Let preemptible jobs stand before everybody is capped, and go on when there is room.

    Short of power: a stage of the chain, or the meters, would pass its limit with every job
    that runs at full clock (`controllers.power.stage_room`: ratings, breakers, batteries; at the
    meters a target of the grid as well). As many
    jobs are paused at once as bring all within it, of the lowest priority first, of one
    priority the largest draw. Short of cooling: a loop or a hall has a GPU within `margin_k`
    of its limit; one job of it is paused every `settle_s`.

    They go on one by one, the highest priority first, once they have stood for `least_s`, the
    limits would keep `band` to spare with them, and their loops have been `back_k` cooler for
    `calm_s`. Caps of others in the stack fall at once and cover the time until pauses act; what
    preemptible jobs cannot give is left to them. Nothing is moved: that is
    `controllers.policies.migration`.

    Checked in ``tests/controllers/experiments/test_preemption.py`` and by the experiment of this
    name.
    """

    margin: float = share("Share of each limit to use", 0.98, 0.1)
    site_limit_w: float | None = parameter(
        "Limit at the utility meters of the racks together", None, "W", 0.0
    )
    band: float = share("Part of each limit to be spare with a job that goes on", 0.05, 0, 0.5)
    least_s: float = parameter("Shortest pause", 300.0, "s", 0.0, 86_400.0)
    settle_s: float = parameter(
        "Between jobs given back, or paused for heat", 30.0, "s", 0.0, 3600.0
    )
    margin_k: float = parameter("Distance to a GPU's limit that is too small", 2.0, "K", 0.0, 50.0)
    back_k: float = parameter("Further distance at which jobs may go on", 6.0, "K", 0.0, 50.0)
    calm_s: float = parameter("How long it must have been so", 300.0, "s", 0.0, 36_000.0)

    def start(self, plant: Plant) -> Stood:
        """Return that nothing stands and every GPU may want all it can draw."""
        count, long = len(plant.gpu_names), np.inf
        return Stood(
            np.full(count, np.nan), np.zeros(count), np.full(count, long),
            np.full(len(plant.circuit_names), long), long,
        )  # fmt: skip

    def decide(self, view: View, memory: Stood) -> tuple[Decision, Stood]:
        """Return the jobs that stand; no cap is asked for."""
        jobs = {job.name: job for job in view.jobs if job.preemptible and len(job.gpus)}
        before = {name for name, job in jobs.items() if memory.stands[job.gpus[0]] > 0.0}
        least_k = margins_k(view)
        hot: Flags = least_k < self.margin_k
        seen = _seen(view, memory, before, least_k >= self.margin_k + self.back_k)
        short = Shortage(view, seen.full_w, jobs, self.margin, self._meters_w(view))
        stands = before | short.to_pause(before)
        if hot.any() and seen.turned_s >= self.settle_s:
            stands |= hottest_job(view, hot, jobs, stands)
        if stands == before and seen.turned_s >= self.settle_s:
            stands = before - self._back(view.plant, seen, short, jobs, before)
        reason = _reason(view.plant, jobs, stands, short.over(()), hot)
        most_w = view.plant.arrays.gpus.power_max_w.copy()
        decision = Decision(most_w, reason, paused=frozenset(stands))
        return decision, _noted(seen, jobs, stands)

    def _meters_w(self, view: View) -> float:
        """Return the limit at the meters that carry racks, the others taken as they are [W]."""
        limit_w = np.inf if self.site_limit_w is None else self.site_limit_w
        target = view.target
        if target is None or not target.start_s - self.settle_s <= view.time_s < target.end_s:
            return limit_w
        return min(limit_w, target.power_w - beside_racks_w(view))

    def _back(
        self, plant: Plant, seen: Stood, short: Shortage, jobs: Jobs, stands: set[str]
    ) -> set[str]:
        """Return the one job that may go on now; none where none may."""
        loops = loops_of(plant)
        for name in sorted(stands, key=lambda name: (-jobs[name].priority, name)):
            mine = jobs[name].gpus
            rested = bool(seen.for_s[mine[0]] >= self.least_s)
            calm = bool((seen.calm_s[loops[mine]] >= self.calm_s).all())
            if rested and calm and short.fits(stands - {name}, 1.0 - self.band):
                return {name}
        return set()


def _seen(view: View, memory: Stood, stands: set[str], easy: Flags) -> Stood:
    """Return the memory with this instant in it; GPUs of who stands keep their peaks.

    A GPU that was never seen at work may want all it can draw.
    """
    now_w, _ = full_power_w(view.plant, view.state)
    idles = np.zeros(len(now_w), dtype=np.bool_)
    for job in view.jobs:
        idles[job.gpus] = job.paused or job.name in stands
    unseen_w = np.where(idles, view.plant.arrays.gpus.power_max_w, now_w)
    kept_w = np.where(np.isnan(memory.full_w), unseen_w, memory.full_w)
    fade = float(np.exp(-view.dt_s / FORGET_S))
    peak_w = now_w + fade * np.maximum(kept_w - now_w, 0.0)
    return Stood(
        np.where(idles, kept_w, peak_w), memory.stands, memory.for_s + view.dt_s,
        np.where(easy, memory.calm_s + view.dt_s, 0.0), memory.turned_s + view.dt_s,
    )  # fmt: skip


def _noted(seen: Stood, jobs: Jobs, stands: set[str]) -> Stood:
    """Return the memory with who stands now."""
    now = np.zeros(len(seen.stands))
    for name in stands:
        now[jobs[name].gpus] = 1.0
    changed = now != seen.stands
    return seen._replace(
        stands=now,
        for_s=np.where(changed, 0.0, seen.for_s),
        turned_s=0.0 if changed.any() else seen.turned_s,
    )


def _reason(plant: Plant, jobs: Jobs, stands: set[str], over: Ints, hot: Flags) -> str:
    if not stands:
        return "room for every job" if not len(over) else "short, and no job may be paused"
    names = (*plant.feed_names, "the utility limit")
    short = [names[k] for k in over] + [plant.circuit_names[k] for k in np.flatnonzero(hot)]
    for_what = f"short: {', '.join(short[:3])}" if short else "until there is room with them"
    first = sorted(stands, key=lambda name: (jobs[name].priority, name))
    told = ", ".join(first[:3]) + (f" and {len(first) - 3} more" if len(first) > 3 else "")
    return f"{len(stands)} of {len(jobs)} preemptible jobs stand, {for_what}: {told}"


POLICY = Preemption
