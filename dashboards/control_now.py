"""What policies do to the site at a tick, what people and the grid ask of it, and what was done."""

from dataclasses import dataclass

import numpy as np

from controllers.actuators.order import Order
from controllers.grid.grid_desk import Second
from controllers.policy import Mode, Standing
from controllers.supervision.holds import Hold
from controllers.supervision.journal import Entry
from dashboards.feed import Feed
from dashboards.summary import Summary
from site_models.arrays import Floats

LATEST = 200
"""Entries of the journal that are shown."""


@dataclass(frozen=True, slots=True, eq=False)
class ControlNow:
    """One instant of control, in base units."""

    time_s: float
    standings: tuple[Standing, ...]
    scopes: dict[str, dict[str, tuple[Mode, float]]]
    """Of each policy: its mode by scope, and until when."""
    holds: dict[str, Hold]
    entries: tuple[Entry, ...]
    """The newest last."""
    order: Order | None
    """What is in force; None where nothing can be ordered."""
    capped: int
    """GPUs whose cap in force is below the device's own."""
    would_cap: int
    """GPUs that all policies which are not off come to capping."""
    lowest_cap_w: float
    """NaN: none is capped."""
    slowed: int
    """GPUs whose clock is locked."""
    asked_paused: int
    rack_cap_share: Floats
    """Mean cap in force over the devices' own. NaN for racks without GPUs. Shape (racks,)"""
    rack_asked_share: Floats
    """The same of what policies come to."""
    rack_clock_share: Floats
    report: tuple[Second, ...]
    """Of the grid desk, the newest last."""


def control_now(feed: Feed, summary: Summary) -> ControlNow:
    """Return control at a tick; checked in ``tests/dashboards/test_control_page.py``."""
    shot, supervisor = summary.snapshot, feed.world.supervisor
    most_w = feed.plant.arrays.gpus.power_max_w
    capped = shot.gpu_cap_w < most_w - 0.5
    asked_w = shot.decision.gpu_cap_w
    clock = np.ones(len(most_w)) if shot.order is None else shot.order.gpu_clock_share
    return ControlNow(
        time_s=shot.state.time_s,
        standings=shot.standings,
        scopes={one.name: supervisor.scoped(one.name) for one in shot.standings},
        holds=supervisor.holds(),
        entries=supervisor.journal.latest(LATEST),
        order=shot.order,
        capped=int(np.count_nonzero(capped)),
        would_cap=int(np.count_nonzero(asked_w < most_w - 0.5)),
        lowest_cap_w=float(shot.gpu_cap_w[capped].min()) if capped.any() else np.nan,
        slowed=int(np.count_nonzero(clock < 1.0)),
        asked_paused=len(shot.decision.paused),
        rack_cap_share=_by_rack(feed, shot.gpu_cap_w / most_w),
        rack_asked_share=_by_rack(feed, asked_w / most_w),
        rack_clock_share=_by_rack(feed, clock),
        report=tuple(feed.grid.report()),
    )


def _by_rack(feed: Feed, share: Floats) -> Floats:
    """Return the mean over each rack's GPUs; NaN for a rack without any."""
    racks = len(feed.plant.rack_names)
    rack = feed.index.rack_of_gpu
    count = np.bincount(rack, minlength=racks)
    total = np.bincount(rack, weights=share, minlength=racks)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
