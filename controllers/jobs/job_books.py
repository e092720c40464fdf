"""Records of the jobs that a scheduler told of: what each used, on a live or replayed plant."""

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from controllers.accounts.charges import Charges
from controllers.jobs.allocation import Allocation
from controllers.jobs.allocations import Allocations
from controllers.jobs.job_account import JobAccount, StepShares, shares_of_step
from controllers.snapshot import LONGEST_STEP_S
from site_models.arrays import Floats, Ints
from site_models.plant import Plant
from twin.state import State

KEPT = 10_000
"""Ended jobs whose records are kept; the oldest go first."""


class Totals(NamedTuple):
    """What each of some jobs used so far, as `JobAccount` names it. All of shape (jobs,)"""

    start_s: Floats
    """When it was first charged; NaN: not yet."""
    end_s: Floats
    gpus: Floats
    """How many it was charged for last."""
    held_s: Floats
    gpu_s: Floats
    gpu_j: Floats
    it_j: Floats
    site_j: Floats
    water_kg: Floats
    cost_usd: Floats
    emissions_kg: Floats


@dataclass(frozen=True, eq=False)
class Roll:
    """The jobs that hold GPUs: where all of them stand, one after the other."""

    held: tuple[Allocation, ...] = ()
    profiles: tuple[str, ...] = ()
    """What each was first told to run."""
    gpus: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    begin: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """Each job's first place in `gpus`."""

    @cached_property
    def count(self) -> Ints:
        """Return how many GPUs each holds. Shape (jobs,)"""
        return np.diff(self.begin, append=len(self.gpus))

    @cached_property
    def share(self) -> Floats:
        """Return what part of each of its GPUs a job holds. 0..1, shape (jobs,)"""
        return np.array([job.share for job in self.held])

    @cached_property
    def start_s(self) -> Floats:
        """Return when each was told to start. Shape (jobs,)"""
        return np.array([job.start_s for job in self.held])


@dataclass(frozen=True, eq=False)
class Told:
    """All that the books knew at one tick; records are written out for whoever asks."""

    ended: tuple[JobAccount, ...] = ()
    roll: Roll = field(default_factory=Roll)
    totals: Totals = field(default_factory=lambda: _nothing(0))

    @cached_property
    def records(self) -> tuple[JobAccount, ...]:
        """Return the records of ended and running jobs, the latest start first."""
        running = _records(self.roll, self.totals, list(range(len(self.roll.held))))
        every = (*self.ended, *running)
        return tuple(sorted(every, key=lambda one: (-one.start_s, one.job)))


class JobBooks:
    """Charges every step to the jobs that hold GPUs; `look` once a tick.

    Steps and units are not known here: NaN, and so is what follows from them.
    A share of a GPU is charged that share. All jobs are charged at once: one by one, thousands
    would keep the interpreter from answering requests for tens of milliseconds. Checked in
    ``tests/controllers/jobs/test_job_books.py``.
    """

    def __init__(self, allocations: Allocations, charges: Charges) -> None:
        self._allocations, self._charges = allocations, charges
        self._told = Told()

    @property
    def records(self) -> tuple[JobAccount, ...]:
        """Return the records of running and ended jobs, the latest start first."""
        return self._told.records

    def look(self, plant: Plant, state: State, dt_s: float) -> None:
        """Charge the step of `dt_s` seconds that led to a state."""
        held, told = self._allocations.jobs(state.time_s), self._told
        charges = self._charges = self._charges.at(state.time_s)
        if held is not told.roll.held:
            told = _called(told, held)
        if held and dt_s > 0.0:
            length_s = min(dt_s, LONGEST_STEP_S)
            shares = shares_of_step(plant, state, length_s, charges.terms)
            totals = _charged(told.roll, told.totals, shares, state.time_s, length_s)
            told = Told(told.ended, told.roll, totals)
        self._told = told


def _called(told: Told, held: tuple[Allocation, ...]) -> Told:
    """Return the books with the jobs that hold GPUs now: others end, new ones have nothing yet."""
    roll, names = told.roll, {job.job for job in held}
    gone = [k for k, job in enumerate(roll.held) if job.job not in names]
    ended = _records(roll, told.totals, gone)
    former = {job.job: k for k, job in enumerate(roll.held)}
    was = np.array([former.get(job.job, -1) for job in held], dtype=np.int64)
    totals = Totals(*(np.append(v, n)[was] for v, n in zip(told.totals, _nothing(1), strict=True)))
    charged = (~np.isnan(totals.start_s)).tolist()
    profiles = tuple(
        roll.profiles[k] if known else job.profile or ""
        for k, known, job in zip(was.tolist(), charged, held, strict=True)
    )
    begin = np.cumsum([0, *(len(job.gpus) for job in held)])[:-1]
    gpus = np.concatenate([job.gpus for job in held]) if held else roll.gpus[:0]
    return Told((*told.ended, *ended)[-KEPT:], Roll(held, profiles, gpus, begin), totals)


def _charged(roll: Roll, totals: Totals, shares: StepShares, time_s: float, dt_s: float) -> Totals:
    """Return the totals with the step added of each job that had started by its end."""
    begun_s = np.maximum(roll.start_s, time_s - dt_s)
    running = begun_s < time_s
    held_s = time_s - begun_s
    part = roll.share * held_s / dt_s
    gpu_j = part * np.add.reduceat(shares.gpu_j[roll.gpus], roll.begin)
    it_j = part * np.add.reduceat(shares.gpu_it_j[roll.gpus], roll.begin)
    account = shares.account
    share = it_j / account.rack_j if account.rack_j > 0.0 else np.zeros(len(it_j))
    first_s = np.where(np.isnan(totals.start_s), begun_s, totals.start_s)
    after = Totals(
        first_s,
        np.full(len(begun_s), time_s),
        roll.count.astype(np.float64),
        totals.held_s + held_s,
        totals.gpu_s + held_s * roll.share * roll.count,
        totals.gpu_j + gpu_j,
        totals.it_j + it_j,
        totals.site_j + share * account.site_j,
        totals.water_kg + share * float(account.water_kg),
        totals.cost_usd + share * account.cost_usd,
        totals.emissions_kg + share * account.emissions_kg,
    )
    if running.all():
        return after
    return Totals(*(np.where(running, v, was) for v, was in zip(after, totals, strict=True)))


def _nothing(jobs: int) -> Totals:
    """Return the totals of jobs that were never charged."""
    never, none = np.full(jobs, np.nan), np.zeros(jobs)
    return Totals(never, never, none, none, none, none, none, none, none, none, none)


def _records(roll: Roll, totals: Totals, jobs: list[int]) -> tuple[JobAccount, ...]:
    """Return the records of some jobs; one that never was charged has none."""
    nan, found = float("nan"), []
    rows = zip(*(values[jobs].tolist() for values in totals), strict=True)
    for job, row in zip(jobs, rows, strict=True):
        start_s, end_s, gpus, held_s, gpu_s, *used = row
        if math.isnan(start_s):
            continue
        record = JobAccount(
            roll.held[job].job, roll.profiles[job], "none", int(gpus), start_s, end_s, held_s,
            held_s, gpu_s, nan, nan, 0.0, nan, *used,
        )  # fmt: skip
        found.append(record)
    return tuple(found)
