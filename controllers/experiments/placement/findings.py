"""What the experiment found: against its limits, as figures, as curves, in words."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from controllers.experiment import Curve, Finding, Outcome, Plot, at_least, at_most
from controllers.experiments.placement.protocol import OURS, Asides, notes
from controllers.experiments.placement.week import Week
from controllers.trials.confidence import mean_of

FIRST = "first-fit"
Weeks = Mapping[str, Week]
"""By the rule that places."""
ROW_WHY = (
    "Jobs name their GPU model, and each model stands in one row of the pilot: which jobs run at"
    " a time sets the row's power, where they stand in it changes next to nothing. Busways and"
    " PDUs are loaded by place: ours changed the most that one of them gave by {branch:+.1f} %:"
    " at times jobs fill all or most of it under every rule. Caps cut such peaks:"
    " experiments power_budget and oversubscribe"
)


def outcome(week: Weeks, days: Mapping[int, Weeks], asides: Asides) -> Outcome:
    """Return all of it: a span in usual weather, hot days by seed, and what was looked at aside."""
    figures = {f"{rule}, usual week": _figures(week, rule) for rule in week}
    figures |= {f"{rule}, hot day": _mean_figures(days, rule) for rule in week}
    return Outcome(
        name="placement",
        baseline={key: value for key, value in figures.items() if not key.startswith(OURS)},
        ours={key: value for key, value in figures.items() if key.startswith(OURS)},
        findings=(*_of_week(week), *_of_days(days)),
        plots=_plots(week, next(iter(days.values()))),
        notes=notes(week, days, asides),
    )


def throttled_cut(weeks: Weeks) -> float:
    """Return the part of first-fit's throttled GPU-hours that ours avoids; NaN without any."""
    first = weeks[FIRST].throttled_gpu_h
    return 1.0 - weeks[OURS].throttled_gpu_h / first if first else float("nan")


def slowdowns(weeks: Weeks) -> dict[str, float]:
    """Return the mean slowdown of the jobs that finished under every rule, by rule."""
    each = np.array([week.slowdown for week in weeks.values()])
    common = ~np.isnan(each).any(axis=0)
    return {name: float(week.slowdown[common].mean()) for name, week in weeks.items()}


def _less(weeks: Weeks, part: str) -> float:
    return 1.0 - float(getattr(weeks[OURS], part) / getattr(weeks[FIRST], part))


def _of_week(week: Weeks) -> tuple[Finding, ...]:
    ours, first, slow = week[OURS], week[FIRST], slowdowns(week)
    return (
        at_least(
            "throttled GPU-hours below first-fit, usual week",
            100.0 * throttled_cut(week), 90.0, "%",
            f"{ours.throttled_gpu_h:.1f} against {first.throttled_gpu_h:.1f} GPU-hours",
        ),
        at_least(
            "row peak power below first-fit, usual week", 100.0 * _less(week, "row_peak_w"),
            15.0, "%", ROW_WHY.format(branch=-100.0 * _less(week, "branch_peak_w")),
        ),
        at_most(
            "mean slowdown above first-fit's, usual week", slow[OURS] - slow[FIRST], 0.0, "",
            f"{slow[OURS]:.4f} against {slow[FIRST]:.4f} on the jobs that finished under all",
        ),
    )  # fmt: skip


def _of_days(days: Mapping[int, Weeks]) -> tuple[Finding, ...]:
    cut = mean_of([100.0 * throttled_cut(day) for day in days.values()])
    row = mean_of([100.0 * _less(day, "row_peak_w") for day in days.values()])
    branch = mean_of([-100.0 * _less(day, "branch_peak_w") for day in days.values()])
    slow = [slowdowns(day) for day in days.values()]
    more = mean_of([one[OURS] - one[FIRST] for one in slow])
    return (
        at_least(
            "throttled GPU-hours below first-fit, hot days", cut.mean, 90.0, "%",
            f"95 % interval {cut.told(1)}",
        ),
        at_least(
            "row peak power below first-fit, hot days", row.mean, 15.0, "%",
            f"95 % interval {row.told(1)}. " + ROW_WHY.format(branch=branch.mean),
        ),
        at_most(
            "mean slowdown above first-fit's, hot days", more.mean, 0.0, "",
            f"95 % interval {more.told(4)}",
        ),
    )  # fmt: skip


def _figures(weeks: Weeks, rule: str) -> dict[str, Any]:
    plain = {field.name: getattr(weeks[rule], field.name) for field in fields(Week)}
    kept = {key: value for key, value in plain.items() if not isinstance(value, np.ndarray)}
    return {**kept, "mean_slowdown_of_common_jobs": slowdowns(weeks)[rule]}


def _mean_figures(days: Mapping[int, Weeks], rule: str) -> dict[str, Any]:
    """Return the mean over the days of each figure."""
    each = [_figures(day, rule) for day in days.values()]
    return {key: float(np.mean([one[key] for one in each])) for key in each[0]}


def _plots(week: Weeks, day: Weeks) -> tuple[Plot, ...]:
    def curves(weeks: Weeks, part: str, hour: float, scale: float) -> tuple[Curve, ...]:
        return tuple(
            Curve(
                name, hour * np.arange(float(len(getattr(one, part)))), scale * getattr(one, part)
            )
            for name, one in weeks.items()
        )

    return (
        Plot("Throttled GPUs, mean of each hour, usual week", "time [d]", "GPUs",
             curves(week, "hourly_throttled", 1.0 / 24.0, 1.0)),
        Plot("Throttled GPUs, mean of each hour, a hot day", "time [h]", "GPUs",
             curves(day, "hourly_throttled", 1.0, 1.0)),
        Plot("Most that any busway or PDU gave in each hour, usual week", "time [d]",
             "power [kW]", curves(week, "hourly_branch_w", 1.0 / 24.0, 1e-3)),
    )  # fmt: skip
