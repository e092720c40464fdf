"""`twin experiment price_shift`: jobs with time to spare follow prices that are really known."""

from typing import Any, NamedTuple

from controllers.experiment import Experiment, Outcome, Setting
from controllers.experiments.price_shift.play import Played, Told, play
from controllers.experiments.price_shift.report import (
    CLOCK,
    FOR_CARBON,
    FORESIGHT,
    NOTHING,
    OURS,
    REAL_TIME,
    THRESHOLD,
    figures,
    findings,
    notes,
    plots,
)
from controllers.experiments.price_shift.rules import above, by_the_clock
from controllers.experiments.price_shift.weeks import Week, always, day_ahead, present, weeks, year
from controllers.outdoors import outdoors_of
from controllers.policies.hold import Hold
from controllers.policies.price_shift import PriceShift
from controllers.trials.pod_unit import unit
from site_models.site import load_site

SCORED = (2, 10, 18, 26, 34)
"""Weeks of the year: every eighth until the end of the summer."""
SETTLED_ON = (5, 17, 29)
"""The rules' hours and threshold, and the policy's defaults, were chosen on these."""
QUICK = (10, 34)
SHIPPED_WEEKS = 3
"""Scored where only the shipped July is at hand."""
WEEK_S = 7 * 86_400.0


class Case(NamedTuple):
    """A policy and what it is told."""

    policy: Any
    told: Told


def cases() -> dict[str, Case]:
    """Return what is compared, by name."""
    now, market = Told(present, present), Told(day_ahead, present)
    return {
        NOTHING: Case(Hold(), now),
        CLOCK: Case(by_the_clock(16, 22), now),
        THRESHOLD: Case(above(1.2), now),
        OURS: Case(PriceShift(), market),
        REAL_TIME: Case(PriceShift(), now),
        FOR_CARBON: Case(PriceShift(carbon_usd_per_kg=10.0), market),
        FORESIGHT: Case(PriceShift(horizon_s=WEEK_S, least=0.0), Told(always, always, 7 * 24)),
    }


def _run(setting: Setting) -> Outcome:
    setting.only("price_shift", "price")
    _, plant = unit()
    air = outdoors_of(load_site("pilot").location)
    prices, carbon, told = year(setting.price)
    scored = _scored(weeks(prices, carbon), setting.quick)
    runs: dict[str, list[Played]] = {name: [] for name in cases()}
    for week in scored:
        for name, case in cases().items():
            runs[name].append(play(plant, air, week, case.policy, case.told, week.number))
            setting.told(f"week {week.number}, {name}: {runs[name][-1].cost_usd:.0f} USD")
    baseline = {name: figures(runs, name) for name in (NOTHING, CLOCK, THRESHOLD, FORESIGHT)}
    ours = {name: figures(runs, name) for name in (OURS, REAL_TIME, FOR_CARBON)}
    return Outcome(
        "price_shift",
        baseline,
        ours,
        findings(runs),
        plots(runs, [week.number for week in scored]),
        notes(runs, [week.number for week in scored], SETTLED_ON, told),
    )


def _scored(found: list[Week], quick: bool) -> list[Week]:
    """Return the weeks that are scored: of the whole year's, else the first that there are."""
    wanted = QUICK if quick else SCORED
    there = [week for week in found if week.number in wanted]
    return there if len(found) > 2 * SHIPPED_WEEKS else found[:SHIPPED_WEEKS]


EXPERIMENT = Experiment(
    "Weeks of Texas prices: jobs with time to spare shifted, by rules, with foresight, not at all",
    _run,
)
