"""The grid asks 256 H100 for less: tiers against uniform capping and against doing nothing."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from controllers.experiment import Experiment, Outcome, Setting
from controllers.experiments.demand_response.case import (
    EQUAL,
    Case,
    Tried,
    beyond,
    cases,
    long_case,
)
from controllers.experiments.demand_response.ceiling import ceiling
from controllers.experiments.demand_response.judge import judged
from controllers.experiments.demand_response.mix import jobs_of
from controllers.experiments.demand_response.notes import notes
from controllers.experiments.demand_response.play import AFTER_S, Run, answered, do_nothing
from controllers.experiments.demand_response.report import (
    asked_of,
    cooling,
    drawn,
    figures,
    left_alone,
    when_short,
)
from controllers.experiments.demand_response.uniform import UniformCap
from controllers.policies.demand_response import DemandResponse
from controllers.policy import Policy
from controllers.trials.pod_unit import unit
from site_models.plant import Plant

SETTLED, SCORED = (1, 2), (11, 12, 13, 14, 15)
"""Seeds that settings of scenario and policy were chosen on, and those that count."""
QUICK = 2
"""Seeds of the quick run."""


class Ground(NamedTuple):
    """Where everything is played: a plant and the weather that stands over it."""

    plant: Plant
    air: tuple[float, float]


class Played(NamedTuple):
    """A case and what came of it, seed by seed."""

    case: Case
    ours: Sequence[Tried]
    uniform: Sequence[Tried]


def run(setting: Setting) -> Outcome:
    """Play all cases; quick: events of an hour and two seeds, without the ten hours."""
    setting.only("demand_response")
    site, plant = unit()
    ground = Ground(plant, (site.location.design_dry_bulb_c, site.location.design_wet_bulb_c))
    hours, seeds = (1.0, SCORED[:QUICK]) if setting.quick else (3.0, SCORED)
    asked = cases(hours) if setting.quick else (*cases(hours), long_case())
    until_s = max(case.event.end_s for case in asked) + AFTER_S
    setting.told("doing nothing")
    quiet = [do_nothing(plant, ground.air, jobs_of(plant, s, EQUAL), until_s) for s in seeds]
    met = [_played(setting, ground, seeds, case, quiet, True) for case in asked]
    short = [_played(setting, ground, seeds, case, quiet, False) for case in beyond(hours)]
    return Outcome(
        "demand_response",
        _baseline(met, quiet[0]),
        {one.case.name: figures(one.case, one.ours) for one in (*met, *short)},
        (
            *(finding for one in met for finding in asked_of(one.case, one.ours)),
            *(finding for one in short for finding in when_short(one.case, one.ours)),
        ),
        (
            *(drawn(one.case, one.ours[0], one.uniform[0], quiet[0]) for one in met),
            cooling(met[0].case, met[0].ours[0], met[0].uniform[0], quiet[0]),
        ),
        notes(
            SETTLED,
            seeds,
            [(one.case, one.ours) for one in met],
            [(one.case, one.ours) for one in short],
        ),
    )


def _played(
    setting: Setting,
    ground: Ground,
    seeds: Sequence[int],
    case: Case,
    quiet: Sequence[Run],
    simple: bool,
) -> Played:
    """Return a case answered by our policy, and by the simple rule where it is asked for."""
    ours, uniform = [], []
    for seed, alone in zip(seeds, quiet, strict=True):
        setting.told(f"{case.name}, seed {seed}")
        room = _room(ground, seed, case)
        ours.append(_try(ground, seed, case, alone, DemandResponse(), room))
        if simple:
            uniform.append(_try(ground, seed, case, alone, UniformCap(), room))
    return Played(case, ours, uniform)


def _baseline(met: Sequence[Played], alone: Run) -> dict[str, Any]:
    first = met[0]
    rows = {f"uniform capping, {one.case.name}": figures(one.case, one.uniform) for one in met}
    return {"nothing": left_alone(alone, first.case, first.ours[0]), **rows}


def _room(ground: Ground, seed: int, case: Case) -> tuple[float, float]:
    """Return the cuts that the tiers allow, and those drawn for all work alike."""
    plant, air = ground
    full_w, least_w = ceiling(plant, air, case.jobs(plant, seed))
    any_w = ceiling(plant, air, jobs_of(plant, seed, case.tiers, False))[1]
    return 1.0 - least_w / full_w, 1.0 - any_w / full_w


def _try(
    ground: Ground,
    seed: int,
    case: Case,
    alone: Run,
    policy: Policy,
    room: tuple[float, float],
) -> Tried:
    plant, jobs = ground.plant, case.jobs(ground.plant, seed)
    played = answered(plant, ground.air, jobs, case.event, policy)
    return Tried(judged(played, alone, jobs, case.event), played, *room)


EXPERIMENT = Experiment(
    "The grid asks 256 H100 for 18 to 30 % less: tiers, uniform capping, nothing", run
)
