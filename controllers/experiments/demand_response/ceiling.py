"""The least power that tiers allow: every job at the lowest clock that keeps its tier, at rest."""

from collections.abc import Mapping, Sequence

import numpy as np

from controllers.jobs.team import Team, first_team
from controllers.scenario import Job
from site_models.arrays import Floats
from site_models.plant import Plant
from twin.start import idle_inputs
from twin.state import MODELLED
from twin.steady import steady
from twin.workload import workload

HALVINGS = 30


def ceiling(plant: Plant, air: tuple[float, float], jobs: Sequence[Job]) -> tuple[float, float]:
    """Return site power with all jobs at full clock and at their tiers' lowest clocks [W].

    Both at the meters and at rest, from the profiles themselves: no policy can do better with
    clocks. What a shorter event gains from stored heat and cold is not in it.
    """
    full_w, least_w = plant.arrays.gpus.idle_power_w.copy(), plant.arrays.gpus.idle_power_w.copy()
    place = {name: g for g, name in enumerate(plant.gpu_names)}
    for job in jobs:
        assert job.profile is not None
        gpus = np.array([place[name] for name in job.gpus])
        team = first_team(workload(job.profile), plant, gpus)
        full_w[gpus] = _power_w(plant, team, 1.0)
        least_w[gpus] = _power_w(plant, team, lowest_clock(team, job.allowed_slowdown))
    return _site_w(plant, air, full_w), _site_w(plant, air, least_w)


def lowest_clock(team: Team, allowed: float) -> float:
    """Return the lowest clock at which a team loses no more than it may of its throughput."""
    gpus = len(team.gpus)
    needed = team.units_per_s(team.pace(np.ones(gpus))) * (1.0 - allowed) * (1.0 - 1e-9)
    low, high = 0.2, 1.0
    for _ in range(HALVINGS):
        clock = 0.5 * (low + high)
        enough = team.units_per_s(team.pace(np.full(gpus, clock))) >= needed
        low, high = (low, clock) if enough else (clock, high)
    return high


def given_shares(jobs: Sequence[Job]) -> Mapping[float, float]:
    """Return the share of the GPUs in each tier."""
    gpus = sum(len(job.gpus) for job in jobs)
    shares: dict[float, float] = {}
    for job in jobs:
        tier = job.allowed_slowdown
        shares[tier] = shares.get(tier, 0.0) + len(job.gpus) / gpus
    return dict(sorted(shares.items()))


def _power_w(plant: Plant, team: Team, clock: float) -> Floats:
    clocks = np.full(len(team.gpus), clock)
    return team.power_w(plant, team.pace(clocks), clocks)


def _site_w(plant: Plant, air: tuple[float, float], gpu_power_w: Floats) -> float:
    basis = np.full(len(gpu_power_w), MODELLED, dtype=np.int64)
    inputs = idle_inputs(plant, *air)._replace(gpu_power_w=gpu_power_w, gpu_power_basis=basis)
    state = steady(plant, inputs)
    return float(state.feed_power_w[plant.arrays.feeds.parent < 0].sum())
