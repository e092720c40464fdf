"""Findings, figures and plots of the experiment."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from controllers.experiment import Curve, Finding, Plot, at_least, at_most
from controllers.experiments.demand_response.case import HOUR_S, Case, Tried
from controllers.experiments.demand_response.judge import ROUNDING, share_met
from controllers.experiments.demand_response.play import BASE_S, WARM_S, Run
from controllers.trials.confidence import mean_of
from site_models.arrays import Floats

MET, REBOUND, OF_CEILING = 99.5, 2.0, 95.0
"""Least share of 15 s means at the target, most rise after the event, and least part of what can
be given that is given [%]."""
SHOWN_FROM_MIN = -15.0
"""Minutes before the message that plots show."""


def asked_of(case: Case, tried: Sequence[Tried]) -> list[Finding]:
    """Return what is asked of a case; of several seeds the worst counts."""
    v = [one.verdict for one in tried]
    worst = min(tried, key=lambda one: one.verdict.met)
    why = (
        f"up to {worst.verdict.over_w / 1e3:.2f} kW over the target of"
        f" {worst.run.target_w / 1e3:.1f} kW; the tiers of that seed allow {worst.most:.1%},"
        f" {worst.verdict.cut:.1%} was given"
    )
    hours, cut = case.event.for_s / HOUR_S, 100.0 * case.event.cut
    return [
        at_least(f"{case.name}: 15 s means of {hours:g} h at or below -{cut:g} %",
                 100.0 * worst.verdict.met, MET, "%", why),
        at_most(f"{case.name}: from the message to the target",
                max(one.reach_s for one in v), case.event.notice_s, "s", why),
        _unbroken(case, tried),
        at_most(f"{case.name}: rebound above the baseline",
                100.0 * max(one.rebound for one in v), REBOUND, "%",
                "highest 15 s mean of the half hour after the event"),
        at_least(f"{case.name}: the computed ceiling", 100.0 * min(one.most for one in tried),
                 cut, "%", "the tiers of that seed allow less than is asked"),
        at_least(f"{case.name}: judged power less IT and cooling, mean of the event",
                 min(_losses_w(case, one.run) for one in tried) / 1e3, 0.0, "kW",
                 "cooling is not all in the power that is judged"),
    ]  # fmt: skip


def when_short(case: Case, tried: Sequence[Tried]) -> list[Finding]:
    """Return how a target that may lie beyond the tiers is answered."""
    beyond = [one for one in tried if one.most < case.event.cut]
    told = sum("below what the tiers allow" in one.verdict.reason for one in beyond)
    given = min(one.verdict.cut / min(one.most, case.event.cut) for one in tried)
    return [
        at_least(f"{case.name}: given, of what can be given", 100.0 * given, OF_CEILING, "%",
                 "the target or the ceiling, whichever is less"),
        at_least(f"{case.name}: beyond the ceiling on {len(beyond)} of {len(tried)} seeds, and"
                 " the answer says so on", told, len(beyond), "", "at the middle of the event"),
        _unbroken(case, tried),
    ]  # fmt: skip


def figures(case: Case, tried: Sequence[Tried]) -> dict[str, Any]:
    """Return the figures of a case over its seeds."""
    v = [one.verdict for one in tried]
    lost = {
        f"lost_tier_{100 * tier:g}": float(np.mean([one.lost[tier] for one in v]))
        for tier in v[0].lost
    }
    return {
        "asked_cut": case.event.cut,
        "ceiling_cut_min": min(one.most for one in tried),
        "ceiling_cut_max": max(one.most for one in tried),
        "ceiling_any_draw_min": min(one.most_any for one in tried),
        "ceiling_any_draw_max": max(one.most_any for one in tried),
        **_mean("cut", [one.cut for one in v]),
        "given_of_possible_min": min(t.verdict.cut / min(t.most, case.event.cut) for t in tried),
        **_mean("met_share", [one.met for one in v]),
        "met_share_min": min(one.met for one in v),
        "over_target_max_w": max(one.over_w for one in v),
        "reach_s_max": max(one.reach_s for one in v),
        **_mean("rebound", [one.rebound for one in v]),
        "rebound_max": max(one.rebound for one in v),
        "beyond_tier_max": max(one.broken for one in v),
        "jobs": float(v[0].jobs),
        **_mean("jobs_beyond_tier", [one.jobs_broken for one in v]),
        **lost,
        "baseline_w": float(np.mean([one.baseline_w for one in v])),
        "it_cut_w": float(np.mean([one.it_cut_w for one in v])),
        "cooling_before_w": float(np.mean([one.cooling_before_w for one in v])),
        "cooling_during_w": float(np.mean([one.cooling_during_w for one in v])),
    }


def left_alone(alone: Run, case: Case, ours: Tried) -> Mapping[str, Any]:
    """Return the figures of jobs that nobody slows, held against the target of a case."""
    event = case.event
    before_w = alone.mean_w(alone.site_w, WARM_S - BASE_S, WARM_S)
    during_w = alone.mean_w(alone.site_w, event.start_s, event.end_s)
    return {
        "asked_cut": event.cut,
        "cut": 1.0 - during_w / before_w,
        "met_share_min": share_met(alone, event, ours.run.target_w),
        "beyond_tier_max": 0.0,
        "jobs_beyond_tier": 0.0,
        "baseline_w": before_w,
        "cooling_before_w": alone.mean_w(alone.cooling_w, WARM_S - BASE_S, WARM_S),
        "cooling_during_w": alone.mean_w(alone.cooling_w, event.start_s, event.end_s),
    }


def drawn(case: Case, ours: Tried, uniform: Tried, alone: Run) -> Plot:
    """Return site power of a case under all that answer it."""
    base_w = ours.verdict.baseline_w
    limits = {
        f"target -{100.0 * case.event.cut:g} %": ours.run.target_w / 1e3,
        f"baseline +{REBOUND:g} %": base_w * (1.0 + REBOUND / 100.0) / 1e3,
    }
    runs = _runs(ours, uniform, alone)
    curves = tuple(_curve(name, one, one.site_w, case) for name, one in runs.items())
    return Plot(
        f"{case.name}: site power at the meters, cooling included, 15 s means",
        "minutes since the message", "kW", curves, limits,
    )  # fmt: skip


def cooling(case: Case, ours: Tried, uniform: Tried, alone: Run) -> Plot:
    """Return what cooling draws in a case under all that answer it."""
    runs = _runs(ours, uniform, alone)
    curves = tuple(_curve(name, one, one.cooling_w, case) for name, one in runs.items())
    return Plot(
        f"{case.name}: cooling power, part of the above, 15 s means",
        "minutes since the message", "kW", curves,
    )  # fmt: skip


def _losses_w(case: Case, run: Run) -> float:
    """Return what the meters show beside IT and cooling: losses, where cooling is included."""
    rest_w = run.site_w - run.it_w - run.cooling_w
    return run.mean_w(rest_w, case.event.start_s, case.event.end_s)


def _unbroken(case: Case, tried: Sequence[Tried]) -> Finding:
    worst = max(one.verdict.broken for one in tried)
    loss = 0.0 if worst < ROUNDING else worst
    return at_most(
        f"{case.name}: loss beyond a tier", 100.0 * loss, 0.0, "%",
        f"{sum(one.verdict.jobs_broken for one in tried)} jobs of all seeds lost more than allowed",
    )  # fmt: skip


def _mean(name: str, values: Sequence[float]) -> dict[str, float]:
    """Return a mean and, of several seeds, half of its 95 % interval."""
    if len(values) < 2:
        return {name: float(values[0])}
    found = mean_of(values)
    return {name: found.mean, f"{name}_95": found.high - found.mean}


def _runs(ours: Tried, uniform: Tried, alone: Run) -> Mapping[str, Run]:
    return {"tiers": ours.run, "uniform capping": uniform.run, "nothing": alone}


def _curve(name: str, run: Run, values_w: Floats, case: Case) -> Curve:
    """Return a run's 15 s means over the plotted time, in minutes and kilowatts."""
    x, y = _means(run.time_s - WARM_S) / 60.0, _means(values_w) / 1e3
    last_min = (case.event.end_s - WARM_S) / 60.0 - 2.0 * SHOWN_FROM_MIN
    inside = (x > SHOWN_FROM_MIN) & (x <= last_min)
    return Curve(name, x[inside], y[inside])


def _means(values: Floats) -> Floats:
    whole = len(values) // 3 * 3
    return np.asarray(values[:whole].reshape(-1, 3).mean(axis=1))
