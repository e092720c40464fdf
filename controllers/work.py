"""Jobs with a profile on a simulated plant: what they ask of GPUs, and how far they get.

The clock that device and limits left in one interval sets the pace of the next demand and the
progress of the interval itself. A job stands while one of its GPUs does; it is formed anew,
from its last checkpoint on, when GPUs are withheld from it or given back.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from controllers.assigned import Assigned, meant_units, resume_s, working_share
from controllers.charges import Charges
from controllers.job_account import JobAccount, shares_of_step
from controllers.losses import Losses
from controllers.paced import Paced
from controllers.policy import JobOn
from controllers.team import Team, first_team, team_of
from site_models.arrays import Flags, Floats, Ints
from site_models.errors import InputError
from site_models.plant import Plant
from twin.contention import Contention
from twin.fabric import trunk_rates
from twin.state import State
from twin.workload import Pace

MEANT_S = 1e-9
"""Instants this close are one."""


@dataclass(slots=True, eq=False)
class _Run:
    """What a running job remembers."""

    job: Assigned
    first: Team
    team: Team | None
    """None: too few GPUs are left for one replica."""
    ideal_per_s: float
    record: JobAccount
    withheld: bytes = b""
    pause_left_s: float = 0.0
    since_s: float = 0.0
    """Running time since the last checkpoint."""
    since_units: float = 0.0
    paused: bool = False
    """A policy wants it to stand; it keeps its GPUs and goes on from there, after the time that
    a checkpoint before and a restart after the pause take."""
    meant_units: float = np.inf
    """When it has done so much it is over; infinite: it is over at its end."""
    uses_network: bool = False
    full: tuple[Team, float, float] | None = None
    """A team, its units a second at full clock, and the part of its step that follows it."""
    paced: Paced = field(default_factory=Paced)


class Work:
    """Jobs that run by their profiles. One object belongs to one run and moves with it."""

    def __init__(self, plant: Plant, jobs: Sequence[Assigned]) -> None:
        """Form every job's team; InputError naming the job whose GPUs do not fit its profile."""
        self.charges = Charges()
        """What the records are charged by from now on."""
        self.losses = Losses()
        """What the jobs have lost since an event of the grid began."""
        self._plant = plant
        self._contention = Contention(trunk_rates(plant))
        count = len(plant.gpu_names)
        self._device_clock, self._limit = np.ones(count), np.ones(count)
        self._dt_s = 1.0
        self._waiting = [_run_of(plant, job) for job in sorted(jobs, key=lambda job: job.start_s)]
        self._running: list[_Run] = []
        self._over: list[_Run] = []

    @property
    def records(self) -> tuple[JobAccount, ...]:
        """Return the records of the jobs that have begun, in the order of their names."""
        return tuple(sorted((run.record for run in (*self._over, *self._running)), key=_name))

    @property
    def running(self) -> tuple[Assigned, ...]:
        """Return the jobs that run now, on the GPUs they were given."""
        return tuple(run.job for run in self._running)

    def step_s(self, job: str) -> float:
        """Return the time of a step of a running job now, that of its slowest set [s].

        Infinite while it stands. KeyError for a job that does not run.
        """
        for run in self._running:
            if run.job.name == job:
                if run.team is None or run.paused:
                    return float("inf")
                return self._slowest_s(run.team)
        raise KeyError(job)

    def jobs(self) -> tuple[JobOn, ...]:
        """Return the jobs that run or are paused, as policies see them."""
        return tuple(self._seen(run) for run in self._running)

    def exchange_s(self, job: str) -> float:
        """Return what a running job's step exchanges now, all phases, hidden parts too [s].

        NaN while it has no team. KeyError for a job that does not run.
        """
        for run in self._running:
            if run.job.name == job:
                return float("nan") if run.team is None else float(run.team.exchange.time_s.sum())
        raise KeyError(job)

    def demand(
        self,
        time_s: float,
        power_w: Floats,
        clock_limit: Floats,
        withheld: Flags,
        paused: frozenset[str] = frozenset(),
    ) -> Floats:
        """Return power by GPU with that of the jobs in force at a time put in [W].

        Parameters
        ----------
        power_w
            What runs without a profile, left as it is elsewhere. Shape (GPUs,)
        clock_limit
            Clocks that GPUs are locked to, shares of full clock. Shape (GPUs,)
        withheld
            GPUs that no job may use. Shape (GPUs,)
        paused
            Names of jobs that shall stand: they idle and keep their place.
        """
        self._limit = clock_limit
        self._turn(time_s, withheld, paused)
        asked_w = power_w.copy()
        for run in self._running:
            team = run.team
            if team is None:
                continue
            if run.paused:
                asked_w[team.gpus] = self._plant.arrays.gpus.idle_power_w[team.gpus]
                continue
            at = run.paced.pace(team, self._clock(team))
            # power is stated at the locked clock: the device's own control acts on it later
            at_w = run.paced.power_w(self._plant, team, at, clock_limit[team.gpus])
            waiting_w = team.waiting_w(self._plant)
            works = 1.0 - min(run.pause_left_s / self._dt_s, 1.0)
            works = min(works, _wanted_s(run, at, time_s, self._dt_s) / self._dt_s)
            asked_w[team.gpus] = waiting_w + works * (at_w - waiting_w)
        return asked_w

    def told(self, plant: Plant, state: State, dt_s: float) -> None:
        """Take note of a step of `dt_s` seconds that ended in a state: progress and energy.

        `plant` is the one in force; GPUs that it has out of service, or that turned
        themselves off, get nothing done.
        """
        gpus, self._dt_s = plant.arrays.gpus, dt_s
        powered = state.rack_powered[plant.arrays.nodes.rack[gpus.node]] > 0.0
        alive = gpus.in_service & powered & ~state.gpu_off
        self._device_clock = np.where(alive, state.gpu_clock_ratio, 0.0)
        if not self._running:
            return
        shares = shares_of_step(plant, state, dt_s, self.charges.at(state.time_s).terms)
        for run in self._running:
            run.record = shares.charged(run.record, run.job.gpus)
            self._progress(run, state.time_s, dt_s)

    def _progress(self, run: _Run, end_s: float, dt_s: float) -> None:
        time_s = end_s - dt_s
        paused_s = 0.0 if run.paused else min(run.pause_left_s, dt_s)
        run.pause_left_s -= paused_s
        active_s = steps = units = works_s = 0.0
        if run.team is not None and not run.paused:
            at = run.paced.pace(run.team, self._clock(run.team))
            rates = run.paced.rates(run.team, at)
            active_s = dt_s - paused_s if rates.works else 0.0
            works_s = min(active_s, _wanted_s(run, at, time_s, dt_s))
            steps, units = rates.steps_per_s * works_s, rates.units_per_s * works_s
        record = run.record
        run.record = replace(
            record,
            end_s=end_s,
            held_s=record.held_s + dt_s,
            running_s=record.running_s + active_s,
            gpu_s=record.gpu_s + dt_s * len(run.job.gpus),
            steps=record.steps + steps,
            units=record.units + units,
            ideal_units=record.ideal_units + run.ideal_per_s * works_s,
        )
        self.losses.add(run.job.name, units, self._wanted(run, time_s, dt_s - paused_s))
        self._checkpoint(run, active_s, units)

    def _wanted(self, run: _Run, time_s: float, dt_s: float) -> float:
        """Return the units that a job would make unhindered, or that are asked of it."""
        if run.team is None:
            return 0.0
        if run.job.arrivals is not None:
            after_s = time_s - run.job.start_s
            return run.job.arrivals.until(after_s + dt_s) - run.job.arrivals.until(after_s)
        return self._full(run, run.team)[1] * dt_s

    def _full(self, run: _Run, team: Team) -> tuple[Team, float, float]:
        """Return a team's rate at full clock, and how far its step follows the clock."""
        if run.full is None or run.full[0] is not team:
            full = team.pace(np.ones(len(team.gpus)))
            half_s = float(team.pace(np.full(len(team.gpus), 0.5)).step_s.mean())
            follows = half_s / float(full.step_s.mean()) - 1.0
            run.full = (team, team.units_per_s(full), min(max(follows, 0.0), 1.0))
        return run.full

    def _seen(self, run: _Run) -> JobOn:
        return JobOn(
            name=run.job.name,
            gpus=run.job.gpus,
            priority=run.job.priority,
            allowed_slowdown=run.job.allowed_slowdown,
            preemptible=run.job.preemptible,
            paused=run.paused,
            compute_share=1.0 if run.team is None else self._full(run, run.team)[2],
            slowdown=self.losses.slowdown(run.job.name),
            finish_by_s=run.job.finish_by_s,
            left_s=self._left_s(run),
            resume_s=resume_s(run.job),
        )

    def _left_s(self, run: _Run) -> float:
        """Return what a job's work takes yet at full pace [s]; infinite: without end."""
        rate = run.ideal_per_s if run.team is None else self._full(run, run.team)[1]
        left = run.meant_units - run.record.kept_units
        return run.pause_left_s + left / (rate * working_share(run.job)) if rate > 0.0 else np.inf

    def _checkpoint(self, run: _Run, active_s: float, units: float) -> None:
        run.since_s += active_s
        run.since_units += units
        every_s, lasts_s = run.job.profile.checkpoint_every_s, run.job.profile.checkpoint_s
        if every_s is None or lasts_s is None or run.since_s < float(every_s) - MEANT_S:
            return
        run.pause_left_s += float(lasts_s)
        run.since_s = run.since_units = 0.0

    def _turn(self, time_s: float, withheld: Flags, paused: frozenset[str]) -> None:
        """End, start, pause and form anew what is due at a time, then share the network."""
        for run in [run for run in self._running if _is_over(run, time_s + MEANT_S)]:
            self._running.remove(run)
            self._over.append(run)
            self._leave(run)
        while self._waiting and self._waiting[0].job.start_s <= time_s + MEANT_S:
            run = self._waiting.pop(0)
            self._running.append(run)
            self._join(run)
        for run in self._running:
            mine = withheld[run.job.gpus]
            if mine.tobytes() != (run.withheld or np.zeros_like(mine).tobytes()):
                self._form(run, run.job.gpus[~mine])
            run.withheld = mine.tobytes()
            if run.paused != (run.job.name in paused):
                self._leave(run)
                run.paused = not run.paused
                run.pause_left_s += 0.0 if run.paused else resume_s(run.job)
                self._join(run)
        for run in self._running:
            if run.team is not None and run.uses_network:
                run.team = run.team.at_rate(self._plant, self._contention.rate(run.job.name))

    def _form(self, run: _Run, gpus: Ints) -> None:
        """Put a job on other GPUs: it restarts from its last checkpoint."""
        self._leave(run)
        run.team = team_of(run.job.profile, self._plant, gpus)
        self._join(run)
        restart_s = run.job.profile.restart_s
        run.pause_left_s = 0.0 if restart_s is None else float(restart_s)
        if run.job.profile.together == "job":
            lost = run.record.lost_units + run.since_units
            run.record = replace(run.record, lost_units=lost)
        run.since_s = run.since_units = 0.0

    def _join(self, run: _Run) -> None:
        if run.team is not None and run.team.use is not None and not run.paused:
            self._contention.start(run.job.name, run.team.use)
            run.uses_network = True

    def _leave(self, run: _Run) -> None:
        if run.uses_network:
            self._contention.end(run.job.name)
            run.uses_network = False

    def _clock(self, team: Team) -> Floats:
        return np.asarray(self._limit[team.gpus] * self._device_clock[team.gpus])

    def _slowest_s(self, team: Team) -> float:
        return float(team.pace(self._clock(team)).step_s.max())


