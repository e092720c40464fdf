"""`twin experiment smoothing`: a synchronous training site within a grid's specification."""

from typing import Any, NamedTuple

import numpy as np

from controllers.confidence import mean_of
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
from controllers.experiments.smoothing.boards import HIGH_W, MEAN_W, Boards, boards
from controllers.experiments.smoothing.courses import (
    RAMP_DOWN_PER_S,
    RAMP_PER_S,
    START_S,
    TAIL_S,
    WAYS,
    Ran,
    course,
    gb300_site,
)
from site_models.errors import InputError
from site_models.kinds.grid import Grid
from twin.fast_power import STEP_S
from twin.grid_quality import RAMP_S, band_share, load_grid, quality_of

SEEDS = (1, 2, 3, 4, 5)
SECONDS, QUICK_S = 3600.0, 1800.0
SETTLE_S = 120.0
"""After the start until a course counts as training."""
SHOWN_S = 20.0


class Seen(NamedTuple):
    """A course as the grid sees it, shares of the contract."""

    ramp_up: float
    """Over the whole course, start and stop included."""
    ramp_down: float
    dynamic_range: float
    """While it trains, as the next three."""
    ripple: float
    band_share: float
    band_rms: float
    """Of the fluctuation within the specification's band."""
    energy_cost: float
    """Over doing nothing, work made up for included."""


def _run(setting: Setting) -> Outcome:
    if setting.site:
        raise InputError(f"site {setting.site!r}: this experiment has its own")
    plant, grid = gb300_site(), load_grid("large_load")
    seconds = QUICK_S if setting.quick else SECONDS
    seen: dict[str, list[Seen]] = {way.name: [] for way in WAYS}
    first: dict[str, Ran] = {}
    for seed in SEEDS:
        nothing: Ran | None = None
        for way in WAYS:
            ran = course(plant, way, seconds, seed)
            nothing = nothing or ran
            seen[way.name].append(_seen(ran, nothing, grid))
            first.setdefault(way.name, ran)
        setting.told(f"seed {seed}")
    gpu = boards(SEEDS)
    ours = WAYS[-1].name
    return Outcome(
        "smoothing",
        {name: _figures(rows) for name, rows in seen.items() if name != ours},
        {ours: _figures(seen[ours]), "gpu": _gpu_figures(gpu)},
        (*_site_findings(seen[ours], grid), *_gpu_findings(gpu)),
        _plots(first),
        _notes(seen, gpu, grid, seconds),
    )


def _seen(ran: Ran, nothing: Ran, grid: Grid) -> Seen:
    contract_w = float(nothing.utility_w.max())
    whole = quality_of(ran.utility_w, STEP_S)
    begin, end = int((START_S + SETTLE_S) / STEP_S), -int((TAIL_S + 1.0) / STEP_S)
    trains = quality_of(ran.utility_w[begin:end], STEP_S)
    low_hz, high_hz = float(grid.spectrum.low_hz), float(grid.spectrum.high_hz)
    share = band_share(trains.spectrum, low_hz, high_hz)
    rms_w = float(np.sqrt(share)) * trains.ripple * trains.mean_w
    return Seen(
        whole.ramp_up_w_per_s * RAMP_S / contract_w,
        whole.ramp_down_w_per_s * RAMP_S / contract_w,
        trains.dynamic_range_w / contract_w,
        trains.ripple,
        share,
        rms_w / contract_w,
        (ran.energy_j + ran.made_up_j) / nothing.energy_j - 1.0,
    )


def _figures(rows: list[Seen]) -> dict[str, Any]:
    return {name: mean_of([row[k] for row in rows]).mean for k, name in enumerate(Seen._fields)}


def _site_findings(rows: list[Seen], grid: Grid) -> tuple[Finding, ...]:
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


def _gpu_findings(gpu: Boards) -> tuple[Finding, ...]:
    least = min(gpu.bursts.values(), key=lambda row: row.lowered)
    off = gpu.large.peak_w / gpu.large.mean_w - 1.0
    return (
        at_least("65 J a GPU: peak cut from bursts of up to 150 ms, the least of any length",
                 100.0 * least.lowered, 30.0, "%"),
        at_least("65 J a GPU: peak cut from a period of 2 s (65 J over 1.4 s are 3.3 %)",
                 100.0 * gpu.swing.lowered, 3.0, "%"),
        at_most("400 J a GPU: peak above the mean, 2 s period", 100.0 * off, 2.0, "%"),
        at_least("400 J a GPU: peak cut", 100.0 * gpu.large.lowered, 19.0, "%"),
    )  # fmt: skip


def _gpu_figures(gpu: Boards) -> dict[str, Any]:
    return {
        "burst_65j_cut_by_length_s": {f"{s:g}": cut.lowered for s, cut in gpu.bursts.items()},
        "burst_65j_150ms_cut_following_shelf": gpu.bursts_following.lowered,
        "swing_65j_2s_cut": gpu.swing.lowered,
        "swing_65j_2s_cut_following_shelf": gpu.swing_following.lowered,
        "swing_400j_2s_cut": gpu.large.lowered,
        "swing_400j_2s_peak_over_mean": gpu.large.peak_w / gpu.large.mean_w,
        "swing_400j_2s_varied_periods_within_2_percent": gpu.large_kept,
    }


def _plots(first: dict[str, Ran]) -> tuple[Plot, ...]:
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


def _notes(seen: dict[str, list[Seen]], gpu: Boards, grid: Grid, seconds: float) -> tuple[str, ...]:
    told = []
    for name, rows in seen.items():
        mean = _figures(rows)
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
        "400 J a GPU hold a board's swing of 382 J; a tray's other parts follow it by 7 % and the"
        " steps vary, so at the rack they run full or empty now and then, 500 J do not.",
        "Eight staggered jobs drift apart: steps of each vary on their own, nothing brings them"
        " back; the figures are of the whole course.",
        f"GPU level: waves of {HIGH_W:g} W and 35 % of it, mean {MEAN_W:g} W at 2 s; 1 ms steps,"
        " the last 20 of 60 periods. The shelf whose level follows its load with 5 s cuts"
        f" {100 * gpu.bursts_following.lowered:.1f} % of 150 ms bursts and"
        f" {100 * gpu.swing_following.lowered:.1f} % of the 2 s period. With steps that vary by 1 %"
        f" 400 J keep {100 * gpu.large_kept:.0f} % of the periods within 2 % of the mean; in the"
        " others the bank runs empty for some milliseconds.",
    )


EXPERIMENT = Experiment(
    "Swings of a training site by staggering, ramps, floors and storage, at 10 ms", _run
)
