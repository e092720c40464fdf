"""The GPUs on which a job runs at present: who waits for whom, what they exchange and draw."""

from dataclasses import dataclass

import numpy as np

from site_models.arrays import Floats, Ints
from site_models.errors import InputError
from site_models.kinds.workload import Workload
from site_models.plant import Plant
from twin.fabric.parallel import Exchange, alone, exchange_of, fitting, job_use, members_of
from twin.fabric.span import Use
from twin.workload import Pace, Pattern, mean_power_w, pace, pattern_on, phase_power_w, step_wave


@dataclass(frozen=True, slots=True, eq=False)
class Team:
    """A job's formation; changes when it loses or regains GPUs or its network share changes."""

    profile: Workload
    gpus: Ints
    pattern: Pattern
    member: Ints
    exchange: Exchange
    use: Use | None
    """None: its traffic stays within NVLink domains."""
    rate_bytes_per_s: float | None
    """Of one GPU's network interface."""

    @property
    def bubble(self) -> float:
        """Return what filling and draining a pipeline adds to the work, as a share."""
        return (self.profile.pipeline - 1) / self.profile.microbatches

    def pace(self, clock: Floats) -> Pace:
        """Return how the step runs at the clock of each GPU of the team, shares of full clock."""
        return pace(
            self.pattern, clock, self.member, self.exchange.time_s, self.exchange.hidden,
            self.bubble,
        )  # fmt: skip

    def units_per_s(self, at: Pace) -> float:
        """Return tokens, samples or bytes a second; a standing set makes none."""
        size = self.profile.tensor * self.profile.pipeline
        return float((1.0 / at.step_s).sum()) * float(self.profile.units_per_step) / size

    def power_w(self, plant: Plant, at: Pace, clock: Floats) -> Floats:
        """Return the mean power of each GPU of the team at a clock [W]."""
        idle_w, limit_w, phase_w = self._powers_w(plant, clock)
        return mean_power_w(at, self.pattern, phase_w, idle_w, limit_w)

    def _powers_w(self, plant: Plant, clock: Floats) -> tuple[Floats, Floats, Floats]:
        """Return idle power, limit and power by phase of each GPU of the team [W]."""
        gpus, groups = plant.arrays.gpus, plant.arrays.groups
        idle_w, limit_w = gpus.idle_power_w[self.gpus], gpus.power_max_w[self.gpus]
        group = gpus.group[self.gpus]
        flat, floor = groups.voltage_flat[group], groups.voltage_floor[group]
        return idle_w, limit_w, phase_power_w(self.pattern, clock, idle_w, limit_w, flat, floor)

    def wave(self, plant: Plant, clock: Floats, gpu: int) -> tuple[Floats, Floats]:
        """Return lengths [s] and powers [W] of a step of the team's `gpu`-th member in turn.

        For power at steps shorter than a training step; see `twin.workload.step_wave`.
        """
        at = self.pace(clock)
        idle_w, limit_w, phase_w = self._powers_w(plant, clock)
        return step_wave(at, self.pattern, phase_w, idle_w, limit_w, gpu)

    def waiting_w(self, plant: Plant) -> Floats:
        """Return the power of each GPU of the team while the job stands [W]."""
        gpus = plant.arrays.gpus
        idle_w = gpus.idle_power_w[self.gpus]
        return np.asarray(idle_w + (gpus.power_max_w[self.gpus] - idle_w) * self.pattern.wait_share)

    def at_rate(self, plant: Plant, rate_bytes_per_s: float | None) -> "Team":
        """Return the team with another share of the network."""
        if self.use is None or rate_bytes_per_s == self.rate_bytes_per_s:
            return self
        exchange = exchange_of(self.profile, plant, self.gpus, rate_bytes_per_s)
        return Team(
            self.profile, self.gpus, self.pattern, self.member, exchange, self.use, rate_bytes_per_s
        )


def team_of(profile: Workload, plant: Plant, gpus: Ints) -> Team | None:
    """Return the team on as many of the GPUs as make whole replicas; None if none does.

    The network is its own. Raises InputError for GPUs in no common fabric, or of a model that
    lacks a rate the profile counts on.
    """
    mine = fitting(profile, gpus)
    if len(mine) == 0:
        return None
    use = job_use(profile, plant, mine)
    rate = alone(plant, use)
    return Team(
        profile,
        mine,
        pattern_on(profile, plant, mine),
        members_of(profile, mine),
        exchange_of(profile, plant, mine, rate),
        use,
        rate,
    )


def first_team(profile: Workload, plant: Plant, gpus: Ints) -> Team:
    """Return a job's team at its start; InputError unless all its GPUs find a place in it."""
    team = team_of(profile, plant, gpus)
    if team is None or len(team.gpus) < len(gpus):
        raise InputError(
            f"gpus: {len(gpus)}, expected a multiple of tensor x pipeline x expert ="
            f" {profile.tensor} x {profile.pipeline} x {profile.expert}"
        )
    return team
