"""`twin experiment oversubscribe`: more servers on a feed than their peaks allow, and a brake."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from controllers.experiment import Experiment, Outcome, Setting
from controllers.experiments.oversubscribe.bases import (
    NAMEPLATE_W,
    fit_without_brake,
    free_w,
    measured_runs_w,
    throttled_by_equal_caps,
)
from controllers.experiments.oversubscribe.on_plant import burst, confirmed, row_of
from controllers.experiments.oversubscribe.report import (
    FEED,
    HOT,
    LOADS,
    Found,
    burst_figures,
    findings,
    load_figures,
    notes,
    plant_figures,
    plots,
    served_figures,
)
from controllers.experiments.oversubscribe.scan import (
    Wall,
    first_of,
    h200_wall,
    most_servers,
    served,
)
from controllers.experiments.oversubscribe.servers import (
    Kind,
    Requested,
    Servers,
    copies,
    h200_kind,
    requested,
)
from controllers.policies.brake import Brake
from controllers.policies.hold import Hold
from controllers.trials.confidence import mean_of

MOST = 80
SEEDS = (11, 12, 13, 14, 15)
"""Scored; the policy and its settings were developed on 1 to 5."""
QUICK_S = 900


def _run(setting: Setting) -> Outcome:
    setting.only("oversubscribe", "jobs")
    kind, wall, trace = h200_kind(), h200_wall(), requested(setting.jobs)
    peak_w = float(wall.at(np.array([kind.prefill_w]))[0])
    limit_w = FEED * peak_w
    found = {each: _search(trace, each, kind, wall, limit_w, setting) for each in _loads(setting)}
    seeds = SEEDS[:2] if setting.quick else SEEDS
    seconds = QUICK_S if setting.quick else len(trace.context)
    runs = []
    for seed in seeds:
        count = found[1].servers[SEEDS.index(seed)]
        servers = Servers(first_of(copies(trace, MOST, 1, seed), count), kind)
        runs.append(confirmed(row_of(count, limit_w), Brake(), servers, seconds))
        setting.told(f"plant, seed {seed}: {100 * runs[-1].throttled:.2f} % throttled")
    worst_row = row_of(max(found[1].servers), limit_w)
    bursts = {"brake": burst(worst_row, Brake(), HOT), "nothing": burst(worst_row, Hold(), HOT)}
    bases = _bases(trace, kind, wall, limit_w, peak_w)
    return Outcome(
        "oversubscribe",
        {
            "bases": bases,
            "do_nothing": {LOADS[each]: served_figures(row.nothing) for each, row in found.items()},
            "burst_without_brake": burst_figures(bursts["nothing"]),
        },
        {
            "feed_w": limit_w,
            "server_peak_w": peak_w,
            "loads": {LOADS[each]: load_figures(row) for each, row in found.items()},
            "plant": plant_figures(runs),
            "burst": burst_figures(bursts["brake"]),
        },
        findings(found, runs, bursts),
        plots(runs, bursts, limit_w),
        notes(found, bases, bursts, peak_w, seconds),
    )


def _loads(setting: Setting) -> tuple[int, ...]:
    return (1, 2) if setting.quick else tuple(LOADS)


def _search(
    trace: Requested, each: int, kind: Kind, wall: Wall, limit_w: float, setting: Setting
) -> Found:
    counts, at_count, nothing = [], [], []
    never = Brake(engage=1.2)
    for seed in SEEDS:
        arrivals = copies(trace, MOST, each, seed)

        def throttled(part: Requested) -> float:
            return served(part, kind, wall, limit_w, Brake()).throttled

        count = most_servers(arrivals, throttled, FEED)
        part = first_of(arrivals, count)
        counts.append(count)
        at_count.append(served(part, kind, wall, limit_w, Brake()))
        nothing.append(served(part, kind, wall, limit_w, never))
        setting.told(f"{LOADS[each]}, seed {seed}: {count} servers on {FEED} peaks")
    return Found(counts, at_count, nothing)


def _bases(
    trace: Requested, kind: Kind, wall: Wall, limit_w: float, peak_w: float
) -> Mapping[str, Any]:
    """Return what other ways to lay out a feed would carry or gain."""
    gains, same, measured, equal = [], [], [], []

    def throttled(part: Requested) -> float:
        return throttled_by_equal_caps(part, kind, wall, limit_w)

    for seed in SEEDS:
        arrivals = copies(trace, MOST, 1, seed)
        equal.append(most_servers(arrivals, throttled, 1))
        power_w = free_w(arrivals, kind, wall)
        aggregate_w = float(power_w[:, :FEED].sum(axis=1).max())
        gains.append(100.0 * (fit_without_brake(power_w, aggregate_w) / FEED - 1.0))
        same.append(fit_without_brake(np.repeat(power_w[:, :1], MOST, axis=1), limit_w))
        runs_w = measured_runs_w(MOST, seed)
        fits = fit_without_brake(runs_w, FEED * float(runs_w.max()))
        measured.append(100.0 * (fits / FEED - 1.0))
    runs_mean = float(runs_w.max() / runs_w.mean())
    return {
        "nameplate_w": NAMEPLATE_W,
        "servers_by_nameplate": int(limit_w // NAMEPLATE_W),
        "servers_by_measured_peak": int(limit_w // peak_w),
        "added_by_equal_caps_percent": 100.0 * (float(np.mean(equal)) / FEED - 1.0),
        "added_over_aggregate_peak_percent": mean_of(gains).mean,
        "synchronised_copies_added_percent": 100.0 * (float(np.mean(same)) / FEED - 1.0),
        "measured_mlperf_runs_added_percent": mean_of(measured).mean,
        "measured_mlperf_runs_peak_over_mean": runs_mean,
    }


EXPERIMENT = Experiment(
    "Inference servers added to a feed until 1 % of the seconds are throttled", _run
)
