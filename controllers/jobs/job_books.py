"""Records of the jobs that a scheduler told of: what each used, on a live or replayed plant."""

import numpy as np

from controllers.accounts.charges import Charges
from controllers.jobs.allocations import Allocation, Allocations
from controllers.jobs.job_account import JobAccount, StepShares, shares_of_step
from controllers.snapshot import LONGEST_STEP_S
from site_models.arrays import Ints
from site_models.plant import Plant
from twin.state import State

KEPT = 10_000
"""Ended jobs whose records are kept; the oldest go first."""


class JobBooks:
    """Charges every step to the jobs that hold GPUs; `look` once a tick.

    Steps and units are not known here: NaN, and so is what follows from them.
    A share of a GPU is charged that share. Checked in
    ``tests/controllers/jobs/test_job_books.py``.
    """

    def __init__(self, allocations: Allocations, charges: Charges) -> None:
        self._allocations, self._charges = allocations, charges
        self._open: dict[str, JobAccount] = {}
        self._ended: list[JobAccount] = []
        self._told: tuple[JobAccount, ...] = ()
        self._held: tuple[Allocation, ...] = ()
        self._gpus: Ints = np.zeros(0, dtype=np.int64)
        """Of all jobs held, one after the other."""
        self._begin: Ints = np.zeros(0, dtype=np.int64)

    @property
    def records(self) -> tuple[JobAccount, ...]:
        """Return the records of running and ended jobs, the latest start first."""
        return self._told

    def look(self, plant: Plant, state: State, dt_s: float) -> None:
        """Charge the step of `dt_s` seconds that led to a state."""
        held = self._allocations.jobs(state.time_s)
        jobs = {job.job: job for job in held}
        for name in [name for name in self._open if name not in jobs]:
            self._ended.append(self._open.pop(name))
        del self._ended[:-KEPT]
        charges = self._charges = self._charges.at(state.time_s)
        if jobs and dt_s > 0.0:
            length_s = min(dt_s, LONGEST_STEP_S)
            shares = shares_of_step(plant, state, length_s, charges.terms)
            for job, gpu_j, it_j in zip(held, *self._energies_j(held, shares), strict=True):
                self._charge(job, shares, gpu_j, it_j, state.time_s, length_s)
        every = [*self._ended, *self._open.values()]
        self._told = tuple(sorted(every, key=lambda one: (-one.start_s, one.job)))

    def _energies_j(
        self, held: tuple[Allocation, ...], shares: StepShares
    ) -> tuple[list[float], list[float]]:
        """Return the energy of the step of whole GPUs and at the inlets, by job [J]."""
        if held is not self._held:
            count = [len(job.gpus) for job in held]
            self._begin = np.cumsum([0, *count[:-1]])
            self._gpus = np.concatenate([job.gpus for job in held])
            self._held = held
        gpu_j = np.add.reduceat(shares.gpu_j[self._gpus], self._begin)
        it_j = np.add.reduceat(shares.gpu_it_j[self._gpus], self._begin)
        return gpu_j.tolist(), it_j.tolist()

    def _charge(
        self,
        job: Allocation,
        shares: StepShares,
        gpu_j: float,
        it_j: float,
        time_s: float,
        dt_s: float,
    ) -> None:
        begun_s = max(job.start_s, time_s - dt_s)
        if begun_s >= time_s:
            return
        record, count, held_s = self._open.get(job.job), len(job.gpus), time_s - begun_s
        if record is None:
            nan = float("nan")
            record = JobAccount(
                job.job, job.profile or "", "none", count, begun_s, begun_s,
                steps=nan, units=nan, ideal_units=nan,
            )  # fmt: skip
        part = job.share * held_s / dt_s
        self._open[job.job] = JobAccount(  # in place of `replace`: thousands a tick
            record.job,
            record.profile,
            record.unit,
            count,
            record.start_s,
            time_s,
            record.held_s + held_s,
            record.running_s + held_s,
            record.gpu_s + held_s * job.share * count,
            record.steps,
            record.units,
            record.lost_units,
            record.ideal_units,
            **shares.totals(record, part * gpu_j, part * it_j),
        )
