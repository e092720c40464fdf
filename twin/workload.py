"""What a workload profile asks of GPUs: times and power of its phases by clock.

A phase lasts as long as the longest of its arithmetic (over the clock), its memory traffic and
what follows no clock; communication that no work hides comes on top. Who runs together waits
for the slowest, phase by phase, and draws the waiting power meanwhile.
"""

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from site_models.arrays import Floats, Ints
from site_models.catalog import Catalog, open_catalog
from site_models.errors import InputError
from site_models.kinds.gpu import Gpu
from site_models.kinds.workload import Phase, Workload
from site_models.plant import Plant
from twin.physics.clocks import switching_share

STANDS = 1e-3
"""A clock below this share gets nothing done: its GPU is off or out of service."""


class Pattern(NamedTuple):
    """A profile on some GPUs, which may be of different models."""

    compute_s: Floats
    """At full clock. Shape (GPUs, phases)"""
    floor_s: Floats
    """Memory and whatever follows no clock. Shape (GPUs, phases)"""
    power_share: Floats
    """Of the span from idle to limit, at full clock. Shape (phases,)"""
    sm_active: Floats
    wait_share: float
    core_share: float
    """Part of the power above idle that follows the clock."""


class Pace(NamedTuple):
    """How a profile's step runs at given clocks."""

    step_s: Floats
    """Of the set that each GPU runs with; infinite where one of them stands. Shape (GPUs,)"""
    busy_s: Floats
    """Work of each GPU by phase; what is left of the step it waits. Shape (GPUs, phases)"""
    phase_s: Floats
    """Of the set: the slowest work, the pipeline's bubble, communication that shows."""


def workload(name: str, catalog: Catalog | None = None) -> Workload:
    """Return a profile by its catalog name; InputError naming those that there are.

    Without a catalog the file is read once: placement asks for it with every candidate.
    """
    if catalog is not None:
        return catalog.get(Workload, name)
    return _catalog(tuple(open_catalog().folders)).get(Workload, name)


def pattern_of(profile: Workload, models: list[Gpu]) -> Pattern:
    """Return a profile on GPUs, one model each.

    Raises InputError for a GPU whose catalog entry lacks the rate that a phase counts on.
    """
    rows = {model.label: _times(profile, model) for model in models}
    each = [rows[model.label] for model in models]
    return Pattern(
        np.array([compute for compute, _ in each]),
        np.array([floor for _, floor in each]),
        np.array([float(phase.power_share) for phase in profile.phases]),
        np.array([float(phase.sm_active) for phase in profile.phases]),
        float(profile.wait_power_share),
        float(profile.core_share),
    )


def pattern_on(profile: Workload, plant: Plant, gpus: Ints) -> Pattern:
    """Return a profile on GPUs of a plant."""
    catalog = _catalog(tuple(open_catalog().folders))
    return pattern_of(profile, [catalog.get(Gpu, plant.gpu_model[g]) for g in gpus])


@lru_cache(maxsize=8)
def _catalog(folders: tuple[Path, ...]) -> Catalog:
    """Return a catalog that is kept, with what was read of it."""
    return Catalog(folders)


def busy_s(pattern: Pattern, clock: Floats) -> Floats:
    """Return the work of each GPU by phase at a clock, a share of full clock [s].

    Infinite for a GPU that stands. Shape (GPUs, phases)
    """
    stands = clock < STANDS
    slowed_s = pattern.compute_s / np.maximum(clock, STANDS)[:, None]
    work_s: Floats = np.maximum(slowed_s, pattern.floor_s)
    return np.where(stands[:, None], np.inf, work_s)


def pace(
    pattern: Pattern,
    clock: Floats,
    member: Ints,
    exchange_s: Floats,
    hidden: Floats,
    bubble: float = 0.0,
) -> Pace:
    """Return how the step runs.

    Parameters
    ----------
    clock
        Share of full clock of each GPU. Shape (GPUs,)
    member
        Number of the set that each GPU runs with, from 0. Shape (GPUs,)
    exchange_s
        Time of each phase's communication. Shape (phases,)
    hidden
        Part of a phase's work that it may run behind. 0..1, shape (phases,)
    bubble
        Time that a pipeline adds for filling and draining, as a share of its work.

    Checked in ``tests/twin/test_workload.py``: a set runs at the pace of its slowest, others
    do not notice; against closed forms for one and two GPUs.
    """
    work_s = busy_s(pattern, clock)
    slowest_s = np.zeros((int(member.max()) + 1, work_s.shape[1]))
    np.maximum.at(slowest_s, member, work_s)
    stands = np.isinf(slowest_s)
    behind_s = np.where(stands, np.inf, hidden * np.where(stands, 0.0, slowest_s))
    exposed_s = np.maximum(exchange_s - behind_s, 0.0)
    phase_s = slowest_s * (1.0 + bubble) + exposed_s
    return Pace(phase_s.sum(axis=1)[member], work_s, phase_s[member])


