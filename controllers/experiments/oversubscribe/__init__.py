"""`twin experiment oversubscribe`: more servers on a feed than their peaks allow, and a brake."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from controllers.confidence import Mean, mean_of
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
from controllers.experiments.oversubscribe.bases import (
    NAMEPLATE_W,
    fit_without_brake,
    free_w,
    measured_runs_w,
)
from controllers.experiments.oversubscribe.on_plant import Confirmed, burst, confirmed, row_of
from controllers.experiments.oversubscribe.scan import (
    ALLOWED,
    Served,
    Wall,
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
from site_models.errors import InputError

FEED = 32
"""Servers whose peaks the feed carries."""
MOST = 80
SEEDS = (1, 2, 3, 4, 5)
LOADS = {1: "as recorded", 2: "two copies a server", 3: "three copies a server"}
QUICK_S = 900
HOT = 0.95
"""Thermal state of the breaker when the burst comes: after hours at 97 % of the rating."""


class Found(NamedTuple):
    """Servers that a load allows, one entry a seed."""

    servers: list[int]
    at_count: list[Served]
    nothing: list[Served]
    """The same servers without a brake."""

    @property
    def gain(self) -> Mean:
        """Return the servers added over those whose peaks the feed carries [%]."""
        return mean_of([100.0 * (count / FEED - 1.0) for count in self.servers])


def _run(setting: Setting) -> Outcome:
    if setting.site:
        raise InputError(f"site {setting.site!r}: this experiment has its own")
    kind, wall, trace = h200_kind(), h200_wall(), requested(setting.jobs)
    peak_w = float(wall.at(np.array([kind.prefill_w]))[0])
    limit_w = FEED * peak_w
    found = {each: _search(trace, each, kind, wall, limit_w, setting) for each in _loads(setting)}
    seeds = SEEDS[:2] if setting.quick else SEEDS
    seconds = QUICK_S if setting.quick else len(trace.context)
    runs = []
    for seed in seeds:
        count = found[1].servers[SEEDS.index(seed)]
        servers = Servers(_first(copies(trace, MOST, 1, seed), count), kind)
        runs.append(confirmed(row_of(count, limit_w), Brake(), servers, seconds))
        setting.told(f"plant, seed {seed}: {100 * runs[-1].throttled:.2f} % throttled")
    worst_row = row_of(max(found[1].servers), limit_w)
    bursts = {"brake": burst(worst_row, Brake(), HOT), "nothing": burst(worst_row, Hold(), HOT)}
    bases = _bases(trace, kind, wall, limit_w, peak_w)
    return Outcome(
        "oversubscribe",
        {
            "bases": bases,
            "do_nothing": {LOADS[each]: _served(row.nothing) for each, row in found.items()},
            "burst_without_brake": _burst(bursts["nothing"]),
        },
        {
            "feed_w": limit_w,
            "server_peak_w": peak_w,
            "loads": {LOADS[each]: _figures(row) for each, row in found.items()},
            "plant": _plant(runs),
            "burst": _burst(bursts["brake"]),
        },
        _findings(found, runs, bursts),
        _plots(runs, bursts, limit_w),
        _notes(found, bases, bursts, peak_w, seconds),
    )


def _loads(setting: Setting) -> tuple[int, ...]:
    return (1, 2) if setting.quick else tuple(LOADS)


def _first(arrivals: Requested, count: int) -> Requested:
    return Requested(arrivals.context[:, :count], arrivals.generated[:, :count])


def _search(
    trace: Requested, each: int, kind: Kind, wall: Wall, limit_w: float, setting: Setting
) -> Found:
    counts, at_count, nothing = [], [], []
    never = Brake(engage=1.2)
    for seed in SEEDS:
        arrivals = copies(trace, MOST, each, seed)
        count = most_servers(arrivals, kind, wall, limit_w, Brake(), FEED)
        part = _first(arrivals, count)
        counts.append(count)
        at_count.append(served(part, kind, wall, limit_w, Brake()))
        nothing.append(served(part, kind, wall, limit_w, never))
        setting.told(f"{LOADS[each]}, seed {seed}: {count} servers on {FEED} peaks")
    return Found(counts, at_count, nothing)


def _bases(
    trace: Requested, kind: Kind, wall: Wall, limit_w: float, peak_w: float
) -> Mapping[str, Any]:
    """Return what other ways to lay out a feed would carry or gain."""
    gains, same, measured = [], [], []
    for seed in SEEDS:
        power_w = free_w(copies(trace, MOST, 1, seed), kind, wall)
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
        "added_over_aggregate_peak_percent": mean_of(gains).mean,
        "synchronised_copies_added_percent": 100.0 * (float(np.mean(same)) / FEED - 1.0),
        "measured_mlperf_runs_added_percent": mean_of(measured).mean,
        "measured_mlperf_runs_peak_over_mean": runs_mean,
    }


def _findings(
    found: Mapping[int, Found], runs: list[Confirmed], bursts: Mapping[str, Confirmed]
) -> tuple[Finding, ...]:
    first, second = found[1], found[2]
    throttled = [100.0 * row.throttled for row in first.at_count]
    plant = [100.0 * run.throttled for run in runs]
    heavier = "arrivals of many servers average out less the busier each of them is"
    return (
        at_least(
            "servers added, trace as recorded: lower bound over seeds", first.gain.low, 30.0, "%"
        ),
        at_least(
            "servers added, two copies a server: mean over seeds", second.gain.mean, 30.0, "%",
            heavier,
        ),
        at_most("seconds throttled or over the limit, highest of any seed", max(throttled),
                100.0 * ALLOWED, "%"),
        at_most("the same on the simulated plant with the policy", max(plant),
                100.0 * ALLOWED, "%"),
        at_most("burst of all GPUs at their limit: hottest breaker, brake",
                bursts["brake"].hottest, 1.0, "of the level that trips"),
        at_least("the same without a brake (it trips: the burst is a real one)",
                 bursts["nothing"].hottest, 1.0, "of the level that trips"),
    )  # fmt: skip


def _served(rows: list[Served]) -> dict[str, Any]:
    return {
        "seconds_over": mean_of([row.seconds_over for row in rows]).mean,
        "worst_load_of_limit": max(row.worst for row in rows),
        "mean_wait_s": mean_of([row.waited_s for row in rows]).mean,
    }


def _figures(row: Found) -> dict[str, Any]:
    return {
        "servers": row.servers,
        "added_percent": row.gain.mean,
        "added_percent_low": row.gain.low,
        "added_percent_high": row.gain.high,
        "utilisation": mean_of([each.utilisation for each in row.at_count]).mean,
        "throttled_share": mean_of([each.throttled for each in row.at_count]).mean,
        **_served(row.at_count),
    }


def _plant(runs: list[Confirmed]) -> dict[str, Any]:
    return {
        "throttled_share": mean_of([run.throttled for run in runs]).mean,
        "seconds_over": sum(run.seconds_over for run in runs),
        "worst_load_of_limit": max(run.worst for run in runs),
        "hottest_breaker_of_trip": max(run.hottest for run in runs),
    }


def _burst(run: Confirmed) -> dict[str, Any]:
    tripped = None if np.isinf(run.tripped_s) else run.tripped_s - 60.0
    return {
        "hottest_breaker_of_trip": run.hottest,
        "seconds_over": run.seconds_over,
        "worst_load_of_limit": run.worst,
        "trips_after_s": tripped,
    }


def _plots(
    runs: list[Confirmed], bursts: Mapping[str, Confirmed], limit_w: float
) -> tuple[Plot, ...]:
    time_s = np.arange(len(runs[0].row_w), dtype=np.float64)
    burst_s = np.arange(len(bursts["brake"].row_w), dtype=np.float64)
    rows = [Curve(name, burst_s, run.row_w / 1e3) for name, run in bursts.items()]
    return (
        Plot("Requests as recorded, first seed", "time (s)", "feed (kW)",
             (Curve("feed", time_s, runs[0].row_w / 1e3),), {"limit": limit_w / 1e3}),
        Plot("All GPUs at their limit from 60 s on", "time (s)", "feed (kW)", tuple(rows),
             {"limit": limit_w / 1e3}),
    )  # fmt: skip


def _notes(
    found: Mapping[int, Found], bases: Mapping[str, Any], bursts: Mapping[str, Confirmed],
    peak_w: float, seconds: int,
) -> tuple[str, ...]:  # fmt: skip
    told = [
        f"{LOADS[each]} (servers busy {100 * row.at_count[0].utilisation:.0f} % of the time):"
        f" {row.gain.told(1)} % servers added, {min(row.servers)} to {max(row.servers)} on"
        f" {FEED} peaks."
        for each, row in found.items()
    ]
    trips = _burst(bursts["nothing"])["trips_after_s"]
    return (
        *told,
        f"Feed: {FEED} x {peak_w / 1e3:.2f} kW, the highest wall power of a server on this trace"
        " (profile prefill at full clock on the catalog's H200 server, which is measured at 2.36"
        " and 6.39 kW). By nameplate the feed carries"
        f" {bases['servers_by_nameplate']} servers.",
        "Trace: Azure code requests of 2023 (CC-BY-4.0), 58 minutes in a circle; a copy of its own"
        " for each server, shifted by at least ten minutes; served through the profiles prefill"
        " and decode as a fluid. Five seeds draw the shifts.",
        "On the aggregate peak of the same 32 servers instead of theirs one by one:"
        f" {bases['added_over_aggregate_peak_percent']:+.1f} %. All servers on the same copy at"
        f" once: {bases['synchronised_copies_added_percent']:+.1f} %.",
        "Measured MLPerf runs in place of requests (benchmarks at full load, idle heads and tails"
        f" included): {bases['measured_mlperf_runs_added_percent']:+.1f} %; their peak over mean,"
        f" {bases['measured_mlperf_runs_peak_over_mean']:.2f}, bounds it.",
        "Throttled: a second in which any server is held below what it asks for, or the feed is"
        " over its limit. Searched on sums over servers, confirmed on the simulated plant with the"
        f" policy itself over {seconds} s a seed.",
        f"Burst: 15 minutes of every GPU at its device limit on a hot breaker ({HOT:g}); without a"
        f" brake it trips after {trips if trips is None else round(trips)} s. The policy looks"
        " ahead by the breaker's own law with all GPUs at their limits, so caps come first.",
        "Published: 30 % more servers in rows of inference clusters (POLCA, ASPLOS 2024).",
    )


EXPERIMENT = Experiment(
    "Inference servers added to a feed until 1 % of the seconds are throttled", _run
)
