"""The grid asks 256 H100 for less: tiers against uniform capping and against doing nothing."""

from typing import Any, NamedTuple

from controllers.experiment import Experiment, Outcome, Setting
from controllers.experiments.demand_response.ceiling import ceiling
from controllers.experiments.demand_response.judge import judged
from controllers.experiments.demand_response.mix import jobs_of
from controllers.experiments.demand_response.play import AFTER_S, Event, Run, answered, do_nothing
from controllers.experiments.demand_response.report import (
    Case,
    Tried,
    asked_of,
    drawn,
    figures,
    left_alone,
    notes,
    when_short,
)
from controllers.experiments.demand_response.site import unit
from controllers.experiments.demand_response.uniform import UniformCap
from controllers.policies.demand_response import DemandResponse
from site_models.errors import InputError
from site_models.plant import Plant

HOUR_S = 3600.0
SEEDS = (1, 2, 3, 4, 5)
EQUAL = ((0.0, 0.25), (0.1, 0.25), (0.25, 0.25), (0.5, 0.25))
"""Allowed slowdown and the part of the GPUs that has it."""


class Ground(NamedTuple):
    """Where everything is played: a plant and the weather that stands over it."""

    plant: Plant
    air: tuple[float, float]


def cases(hours: float) -> tuple[Case, ...]:
    """Return the three cases with events of so many hours."""
    for_s = hours * HOUR_S
    rising = ((0.0, 0.1), (0.1, 0.2), (0.25, 0.3), (0.5, 0.4))
    deep = ((0.0, 0.0), (0.1, 0.2), (0.25, 0.2), (0.5, 0.6))
    return (
        Case("equal tiers", EQUAL, Event(0.18, 60.0, for_s)),
        Case("tiers 10/20/30/40", rising, Event(0.25, 60.0, for_s)),
        Case("tiers 0/20/20/60", deep, Event(0.30, 30.0, for_s)),
    )


def run(setting: Setting) -> Outcome:
    """Play all cases; quick: events of an hour and two seeds, without the ten hours."""
    if setting.site or setting.weather or setting.price or setting.jobs:
        raise InputError("demand_response: brings its own site, weather and jobs: expected none")
    site, plant = unit()
    ground = Ground(plant, (site.location.design_dry_bulb_c, site.location.design_wet_bulb_c))
    seeds = SEEDS[:2] if setting.quick else SEEDS
    chosen = cases(1.0 if setting.quick else 3.0)
    ours: dict[str, tuple[Case, list[Tried]]] = {case.name: (case, []) for case in chosen}
    uniform: dict[str, Tried] = {}
    quiet: list[Run] = []
    for seed in seeds:
        quiet.append(_alone(ground, seed, max(case.event.end_s for case in chosen)))
        for case in chosen:
            setting.told(f"seed {seed}, {case.name}")
            ours[case.name][1].append(_try(ground, seed, case, quiet[-1], DemandResponse()))
            if seed == seeds[0]:
                uniform[case.name] = _try(ground, seed, case, quiet[-1], UniformCap())
    if not setting.quick:
        setting.told("ten hours")
        long = Case("equal tiers, 10 h", EQUAL, Event(0.18, 60.0, 10.0 * HOUR_S))
        alone = _alone(ground, seeds[0], long.event.end_s)
        ours[long.name] = (long, [_try(ground, seeds[0], long, alone, DemandResponse())])
    setting.told("more than the tiers allow")
    greedy = Case("equal tiers, 40 % asked", EQUAL, Event(0.40, 60.0, chosen[0].event.for_s))
    more = _try(ground, seeds[0], greedy, quiet[0], DemandResponse())
    findings = [one for case, tried in ours.values() for one in asked_of(case, tried)]
    told = {case.name: figures(case, tried) for case, tried in ours.values()}
    baseline: dict[str, Any] = {"nothing": left_alone(quiet[0], chosen[0].event)}
    for case in chosen:
        baseline[f"uniform capping, {case.name}"] = figures(case, [uniform[case.name]])
    return Outcome(
        "demand_response",
        baseline,
        {**told, greedy.name: figures(greedy, [more])},
        (*findings, *when_short(more)),
        tuple(drawn(c, ours[c.name][1][0], uniform[c.name], quiet[0]) for c in chosen),
        notes(seeds, more),
    )


def _alone(ground: Ground, seed: int, until_s: float) -> Run:
    jobs = jobs_of(ground.plant, seed, EQUAL)
    return do_nothing(ground.plant, ground.air, jobs, until_s + AFTER_S)


def _try(ground: Ground, seed: int, case: Case, alone: Run, policy: Any) -> Tried:
    jobs = jobs_of(ground.plant, seed, case.tiers)
    full_w, least_w = ceiling(ground.plant, ground.air, jobs)
    any_w = ceiling(ground.plant, ground.air, jobs_of(ground.plant, seed, case.tiers, False))[1]
    played = answered(ground.plant, ground.air, jobs, case.event, policy)
    most, most_any = 1.0 - least_w / full_w, 1.0 - any_w / full_w
    return Tried(judged(played, alone, jobs, case.event), played, most, most_any)


EXPERIMENT = Experiment(
    "The grid asks 256 H100 for 18 to 30 % less: tiers, uniform capping, nothing", run
)
