"""Each feed of a hall lost in turn under a power budget: what is left overloaded, and what not."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from controllers.experiment import Experiment, Finding, Outcome, Setting, at_least, at_most
from controllers.policies.power_budget import PowerBudget
from controllers.power.power_tree import shared_stages
from controllers.scenario import Job, scenario_of
from controllers.simulated.what_if import WhatIf, staged_from
from controllers.supervision.supervisor import Supervisor
from controllers.trials.plain_sight import seen
from controllers.trials.pod_unit import jobs_side_by_side, unit
from site_models.plant import Plant

RATING_W = 200_000.0
"""Of each of the two distribution units: together they carry all, one alone does not."""
START = datetime(2026, 7, 14, 18, 0, tzinfo=UTC)
LOST_S, END_S, DT_S = 180.0, 360.0, 1.0
WAYS = {
    "budget, each feed lost": PowerBudget(),
    "ours, laid out for any loss": PowerBudget(n_minus_1=True),
}
LOOSE, OURS = WAYS
NOTE = (
    f"Feeds that others stand in for: 256 H100 at full load on two distribution units of"
    f" {RATING_W / 1e3:g} kW behind two UPS, jobs as in `experiment demand_response`, each of the"
    f" four lost in turn after {LOST_S / 60:g} minutes. The power budget acts a second after, and"
    " a breaker stands that second: breakers_tripped. Laid out for any loss (`n_minus_1`) nothing"
    " has to act in time; what that costs all the time is in work_before_the_loss."
)


class Lost(NamedTuple):
    """What became of the others once a feed was lost."""

    highest: float
    """Load of any stage over its rating, from the loss on."""
    seconds_over: int
    work: float
    """Before the loss, over that at full clock. 0..1"""
    tripped: int


def with_any_feed_lost(faults: Experiment) -> Experiment:
    """Return an experiment with the loss of feeds that others stand in for beside its own."""
    return Experiment(faults.title, partial(_run, faults.run))


def _run(faults: Callable[[Setting], Outcome], setting: Setting) -> Outcome:
    found = faults(setting)
    site, plant = unit(pdu_w=RATING_W)
    air = (site.location.design_dry_bulb_c, site.location.design_wet_bulb_c)
    stages = [plant.feed_names[feed] for feed in shared_stages(plant).tolist()]
    losses: dict[str, list[Lost]] = {}
    for way, policy in WAYS.items():
        setting.told(way)
        losses[way] = [lost(plant, air, feed, policy) for feed in stages]
    return replace(
        found,
        baseline={**found.baseline, LOOSE: _figures(losses[LOOSE])},
        ours={**found.ours, OURS: _figures(losses[OURS])},
        findings=(*found.findings, *_findings(losses[LOOSE], losses[OURS])),
        notes=(*found.notes, NOTE),
    )


def lost(plant: Plant, air: tuple[float, float], feed: str, policy: PowerBudget) -> Lost:
    """Return how a budget, armed, brings the unit's feeds through the loss of one of them."""
    jobs = jobs_side_by_side(plant)
    event = {"at_s": LOST_S, "kind": "feed_loss", "target": feed}
    raw = {"site": plant.site, "start": START, "duration_s": END_S, "jobs": jobs, "events": [event]}
    path = Path("feed_loss")
    stage = staged_from(scenario_of(raw, path), path, plant, lambda time_s: air, DT_S)
    supervisor = Supervisor(plant, {"budget": policy}, stage.rig, {"budget": "armed"})
    rating_w = plant.arrays.feeds.rating_w
    loads, work = [0.0], 0.0
    while stage.rig.read() is not None:
        state = stage.rig.state
        if state.time_s - START.timestamp() > LOST_S:
            loads.append(float((state.feed_output_w / rating_w)[rating_w > 0.0].max()))
        else:
            work = _work(stage, jobs)
        supervisor.rule(seen(stage, DT_S))
    over = sum(load > 1.0 for load in loads)
    return Lost(max(loads), over, work, int(stage.rig.state.feed_open.sum()))


def _work(stage: WhatIf, jobs: list[Job]) -> float:
    done = {record.job: record.performance for record in stage.work.records}
    return float(np.average([done[job.name] for job in jobs], weights=[len(j.gpus) for j in jobs]))


def _figures(losses: list[Lost]) -> dict[str, float]:
    return {
        "highest_load_after_a_loss": max(one.highest for one in losses),
        "seconds_over_a_rating": float(sum(one.seconds_over for one in losses)),
        "breakers_tripped": float(sum(one.tripped for one in losses)),
        "work_before_the_loss": float(np.mean([one.work for one in losses])),
    }


def _findings(loose: list[Lost], ours: list[Lost]) -> tuple[Finding, ...]:
    return (
        at_most("any feed of two lost: highest load of what is left, budget laid out for it",
                100.0 * max(one.highest for one in ours), 100.0, "% of its rating"),
        at_least("the same, budget not laid out for it (the loss is a real one)",
                 100.0 * max(one.highest for one in loose), 100.0, "% of its rating"),
    )  # fmt: skip
