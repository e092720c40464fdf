"""Figures, findings, plots and protocol of the oversubscribed feed."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from controllers.experiment import Curve, Finding, Plot, at_least, at_most
from controllers.experiments.oversubscribe.on_plant import Confirmed
from controllers.experiments.oversubscribe.scan import ALLOWED, Served
from controllers.trials.confidence import Mean, mean_of

FEED = 32
"""Servers whose peaks the feed carries."""
LOADS = {1: "as recorded", 2: "two copies a server", 3: "three copies a server"}
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


def findings(
    found: Mapping[int, Found], runs: list[Confirmed], bursts: Mapping[str, Confirmed]
) -> tuple[Finding, ...]:
    """Return what was asked."""
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


def served_figures(rows: list[Served]) -> dict[str, Any]:
    """Return what a feed and its rule made of requests, over seeds."""
    return {
        "seconds_over": mean_of([row.seconds_over for row in rows]).mean,
        "worst_load_of_limit": max(row.worst for row in rows),
        "mean_wait_s": mean_of([row.waited_s for row in rows]).mean,
    }


def load_figures(row: Found) -> dict[str, Any]:
    """Return what a load allows under the brake."""
    return {
        "servers": row.servers,
        **row.gain.figures("added_percent", "added_percent"),
        "utilisation": mean_of([each.utilisation for each in row.at_count]).mean,
        "throttled_share": mean_of([each.throttled for each in row.at_count]).mean,
        **served_figures(row.at_count),
    }


def plant_figures(runs: list[Confirmed]) -> dict[str, Any]:
    """Return how the policy did on the simulated plant."""
    return {
        "throttled_share": mean_of([run.throttled for run in runs]).mean,
        "seconds_over": sum(run.seconds_over for run in runs),
        "worst_load_of_limit": max(run.worst for run in runs),
        "hottest_breaker_of_trip": max(run.hottest for run in runs),
    }


def burst_figures(run: Confirmed) -> dict[str, Any]:
    """Return how a burst went."""
    tripped = None if np.isinf(run.tripped_s) else run.tripped_s - 60.0
    return {
        "hottest_breaker_of_trip": run.hottest,
        "seconds_over": run.seconds_over,
        "worst_load_of_limit": run.worst,
        "trips_after_s": tripped,
    }


def plots(
    runs: list[Confirmed], bursts: Mapping[str, Confirmed], limit_w: float
) -> tuple[Plot, ...]:
    """Return the feed under requests and under a burst."""
    time_s = np.arange(len(runs[0].row_w), dtype=np.float64)
    burst_s = np.arange(len(bursts["brake"].row_w), dtype=np.float64)
    rows = [Curve(name, burst_s, run.row_w / 1e3) for name, run in bursts.items()]
    return (
        Plot("Requests as recorded, first seed", "time (s)", "feed (kW)",
             (Curve("feed", time_s, runs[0].row_w / 1e3),), {"limit": limit_w / 1e3}),
        Plot("All GPUs at their limit from 60 s on", "time (s)", "feed (kW)", tuple(rows),
             {"limit": limit_w / 1e3}),
    )  # fmt: skip


def notes(
    found: Mapping[int, Found], bases: Mapping[str, Any], bursts: Mapping[str, Confirmed],
    peak_w: float, seconds: int,
) -> tuple[str, ...]:  # fmt: skip
    """Return the protocol and other bases in words."""
    told = [
        f"{LOADS[each]} (servers busy {100 * row.at_count[0].utilisation:.0f} % of the time):"
        f" {row.gain.told(1)} % servers added, {min(row.servers)} to {max(row.servers)} on"
        f" {FEED} peaks."
        for each, row in found.items()
    ]
    trips = burst_figures(bursts["nothing"])["trips_after_s"]
    return (
        *told,
        f"Feed: {FEED} x {peak_w / 1e3:.2f} kW, the highest wall power of a server on this trace"
        " (profile prefill at full clock on the catalog's H200 server, which is measured at 2.36"
        " and 6.39 kW). By nameplate the feed carries"
        f" {bases['servers_by_nameplate']} servers.",
        "Trace: Azure code requests of 2023 (CC-BY-4.0), 58 minutes in a circle; a copy of its own"
        " for each server, shifted by at least ten minutes; served through the profiles prefill"
        " and decode as a fluid. Five seeds draw the shifts: 11 to 15, developed was on 1 to 5.",
        "On the aggregate peak of the same 32 servers instead of theirs one by one:"
        f" {bases['added_over_aggregate_peak_percent']:+.1f} %. All servers on the same copy at"
        f" once: {bases['synchronised_copies_added_percent']:+.1f} %.",
        "Simple rule, every server capped for good at its equal part of the feed:"
        f" {bases['added_by_equal_caps_percent']:+.1f} % before 1 % of the seconds are throttled."
        " Doing nothing with the servers that ours allows: seconds over the limit under do_nothing"
        " in the table.",
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
