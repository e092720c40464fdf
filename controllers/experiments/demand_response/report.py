"""Findings, figures, plots and notes of the experiment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from controllers.experiment import Curve, Finding, Plot, at_least, at_most
from controllers.experiments.demand_response.judge import Verdict
from controllers.experiments.demand_response.mix import Tiers
from controllers.experiments.demand_response.play import BASE_S, WARM_S, Event, Run
from site_models.arrays import Floats

BELOW_NOTHING = 1e-4
"""Loss beyond a tier that is rounding: a step of five seconds in an hour is more."""
STUDENT = {2: 12.71, 3: 4.30, 4: 3.18, 5: 2.78}
"""Two-sided 95 % of Student's distribution for so many seeds."""


@dataclass(frozen=True, slots=True)
class Case:
    """Tiers and what is asked of them."""

    name: str
    tiers: Tiers
    event: Event


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """One case and seed, played."""

    verdict: Verdict
    run: Run
    most: float
    """Cut that tiers allow at rest: the computed ceiling."""
    most_any: float
    """The same where the tiers are drawn without regard to the kind of work."""


def asked_of(case: Case, tried: Sequence[Tried]) -> list[Finding]:
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


def when_short(more: Tried) -> list[Finding]:
    """Return how a target that cannot be met is answered."""
    told = float("below what the tiers allow" in more.verdict.reason)
    return [
        at_least("40 % asked of equal tiers: given, of the ceiling",
                 100.0 * more.verdict.cut / more.most, 95.0, "%", "see the plot"),
        at_least("40 % asked of equal tiers: the answer says so", told, 1.0, "", "it does not"),
        at_most("40 % asked of equal tiers: loss beyond a tier",
                100.0 * max(more.verdict.broken, 0.0), 0.0, "%", "a tier was broken"),
    ]  # fmt: skip


def figures(case: Case, tried: Sequence[Tried]) -> dict[str, Any]:
    """Return the figures of a case over its seeds."""
    v = [one.verdict for one in tried]
    cut = np.array([one.cut for one in v])
    spread = STUDENT[len(cut)] * cut.std(ddof=1) / np.sqrt(len(cut)) if len(cut) > 1 else np.nan
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


def left_alone(alone: Run, event: Event) -> Mapping[str, Any]:
    """Return the figures of jobs that nobody slows."""
    before_w = alone.mean_w(alone.site_w, WARM_S - BASE_S, WARM_S)
    during_w = alone.mean_w(alone.site_w, event.start_s, event.end_s)
    return {"cut": 1.0 - during_w / before_w, "met_share_min": 0.0, "baseline_w": before_w}


def drawn(case: Case, ours: Tried, uniform: Tried, alone: Run) -> Plot:
    """Return site power of a case under all that answer it."""
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


def _means(values: Floats) -> Floats:
    whole = len(values) // 3 * 3
    return np.asarray(values[:whole].reshape(-1, 3).mean(axis=1))


def notes(seeds: Sequence[int], more: Tried) -> tuple[str, ...]:
    """Return how it was done, a line each."""
    return (
        "Site: one unit of superpod-h100 with a quarter of its plant on its design day, 34 C dry"
        " and 20 C wet bulb: 256 H100 in 32 servers, a network rack, chillers running.",
        "Jobs by GPUs: pre-training 50 % (a quarter of it mixture of experts), fine-tuning 25 %,"
        " prefill 12.5 %, decode 12.5 %, from the catalog; always work to do. The seed draws"
        f" places, tiers and starts; seeds {', '.join(map(str, seeds))}; the worst counts.",
        "Power is what passes the utility meters, cooling and losses included, as means of each"
        " step of 5 s. The baseline is the mean of the ten minutes before the message.",
        "A job's loss is what it misses by half an hour after the event, ways down and back"
        " included, over what it makes in the event when nothing is asked.",
        "Inference, which somebody waits for, has the strictest tiers; the other jobs' are drawn."
        " Ceilings of a draw without regard to the kind of work are printed beside.",
        "The ceiling: every job at the lowest clock that keeps its tier, at rest, from the"
        " profiles themselves. Jobs are slowed by locked clocks; none is paused.",
        "Uniform capping lowers the same power cap on all GPUs until the meters show the target."
        " The device model takes all power above idle for switching power under a cap, which"
        " flatters caps against clocks.",
        "The policy's times and margins, and which jobs get the strict tiers, were settled after"
        " looking at runs of seeds 1 and 2: a run on other seeds is the fair one.",
        "The policy sees the twin's own belief of site power, here without error; memory and links"
        " draw in proportion to the pace of the work, by the equation of board power.",
        f"Asked for 40 %, the policy says: {more.verdict.reason}.",
    )