def phase_power_w(
    pattern: Pattern, clock: Floats, idle_w: Floats, limit_w: Floats, flat: Floats, floor: Floats
) -> Floats:
    """Return the power of each GPU while it works, by phase [W]. Shape (GPUs, phases)

    The core's part of the power above idle follows V(f)^2 f, see `twin/physics/clocks.py`.
    The rest is what memory and links spend on each byte [ENGINEERING 8.1], so it follows the
    pace of the work: as it was while the memory sets the pace, less where the clock does.
    """
    switching = switching_share(clock, flat, floor)
    core = pattern.core_share * np.asarray(switching)[:, None]
    rest = (1.0 - pattern.core_share) * _pace_share(pattern, clock)
    above_w = (limit_w - idle_w)[:, None] * pattern.power_share
    return np.asarray(idle_w[:, None] + above_w * (core + rest))


def _pace_share(pattern: Pattern, clock: Floats) -> Floats:
    """Return the pace of each GPU's own work over that at full clock, by phase. 0..1"""
    full_s = np.maximum(pattern.compute_s, pattern.floor_s)
    now_s = busy_s(pattern, clock)
    works = np.isfinite(now_s) & (now_s > 0.0)
    return np.where(works, full_s / np.where(works, now_s, 1.0), 0.0)


def mean_power_w(
    at: Pace, pattern: Pattern, phase_w: Floats, idle_w: Floats, limit_w: Floats
) -> Floats:
    """Return the mean power of each GPU over its step [W]; waiting where a set stands."""
    wait_w = idle_w + (limit_w - idle_w) * pattern.wait_share
    runs = np.isfinite(at.step_s)
    step_s = np.where(runs, at.step_s, 1.0)
    part = np.where(runs[:, None], at.busy_s, 0.0) / step_s[:, None]
    left = np.maximum(1.0 - part.sum(axis=1), 0.0)
    return np.asarray((part * phase_w).sum(axis=1) + left * wait_w)


def step_wave(
    at: Pace, pattern: Pattern, phase_w: Floats, idle_w: Floats, limit_w: Floats, gpu: int
) -> tuple[Floats, Floats]:
    """Return lengths [s] and powers [W] of what one GPU does in turn during a step.

    Each phase is its work and then its waiting, which may last no time. Their mean is that of
    `mean_power_w`. A GPU that stands waits for one second.
    """
    wait_w = float(idle_w[gpu] + (limit_w[gpu] - idle_w[gpu]) * pattern.wait_share)
    if not np.isfinite(at.step_s[gpu]):
        return np.ones(1), np.array([wait_w])
    work_s = at.busy_s[gpu]
    wait_s = np.maximum(at.phase_s[gpu] - work_s, 0.0)
    lengths_s = np.stack([work_s, wait_s], axis=1).ravel()
    powers_w = np.stack([phase_w[gpu], np.full(len(work_s), wait_w)], axis=1).ravel()
    return lengths_s, powers_w


def activity(at: Pace, pattern: Pattern) -> Floats:
    """Return the share of time that each GPU's multiprocessors are active. 0..1"""
    runs = np.isfinite(at.step_s)
    part = np.where(runs[:, None], at.busy_s, 0.0) / np.where(runs, at.step_s, 1.0)[:, None]
    return np.asarray(np.minimum((part * pattern.sm_active).sum(axis=1), 1.0))


def _times(profile: Workload, model: Gpu) -> tuple[list[float], list[float]]:
    """Return compute and floor times of the phases on one model [s]."""
    pairs = [_phase_times(profile, phase, model) for phase in profile.phases]
    return [compute for compute, _ in pairs], [floor for _, floor in pairs]


def _phase_times(profile: Workload, phase: Phase, model: Gpu) -> tuple[float, float]:
    compute_s = 0.0 if phase.compute_s is None else float(phase.compute_s)
    floor_s = 0.0 if phase.fixed_s is None else float(phase.fixed_s)
    if phase.compute_flop is not None and profile.compute_share is not None:
        rate = _rate(model, "tensor_flop_per_s", phase)
        compute_s = float(phase.compute_flop) / (float(profile.compute_share) * rate)
    if phase.memory_bytes is not None and profile.memory_share is not None:
        rate = _rate(model, "memory_bytes_per_s", phase)
        floor_s = max(floor_s, float(phase.memory_bytes) / (float(profile.memory_share) * rate))
    return compute_s, floor_s


def _rate(model: Gpu, key: str, phase: Phase) -> float:
    rate = getattr(model, key)
    if rate is None:
        raise InputError(f"{model.label}: no {key}, expected one for phase {phase.name!r}")
    return float(rate)
