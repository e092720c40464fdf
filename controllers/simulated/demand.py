"""What the jobs of a scenario ask of GPUs: constant powers, and those of profiles."""

from pathlib import Path

import numpy as np

from controllers.actuators.order import Order
from controllers.event import places
from controllers.jobs.assigned import Arrivals, Assigned, arrivals_of
from controllers.jobs.work import Work
from controllers.policy import JobOn, LoadTarget, Move
from controllers.scenario import Job, Scenario
from controllers.simulated.course import Course
from controllers.simulated.locked import locked_w
from site_models.arrays import Flags, Floats
from site_models.errors import InputError
from site_models.kinds.workload import Workload
from site_models.plant import Plant
from telemetry.requests import read_requests
from twin.state import State
from twin.workload import workload


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
                if _at_once(job, other) and (mine & theirs).any():
                    gpu = plant.gpu_names[int(np.argmax(mine & theirs))]
                    raise InputError(
                        f"{path}: jobs.{n}.name: {job.name!r} is to run on {gpu} together"
                        f" with {other.name!r}, expected one job on a GPU"
                    )
            job_w = self._idle_w if job.profile else _power_w(job, mine, plant, f"{path}: jobs.{n}")
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
            if job.name != but and time_s - self._start_s < _latest_s(job):
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
            if entry[0].start_s <= now_s < _latest_s(entry[0]) and self._left_s(entry[0]) > 0.0
        ]

    def _left_s(self, job: Job) -> float:
        """Return what is left to do of a job that has a time to be done by [s]; else infinity.

        One with a profile counts its own work.
        """
        if job.finish_by_s is None or job.end_s is None or job.profile is not None:
            return np.inf
        return job.end_s - job.start_s - self._done_s.get(job.name, 0.0)


def assigned(scenario: Scenario, plant: Plant, path: Path) -> list[Assigned]:
    """Return the jobs of a scenario that name a profile; InputError naming a wrong key."""
    jobs = []
    for n, job in enumerate(scenario.jobs):
        if job.profile is None:
            continue
        where = f"{path}: jobs.{n}"
        try:
            profile = workload(job.profile)
        except InputError as error:
            raise InputError(f"{where}.profile: {error}") from None
        end_s = np.inf if job.end_s is None else scenario.start_s + job.end_s
        asked = None if job.requests is None else _arrivals(path, job.requests, profile, where)
        gpus = np.flatnonzero(gpus_of_job(job, plant)).astype(np.int64)
        start_s = scenario.start_s + job.start_s
        by_s = np.inf if job.finish_by_s is None else scenario.start_s + job.finish_by_s
        jobs.append(
            Assigned(
                job.name,
                job.profile,
                profile,
                gpus,
                start_s,
                end_s,
                asked,
                job.priority,
                job.allowed_slowdown,
                job.preemptible,
                by_s,
            )
        )
    names = [job.name for job in jobs]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"{path}: jobs: two named {name!r}, expected different names")
    return jobs


def _arrivals(path: Path, table: str, profile: Workload, where: str) -> Arrivals:
    """Return the tokens that requests ask of a profile: prompts of a prefill, else answers."""
    if profile.work not in ("prefill", "decode"):
        raise InputError(f"{where}.requests: expected a profile of prefill or decode")
    if not path.is_file():  # who asks over the network names no files of this host
        raise InputError(f"{where}.requests: expected a scenario in a file, beside its table")
    requests = read_requests(path.parent / table)
    tokens = requests.context_tokens if profile.work == "prefill" else requests.generated_tokens
    return arrivals_of(requests.time_s, tokens)


def gpus_of_job(job: Job, plant: Plant) -> Flags:
    """Return the GPUs that a job's patterns name."""
    node = plant.arrays.gpus.node
    gpus = np.zeros(len(plant.gpu_names), dtype=np.bool_)
    for pattern in job.gpus:
        gpus[places(plant.gpu_names, pattern)] = True
    for pattern in job.nodes:
        gpus |= np.isin(node, places(plant.node_names, pattern))
    for pattern in job.racks:
        gpus |= np.isin(plant.arrays.nodes.rack[node], places(plant.rack_names, pattern))
    return gpus


def _power_w(job: Job, mine: Flags, plant: Plant, where: str) -> Floats:
    """Return a job's power on each GPU; InputError above a power limit."""
    gpus = plant.arrays.gpus
    if job.power_w is None:
        return np.maximum((job.share or 0.0) * gpus.power_max_w, gpus.idle_power_w)
    over = mine & (job.power_w > gpus.power_max_w)
    if over.any():
        g = int(np.argmax(over))
        raise InputError(
            f"{where}.power_w: {job.power_w:g}, expected at most {gpus.power_max_w[g]:g},"
            f" the limit of {plant.gpu_names[g]}"
        )
    return np.full(len(mine), job.power_w)


def _at_once(one: Job, other: Job) -> bool:
    """Say whether two jobs overlap in time."""
    return one.start_s < _latest_s(other) and other.start_s < _latest_s(one)


def _latest_s(job: Job) -> float:
    """Return when a job is over at the latest, since the scenario's start."""
    end_s = job.end_s if job.finish_by_s is None else job.finish_by_s
    return np.inf if end_s is None else end_s
