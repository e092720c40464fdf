"""The recent past in memory: bounded, float32, one ring for each axis."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dashboards.summary import RACK_SIGNALS, SITE_SIGNALS, Summary
from site_models.arrays import Floats
from site_models.plant import Plant

GPU_SIGNALS = ("gpu_temp_c", "gpu_power_w")
"""Kept for every GPU."""


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Equal-length columns. `time_s` in seconds since the epoch, `values` in base units."""

    time_s: Floats
    values: Floats


class Ring:
    """The last `capacity` rows of `width` numbers. Not thread-safe by itself."""

    def __init__(self, capacity: int, width: int) -> None:
        self._time_s: Floats = np.full(capacity, np.nan)
        self._rows: NDArray[np.float32] = np.full((capacity, width), np.nan, dtype=np.float32)
        self._count = 0

    def __len__(self) -> int:
        return min(self._count, len(self._time_s))

    def clear(self) -> None:
        """Forget everything."""
        self._count = 0

    def append(self, time_s: float, row: Floats) -> None:
        """Add a row, dropping the oldest when full."""
        at = self._count % len(self._time_s)
        self._time_s[at], self._rows[at] = time_s, row
        self._count += 1

    def since(self, span_s: float) -> tuple[Floats, NDArray[np.float32]]:
        """Return the rows within `span_s` [s] of the newest, oldest first, and their times."""
        size, capacity = len(self), len(self._time_s)
        order = np.arange(self._count - size, self._count) % capacity
        time_s = self._time_s[order]
        late = order[time_s >= time_s[-1] - span_s] if size else order
        return self._time_s[late], self._rows[late]

    def column(self, at: int) -> Series:
        """Return one number's past, oldest first."""
        size, capacity = len(self), len(self._time_s)
        order = np.arange(self._count - size, self._count) % capacity
        return Series(self._time_s[order], self._rows[order, at].astype(np.float64))


class History:
    """Rings for site, racks and GPUs within a budget of memory.

    Time that runs backwards (a replay that starts again) begins a new history.
    """

    def __init__(self, plant: Plant, ticks: int = 7200, budget_bytes: int = 64_000_000) -> None:
        racks, gpus = len(plant.rack_names), len(plant.gpu_names)
        rack_width, gpu_width = racks * len(RACK_SIGNALS), gpus * len(GPU_SIGNALS)
        self._racks, self._gpus = racks, gpus
        self._site = Ring(ticks, len(SITE_SIGNALS))
        self._rack = Ring(_fit(ticks, rack_width, budget_bytes // 2), rack_width)
        self._gpu = Ring(_fit(900, gpu_width, budget_bytes // 2), gpu_width)
        self._last_s = -np.inf

    def append(self, summary: Summary) -> None:
        """Add one tick."""
        state = summary.state
        if state.time_s <= self._last_s:
            for ring in (self._site, self._rack, self._gpu):
                ring.clear()
        self._last_s = state.time_s
        self._site.append(state.time_s, np.array([summary.site[s] for s in SITE_SIGNALS]))
        self._rack.append(state.time_s, np.concatenate([summary.rack[s] for s in RACK_SIGNALS]))
        self._gpu.append(state.time_s, np.concatenate([state.gpu_temp_c, state.gpu_power_w]))

    def site(self, signal: str) -> Series:
        """Return a site signal's past; ValueError for an unknown name."""
        return self._site.column(SITE_SIGNALS.index(signal))

    def rack(self, signal: str, rack: int) -> Series:
        """Return a rack signal's past; ValueError for an unknown name."""
        return self._rack.column(RACK_SIGNALS.index(signal) * self._racks + rack)

    def gpu(self, signal: str, gpu: int) -> Series:
        """Return a GPU signal's past; ValueError for an unknown name."""
        return self._gpu.column(GPU_SIGNALS.index(signal) * self._gpus + gpu)

    def gpus(self, signal: str, span_s: float) -> tuple[Floats, Floats]:
        """Return times and a signal of every GPU within `span_s` [s] of the newest tick.

        Shapes (ticks,) and (ticks, GPUs).
        """
        time_s, rows = self._gpu.since(span_s)
        at = GPU_SIGNALS.index(signal) * self._gpus
        return time_s, rows[:, at : at + self._gpus].astype(np.float64)


def binned(series: Series, step_s: float) -> Series:
    """Return means over bins of `step_s` [s] aligned to the epoch, at the bins' middles.

    Bins without a reading are left out. Bins aligned to the epoch keep a chart still while
    it moves on. A bin of nothing but NaN is NaN.
    """
    if len(series.time_s) == 0 or step_s <= 0.0:
        return series
    bins = np.floor(series.time_s / step_s)
    edges = np.flatnonzero(np.diff(bins, prepend=np.nan) != 0.0)
    good = np.isfinite(series.values)
    total = np.add.reduceat(np.where(good, series.values, 0.0), edges)
    count = np.add.reduceat(good.astype(np.float64), edges)
    mean = np.where(count > 0.0, total / np.maximum(count, 1.0), np.nan)
    return Series((bins[edges] + 0.5) * step_s, mean)


def last(series: Series, span_s: float) -> Series:
    """Return the part of a series within `span_s` [s] of its end."""
    if len(series.time_s) == 0:
        return series
    keep = series.time_s >= series.time_s[-1] - span_s
    return Series(series.time_s[keep], series.values[keep])


def _fit(ticks: int, width: int, budget_bytes: int) -> int:
    """Return how many ticks of `width` float32 fit, at least 60 and at most `ticks`."""
    return max(60, min(ticks, budget_bytes // max(4 * width, 1)))
