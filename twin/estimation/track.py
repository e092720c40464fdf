"""What was measured over a stretch of time, as arrays: power in, temperature out."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from site_models.arrays import Floats
from site_models.errors import InputError
from site_models.plant import Plant
from telemetry.frame import Frame

COUNTER_SHARE = 0.8
"""A counter is trusted for power when it moved in at least this share of the intervals."""
BEAT_S = 0.5
"""Counters move about ten times a second. Read faster than this, updates and readings beat:
an interval now and then holds none or two, which a median over five of them removes."""
BEAT_INTERVALS = 5
RESET_J = 1.0
"""A counter that falls by more has started anew."""


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """Readings at n instants; NaN where there is none, but never in the power."""

    time_s: Floats
    """Rising. Shape (n,)"""
    gpu_power_w: Floats
    """Mean board power over the interval that ends at each instant. Shape (n, GPUs)"""
    gpu_temp_c: Floats
    """Shape (n, GPUs)"""
    node_power_w: Floats
    """At the wall. Shape (n, nodes)"""
    node_inlet_c: Floats
    """Shape (n, nodes)"""

    def cut(self, from_s: float, to_s: float) -> "Track":
        """Return the instants within [from_s, to_s]."""
        keep = (self.time_s >= from_s) & (self.time_s <= to_s)
        return Track(
            self.time_s[keep],
            self.gpu_power_w[keep],
            self.gpu_temp_c[keep],
            self.node_power_w[keep],
            self.node_inlet_c[keep],
        )


def gathered(frames: Iterable[Frame], plant: Plant) -> Track:
    """Return the track of some frames.

    Reported power is often the mean over the second before, on H100 by measurement: then
    the device's energy counter, where it is recorded and moves, tells sooner and sharper
    what was drawn in an interval. Raises InputError when no frame has a GPU's power.
    """
    gpus, nodes = len(plant.gpu_names), len(plant.node_names)
    signals = {
        "gpu_power_w": gpus,
        "gpu_power_avg_w": gpus,
        "gpu_energy_j": gpus,
        "gpu_temp_c": gpus,
        "node_power_w": nodes,
        "node_inlet_c": nodes,
    }
    times: list[float] = []
    columns: dict[str, list[Floats]] = {name: [] for name in signals}
    silent = {name: np.full(count, np.nan) for name, count in signals.items()}
    for frame in frames:
        times.append(frame.time_s)
        for name in signals:
            columns[name].append(frame.values.get(name, silent[name]))
    if len(times) < 2:
        raise InputError("expected at least two instants between the given times")
    time_s = np.array(times)
    found = {name: np.array(rows) for name, rows in columns.items()}
    reported_w = found["gpu_power_w"]
    reported_w = np.where(np.isnan(reported_w), found["gpu_power_avg_w"], reported_w)
    if np.isnan(reported_w).all():
        raise InputError("expected the power of GPUs, found none between the given times")
    counted_w = counted_power_w(time_s, found["gpu_energy_j"])
    power_w = held(np.where(np.isnan(counted_w), reported_w, counted_w))
    idle_w = plant.arrays.gpus.idle_power_w
    return Track(
        time_s=time_s,
        gpu_power_w=np.where(np.isnan(power_w), idle_w, power_w),
        gpu_temp_c=found["gpu_temp_c"],
        node_power_w=found["node_power_w"],
        node_inlet_c=found["node_inlet_c"],
    )


def counted_power_w(time_s: Floats, energy_j: Floats) -> Floats:
    """Return each GPU's mean power over the interval before each instant, by its counter.

    NaN where the counter was not read, was reset, or moves too seldom to tell. Shape of
    `energy_j`: (n, GPUs).
    """
    power_w = np.full_like(energy_j, np.nan)
    dt_s = np.diff(time_s)
    for g in range(energy_j.shape[1]):
        drawn_j = np.diff(energy_j[:, g])
        known = ~np.isnan(drawn_j)
        if not known.any() or np.mean(drawn_j[known] > 0.0) < COUNTER_SHARE:
            continue
        drawn_w = np.where(drawn_j > -RESET_J, np.maximum(drawn_j, 0.0) / dt_s, np.nan)
        if np.median(dt_s) < BEAT_S:
            drawn_w = _without_beat(drawn_w)
        power_w[1:, g] = drawn_w
    return power_w


def _without_beat(power_w: Floats) -> Floats:
    """Return the median over each interval and its neighbours; ends take the inner ones."""
    margin = BEAT_INTERVALS // 2
    padded = np.pad(power_w, margin, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, BEAT_INTERVALS)
    smooth: Floats = np.median(windows, axis=1)
    return np.where(np.isnan(smooth), power_w, smooth)


def held(rows: Floats) -> Floats:
    """Return rows where NaN is the last reading before it, or else the first after it."""
    filled = rows.copy()
    for column in filled.T:
        seen = np.flatnonzero(~np.isnan(column))
        if len(seen):
            last = np.searchsorted(seen, np.arange(len(column)), side="right") - 1
            column[:] = column[seen[np.maximum(last, 0)]]
    return filled
