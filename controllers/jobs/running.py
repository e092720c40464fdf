"""A job that runs by a profile: what it remembers, how far it is, what it has yet to do."""

from dataclasses import dataclass, field, replace

import numpy as np

from controllers.jobs.assigned import Assigned, meant_units, resume_s, working_share
from controllers.jobs.job_account import JobAccount
from controllers.jobs.paced import Paced
from controllers.jobs.team import Team, first_team
from controllers.policy import JobOn
from site_models.errors import InputError
from site_models.plant import Plant
from twin.workload import Pace

MEANT_S = 1e-9
"""Instants this close are one."""


@dataclass(slots=True, eq=False)
class Run:
    """What a running job remembers; `jobs.work` and `jobs.formation` change it."""

    job: Assigned
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
    goes_to: Team | None = None
    """Where it goes once its checkpoint is written; it holds these GPUs already."""
    meant_units: float = np.inf
    """When it has done so much it is over; infinite: it is over at its end."""
    uses_network: bool = False
    full: tuple[Team, float, float] | None = None
    """A team, its units a second at full clock, and the part of its step that follows it."""
    paced: Paced = field(default_factory=Paced)

    def at_full(self, team: Team) -> tuple[Team, float, float]:
        """Return a team's units a second at full clock, and how far its step follows the clock."""
        if self.full is None or self.full[0] is not team:
            full = team.pace(np.ones(len(team.gpus)))
            half_s = float(team.pace(np.full(len(team.gpus), 0.5)).step_s.mean())
            follows = half_s / float(full.step_s.mean()) - 1.0
            self.full = (team, team.units_per_s(full), min(max(follows, 0.0), 1.0))
        return self.full

    def wanted(self, time_s: float, dt_s: float) -> float:
        """Return the units that it would make unhindered, or that are asked of it."""
        if self.team is None:
            return 0.0
        if self.job.arrivals is not None:
            after_s = time_s - self.job.start_s
            return self.job.arrivals.until(after_s + dt_s) - self.job.arrivals.until(after_s)
        return self.at_full(self.team)[1] * dt_s

    def busy_s(self, at: Pace, time_s: float, dt_s: float) -> float:
        """Return how long it has work for in the `dt_s` seconds after a time."""
        if self.team is None or (self.job.arrivals is None and np.isinf(self.meant_units)):
            return dt_s
        asked = self.meant_units - self.record.kept_units
        if self.job.arrivals is not None:
            asked = self.job.arrivals.until(time_s + dt_s - self.job.start_s) - self.record.units
        rate = self.team.units_per_s(at)
        return min(max(asked, 0.0) / rate, dt_s) if rate > 0.0 else dt_s

    def left_s(self) -> float:
        """Return what its work takes yet at full pace [s]; infinite: without end."""
        rate = self.ideal_per_s if self.team is None else self.at_full(self.team)[1]
        left = self.meant_units - self.record.kept_units
        if rate <= 0.0:
            return np.inf
        return self.pause_left_s + left / (rate * working_share(self.job))

    def is_over(self, time_s: float) -> bool:
        """Say whether it has done what it was meant to, or its time is over."""
        if np.isinf(self.meant_units):
            return self.job.end_s <= time_s
        done = self.record.kept_units >= self.meant_units * (1.0 - MEANT_S)
        return done or self.job.finish_by_s <= time_s

    def noted(
        self, end_s: float, dt_s: float, active_s: float, steps: float, units: float, works_s: float
    ) -> None:
        """Write a step of `dt_s` seconds into its record."""
        record = self.record
        self.record = replace(
            record,
            end_s=end_s,
            held_s=record.held_s + dt_s,
            running_s=record.running_s + active_s,
            gpu_s=record.gpu_s + dt_s * len(self.job.gpus),
            steps=record.steps + steps,
            units=record.units + units,
            ideal_units=record.ideal_units + self.ideal_per_s * works_s,
        )

    def checkpoint(self, active_s: float, units: float) -> None:
        """Count what was done since the last checkpoint, and write one when it is due."""
        self.since_s += active_s
        self.since_units += units
        every_s, lasts_s = self.job.profile.checkpoint_every_s, self.job.profile.checkpoint_s
        if every_s is None or lasts_s is None or self.since_s < float(every_s) - MEANT_S:
            return
        self.pause_left_s += float(lasts_s)
        self.since_s = self.since_units = 0.0

    def seen(self, slowdown: float) -> JobOn:
        """Return it as policies see it."""
        return JobOn(
            name=self.job.name,
            gpus=self.job.gpus,
            priority=self.job.priority,
            allowed_slowdown=self.job.allowed_slowdown,
            preemptible=self.job.preemptible,
            paused=self.paused,
            compute_share=1.0 if self.team is None else self.at_full(self.team)[2],
            slowdown=slowdown,
            finish_by_s=self.job.finish_by_s,
            left_s=self.left_s(),
            resume_s=resume_s(self.job.profile),
            profile=self.job.profile_name,
            together=self.job.profile.together == "job",
        )


def run_of(plant: Plant, job: Assigned) -> Run:
    """Return a job as it begins; InputError naming it where its GPUs do not fit its profile."""
    try:
        team = first_team(job.profile, plant, job.gpus)
    except InputError as error:
        raise InputError(f"job {job.name!r}: {error}") from None
    ideal = team.units_per_s(team.pace(np.ones(len(team.gpus))))
    unit, count = job.profile.unit, len(job.gpus)
    record = JobAccount(job.name, job.profile_name, unit, count, job.start_s, job.start_s)
    return Run(job, team, ideal, record, meant_units=meant_units(job, ideal))
