"""What a job, or a reservation, holds."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from controllers.jobs.collective_told import Collective
from site_models.arrays import Floats, Ints
from site_models.errors import InputError

ROUNDING = 1e-9
"""Shares that sum to one within this are a whole GPU."""


class Conflict(InputError):  # noqa: N818 - it is told as one, a refusal
    """A GPU asked for is held by somebody else, or a reservation is gone. HTTP: 409."""


@dataclass(frozen=True, slots=True, eq=False)
class Allocation:
    """One job, or one reservation, on its GPUs."""

    job: str
    gpus: Ints
    start_s: float
    end_s: float | None = None
    """The GPUs are free again from then on; None: until released."""
    profile: str | None = None
    share: float = 1.0
    """Of each of its GPUs. 0..1"""
    gpu_power_w: float | None = None
    """Board power that the job is expected to draw; None: not known."""
    power_assumed: bool = False
    """The power is the device limit for want of better: forgotten once the job runs."""
    priority: int = 0
    allowed_slowdown: float = 0.0
    """Part of its throughput that it may lose to an event of the grid: none unless told."""
    preemptible: bool = False
    """May be paused and gone on with."""
    collective: Collective | None = None
    """What a step waits for, as the request told it; it counts before the profile's."""


class Holdings(NamedTuple):
    """The table at one instant."""

    version: int
    """Differs when anything differs."""
    free_share: Floats
    """What part of each GPU nobody holds. 0..1, shape (GPUs,)"""
    expected_w: Floats
    """Power that the holders of each GPU announced [W]; 0 where none did. Shape (GPUs,)"""
    seen: tuple[tuple[int, float, int], ...] = ()
    """Jobs told so far, as `JobsSeen.told`."""


def as_reserved(allocation: Allocation, reserved: Allocation) -> Allocation:
    """Return the allocation with the share that was held for it, and what else that knows."""
    power_w = allocation.gpu_power_w
    told_w = None if reserved.power_assumed else reserved.gpu_power_w
    return replace(
        allocation,
        share=reserved.share,
        gpu_power_w=told_w if power_w is None else power_w,
        collective=allocation.collective or reserved.collective,
    )


def same(a: Allocation, b: Allocation) -> bool:
    """Say whether telling the one after the other changes nothing."""

    def told(one: Allocation) -> tuple[object, ...]:
        leave = (one.priority, one.allowed_slowdown, one.preemptible)
        return (one.start_s, one.end_s, one.profile, *leave)

    return told(a) == told(b) and same_gpus(a, b)


def same_gpus(a: Allocation, b: Allocation) -> bool:
    """Say whether both stand on the same GPUs, in whatever order."""
    return np.array_equal(np.sort(a.gpus), np.sort(b.gpus))
