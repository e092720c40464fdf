"""How the experiment was played, and what its figures do not say, in words."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from controllers.experiments.placement.choosers import PATIENCE, SLOW, WEIGHTS
from controllers.experiments.placement.wear import FANS, FOULED, HOT_K, PLATES
from controllers.experiments.placement.week import Week
from controllers.trials.confidence import mean_of

OURS = "ours"
Weeks = Mapping[str, Week]


class Asides(NamedTuple):
    """Hot days of one seed beside those that are judged, and how much was asked for."""

    unworn: Weeks
    """On a site without flaws."""
    crowded: Weeks
    """With more jobs."""
    load: float
    crowded_load: float
    """Of the GPU time. 0..1"""
    days: float
    """Span in usual weather."""


def notes(week: Weeks, days: Mapping[int, Weeks], asides: Asides) -> tuple[str, ...]:
    """Return the notes of the page, a line each."""
    jobs = len(week[OURS].slowdown)
    hot = "; ".join(
        f"{rule} {mean_of([day[rule].throttled_gpu_h for day in days.values()]).told(0)}"
        for rule in week
    )
    clean = ", ".join(f"{rule} {one.throttled_gpu_h:.1f}" for rule, one in asides.unworn.items())
    slower = "; ".join(
        f"{rule} {mean_of(_slower(days, rule)).told(4)}" for rule in week if rule != OURS
    )
    crowded = "; ".join(
        f"{rule} {one.throttled_gpu_h:.0f} GPU-hours throttled, mean slowdown"
        f" {one.mean_slowdown:.3f}, {one.finished} jobs finished"
        for rule, one in asides.crowded.items()
    )
    return (
        f"Usual: {jobs} jobs in {asides.days:g} days from Monday 8 July of the typical year, one"
        f" seed. Hot: that Wednesday {HOT_K:g} K warmer and the chiller that trims the facility"
        f" water down; {len(days)} days of as many seeds, figures are their means."
        f" {100.0 * asides.load:g} % of the GPU time of each model is asked for: 1 to 64 GPUs,"
        " pre-training from 16 on, fine-tuning below, lengths lognormal about 1.5 h. First come"
        " first served with backfill; the same stream for every rule. The site starts empty.",
        "The site has flaws that its twin knows and the other rules do not:"
        f" {len(PLATES)} of 144 trays with partly clogged plates ({min(PLATES.values()):g} to"
        f" {max(PLATES.values()):g} times the pressure loss, {FOULED:g} times the resistance)"
        f" and {len(FANS)} of 32 air-cooled nodes with 30 to 40 % of their air. On a site"
        f" without them GPU-hours throttled in a hot day are: {clean}.",
        f"Throttled GPU-hours of a hot day (95 % intervals over {len(days)} seeds): {hot}. Mean"
        f" slowdown of ours less that of the others, paired by seed: {slower}.",
        "First-fit takes the first node with room, else the first whole nodes, else the first"
        " free GPUs; random the same in random order; topology only the tightest node, rack or"
        " pod that has room. Ours leaves out the nodes that the engine tells to avoid in the"
        " hottest hour of a job and takes the best advice, whole nodes before parts, unless the"
        f" network would cost {100.0 * SLOW:g} % of the step; what finds no such place for"
        f" {100.0 * PATIENCE:g} % of its length runs as topology only would have it, and may"
        " throttle.",
        f"More jobs, {100.0 * asides.crowded_load:g} % of the GPU time, on a hot day of one seed:"
        f" {crowded}. To leave GPUs out costs waiting once jobs fill the site for hours.",
        f"Weights of our score: temperature {WEIGHTS.temperature:g}, headroom"
        f" {WEIGHTS.headroom:g}, fabric {WEIGHTS.fabric:g}, packing {WEIGHTS.packing:g}. They,"
        " the patience and the load were chosen on hot Mondays of seeds 1 to 3, which are not"
        " scored. At 70 % load of seed 1 advice alone at the default weights, which refused a place"
        " for one hot node in it before hot nodes were gone around, made large jobs wait: mean"
        " slowdown 1.065, first-fit 1.027;"
        " default weights with the hot nodes left out spread jobs over racks: 1.033; these"
        " weights: 1.024. At 60 % of seeds 2 and 3 first-fit throttled 345 and 294 GPU-hours at"
        " slowdowns of 1.051 and 1.037, ours 64 and 8 at 1.027 and 1.025 with a patience of"
        " 0.2, 17 and 4 at 1.034 and 1.031 with 0.5. At 70 % of these two, before it asked for"
        " whole nodes, ours was worse than first-fit, 1.284 against 1.222 and 1.238 against 1.122:"
        " so it came to ask for them, and the load to be 60 %.",
        "Slowdown: from submission to end, over the length at full speed with the network to"
        " itself; judged on the jobs that finished under every rule. Stretch leaves out the"
        " wait. Branch: a busway or PDU. Stranded: what racks with GPUs have left of their"
        " rating that none of their free GPUs could draw. Energy is the site's, cooling"
        " included, by the share of work done: fixed load is spread over all jobs.",
        "The plant plays in substeps of fifteen seconds (the twin's own: one); its state is known"
        " to the twin without error, as are the length and the profile of a job.",
    )


def _slower(days: Mapping[int, Weeks], rule: str) -> list[float]:
    """Return by how much the mean slowdown under ours is above that under another rule, by day."""
    found = []
    for day in days.values():
        apart = day[OURS].slowdown - day[rule].slowdown
        found.append(float(np.nanmean(apart)))
    return found
