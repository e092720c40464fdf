"""Measured runs played in a circle on the nodes of a site: the input of the demo."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from site_models.arrays import Floats, Ints
from site_models.errors import InputError
from telemetry.frame import Frame
from telemetry.recording import Recording
from telemetry.signals import SIGNALS


class Trace(NamedTuple):
    """What one node plays."""

    run: str
    """Id of the run in the recording."""
    offset_s: float = 0.0
    """How far into the run the node starts."""
    scale: float = 1.0
    """Factor on the measured power; anything but 1 is said in `TraceSource.labels`."""


class TraceSource:
    """Frames of one signal for named nodes, each cycling through a measured run.

    A run is taken at multiples of `dt_s` after its start with the last reading held, and is
    as long as it was recorded. Times are `start_s` plus multiples of `dt_s`, so equal
    arguments give equal frames, and a source with a later start on the same grid and
    `begun_s` at the first one's start gives the later frames of that. Without `loop` a node
    is NaN after its run and the source ends when all runs have.

    Raises InputError for a node that is not among `nodes` or a run that is not recorded.
    """

    def __init__(
        self,
        recording: Recording,
        nodes: Sequence[str],
        traces: Mapping[str, Trace],
        *,
        signal: str = "node_power_w",
        dt_s: float = 1.0,
        start_s: float = 0.0,
        begun_s: float | None = None,
        loop: bool = True,
    ) -> None:
        self.axes: Mapping[str, Sequence[str]] = {SIGNALS[signal].axis: tuple(nodes)}
        self.labels: Mapping[str, str] = {
            node: "measured" if trace.scale == 1.0 else f"measured, scaled by {trace.scale:g}"
            for node, trace in traces.items()
        }
        self._signal, self._dt_s, self._loop = signal, dt_s, loop
        self._begun_s = start_s if begun_s is None else begun_s
        self._tick = round((start_s - self._begun_s) / dt_s)
        index = {name: k for k, name in enumerate(nodes)}
        for node in traces:
            if node not in index:
                raise InputError(f"trace for {node!r}: expected a node of the site")
        runs = {run: k for k, run in enumerate(dict.fromkeys(t.run for t in traces.values()))}
        grids = [_on_grid(recording, signal, run, dt_s) for run in runs]
        lengths = np.array([len(grid) for grid in grids], np.int64)
        starts = np.cumsum(lengths) - lengths
        chosen = np.array([runs[trace.run] for trace in traces.values()], np.int64)
        self._readings: Floats = np.concatenate(grids) if grids else np.empty(0)
        self._start: Ints = starts[chosen]
        self._length: Ints = lengths[chosen]
        self._offset: Ints = np.array([int(t.offset_s // dt_s) for t in traces.values()], np.int64)
        self._scale: Floats = np.array([trace.scale for trace in traces.values()], np.float64)
        self._place: Ints = np.array([index[node] for node in traces], np.int64)

    @property
    def label(self) -> str:
        """What a banner says of these frames: measured, scaled, or both."""
        kinds = {"scaled" if scale != 1.0 else "measured" for scale in self._scale.tolist()}
        looped = ", looped" if self._loop else ""
        return " and ".join(sorted(kinds)) + looped

    def read(self) -> Frame | None:
        """Return the next frame; None after the longest run when not looping."""
        step = self._tick + self._offset
        over = step >= self._length
        if not self._loop and bool(over.all()):
            return None
        readings = self._readings[self._start + step % self._length] * self._scale
        if not self._loop:
            readings[over] = np.nan
        (axis,) = self.axes
        values = np.full(len(self.axes[axis]), np.nan)
        values[self._place] = readings
        time_s = self._begun_s + self._tick * self._dt_s
        self._tick += 1
        return Frame(time_s, {self._signal: values})


def _on_grid(recording: Recording, signal: str, run: str, dt_s: float) -> Floats:
    """Return a run's readings at multiples of `dt_s` after its start, the last one held."""
    time_s, readings = recording.series(signal, run)
    if not len(time_s):
        raise InputError(f"{recording.folder}: no {signal} of {run!r}, expected a recorded run")
    since_s = time_s - time_s[0]
    # Half a step of slack: a meter that samples at 1 s jitters around the whole second.
    ticks = np.arange(int(since_s[-1] // dt_s) + 1) * dt_s + 0.5 * dt_s
    return readings[np.searchsorted(since_s, ticks, side="right") - 1]
