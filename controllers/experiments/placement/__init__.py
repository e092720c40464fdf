"""The same jobs under four ways to place them, on a site with the flaws that sites have."""

from collections.abc import Mapping
from dataclasses import asdict
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
from controllers.experiments.placement.choosers import (
    TOPOLOGY_ONLY,
    Chooser,
    advised,
    at_random,
    first_fit,
)
from controllers.experiments.placement.stream import stream
from controllers.experiments.placement.week import Week, run_week
from controllers.outdoors import outdoors_of
from controllers.plant_edits import with_clogged, with_fans
from site_models.compile import compile_site
from site_models.plant import Plant
from site_models.site import load_site
from twin.inputs import Outdoors

START_S = 1_720_396_800.0
"""Monday 2024-07-08 00:00 UTC."""
DAY_S = 86_400.0
SEED, LOAD, HOT_K = 20, 0.7, 8.0
CLOGGED, FACTOR = ("a1-tray2", "a2-tray9", "a3-tray5", "a5-tray0", "a6-tray11", "a8-tray7"), 12.0
WEAK_FANS, FANS_LEFT = ("b2-node1", "b5-node0", "b6-node3"), 0.55
OURS, FIRST = "ours", "first-fit"


def run(setting: Setting) -> Outcome:
    """Return what four ways to place the same jobs come to, in usual and in hot weather."""
    name = setting.site or "pilot"
    site, built = load_site(name), compile_site(name)
    plant = _worn(built)
    days = 1.0 if setting.quick else 7.0
    capacity = {model: built.gpu_model.count(model) for model in sorted(set(built.gpu_model))}
    jobs = stream(SEED, days * DAY_S, capacity, LOAD)
    usual = outdoors_of(site.location)
    found: dict[str, dict[str, Week]] = {}
    for weather, outdoors in (("usual", usual), ("hot", _warmer(usual))):
        found[weather] = {}
        for keeper, choose in _choosers(plant).items():
            setting.told(f"placement: {keeper}, {weather} weather")
            found[weather][keeper] = run_week(plant, jobs, choose, outdoors, START_S, days * DAY_S)
    findings = [
        finding for weather, weeks in found.items() for finding in _findings(weather, weeks)
    ]
    figures = {
        f"{keeper}, {weather}": _figures(week)
        for weather, weeks in found.items()
        for keeper, week in weeks.items()
    }
    return Outcome(
        name="placement",
        baseline={key: value for key, value in figures.items() if not key.startswith(OURS)},
        ours={key: value for key, value in figures.items() if key.startswith(OURS)},
        findings=tuple(findings),
        plots=_plots(found["hot"]),
        notes=_notes(len(jobs), days),
    )


def _worn(plant: Plant) -> Plant:
    """Return the site after some years: clogged plates and weak fans, known to the twin."""
    for tray in CLOGGED:
        if tray in plant.node_names:
            plant = with_clogged(plant, plant.node_names.index(tray), FACTOR)
    weak = [plant.node_names.index(node) for node in WEAK_FANS if node in plant.node_names]
    return with_fans(plant, np.array(weak, np.int64), FANS_LEFT) if weak else plant


def _choosers(plant: Plant) -> Mapping[str, Chooser]:
    return {
        FIRST: first_fit(plant),
        "random": at_random(plant, SEED),
        "topology only": advised(plant, TOPOLOGY_ONLY),
        OURS: advised(plant),
    }


def _warmer(outdoors: Outdoors) -> Outdoors:
    def hot(time_s: float) -> tuple[float, float]:
        dry_c, wet_c = outdoors(time_s)
        return dry_c + HOT_K, wet_c + 0.5 * HOT_K

    return hot


def _findings(weather: str, weeks: Mapping[str, Week]) -> list[Finding]:
    ours, first = weeks[OURS], weeks[FIRST]
    cut = 1.0 - ours.throttled_gpu_h / first.throttled_gpu_h if first.throttled_gpu_h else np.nan
    row = 1.0 - ours.row_peak_w / first.row_peak_w
    more = ours.mean_slowdown - first.mean_slowdown
    return [
        at_least(
            f"throttled GPU-hours below first-fit, {weather}", 100.0 * cut, 90.0, "%",
            "first-fit throttles none" if np.isnan(cut) else
            f"{ours.throttled_gpu_h:.1f} against {first.throttled_gpu_h:.1f} GPU-hours",
        ),
        at_least(
            f"row peak power below first-fit, {weather}", 100.0 * row, 15.0, "%",
            f"at {LOAD:.0%} load both rows carry long runs of every job in time:"
            f" {ours.row_peak_w / 1e3:.0f} against {first.row_peak_w / 1e3:.0f} kW",
        ),
        at_most(
            f"mean slowdown over first-fit's, {weather}", 100.0 * more, 0.0, "%",
            f"{ours.mean_slowdown:.3%} against {first.mean_slowdown:.3%}",
        ),
    ]  # fmt: skip


def _figures(week: Week) -> dict[str, Any]:
    return {key: value for key, value in asdict(week).items() if not isinstance(value, np.ndarray)}


def _notes(jobs: int, days: float) -> tuple[str, ...]:
    return (
        f"{jobs} jobs in {days:g} days, {LOAD:.0%} of the GPU time of each model asked for, seed"
        f" {SEED}: 1 to 64 GPUs, pre-training from 16 on, fine-tuning below, lengths lognormal"
        " about 1.5 h. First come first served, backfill over 20 jobs; the same stream for all.",
        f"The site has flaws that its twin knows: plates of {len(CLOGGED)} trays clogged"
        f" ({FACTOR:g} times the pressure loss), fans of {len(WEAK_FANS)} nodes at"
        f" {FANS_LEFT:.0%}. Hot weather is {HOT_K:g} K above the typical July.",
        "One stream and one seed; the random rule is one draw of it.",
        "Stranded power: what idle GPUs could draw but for the rating of their rack.",
    )


def _plots(weeks: Mapping[str, Week]) -> tuple[Plot, ...]:
    def curves(part: str, scale: float) -> tuple[Curve, ...]:
        return tuple(
            Curve(name, np.arange(len(getattr(week, part))) / 24.0, getattr(week, part) * scale)
            for name, week in weeks.items()
        )

    return (
        Plot(
            "Hottest GPU of each hour, hot weather",
            "time [d]",
            "temperature [C]",
            curves("hourly_c", 1.0),
        ),
        Plot(
            "Most that any row drew, hot weather",
            "time [d]",
            "power [kW]",
            curves("hourly_row_w", 1e-3),
        ),
    )  # fmt: skip


EXPERIMENT = Experiment(
    "Placement of a stream of jobs: ours against the rules that schedulers have", run
)
