"""A week on the simulated plant under a policy, in quarters of an hour."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from controllers.experiments.price_shift.stream import stream
from controllers.experiments.price_shift.weeks import HOUR_S, WEEK_S, Known, Week
from controllers.jobs.assigned import Assigned, meant_units
from controllers.jobs.job_account import JobAccount
from controllers.jobs.team import first_team
from controllers.jobs.work import Work
from controllers.policy import View
from controllers.trials.stride import stride
from site_models.arrays import Floats
from site_models.plant import Plant
from twin.inputs import Outdoors
from twin.start import idle_inputs
from twin.state import MODELLED, Inputs, State
from twin.steady import rest_or_first

TICK_S, SUBSTEP_S = 900.0, 30.0
"""A decision a quarter of an hour; heats are held for half a minute."""
DONE = 0.999
"""Of a job's work: less is late. A tick rounds the last minutes of a job."""


class Told(NamedTuple):
    """What a policy is told ahead."""

    price: Known
    carbon: Known
    hours: int = 48


@dataclass(frozen=True, slots=True, eq=False)
class Played:
    """What a week came to."""

    cost_usd: float
    carbon_kg: float
    energy_j: float
    """At the utility meters."""
    units: float
    """GPU seconds of full pace done for jobs with a deadline."""
    serving: float
    """The same of serving, over what it would do unhindered. 0..1"""
    late: int
    jobs: int
    preemptible: int
    pauses: int
    shortest_pause_s: float
    held_gpu_s: float
    """GPUs held by jobs with a deadline."""
    site_w: Floats
    """Every tick."""
    price: Floats
    """[USD/J]"""


def play(plant: Plant, air: Outdoors, week: Week, policy: Any, told: Told, seed: int) -> Played:
    """Return a week under a policy that sees the plant as it is and what it is told."""
    jobs = stream(seed, week.start_s)
    work, meter = Work(plant, jobs), _Meter(plant, jobs)
    inputs = idle_inputs(plant, *air(week.start_s))
    state = rest_or_first(plant, inputs, week.start_s)
    memory, count = policy.start(plant), len(plant.gpu_names)
    fresh_s, free = np.zeros(count), np.zeros(count, dtype=np.bool_)
    memory = _days_before(plant, policy, memory, state, inputs, week, told)
    for tick in range(int(WEEK_S / TICK_S)):
        time_s = week.start_s + TICK_S * tick
        outlook = week.outlook(time_s, told.price(time_s), told.carbon(time_s), told.hours)
        seen = work.jobs()
        view = View(
            plant, state, inputs, time_s, TICK_S, 0.0, fresh_s, seen, outlook=outlook
        )  # fmt: skip
        decision, memory = policy.decide(view, memory)
        clock = np.ones(count) if decision.gpu_clock_share is None else decision.gpu_clock_share
        asked_w = work.demand(
            time_s, plant.arrays.gpus.idle_power_w, clock, free, decision.paused
        )  # fmt: skip
        dry_c, wet_c = air(time_s)
        inputs = inputs._replace(
            gpu_power_w=asked_w,
            gpu_power_basis=np.full(count, MODELLED, np.int64),
            gpu_cap_w=decision.gpu_cap_w,
            dry_bulb_c=dry_c,
            wet_bulb_c=wet_c,
        )
        state = stride(plant, state, inputs, TICK_S, int(TICK_S / SUBSTEP_S))
        work.told(plant, state, TICK_S)
        meter.note(state, decision.paused, *week.at(time_s))
    return meter.told(work)


def _days_before(
    plant: Plant, policy: Any, memory: Any, state: State, inputs: Inputs, week: Week, told: Told
) -> Any:
    """Return the memory after the days before the week, without a job, as far as there are."""
    fresh_s = np.zeros(len(plant.gpu_names))
    first_s = max(float(week.price.edges_s[0]), week.start_s - WEEK_S)
    for time_s in np.arange(first_s, week.start_s, HOUR_S).tolist():
        outlook = week.outlook(time_s, told.price(time_s), told.carbon(time_s), told.hours)
        view = View(plant, state, inputs, time_s, HOUR_S, 0.0, fresh_s, outlook=outlook)
        memory = policy.decide(view, memory)[1]
    return memory


class _Meter:
    """Adds up a week."""

    def __init__(self, plant: Plant, jobs: list[Assigned]) -> None:
        self._plant, self._jobs = plant, jobs
        self._cost_usd = self._carbon_kg = self._energy_j = 0.0
        self._site_w: list[float] = []
        self._price: list[float] = []
        self._stood_s: dict[str, float] = {}
        self._pauses_s: list[float] = []

    def note(self, state: State, paused: frozenset[str], price: float, carbon: float) -> None:
        """Take a tick."""
        taken_j = float(state.ledger.energy_in_j)
        self._cost_usd += taken_j * price
        self._carbon_kg += taken_j * carbon
        self._energy_j += taken_j
        self._site_w.append(taken_j / TICK_S)
        self._price.append(price)
        for name in paused:
            self._stood_s[name] = self._stood_s.get(name, 0.0) + TICK_S
        for name in [name for name in self._stood_s if name not in paused]:
            self._pauses_s.append(self._stood_s.pop(name))

    def told(self, work: Work) -> Played:
        """Return the week."""
        records = {record.job: record for record in work.records}
        ends = [job for job in self._jobs if np.isfinite(job.finish_by_s)]
        serves = [records[job.name] for job in self._jobs if not np.isfinite(job.finish_by_s)]
        done = {job.name: _done(self._plant, job, records[job.name]) for job in ends}
        return Played(
            cost_usd=self._cost_usd,
            carbon_kg=self._carbon_kg,
            energy_j=self._energy_j,
            units=sum(done[job.name] * (job.end_s - job.start_s) * len(job.gpus) for job in ends),
            serving=float(np.mean([one.units / one.ideal_units for one in serves])),
            late=sum(share < DONE for share in done.values()),
            jobs=len(ends),
            preemptible=sum(job.preemptible for job in ends),
            pauses=len(self._pauses_s) + len(self._stood_s),
            shortest_pause_s=min(self._pauses_s, default=float("nan")),
            held_gpu_s=sum(records[job.name].gpu_s for job in ends),
            site_w=np.array(self._site_w),
            price=np.array(self._price),
        )


def _done(plant: Plant, job: Assigned, record: JobAccount) -> float:
    """Return the part of its work that a job had done when it left. 0..1"""
    team = first_team(job.profile, plant, job.gpus)
    ideal = team.units_per_s(team.pace(np.ones(len(job.gpus))))
    return record.kept_units / meant_units(job, ideal)
