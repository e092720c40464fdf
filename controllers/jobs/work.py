"""Jobs with a profile on a simulated plant: what they ask of GPUs, and how far they get.

The clock that device and limits left in one interval sets the pace of the next demand and the
progress of the interval itself. A job stands while one of its GPUs does; what forms it anew is
in `controllers.jobs.formation`, what it remembers in `controllers.jobs.running`.
"""

from collections.abc import Sequence

import numpy as np

from controllers.accounts.charges import Charges
from controllers.jobs.assigned import Assigned
from controllers.jobs.formation import Formation
from controllers.jobs.job_account import JobAccount, shares_of_step
from controllers.jobs.losses import Losses
from controllers.jobs.running import MEANT_S, Run, run_of
from controllers.jobs.team import Team
from controllers.policy import JobOn
from site_models.arrays import Flags, Floats, Ints
from site_models.plant import Plant
from twin.state import State


class Work:
    """Jobs that run by their profiles. One object belongs to one run and moves with it."""

    def __init__(self, plant: Plant, jobs: Sequence[Assigned]) -> None:
        """Form every job's team; InputError naming the job whose GPUs do not fit its profile."""
        self.charges = Charges()
        """What the records are charged by from now on."""
        self.losses = Losses()
        """What the jobs have lost since an event of the grid began."""
        self._plant = plant
        self._formation = Formation(plant)
        count = len(plant.gpu_names)
        self._device_clock, self._limit = np.ones(count), np.ones(count)
        self._dt_s = 1.0
        self._waiting = [run_of(plant, job) for job in sorted(jobs, key=lambda job: job.start_s)]
        self._running: list[Run] = []
        self._over: list[Run] = []

    @property
    def records(self) -> tuple[JobAccount, ...]:
        """Return the records of the jobs that have begun, in the order of their names."""
        return tuple(sorted((run.record for run in (*self._over, *self._running)), key=_name))

    @property
    def running(self) -> tuple[Assigned, ...]:
        """Return the jobs that run now, on the GPUs that they have now."""
        return tuple(run.job for run in self._running)

    def step_s(self, job: str) -> float:
        """Return the time of a step of a running job now, that of its slowest set [s].

        Infinite while it stands. KeyError for a job that does not run.
        """
        run = self._run(job)
        if run.team is None or run.paused:
            return float("inf")
        return float(run.team.pace(self._clock(run.team)).step_s.max())

    def stands(self, job: str) -> bool:
        """Say whether a job writes a checkpoint or restarts; KeyError for one that does not run."""
        return self._run(job).pause_left_s > MEANT_S

    def jobs(self) -> tuple[JobOn, ...]:
        """Return the jobs that run or are paused, as policies see them."""
        return tuple(run.seen(self.losses.slowdown(run.job.name)) for run in self._running)

    def exchange_s(self, job: str) -> float:
        """Return what a running job's step exchanges now, all phases, hidden parts too [s].

        NaN while it has no team. KeyError for a job that does not run.
        """
        team = self._run(job).team
        return float("nan") if team is None else float(team.exchange.time_s.sum())

    def held(self, but: str = "") -> Flags:
        """Return the GPUs that running jobs have or go to, those of one left out. Shape (GPUs,)"""
        held = np.zeros(len(self._limit), dtype=np.bool_)
        for run in self._running:
            if run.job.name != but:
                held[run.job.gpus] = True
                if run.goes_to is not None:
                    held[run.goes_to.gpus] = True
        return held

    def move(self, job: str, gpus: Ints) -> bool:
        """Begin to move a running job to GPUs that nobody else holds: see `Formation.set_out`.

        False, and nothing done, for a job that does not run or cannot run there.
        """
        mine = [run for run in self._running if run.job.name == job]
        if not mine or self.held(but=job)[gpus].any():
            return False
        return self._formation.set_out(mine[0], gpus, self._device_clock)

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
            works *= run.goes_to is None
            works = min(works, run.busy_s(at, time_s, self._dt_s) / self._dt_s)
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

    def _progress(self, run: Run, end_s: float, dt_s: float) -> None:
        time_s = end_s - dt_s
        paused_s = 0.0 if run.paused else min(run.pause_left_s, dt_s)
        run.pause_left_s -= paused_s
        active_s = steps = units = works_s = 0.0
        if run.team is not None and not run.paused and run.goes_to is None:
            at = run.paced.pace(run.team, self._clock(run.team))
            rates = run.paced.rates(run.team, at)
            active_s = dt_s - paused_s if rates.works else 0.0
            works_s = min(active_s, run.busy_s(at, time_s, dt_s))
            steps, units = rates.steps_per_s * works_s, rates.units_per_s * works_s
        run.noted(end_s, dt_s, active_s, steps, units, works_s)
        self.losses.add(run.job.name, units, run.wanted(time_s, dt_s - paused_s))
        run.checkpoint(active_s, units)

    def _turn(self, time_s: float, withheld: Flags, paused: frozenset[str]) -> None:
        """End, start, pause, move and form anew what is due at a time, then share the network."""
        for run in [run for run in self._running if run.is_over(time_s + MEANT_S)]:
            self._running.remove(run)
            self._over.append(run)
            self._formation.leave(run)
        while self._waiting and self._waiting[0].job.start_s <= time_s + MEANT_S:
            run = self._waiting.pop(0)
            self._running.append(run)
            self._formation.join(run)
        for run in self._running:
            self._formation.arrive(run)
            self._formation.withhold(run, withheld)
            self._formation.pause(run, run.job.name in paused)
        for run in self._running:
            self._formation.share(run)

    def _run(self, job: str) -> Run:
        for run in self._running:
            if run.job.name == job:
                return run
        raise KeyError(job)

    def _clock(self, team: Team) -> Floats:
        return np.asarray(self._limit[team.gpus] * self._device_clock[team.gpus])


def _name(record: JobAccount) -> str:
    return record.job
