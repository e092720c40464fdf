"""Move work that has time to spare from dear hours to cheap ones, in price and carbon."""

import zlib
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from controllers.accounts.hour_costs import HOUR_S, Seen, hour_costs, hour_of, noted, nothing_seen
from controllers.jobs.job_curves import CLOCKS, CORE_SHARE, KNEE, job_curves, lowest_allowed
from controllers.jobs.shift_plan import Ahead, Holding, choices
from controllers.parameters import parameter, share
from controllers.policy import Decision, JobOn, View
from site_models.arrays import Floats
from site_models.plant import Plant

QUANTUM_S = 180.0
"""Work is planned in such pieces of full pace."""
USD_PER_MWH = 3.6e9


class Shifted(NamedTuple):
    """What the policy remembers. Shapes (GPUs,), those of a job alike."""

    held: Floats
    """1: its job is held back."""
    since_s: Floats
    """When that last changed."""
    planned_s: Floats
    """The hour that it was planned for."""
    job: Floats
    """Which job that was: a number made of its name."""
    seen: Seen


class Plan(NamedTuple):
    """How a job is held back, and what it stands for."""

    holding: Holding
    clock: float
    """Share of full clock while held back; 0: it stands."""


@dataclass(frozen=True, slots=True)
class PriceShift:
    """Hold jobs back in dear hours as far as their deadlines allow: the cheapest course of each.

    A job with a time to be done by, `finish_by_s`, has time to spare. Preemptible ones are
    paused; the others run at the lowest clock that their `allowed_slowdown` permits. Once an
    hour each has its cheapest course to the deadline laid out (`controllers.jobs.shift_plan`), the
    cost of every pause in it: a checkpoint before, a restart after. A reserve of time is never
    given away, so a late start after a pause or a slow neighbour costs no deadline; a job that
    has no more than that to spare just runs. Jobs without a deadline are left alone.

    An hour's cost is its price and its carbon at a price. What the outlook tells is taken as
    known; it holds only what was published by now (`accounts.publication`). Hours that it
    does not tell are expected to cost what that hour of the day cost on the days before.

    Checked in ``tests/controllers/policies/test_price_shift.py`` and by the experiment of this
    name.
    """

    carbon_usd_per_kg: float = parameter("What a kilogram of CO2 counts for", 0.05, "USD/kg", 0, 10)
    horizon_s: float = parameter("Planned ahead", 172_800.0, "s", 7200.0, 604_800.0)
    least: float = share("What a pause must save, of the cost of an hour's running", 0.1, 0, 9)
    least_pause_s: float = parameter("Shortest pause", 3600.0, "s", 0.0, 86_400.0)
    least_run_s: float = parameter("Shortest run between pauses", 3600.0, "s", 0.0, 86_400.0)
    reserve_s: float = parameter(
        "Time before the deadline that is kept", 1800.0, "s", 0.0, 86_400.0
    )
    reserve: float = share("The same, of the work left", 0.03)
    core_share: float = share(*CORE_SHARE)
    knee: float = share(*KNEE)

    def start(self, plant: Plant) -> Shifted:
        """Return that nothing is held back and no hour was seen."""
        count = len(plant.gpu_names)
        never = np.full(count, -np.inf)
        return Shifted(np.zeros(count), never, never.copy(), np.zeros(count), nothing_seen())

    def decide(self, view: View, memory: Shifted) -> tuple[Decision, Shifted]:
        """Return the jobs that stand and the clocks of those that are slowed."""
        gpus = view.plant.arrays.gpus
        after = Shifted(
            memory.held.copy(), memory.since_s.copy(), memory.planned_s.copy(), memory.job.copy(),
            noted(memory.seen, view.outlook, view.time_s),
        )  # fmt: skip
        clock = np.ones(len(gpus.node))
        costs = self._costs(view, after.seen)
        if costs is None:
            after.held[:] = 0.0
            return Decision(gpus.power_max_w.copy(), "no price and no carbon told"), after
        paused = set[str]()
        slowed = 0
        for job in view.jobs:
            plan = self._plan(view.plant, job)
            if plan is None or not self._held(view, job, plan, costs, after):
                continue
            if plan.clock > 0.0:
                clock[job.gpus], slowed = plan.clock, slowed + 1
            else:
                paused.add(job.name)
        now, cheapest = (USD_PER_MWH * float(c) for c in (costs[0], costs.min()))
        reason = (
            f"{len(paused)} jobs stand, {slowed} slowed: {now:.0f} USD/MWh with its carbon,"
            f" {cheapest:.0f} at the cheapest hour ahead"
        )
        decision = Decision(gpus.power_max_w.copy(), reason, clock, paused=frozenset(paused))
        return decision, after

    def _costs(self, view: View, seen: Seen) -> Floats | None:
        """Return what a joule costs from this hour on, hour by hour; None: nothing is told."""
        if view.outlook is None:
            return None
        hours_s = hour_of(view.time_s) + HOUR_S * np.arange(float(int(self.horizon_s / HOUR_S)))
        costs = hour_costs(seen, view.outlook, hours_s, self.carbon_usd_per_kg)
        return None if np.isnan(costs[0]) else costs

    def _plan(self, plant: Plant, job: JobOn) -> Plan | None:
        """Return how a job may be held back; None: not at all."""
        if not len(job.gpus) or not np.isfinite(job.finish_by_s + job.left_s):
            return None
        if job.preemptible:
            return Plan(Holding(0.0, 0.0, int(np.ceil(job.resume_s / QUANTUM_S))), 0.0)
        full_w = plant.arrays.gpus.power_max_w
        curves = job_curves(plant, [job], full_w, self.core_share, self.knee)
        k = int(lowest_allowed(curves, np.array([job.allowed_slowdown]))[0])
        if k == len(CLOCKS) - 1:
            return None
        idle_w = float(plant.arrays.gpus.idle_power_w[job.gpus].sum())
        drawn = (curves.power_w[0, k] - idle_w) / (curves.power_w[0, -1] - idle_w)
        return Plan(Holding(1.0 - float(curves.loss[0, k]), float(drawn)), float(CLOCKS[k]))

    def _held(self, view: View, job: JobOn, plan: Plan, costs: Floats, after: Shifted) -> bool:
        """Return whether a job is held back now; note it in the memory."""
        first, hour_s, name = int(job.gpus[0]), hour_of(view.time_s), zlib.crc32(job.name.encode())
        same = after.job[first] == name
        was = bool(after.held[first]) and same
        if same and after.planned_s[first] == hour_s:
            return was
        since_s = float(after.since_s[first]) if same else -np.inf
        held = self._better_held(view.time_s, job, plan, costs, was, since_s)
        after.held[job.gpus], after.job[job.gpus] = float(held), float(name)
        after.planned_s[job.gpus] = hour_s
        after.since_s[job.gpus] = since_s if held == was else view.time_s
        return held

    def _better_held(
        self, time_s: float, job: JobOn, plan: Plan, costs: Floats, was: bool, since_s: float
    ) -> bool:
        """Return whether holding a job back in this hour belongs to its cheapest course."""
        by_s = job.finish_by_s - self.reserve_s - self.reserve * job.left_s
        ahead = ahead_of(costs, time_s, by_s)
        left = int(np.ceil(job.left_s / QUANTUM_S))
        choice = choices(ahead, left, plan.holding, was)
        if np.isinf(choice.held) or not len(ahead.cost):
            return False
        if was:
            return time_s - since_s < self.least_pause_s or choice.held <= choice.running
        # a pause lasts until the end of an hour, when it is planned anew, in whole quanta
        pause_s = hour_of(time_s + self.least_pause_s + HOUR_S - 1.0) - time_s + 3.0 * QUANTUM_S
        spare_s = by_s - time_s - job.left_s - job.resume_s
        if time_s - since_s < self.least_run_s or spare_s < pause_s:
            return False
        least = self.least * float(np.abs(costs).mean()) * HOUR_S / QUANTUM_S
        return choice.held + least < choice.running


def ahead_of(costs: Floats, time_s: float, by_s: float) -> Ahead:
    """Return the hours from a time to a deadline, the first and the last cut, none beyond."""
    edges_s = hour_of(time_s) + HOUR_S * np.arange(len(costs) + 1)
    inside_s = np.clip(np.minimum(edges_s[1:], by_s) - np.maximum(edges_s[:-1], time_s), 0.0, None)
    quanta = (inside_s / QUANTUM_S + 1e-9).astype(np.int64)
    count = int(np.count_nonzero(edges_s[:-1] < by_s))
    room = int(max(by_s - edges_s[-1], 0.0) / QUANTUM_S)
    return Ahead(costs[:count], quanta[:count], float(costs.mean()), room)


POLICY = PriceShift