def _wanted_s(run: _Run, at: Pace, time_s: float, dt_s: float) -> float:
    """Return how long a job has work for in the `dt_s` seconds after a time."""
    if run.team is None or (run.job.arrivals is None and np.isinf(run.meant_units)):
        return dt_s
    asked = run.meant_units - run.record.kept_units
    if run.job.arrivals is not None:
        asked = run.job.arrivals.until(time_s + dt_s - run.job.start_s) - run.record.units
    rate = run.team.units_per_s(at)
    return min(max(asked, 0.0) / rate, dt_s) if rate > 0.0 else dt_s


def _is_over(run: _Run, time_s: float) -> bool:
    if np.isinf(run.meant_units):
        return run.job.end_s <= time_s
    done = run.record.kept_units >= run.meant_units * (1.0 - MEANT_S)
    return done or run.job.finish_by_s <= time_s


def _name(record: JobAccount) -> str:
    return record.job


def _run_of(plant: Plant, job: Assigned) -> _Run:
    try:
        team = first_team(job.profile, plant, job.gpus)
    except InputError as error:
        raise InputError(f"job {job.name!r}: {error}") from None
    ideal = team.units_per_s(team.pace(np.ones(len(team.gpus))))
    unit, count = job.profile.unit, len(job.gpus)
    record = JobAccount(job.name, job.profile_name, unit, count, job.start_s, job.start_s)
    return _Run(job, team, team, ideal, record, meant_units=meant_units(job, ideal))
