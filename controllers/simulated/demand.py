"""What the jobs of a scenario ask of GPUs: constant powers, and those of profiles."""

from pathlib import Path

import numpy as np

from controllers.actuators.order import Order
from controllers.jobs.work import Work
from controllers.policy import JobOn, LoadTarget, Move
from controllers.scenario import Job, Scenario
from controllers.simulated.course import Course
from controllers.simulated.locked import locked_w
from controllers.simulated.scenario_jobs import at_once, gpus_of_job, latest_s, power_of_job
from site_models.arrays import Flags, Floats
from site_models.errors import InputError
from site_models.plant import Plant
from twin.state import State


class Demand:
    """Power that the jobs of a scenario ask of each GPU; where none runs idle, or as given."""

    def __init__(
        self,
        plant: Plant,
        scenario: Scenario,
        path: Path,
        course: Course,
        work: Work,
        without_job_w: Floats | None = None,
    ) -> None:
        self._plant, self._course, self._work = plant, course, work
        self._idle_w, self._start_s = plant.arrays.gpus.idle_power_w, scenario.start_s
        if without_job_w is not None:
            self._idle_w = without_job_w
        count = len(plant.gpu_names)
        self._locked, self._paused = np.ones(count), frozenset[str]()
        self._clock = np.ones(count)
        self._moves = self._answered = frozenset[Move]()
        self._done_s: dict[str, float] = {}
        self._jobs: list[tuple[Job, Flags, Floats]] = []
        for n, job in enumerate(scenario.jobs):
            mine = gpus_of_job(job, plant)
            for other, theirs, _ in self._jobs:
                if at_once(job, other) and (mine & theirs).any():
                    gpu = plant.gpu_names[int(np.argmax(mine & theirs))]
                    raise InputError(
                        f"{path}: jobs.{n}.name: {job.name!r} is to run on {gpu} together"
                        f" with {other.name!r}, expected one job on a GPU"
                    )
            job_w = (
                self._idle_w if job.profile else power_of_job(job, mine, plant, f"{path}: jobs.{n}")
            )
            self._jobs.append((job, mine, job_w))

    def __call__(self, time_s: float) -> Floats:
        """Return the power of each GPU [W]."""
        for move in sorted(self._moves - self._answered):
            self._move(move, time_s)
        power_w = self._idle_w.copy()
        for job, mine, job_w in self._at(time_s):
            power_w[mine] = self._idle_w[mine] if job.name in self._paused else job_w[mine]
        clock = self._clock = np.minimum(self._course.clock_limit(time_s), self._locked)
        power_w = locked_w(self._plant, power_w, clock)
        withheld = self._course.withheld(time_s)
        return self._work.demand(time_s, power_w, clock, withheld, self._paused)

    def heed(self, order: Order) -> None:
        """Keep to the clocks, pauses and moves of an order from the next demand on."""
        self._locked, self._paused = order.gpu_clock_share, order.paused
        self._moves = order.moves

    def told(self, plant: Plant, state: State, dt_s: float) -> None:
        """Take note of a step: jobs of constant power progress with the mean of their clocks."""
        self._work.told(plant, state, dt_s)
        ratio = np.where(state.gpu_off, 0.0, state.gpu_clock_ratio * self._clock)
        for job, mine, _ in self._at(state.time_s - dt_s):
            if job.profile is None and mine.any():
                done = 0.0 if job.name in self._paused else float(ratio[mine].mean())
                self._work.losses.add(job.name, done * dt_s, dt_s)
                self._done_s[job.name] = self._done_s.get(job.name, 0.0) + done * dt_s

    def jobs(self, time_s: float, target: LoadTarget | None) -> tuple[JobOn, ...]:
        """Return the jobs at a time; what they lost is counted since the target began."""
        if target is not None and target.start_s <= time_s:
            self._work.losses.begin(target.start_s)
        constant = (
            JobOn(
                name=job.name,
                gpus=np.flatnonzero(mine).astype(np.int64),
                priority=job.priority,
                allowed_slowdown=job.allowed_slowdown,
                preemptible=job.preemptible,
                paused=job.name in self._paused,
                slowdown=self._work.losses.slowdown(job.name),
                finish_by_s=self._start_s + (job.finish_by_s or np.inf),
                left_s=self._left_s(job),
            )
            for job, mine, _ in self._at(time_s)
            if job.profile is None
        )
        return (*constant, *self._work.jobs())

    def free(self, time_s: float) -> Flags:
        """Return the GPUs that no job has, goes to, or will have. Shape (GPUs,)"""
        return ~(self._held(time_s) | self._course.withheld(time_s))

    def _held(self, time_s: float, but: str = "") -> Flags:
        held = self._work.held(but)
        for job, mine, _ in self._jobs:
            if job.name != but and time_s - self._start_s < latest_s(job):
                held = held | mine
        return held

    def _move(self, move: Move, time_s: float) -> None:
        """Put a job on other GPUs where nobody else has, or will have, one of them.

        Where somebody has, it stays: that nothing came of the order is seen from where it is.
        """
        self._answered |= {move}
        there = np.zeros(len(self._idle_w), dtype=np.bool_)
        there[list(move.gpus)] = True
        taken = self._held(time_s, but=move.job) | self._course.withheld(time_s)
        mine = [n for n, (job, _, _) in enumerate(self._jobs) if job.name == move.job]
        if len(mine) != 1 or (taken & there).any():
            return
        job, was, job_w = self._jobs[mine[0]]
        if job.profile is None:
            moved = there.sum() == was.sum()
        else:
            moved = self._work.move(move.job, np.array(move.gpus, dtype=np.int64))
        if moved:
            self._jobs[mine[0]] = (job, there, job_w)

    def _at(self, time_s: float) -> list[tuple[Job, Flags, Floats]]:
        """Return the jobs in force at a time."""
        now_s = time_s - self._start_s
        return [
            entry
            for entry in self._jobs
            if entry[0].start_s <= now_s < latest_s(entry[0]) and self._left_s(entry[0]) > 0.0
        ]

    def _left_s(self, job: Job) -> float:
        """Return what is left to do of a job that has a time to be done by [s]; else infinity.

        One with a profile counts its own work.
        """
        if job.finish_by_s is None or job.end_s is None or job.profile is not None:
            return np.inf
        return job.end_s - job.start_s - self._done_s.get(job.name, 0.0)
