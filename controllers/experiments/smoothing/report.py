"""Findings, plots and protocol of the swing experiment."""

from typing import Any

import numpy as np

from controllers.experiment import Curve, Finding, Plot, at_least, at_most
from controllers.experiments.smoothing.boards import HIGH_W, MEAN_W, SWING_J, Boards
from controllers.experiments.smoothing.courses import (
    RAMP_DOWN_PER_S,
    RAMP_PER_S,
    START_S,
    WAYS,
    Ran,
)
from controllers.experiments.smoothing.seen import SETTLE_S, Seen, means
from controllers.trials.confidence import mean_of
from site_models.kinds.grid import Grid
from twin.electrical.fast_power import STEP_S

SHOWN_S = 20.0


def site_findings(rows: list[Seen], grid: Grid) -> tuple[Finding, ...]:
    """Return what the specification asks of ours."""

    def most(name: str) -> float:
        return 100.0 * max(float(getattr(row, name)) for row in rows)

    quiet = all(row.ripple < float(grid.ripple_least) for row in rows)
    band = f"{float(grid.spectrum.low_hz):g} to {float(grid.spectrum.high_hz):g} Hz"
    unit = "% of the contract"
    return (
        at_most("ramp up in a second, highest of any seed, start and stop included",
                most("ramp_up"), 100.0 * float(grid.ramp_up), unit),
        at_most("ramp down in a second, the same", most("ramp_down"),
                100.0 * float(grid.ramp_down), unit),
        at_most("dynamic range while training", most("dynamic_range"),
                100.0 * float(grid.dynamic_range), unit),
        at_most("ripple while training, under which the spectrum is not judged", most("ripple"),
                100.0 * float(grid.ripple_least), "% of the mean")
        if quiet else
        at_most(f"energy at {band}", most("band_share"),
                100.0 * float(grid.spectrum.energy_share), "% of the fluctuation's"),
        at_most("energy cost, work made up for included", most("energy_cost"), 2.0, "%"),
    )  # fmt: skip


def gpu_findings(gpu: Boards) -> tuple[Finding, ...]:
    """Return what is asked of one GPU's bank."""
    least = min(gpu.bursts.values(), key=lambda row: row.lowered)
    off = gpu.large.peak_w / gpu.large.mean_w - 1.0
    return (
        at_least("GPU level, 65 J a GPU: peak cut from bursts of up to 150 ms, least of any length",
                 100.0 * least.lowered, 30.0, "%"),
        at_least("GPU level, 65 J a GPU: peak cut from a period of 2 s (65 J over 1.4 s are 3.3 %)",
                 100.0 * gpu.swing.lowered, 3.0, "%"),
        at_most("GPU level, 400 J a GPU, period of 2 s: peak above the mean", 100.0 * off,
                2.0, "%"),
        at_least("GPU level, 400 J a GPU, period of 2 s: peak cut", 100.0 * gpu.large.lowered,
                 19.0, "%"),
    )  # fmt: skip


def gpu_figures(gpu: Boards) -> dict[str, Any]:
    """Return the figures of one GPU's bank."""
    return {
        "burst_65j_cut_by_length_s": {f"{s:g}": cut.lowered for s, cut in gpu.bursts.items()},
        "burst_65j_150ms_cut_following_shelf": gpu.bursts_following.lowered,
        "swing_65j_2s_cut": gpu.swing.lowered,
        "swing_65j_2s_cut_following_shelf": gpu.swing_following.lowered,
        "swing_2s_j": SWING_J,
        "swing_400j_2s_cut": gpu.large.lowered,
        "swing_400j_2s_peak_over_mean": gpu.large.peak_w / gpu.large.mean_w,
        "swing_400j_2s_varied_periods_within_2_percent": gpu.large_kept,
    }


