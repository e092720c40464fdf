"""Records of the jobs that a scheduler told of: what each used, on a live or replayed plant."""

from dataclasses import replace

from controllers.allocations import Allocation, Allocations
from controllers.charges import Charges
from controllers.job_account import JobAccount, StepShares, shares_of_step
from controllers.loop import LONGEST_STEP_S
from site_models.plant import Plant
from twin.state import State

KEPT = 10_000
"""Ended jobs whose records are kept; the oldest go first."""


class JobBooks:
    """Charges every step to the jobs that hold GPUs; `look` once a tick.

    Steps and units are not known here: NaN, and so is what follows from them.
    A share of a GPU is charged that share. Checked in
    ``tests/controllers/test_job_books.py``.
    """

    def __init__(self, allocations: Allocations, charges: Charges) -> None:
        self._allocations, self._charges = allocations, charges
        self._open: dict[str, JobAccount] = {}
        self._ended: list[JobAccount] = []
        self._told: tuple[JobAccount, ...] = ()

    @property
    def records(self) -> tuple[JobAccount, ...]:
        """Return the records of running and ended jobs, the latest start first."""
        return self._told

    def look(self, plant: Plant, state: State, dt_s: float) -> None:
        """Charge the step of `dt_s` seconds that led to a state."""
        jobs = {job.job: job for job in self._allocations.jobs(state.time_s)}
        for name in [name for name in self._open if name not in jobs]:
            self._ended.append(self._open.pop(name))
        del self._ended[:-KEPT]
        charges = self._charges = self._charges.at(state.time_s)
        if jobs and dt_s > 0.0:
            length_s = min(dt_s, LONGEST_STEP_S)
            shares = shares_of_step(plant, state, length_s, charges.terms)
            for name, job in jobs.items():
                self._charge(name, job, shares, state.time_s, length_s)
        every = [*self._ended, *self._open.values()]
        self._told = tuple(sorted(every, key=lambda one: (-one.start_s, one.job)))

    def _charge(
        self, name: str, job: Allocation, shares: StepShares, time_s: float, dt_s: float
    ) -> None:
        begun_s = max(job.start_s, time_s - dt_s)
        if begun_s >= time_s:
            return
        record = self._open.get(name)
        if record is None:
            count, nan = len(job.gpus), float("nan")
            record = JobAccount(
                name, job.profile or "", "none", count, begun_s, begun_s,
                steps=nan, units=nan, ideal_units=nan,
            )  # fmt: skip
        part = job.share * (time_s - begun_s) / dt_s
        record = shares.charged(record, job.gpus, part)
        held_s = time_s - begun_s
        self._open[name] = replace(
            record,
            end_s=time_s,
            gpus=len(job.gpus),
            held_s=record.held_s + held_s,
            running_s=record.running_s + held_s,
            gpu_s=record.gpu_s + held_s * job.share * len(job.gpus),
        )
