"""Findings, figures, plots and notes of the experiment."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from controllers.experiment import Curve, Finding, Plot, at_least, at_most, listed
from controllers.experiments.price_shift.play import Played
from controllers.trials.confidence import Mean, below, mean_of, told_each

NOTHING, CLOCK, THRESHOLD = "nothing", "16 to 22 h", "over 1.2 x the median"
OURS, REAL_TIME = "day-ahead prices", "prices of now alone"
FOR_CARBON, FORESIGHT = "carbon first", "perfect foresight"
DOLLARS_PER_MWH = 3.6e9
SHOWN_TICKS = 7 * 96

Runs = Mapping[str, Sequence[Played]]


def saved(runs: Runs, name: str, than: str = NOTHING) -> Mean:
    """Return the part of the cost that a case saves against another, over the weeks [%]."""
    return mean_of(_costs_below(runs, name, than))


def spared(runs: Runs, name: str) -> Mean:
    """Return the part of the emissions that a case spares, over the weeks [%]."""
    each, alone = ([run.carbon_kg for run in runs[key]] for key in (name, NOTHING))
    return mean_of(below(each, alone))


def _costs_below(runs: Runs, name: str, than: str) -> list[float]:
    return below([run.cost_usd for run in runs[name]], [run.cost_usd for run in runs[than]])


def figures(runs: Runs, name: str) -> dict[str, Any]:
    """Return the figures of a case."""
    each, alone = runs[name], runs[NOTHING]
    cost, carbon = saved(runs, name), spared(runs, name)
    energy = [1.0 - a.energy_j / b.energy_j for a, b in zip(each, alone, strict=True)]
    return {
        "cost_usd_all_weeks": sum(run.cost_usd for run in each),
        **cost.figures("cost_saved_percent", "cost_saved_95"),
        "carbon_kg_all_weeks": sum(run.carbon_kg for run in each),
        **carbon.figures("carbon_spared_percent", "carbon_spared_95"),
        "energy_saved_percent": 100.0 * float(np.mean(energy)),
        "deadlines_missed": sum(run.late for run in each),
        "jobs": sum(run.jobs for run in each),
        "pauses": sum(run.pauses for run in each),
        "pauses_per_preemptible_job": sum(run.pauses for run in each)
        / max(sum(run.preemptible for run in each), 1),
        "shortest_pause_s": float(np.nanmin([run.shortest_pause_s for run in each] + [1e9]))
        if any(run.pauses for run in each)
        else 0.0,
        "throughput_lost_percent": _lost(each, alone),
        "serving_percent": 100.0 * min(run.serving for run in each),
        "gpu_time_held_over_nothing": sum(run.held_gpu_s for run in each)
        / sum(run.held_gpu_s for run in alone),
        "cost_saved_by_week_percent": [
            round(week, 2) for week in _costs_below(runs, name, NOTHING)
        ],
    }


def _lost(each: Sequence[Played], alone: Sequence[Played]) -> float:
    """Return the part of the weeks' work with a deadline that was not done [%]."""
    lost = 100.0 * (1.0 - sum(r.units for r in each) / sum(r.units for r in alone))
    return max(lost, 0.0) if lost < 1e-9 else lost


def findings(runs: Runs) -> tuple[Finding, ...]:
    """Return what is asked of the policy; of several weeks the lower bound of the mean counts."""
    ours, far = runs[OURS], saved(runs, FORESIGHT)
    few = "few weeks differ much: see the weeks in the table"
    return (
        at_most("deadlines missed", float(sum(run.late for run in ours)), 0.0, ""),
        at_most("deadlines missed, prices of now alone",
                float(sum(run.late for run in runs[REAL_TIME])), 0.0, ""),
        at_most("work with a deadline lost", _lost(ours, runs[NOTHING]), 0.1, "%"),
        at_least("cost saved against doing nothing, lower 95 % bound",
                 saved(runs, OURS).low, 0.0, "%", few),
        at_least(f"cost saved against the rule {CLOCK}, lower 95 % bound",
                 saved(runs, OURS, CLOCK).low, 0.0, "%", few),
        at_least(f"cost saved against the rule {THRESHOLD}, lower 95 % bound",
                 saved(runs, OURS, THRESHOLD).low, 0.0, "%", few),
        at_least("of what perfect foresight saves", 100.0 * saved(runs, OURS).mean / far.mean,
                 80.0, "%", "carbon, and prices beyond tomorrow, are expected and not known"),
        at_least("of what perfect foresight saves, prices of now alone",
                 100.0 * saved(runs, REAL_TIME).mean / far.mean, 60.0, "%",
                 "hours of other days do not tell enough of today's"),
        at_least("shortest pause", min(run.shortest_pause_s for run in ours if run.pauses), 3600.0,
                 "s", "a job had no more time to spare"),
    )  # fmt: skip


