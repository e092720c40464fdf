"""What the migration experiment tells: figures, findings, plots, notes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from controllers.experiment import Curve, Finding, Plot, at_least, at_most
from controllers.experiments.migration.play import (
    GUARD,
    LENGTH_S,
    LOST_S,
    OURS,
    PAUSING,
    Run,
    free_elsewhere,
)
from controllers.trials.confidence import Mean, mean_of
from site_models.plant import Plant

Runs = Mapping[str, Sequence[Run]]
"""By keeper, a run a seed."""
Short = Mapping[float, Mapping[str, Sequence[Run]]]
"""By the length of the fault [s]."""


def figures_of(runs: Sequence[Run]) -> dict[str, Any]:
    """Return a keeper's plain figures over the seeds."""
    during = mean_of([100.0 * run.during for run in runs])

    def mean(name: str) -> float:
        return float(np.mean([getattr(run, name) for run in runs]))

    told = {
        "work_during_percent": during.mean,
        "work_during_95_low": during.low,
        "work_during_95_high": during.high,
        "work_after_percent": 100.0 * mean("after"),
        "energy_for_work_percent": 100.0 * mean("energy"),
        "gpus_at_their_limit_mean": mean("over_limit"),
        "moves_mean": mean("moves"),
        "gpu_hours_lost_by_moving_mean": mean("moved_gpu_h"),
        "gpu_hours_paused_mean": mean("paused_gpu_h"),
    }
    return {key: value for key, value in told.items() if np.isfinite(value)}


def more_of(runs: Runs, than: str) -> Mean:
    """Return how much more of the work ours does than another, pair by pair [points]."""
    pairs = zip(runs[OURS], runs[than], strict=True)
    return mean_of([100.0 * (ours.whole - other.whole) for ours, other in pairs])


def hours_of(runs: Runs) -> Mean:
    """Return the GPU hours of work that ours does more than the guard alone."""
    pairs = zip(runs[OURS], runs[GUARD], strict=True)
    return mean_of([ours.work_gpu_h - other.work_gpu_h for ours, other in pairs])


def findings_of(stuck: Runs, gone: Runs) -> tuple[Finding, ...]:
    """Return what was asked and what came out."""
    ours, guard = stuck[OURS], stuck[GUARD]
    energy = [100.0 * (a.energy - b.energy) for a, b in zip(ours, guard, strict=True)]
    return (
        at_least("work during fault and hour after, over the guard alone, lower 95 % bound",
                 more_of(stuck, GUARD).low, 0.0, "points", "too little is free elsewhere"),
        at_least("the same over guard and pausing, lower 95 % bound",
                 more_of(stuck, PAUSING).low, 0.0, "points", "pausing keeps more"),
        at_least("the same with the CDU lost as a whole, over the guard alone, lower 95 % bound",
                 more_of(gone, GUARD).low, 0.0, "points", "too little is free elsewhere"),
        at_most("energy for work while the fault lasts, over the guard alone, mean",
                float(np.mean(energy)), 0.0, "points", "moved jobs draw more where they run"),
        at_most("GPUs at their own limit, the worst seed",
                float(max(run.over_limit for run in ours)), 0.0, ""),
        at_most("jobs moved twice", float(sum(run.twice for run in (*ours, *gone[OURS]))), 0.0, ""),
    )  # fmt: skip


def plots_of(stuck: Runs, short: Short) -> tuple[Plot, ...]:
    """Return the pace over time, and what a move gains by the fault's length."""
    paces = tuple(
        Curve(name, runs[0].time_s / 60.0, 100.0 * np.mean([run.pace for run in runs], axis=0))
        for name, runs in stuck.items()
    )
    lengths = sorted(short)
    gains = [hours_of(short[length]) for length in lengths]
    minutes = np.array(lengths) / 60.0
    return (
        Plot("Work of all jobs, mean of the seeds", "minutes since the fault", "% of before",
             paces, {"before": 100.0}),
        Plot(
            "GPU hours of work that moving gains over the guard alone", "length of the fault [min]",
            "GPU hours",
            (
                Curve("mean", minutes, np.array([gain.mean for gain in gains])),
                Curve("95 % low", minutes, np.array([gain.low for gain in gains])),
                Curve("95 % high", minutes, np.array([gain.high for gain in gains])),
            ),
            {"nothing gained": 0.0},
        ),
    )  # fmt: skip