def plots(first: dict[str, Ran]) -> tuple[Plot, ...]:
    """Return the training and the start of the first seed."""
    begin = int((START_S + SETTLE_S) / STEP_S)
    shown = slice(begin, begin + int(SHOWN_S / STEP_S), 2)
    curves, starts = [], []
    for name, ran in first.items():
        y = ran.utility_w[shown] / 1e3
        curves.append(Curve(name, np.arange(len(y), dtype=np.float64) * 2.0 * STEP_S, y))
    for name in (WAYS[0].name, WAYS[-1].name):
        y = first[name].utility_w[: int(120.0 / STEP_S) : 20] / 1e3
        starts.append(Curve(name, np.arange(len(y), dtype=np.float64) * 20.0 * STEP_S, y))
    return (
        Plot("While training, first seed", "time (s)", "utility meter (kW)", tuple(curves)),
        Plot("The start, first seed", "time (s)", "utility meter (kW)", tuple(starts)),
    )


def notes(
    seen: dict[str, list[Seen]], gpu: Boards, grid: Grid, seconds: float, need_j: float
) -> tuple[str, ...]:
    """Return the protocol, and every way in a line."""
    told = []
    sure = _sure(WAYS[-1].name, seen[WAYS[-1].name])
    for name, rows in seen.items():
        mean = means(rows)
        told.append(
            f"{name}: ramp up {100 * mean['ramp_up']:.1f} %, down {100 * mean['ramp_down']:.1f} %,"
            f" range {100 * mean['dynamic_range']:.2f} %,"
            f" ripple {100 * mean['ripple']:.2f} % of the mean,"
            f" {100 * mean['band_share']:.0f} % of it in the band"
            f" ({100 * mean['band_rms']:.3f} % of the contract),"
            f" energy {100 * mean['energy_cost']:+.2f} %."
        )
    return (
        *told,
        "Site: the pilot with GB300 in its eight NVL72 racks, 576 GPUs in one synchronous job with"
        " a step of 2 s, 30 % of it at 35 % of the power, steps varying by 1 %; 10 ms steps over"
        f" {seconds:g} s, five seeds; the contract is the highest power without any smoothing."
        f" Specification: {grid.label}.",
        f"Ours: banks under the level control, caps opened by {100 * RAMP_PER_S:g} % of all limits"
        " a second (policy ramp_limit), the devices' own ramp-down of"
        f" {100 * RAMP_DOWN_PER_S:g} % a second after the stop, which burns energy; banks lose"
        " 1.5 % each way. Caps cannot limit a fall, so no policy of ours does.",
        f"A board's swing is {SWING_J:.0f} J over a period, which 400 J hold (GPU level). At the"
        f" rack and the site it is {need_j:.0f} J a GPU, since a tray's other parts follow its"
        " boards, and steps vary: there 400 J run full or empty now and then, 500 J do not.",
        f"Over the five seeds, mean and 95 % interval: {sure}.",
        "Eight staggered jobs drift apart: steps of each vary on their own, nothing brings them"
        " back; the figures are of the whole course.",
        f"GPU level: waves of {HIGH_W:g} W and 35 % of it, mean {MEAN_W:g} W at 2 s; 1 ms steps,"
        " the last 20 of 60 periods. The shelf whose level follows its load with 5 s cuts"
        f" {100 * gpu.bursts_following.lowered:.1f} % of 150 ms bursts and"
        f" {100 * gpu.swing_following.lowered:.1f} % of the 2 s period. With steps that vary by 1 %"
        f" 400 J keep {100 * gpu.large_kept:.0f} % of the periods within 2 % of the mean; in the"
        " others the bank runs empty for some milliseconds.",
    )


def _sure(name: str, rows: list[Seen]) -> str:
    """Return the figures of a way with their confidence, in words."""
    units = {"ramp_up": "% of the contract", "ramp_down": "%", "dynamic_range": "%",
             "ripple": "% of the mean", "energy_cost": "%"}  # fmt: skip
    told = (
        f"{figure.replace('_', ' ')}"
        f" {mean_of([100.0 * float(getattr(row, figure)) for row in rows]).told(3)} {unit}"
        for figure, unit in units.items()
    )
    return f"{name}: " + ", ".join(told)