def plots(runs: Runs, numbers: Sequence[int]) -> tuple[Plot, ...]:
    """Return savings by week, and power and price of one."""
    at = np.array(numbers, dtype=np.float64)
    names = [name for name in runs if name != NOTHING]
    by_week = [Curve(name, at, np.array(_costs_below(runs, name, NOTHING))) for name in names]
    dearest = int(np.argmax([float(run.price.max()) for run in runs[NOTHING]]))
    hours = np.arange(SHOWN_TICKS) / 4.0
    power = [
        Curve(name, hours, runs[name][dearest].site_w / 1e3) for name in (NOTHING, OURS, FORESIGHT)
    ]
    price = Curve("price", hours, runs[NOTHING][dearest].price * DOLLARS_PER_MWH)
    week = f"week {numbers[dearest]}"
    return (
        Plot("Cost saved against doing nothing", "week of 2023", "%", tuple(by_week)),
        Plot(f"Site power at the meters, {week}", "hours since Monday", "kW", tuple(power)),
        Plot(f"Price, {week}", "hours since Monday", "USD/MWh", (price,)),
    )


def notes(
    runs: Runs, numbers: Sequence[int], settled_on: Sequence[int], told: str
) -> tuple[str, ...]:
    """Return how it was done, a line each."""
    jobs, may = (sum(getattr(r, key) for r in runs[OURS]) for key in ("jobs", "preemptible"))
    acts = [name for name in runs if name != NOTHING]
    cost = told_each({name: saved(runs, name) for name in acts}, 2, "%")
    carbon = told_each({name: spared(runs, name) for name in acts}, 2, "%")
    return (
        "Site: the unit of 256 H100 of `experiment demand_response`, in the typical weather of"
        " Dallas. Decisions and meters every 15 minutes, heats held for 30 s.",
        f"Prices: {told}. Weeks {listed(numbers)} of the year are scored; the rules'"
        " hours and threshold and the policy's defaults were settled on weeks"
        f" {listed(settled_on)}.",
        "The price file does not say which market it is of; it has no negative hour and runs like"
        " a day-ahead one, so it is taken as that: tomorrow's prices are known from 14 h local"
        " time on. Were it a real-time price, nothing would be known ahead: that is the case"
        f" `{REAL_TIME}`, which expects each hour to cost what it did on the days before. Carbon"
        " is never known ahead, but to foresight.",
        f"Jobs, drawn by week: {jobs} with a deadline, {may} of them preemptible, the others may"
        " lose a quarter of their pace; a quarter of the GPUs serves and is not touched. Lengths"
        " of 2 to 40 h, median 9; time to spare 25 to 200 % of the length. A job has its GPUs"
        " until it is done, at the latest until its deadline, and the next one comes after that"
        " deadline: what others could have run on them meanwhile is not counted, the GPU time"
        " held over that of doing nothing is.",
        "A pause costs a checkpoint and a restart by the profile (2 to 320 s), without progress;"
        " meanwhile GPUs draw idle power and the servers their own. All jobs end within the week,"
        " so no work is left over for cheaper weeks.",
        "Perfect foresight is the same planner told every hour of the week, carbon included, with"
        " the same reserves: what better forecasts could bring.",
        f"Cost saved, mean over weeks and 95 %: {cost}.",
        f"Emissions spared: {carbon}. A kilogram of CO2 counts 0.05 USD, and 10 USD in"
        f" `{FOR_CARBON}`.",
        "Slowed jobs also use less energy by unit of work, so part of what is saved is no matter"
        " of hours: energy_saved_percent.",
    )
