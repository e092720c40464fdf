"""Power and throughput of jobs by clock, and the clocks that save power at the least loss."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from controllers.gather import sum_by
from controllers.policy import JobOn
from site_models.arrays import Floats, Ints
from site_models.plant import Plant
from twin.physics.clocks import switching_share

LOWEST_CLOCK, STEPS = 0.2, 108
CLOCKS: Floats = np.linspace(LOWEST_CLOCK, 1.0, STEPS)
"""Clocks that are considered, shares of full clock: 15 MHz apart on an H100."""
DEAREST_W = 1e6
"""No GPU's work is worth more."""
CORE_SHARE = ("Part of power above idle that follows V(f)^2 f", 0.7)
KNEE = ("Clock under which memory-bound work slows", 0.6, 0.2)
"""What policies that use these curves call their two parameters, with defaults and bounds."""
SEARCH = 50
"""Halvings of the price of lost work, at most."""


class JobCurves(NamedTuple):
    """What each job draws and loses at each of the CLOCKS. Shapes (jobs, clocks)."""

    power_w: Floats
    """Of all its GPUs together."""
    loss: Floats
    """Part of its throughput. 0..1"""
    gpus: Ints
    """How many it has. Shape (jobs,)"""


def job_curves(
    plant: Plant, jobs: Sequence[JobOn], full_w: Floats, core_share: float, knee: float
) -> JobCurves:
    """Return the curves of jobs whose GPUs draw `full_w` at full clock.

    Parameters
    ----------
    full_w
        Shape (GPUs,) [W]
    core_share
        Part of the power above idle that follows V(f)^2 f; the rest follows the pace of the
        work, as in `twin.workload.phase_power_w`. 0..1
    knee
        Clock under which memory-bound work slows as well: flat until about 0.6
        [ENGINEERING 1.4]. 0..1

    Notes
    -----
    A step of time 1 at full clock takes c / f + (1 - c) max(1, knee / f) at clock f, where c
    is the job's compute share. Checked against the profiles of the catalog, which know their
    phases, in ``tests/controllers/jobs/test_job_curves.py``.
    """
    gpus, groups = plant.arrays.gpus, plant.arrays.groups
    size = np.array([len(job.gpus) for job in jobs], dtype=np.int64)
    owner = np.repeat(np.arange(len(jobs)), size)
    mine = np.concatenate([job.gpus for job in jobs]) if jobs else np.zeros(0, dtype=np.int64)
    idle_w = sum_by(owner, np.minimum(gpus.idle_power_w, full_w)[mine], len(jobs))
    above_w = sum_by(owner, full_w[mine], len(jobs)) - idle_w
    first = np.array([int(job.gpus[0]) if len(job.gpus) else 0 for job in jobs], dtype=np.int64)
    group = gpus.group[first]
    flat, floor = groups.voltage_flat[group], groups.voltage_floor[group]
    compute = np.clip(np.array([job.compute_share for job in jobs]), 0.0, 1.0)[:, None]
    step_s = compute / CLOCKS + (1.0 - compute) * np.maximum(1.0, knee / CLOCKS)
    core = np.asarray(switching_share(CLOCKS, flat[:, None], floor[:, None]))
    kept = core_share * core + (1.0 - core_share) / step_s
    return JobCurves(idle_w[:, None] + above_w[:, None] * kept, 1.0 - 1.0 / step_s, size)


def lowest_allowed(curves: JobCurves, allowed: Floats) -> Ints:
    """Return the place in CLOCKS of the lowest clock at which each job loses no more.

    The losses fall with the clock, and full clock loses nothing. Shape (jobs,)
    """
    within = curves.loss <= np.maximum(allowed, 0.0)[:, None] + 1e-9
    return np.asarray(np.argmax(within, axis=1), dtype=np.int64)


def least_loss(curves: JobCurves, lowest: Ints, wanted_w: float) -> Floats:
    """Return the clock of each job at which they draw `wanted_w` with the least work lost.

    Each watt comes from where it costs the least work: jobs are slowed as far as a common
    price, of power for work, pays [W for the work of one GPU]; what costs no work goes first,
    all alike. Between neighbouring answers of the grid the clocks are mixed, so the sum is met
    closely. Where the lowest clocks draw more than is wanted, those.

    Checked against every combination for a few jobs in
    ``tests/controllers/jobs/test_job_curves.py``.
    """
    if not len(lowest):
        return np.zeros(0)
    # from full clock down, so that of equals the fastest is found first
    barred = (np.arange(STEPS) < lowest[:, None])[:, ::-1]
    kept_w = np.where(barred, np.inf, curves.power_w[:, ::-1])
    lost = (curves.loss * curves.gpus[:, None])[:, ::-1]
    rows = np.arange(len(lowest))

    def chosen(price_w: float) -> tuple[Floats, float]:
        place = np.argmin(kept_w + price_w * lost, axis=1)
        return CLOCKS[STEPS - 1 - place], float(kept_w[rows, place].sum())

    cheap, dear = 0.0, DEAREST_W
    (low, _), (high, high_w) = chosen(cheap), chosen(dear)
    if high_w <= wanted_w:
        return _mixed(curves, high, np.ones(len(lowest)), wanted_w)
    for _ in range(SEARCH):
        price_w = 0.5 * (cheap + dear)
        clocks, clocks_w = chosen(price_w)
        if clocks_w <= wanted_w:
            cheap, low = price_w, clocks
        else:
            dear, high = price_w, clocks
        if np.abs(high - low).max() <= CLOCKS[1] - CLOCKS[0]:
            break
    return _mixed(curves, low, high, wanted_w)


def drawn_w(curves: JobCurves, clocks: Floats) -> float:
    """Return what the jobs draw together at a clock each [W]."""
    return float(each_w(curves, clocks).sum())


def each_w(curves: JobCurves, clocks: Floats) -> Floats:
    """Return what each job draws at a clock, between the CLOCKS in line [W]. Shape (jobs,)"""
    place = np.clip((clocks - LOWEST_CLOCK) / (1.0 - LOWEST_CLOCK) * (STEPS - 1), 0, STEPS - 1)
    below = np.minimum(place.astype(np.int64), STEPS - 2)
    rows, part = np.arange(len(clocks)), place - below
    low_w, high_w = curves.power_w[rows, below], curves.power_w[rows, below + 1]
    return np.asarray(low_w + part * (high_w - low_w))


def _mixed(curves: JobCurves, low: Floats, high: Floats, wanted_w: float) -> Floats:
    """Return the clocks on the line between two answers at which `wanted_w` is drawn."""
    least, most = 0.0, 1.0
    if drawn_w(curves, high) <= wanted_w:
        return high
    for _ in range(20):
        mix = 0.5 * (least + most)
        if drawn_w(curves, low + mix * (high - low)) <= wanted_w:
            least = mix
        else:
            most = mix
    return np.asarray(low + least * (high - low))
