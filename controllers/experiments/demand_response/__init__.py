"""The grid asks 256 H100 for less: tiers against uniform capping and against doing nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from controllers.experiment import (
    Curve,
    Experiment,
    Finding,
    Outcome,
    Plot,
    Setting,
    at_least,
    at_most,
)
from controllers.experiments.demand_response.ceiling import ceiling
from controllers.experiments.demand_response.judge import Verdict, judged
from controllers.experiments.demand_response.mix import Tiers, jobs_of
from controllers.experiments.demand_response.play import (
    AFTER_S,
    WARM_S,
    Event,
    Run,
    answered,
    do_nothing,
)
from controllers.experiments.demand_response.site import unit
from controllers.experiments.demand_response.uniform import UniformCap
from controllers.policies.demand_response import DemandResponse
from site_models.errors import InputError
from site_models.plant import Plant

HOUR_S = 3600.0
SEEDS = (1, 2, 3, 4, 5)
BELOW_NOTHING = 1e-4
"""Loss beyond a tier that is rounding: a step of five seconds in an hour is more."""


@dataclass(frozen=True, slots=True)
class Case:
    """Tiers and what is asked of them."""

    name: str
    tiers: Tiers
    event: Event


def cases(hours: float) -> tuple[Case, ...]:
    """Return the three cases with events of so many hours."""
    for_s = hours * HOUR_S
    return (
        Case("equal tiers", ((0.0, 0.25), (0.1, 0.25), (0.25, 0.25), (0.5, 0.25)),
             Event(0.18, 60.0, for_s)),
        Case("tiers 10/20/30/40", ((0.0, 0.1), (0.1, 0.2), (0.25, 0.3), (0.5, 0.4)),
             Event(0.25, 60.0, for_s)),
        Case("tiers 0/20/20/60", ((0.0, 0.0), (0.1, 0.2), (0.25, 0.2), (0.5, 0.6)),
             Event(0.30, 30.0, for_s)),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """One case and seed, played."""

    verdict: Verdict
    run: Run
    most: float
    """Cut that tiers allow at rest: the computed ceiling."""


def run(setting: Setting) -> Outcome:
    """Play all cases; quick: events of an hour and two seeds, without the ten hours."""
    if setting.site or setting.weather or setting.price or setting.jobs:
        raise InputError("demand_response: brings its own site, weather and jobs: expected none")
    site, plant = unit()
    air = (site.location.design_dry_bulb_c, site.location.design_wet_bulb_c)
    seeds = SEEDS[:2] if setting.quick else SEEDS
    chosen = cases(1.0 if setting.quick else 3.0)
    tried: dict[str, list[Tried]] = {case.name: [] for case in chosen}
    uniform: dict[str, Tried] = {}
    quiet: Run | None = None
    for seed in seeds:
        jobs = jobs_of(plant, seed, chosen[0].tiers)
        last_s = max(case.event.end_s for case in chosen) + AFTER_S
        alone = do_nothing(plant, air, jobs, last_s)
        quiet = quiet or alone
        for case in chosen:
            setting.told(f"seed {seed}, {case.name}")
            tried[case.name].append(_try(plant, air, seed, case, alone, DemandResponse()))
            if seed == seeds[0]:
                uniform[case.name] = _try(plant, air, seed, case, alone, UniformCap())
    assert quiet is not None
    setting.told("more than the tiers allow")
    greedy = Case("more than the tiers allow", chosen[0].tiers,
                  Event(0.40, 60.0, chosen[0].event.for_s))  # fmt: skip
    more = {greedy.name: _try(plant, air, seeds[0], greedy, quiet, DemandResponse())}
    long: list[tuple[Case, Tried]] = []
    if not setting.quick:
        setting.told("ten hours")
        case = Case("equal tiers, 10 h", chosen[0].tiers, Event(0.18, 60.0, 10.0 * HOUR_S))
        jobs = jobs_of(plant, seeds[0], case.tiers)
        alone = do_nothing(plant, air, jobs, case.event.end_s + AFTER_S)
        long.append((case, _try(plant, air, seeds[0], case, alone, DemandResponse())))
    findings = [f for case in chosen for f in _findings(case, tried[case.name])]
    findings += [f for case, one in long for f in _findings(case, [one])]
    findings += _when_short(more[greedy.name])
    ours = {case.name: _figures(case, tried[case.name]) for case in chosen}
    ours |= {case.name: _figures(case, [one]) for case, one in long}
    ours |= {greedy.name: _figures(greedy, [more[greedy.name]])}
    baseline: dict[str, Any] = {"nothing": _quiet(quiet, chosen[0].event)}
    baseline |= {
        f"uniform capping, {case.name}": _figures(case, [uniform[case.name]]) for case in chosen
    }
    plots = tuple(_plot(case, tried[case.name][0], uniform[case.name], quiet) for case in chosen)
    return Outcome("demand_response", baseline, ours, tuple(findings), plots, _notes(seeds, quiet))


def _try(
    plant: Plant, air: tuple[float, float], seed: int, case: Case, alone: Run, policy: Any
) -> Tried:
    jobs = jobs_of(plant, seed, case.tiers)
    full_w, least_w = ceiling(plant, air, jobs)
    played = answered(plant, air, jobs, case.event, policy)
    return Tried(judged(played, alone, jobs, case.event), played, 1.0 - least_w / full_w)


def _findings(case: Case, tried: Sequence[Tried]) -> list[Finding]:
    """Return what is asked of a case; of several seeds the worst counts."""
    v = [one.verdict for one in tried]
    given = min(one.cut for one in v)
    why = f"the tiers of the worst seed allow {min(t.most for t in tried):.1%}, {given:.1%} given"
    worst = max(one.broken for one in v)
    broken = 0.0 if abs(worst) < BELOW_NOTHING else worst
    return [
        at_least(f"{case.name}: 15 s means at or below -{case.event.cut:.0%}",
                 100.0 * min(one.met for one in v), 99.5, "%", why),
        at_most(f"{case.name}: from the message to the target",
                max(one.reach_s for one in v), case.event.notice_s, "s", why),
        at_most(f"{case.name}: loss beyond a tier", 100.0 * max(broken, 0.0), 0.0, "%",
                "a job lost more of its work than its tier allows"),
        at_most(f"{case.name}: rebound above the baseline",
                100.0 * max(one.rebound for one in v), 2.0, "%", "see the plot"),
    ]  # fmt: skip


def _when_short(more: Tried) -> list[Finding]:
    """Return how a target that cannot be met is answered."""
    told = float("below what the tiers allow" in more.verdict.reason)
    return [
        at_least("40 % asked of equal tiers: given, of the ceiling",
                 100.0 * more.verdict.cut / more.most, 95.0, "%", "see the plot"),
        at_least("40 % asked of equal tiers: the answer says so", told, 1.0, "", "it does not"),
        at_most("40 % asked of equal tiers: loss beyond a tier",
                100.0 * max(more.verdict.broken, 0.0), 0.0, "%", "a tier was broken"),
    ]  # fmt: skip


def _figures(case: Case, tried: Sequence[Tried]) -> dict[str, Any]:
    v = [one.verdict for one in tried]
    cut = np.array([one.cut for one in v])
    spread = 2.78 * cut.std(ddof=1) / np.sqrt(len(cut)) if len(cut) == len(SEEDS) else np.nan
    lost = {
        f"lost_tier_{100 * tier:g}": float(np.mean([one.lost[tier] for one in v]))
        for tier in v[0].lost
    }
    return {
        "asked_cut": case.event.cut,
        "ceiling_cut_min": min(one.most for one in tried),
        "ceiling_cut_max": max(one.most for one in tried),
        "cut": float(cut.mean()),
        "cut_95": float(spread),
        "met_share_min": min(one.met for one in v),
        "reach_s_max": max(one.reach_s for one in v),
        "rebound_max": max(one.rebound for one in v),
        "beyond_tier_max": max(one.broken for one in v),
        **lost,
        "baseline_w": float(np.mean([one.baseline_w for one in v])),
        "it_cut_w": float(np.mean([one.it_cut_w for one in v])),
        "cooling_before_w": float(np.mean([one.cooling_before_w for one in v])),
        "cooling_during_w": float(np.mean([one.cooling_during_w for one in v])),
    }


def _quiet(alone: Run, event: Event) -> Mapping[str, Any]:
    before_w = alone.mean_w(alone.site_w, WARM_S - 600.0, WARM_S)
    during_w = alone.mean_w(alone.site_w, event.start_s, event.end_s)
    return {"cut": 1.0 - during_w / before_w, "met_share_min": 0.0, "baseline_w": before_w}


def _plot(case: Case, ours: Tried, uniform: Tried, alone: Run) -> Plot:
    curves = [
        Curve(name, _means(one.time_s - WARM_S) / 60.0, _means(one.site_w) / 1e3)
        for name, one in (("tiers", ours.run), ("uniform capping", uniform.run), ("nothing", alone))
    ]
    inside = [Curve(c.name, c.x[c.x > -15.0], c.y[c.x > -15.0]) for c in curves]
    target = {f"target -{case.event.cut:.0%}": ours.run.target_w / 1e3}
    return Plot(
        f"{case.name}: site power at the meters, 15 s means", "minutes since the message", "kW",
        tuple(inside), target,
    )  # fmt: skip


def _means(values: Any) -> Any:
    whole = len(values) // 3 * 3
    return np.asarray(values[:whole]).reshape(-1, 3).mean(axis=1)


def _notes(seeds: Sequence[int], alone: Run) -> tuple[str, ...]:
    return (
        "Site: one unit of superpod-h100 with a quarter of its plant on its design day, 34 C dry"
        " and 20 C wet bulb: 256 H100 in 32 servers, a network rack, chillers running.",
        "Jobs by GPUs: pre-training 50 % (a quarter of it mixture of experts), fine-tuning 25 %,"
        " prefill 12.5 %, decode 12.5 %, from the catalog; always work to do. The seed draws"
        f" places, tiers and starts; seeds {', '.join(map(str, seeds))}; of several the worst counts.",
        "Power is what passes the utility meters, cooling and losses included, as means of each"
        " step of 5 s. The baseline is the mean of the ten minutes before the message.",
        "A job's loss is what it misses by half an hour after the event, ways down and back"
        " included, over what it makes in the event when nothing is asked.",
        "The ceiling: every job at the lowest clock that keeps its tier, at rest, from the"
        " profiles themselves. Jobs are slowed by locked clocks; none is paused.",
        "Uniform capping lowers the same power cap on all GPUs until the meters show the target."
        " The device model takes all power above idle for switching power under a cap, which"
        " flatters caps against clocks.",
        "The policy sees the twin's own belief of site power, here without error; memory and links"
        " draw in proportion to the pace of the work, by the equation of board power.",
        f"Do-nothing power of the first seed in the event: {alone.site_w[-1] / 1e3:.0f} kW at its"
        " end.",
    )


EXPERIMENT = Experiment(
    "The grid asks 256 H100 for 18 to 30 % less: tiers, uniform capping, nothing", run
)