def notes_of(
    plant: Plant,
    stuck: Runs,
    gone: Runs,
    short: Short,
    seeds: Sequence[int],
    tried: Sequence[int],
) -> tuple[str, ...]:
    """Return protocol, limits and what is plain to say."""
    hours = f"{LENGTH_S / 3600:g} hours"
    did = "; ".join(
        f"{name} {mean_of([100.0 * run.whole for run in runs]).told(1)} %"
        for name, runs in stuck.items()
    )
    lost = "; ".join(
        f"{name} {mean_of([100.0 * run.whole for run in runs]).told(1)} %"
        for name, runs in gone.items()
    )
    gains = "; ".join(
        f"{length / 60:g} min {_hours(hours_of(short[length]))}, "
        f"{np.mean([run.moves for run in short[length][OURS]]):.1f} moves"
        for length in sorted(short)
    )
    room = [free_elsewhere(plant, seed) for seed in seeds]
    return (
        "Site: `pilot` on its design day; of the 576 GB200 on two CDUs 404 are busy, each job in"
        " one rack by seed. Pre-training, mixture of experts and fine-tuning may be paused or"
        " moved; prefill and decode may not. The air-cooled racks idle.",
        f"Fault: after {LOST_S / 60:g} minutes the water valve of cdu-1 sticks at one twentieth"
        f" for {hours}: its loop warms for ten minutes and the guard holds its GPUs at some 60 %"
        " of their clock. Then it moves again, and another hour is looked at.",
        "Work is kept units over those of the five minutes before, by GPUs; a run counts fault"
        f" and hour after: {did} (95 % over seeds). Nothing means the devices' own control: it"
        " lets GPUs up to their limit, the guard holds them 4 K and more below.",
        "A move costs a checkpoint and a restart of the profile, 122 s for fine-tuning, 320 s for"
        " pre-training; both are in the work. All goes through the supervisor, with its rates.",
        f"What can be gained is bounded by what is free: of 172 free GPUs {_listed(room)} are on"
        " the loop that is well, by seed, and a large job may find no place while small ones do.",
        f"Where it does not pay: by length of the fault, over the guard alone: {gains}. A fault"
        " that is over before the loss has reached the cost of a move is never moved from; one that"
        " ends soon after costs about as much again as it had cost. Nobody knows that beforehand.",
        "Jobs that leave also cool the loop for those that stay: their caps rise.",
        f"The CDU lost as a whole for {hours}: the guard shuts its four racks down within minutes,"
        " and they stay dark to the end, since a person turns them on again. Jobs there stand;"
        " those moved begin again from their last checkpoint, as a scheduler's own requeueing would"
        f" have them, on the places that the placement engine names: {lost}.",
        f"Seeds {_listed(seeds)}, the first three of them for short faults and the CDU lost; fault,"
        " mix and the settings of pausing and migration were settled on seeds"
        f" {_listed(tried)}, which are not scored.",
    )


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


def _hours(gain: Mean) -> str:
    return f"{gain.mean:+.1f} ({gain.low:+.1f} to {gain.high:+.1f}) GPU hours"


def tables(stuck: Runs, gone: Runs) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the figures of the baselines and of ours, by fault and keeper."""
    every = {name: figures_of(runs) for name, runs in stuck.items()}
    every |= {f"{name}, CDU lost": figures_of(runs) for name, runs in gone.items()}
    ours = {name: every[name] for name in every if name.startswith(OURS)}
    return {name: every[name] for name in every if name not in ours}, ours
