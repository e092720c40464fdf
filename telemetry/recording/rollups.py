"""Ten-second and one-minute rollups per rack, made while the readings pass."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from site_models.arrays import Floats, Ints
from site_models.plant import Plant
from telemetry.recording.format import Times, part_rows
from telemetry.signals import SIGNALS

STEPS_S = (10, 60)
"""Each is a whole multiple of the one before, from which it is made."""
ROLLED = (
    "rack_power_w",
    "rack_flow_kg_per_s",
    "gpu_power_w",
    "gpu_temp_c",
    "memory_temp_c",
)
FOLDERS = tuple(f"rack_{step_s}s" for step_s in STEPS_S)


@dataclass(frozen=True, slots=True)
class RackSeats:
    """The racks, and in which of them each GPU of the axis is. Shape (GPUs,)"""

    names: tuple[str, ...]
    rack_of_gpu: Ints

    @classmethod
    def of(cls, plant: Plant) -> "RackSeats":
        """Return those of a plant."""
        arrays = plant.arrays
        return cls(plant.rack_names, arrays.nodes.rack[arrays.gpus.node])


def rollup_schema() -> pa.Schema:
    """Return the columns of a rollup: bin's start, rack, and four for each signal.

    `SIGNAL_mean`, `_min` and `_max` are over all readings of the rack in the bin, in the
    signal's unit; `SIGNAL_count` is how many those were, so that bins can be put together.
    """
    fields = [
        pa.field("time", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("id", pa.dictionary(pa.int32(), pa.string()), nullable=False),
    ]
    for name in ROLLED:
        fields += [pa.field(f"{name}_{of}", pa.float32()) for of in ("mean", "min", "max")]
        fields.append(pa.field(f"{name}_count", pa.int32()))
    return pa.schema(fields)


@dataclass(slots=True)
class _Bin:
    """Sums over one bin. Shapes (signals, racks)"""

    start_us: int
    count: Floats
    total: Floats
    least: Floats
    most: Floats

    @classmethod
    def empty(cls, start_us: int, racks: int) -> "_Bin":
        shape = (len(ROLLED), racks)
        inf = np.full(shape, np.inf)
        return cls(start_us, np.zeros(shape), np.zeros(shape), inf, -inf)

    def take(self, other: "_Bin") -> None:
        self.count += other.count
        self.total += other.total
        np.minimum(self.least, other.least, out=self.least)
        np.maximum(self.most, other.most, out=self.most)


@dataclass(slots=True)
class Rollups:
    """Collects readings in bins aligned to the epoch and hands out those that are over.

    Checked against sums over the raw rows in
    ``tests/telemetry/recording/test_recording_rollups.py``.
    """

    seats: RackSeats
    _now: list[_Bin | None] = field(default_factory=lambda: [None] * len(STEPS_S))
    _over: list[list[_Bin]] = field(default_factory=lambda: [[] for _ in STEPS_S])

    def pass_to(self, time_us: int | None) -> None:
        """End the bins that do not hold `time_us`; None: end them all."""
        for level, step_s in enumerate(STEPS_S):
            now = self._now[level]
            if now is None or now.start_us == _start(time_us, step_s):
                continue
            self._over[level].append(now)
            self._now[level] = None
            if level + 1 < len(STEPS_S):
                self._at(level + 1, now.start_us).take(now)

    def add(self, time_us: int, values: Mapping[str, Floats]) -> None:
        """Take what was read at `time_us`, after `pass_to` that time."""
        bin_now: _Bin | None = None
        for row, name in enumerate(ROLLED):
            if name not in values:
                continue
            bin_now = bin_now or self._at(0, time_us)
            known = ~np.isnan(values[name])
            read, rack = values[name][known], np.flatnonzero(known)
            if SIGNALS[name].axis == "gpu":
                rack = self.seats.rack_of_gpu[rack]
            racks = len(self.seats.names)
            bin_now.count[row] += np.bincount(rack, minlength=racks)
            bin_now.total[row] += np.bincount(rack, read, racks)
            np.minimum.at(bin_now.least[row], rack, read)
            np.maximum.at(bin_now.most[row], rack, read)

    def tables(self) -> dict[str, pa.Table]:
        """Return the bins that are over as tables by folder, sorted by rack, then time."""
        return {
            folder: _table(self.seats.names, over)
            for folder, over in zip(FOLDERS, self._over, strict=True)
            if over
        }

    def forget(self) -> None:
        """Drop the bins that are over, once they are on disk."""
        for over in self._over:
            over.clear()

    def _at(self, level: int, time_us: int) -> _Bin:
        """Return the bin of a level that holds `time_us`, begun if need be."""
        now = self._now[level]
        if now is None:
            now = _Bin.empty(_start(time_us, STEPS_S[level]), len(self.seats.names))
            self._now[level] = now
        return now


def _start(time_us: int | None, step_s: int) -> int:
    return -1 if time_us is None else time_us - time_us % (step_s * 1_000_000)


def _table(names: Sequence[str], bins: Sequence[_Bin]) -> pa.Table:
    """Return a row for each rack and bin in which anything was read."""
    count = np.stack([one.count for one in bins], axis=1).reshape(len(ROLLED), -1)
    keep = np.flatnonzero(count.any(axis=0))
    time_us: Times = np.repeat(np.array([one.start_us for one in bins], np.int64), len(names))
    columns: dict[str, Floats] = {}
    for row, name in enumerate(ROLLED):
        total = np.concatenate([one.total[row] for one in bins])
        held = count[row]
        mean = np.where(held > 0.0, total / np.maximum(held, 1.0), np.nan)
        columns[f"{name}_mean"] = mean[keep]
        for of, sums in (
            ("min", [one.least[row] for one in bins]),
            ("max", [one.most[row] for one in bins]),
        ):
            columns[f"{name}_{of}"] = np.where(held > 0.0, np.concatenate(sums), np.nan)[keep]
        columns[f"{name}_count"] = held[keep]
    place = np.tile(np.arange(len(names)), len(bins))
    return part_rows(rollup_schema(), tuple(names), place[keep], time_us[keep], columns)
