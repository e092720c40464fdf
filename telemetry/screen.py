"""Readings that are possible and yet not true: jumps no body can make, sensors that stand still."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from site_models.arrays import Flags, Floats
from telemetry.frame import Frame
from telemetry.health import Health
from telemetry.signals import SIGNALS
from telemetry.source import Source
from telemetry.unit_watch import CONVERSIONS, UnitWatch


class Rate(NamedTuple):
    """How fast a signal can move: so much at once, and so much more a second."""

    at_once: float
    per_s: float


RATES: Mapping[str, Rate] = {
    "gpu_temp_c": Rate(40.0, 20.0),
    "memory_temp_c": Rate(30.0, 10.0),
    "node_inlet_c": Rate(10.0, 2.0),
    "rack_supply_c": Rate(15.0, 2.0),
    "rack_return_c": Rate(25.0, 3.0),
    "cdu_tcs_supply_c": Rate(15.0, 2.0),
    "cdu_tcs_return_c": Rate(25.0, 3.0),
    "fws_supply_c": Rate(10.0, 1.0),
    "fws_return_c": Rate(15.0, 1.0),
    "dry_bulb_c": Rate(5.0, 0.1),
    "wet_bulb_c": Rate(5.0, 0.1),
}
"""Wide enough for faults of the plant: a die moves 15 K at once with its load and 15 K/s when
its pump trips (ENGINEERING section 3), air and water move with their mass."""

BELIEVED_AFTER = 3
"""A value that stays where it jumped to for so many new readings is true after all."""
STUCK_S = 600.0
"""A temperature that gives the very same bits for this long while its device's power moved."""
MOVED_SHARE = 0.25
"""Part of the power's upper range that counts as moved."""
WATCHED: Mapping[str, str] = {"gpu_temp_c": "gpu_power_w", "memory_temp_c": "gpu_power_w"}
"""Temperatures that must move, and the power that moves them."""


MARKED = ("gpu_temp_c", "memory_temp_c")
"""Of these exactly 0 stands for no reading: a board at work is never that cold."""


class _Track:
    """What is remembered of one signal."""

    def __init__(self, count: int) -> None:
        self.value = np.full(count, np.nan)
        self.time_s = np.full(count, np.nan)
        self.jumped = np.full(count, np.nan)
        self.times = np.zeros(count, np.int64)
        self.since_s = np.full(count, np.nan)
        self.low_w = np.full(count, np.inf)
        self.high_w = np.full(count, -np.inf)


class Screened:
    """A source whose untrue readings are missing; each incident is told once.

    A jump faster than :data:`RATES` is held back until it has been read three times; a
    temperature that does not move for ten minutes although its power does is missing until
    it moves again; readings that change to another unit are missing until they are back.
    Ranges and blanks are refused where readings come in. Checked in
    ``tests/telemetry/test_screen.py``.
    """

    def __init__(self, source: Source, health: Health) -> None:
        self._source, self._health = source, health
        self._tracks: dict[str, _Track] = {}
        self._units: dict[str, UnitWatch] = {}

    @property
    def axes(self) -> Mapping[str, Sequence[str]]:
        """Ids along each axis, as the source has them."""
        return self._source.axes

    def read(self) -> Frame | None:
        """Return the next frame without what cannot be true."""
        frame = self._source.read()
        if frame is None:
            return None
        values = dict(frame.values)
        for signal in MARKED:
            if signal in values:
                values[signal] = self._unmarked(signal, values[signal], frame.time_s)
        for signal in CONVERSIONS:
            if signal in values:
                values[signal] = self._own_unit(signal, values[signal], frame.time_s)
        for signal, rate in RATES.items():
            if signal in values:
                values[signal] = self._steady(signal, rate, values[signal], frame.time_s)
        for signal, power in WATCHED.items():
            if signal in values and power in values:
                drawn_w = values[power]
                values[signal] = self._moving(signal, values[signal], drawn_w, frame.time_s)
        return Frame(frame.time_s, values, frame.age_s)

    def _unmarked(self, signal: str, value: Floats, time_s: float) -> Floats:
        """Return values without zeros; told for devices that have given others."""
        track = self._tracks.setdefault(f"{signal} marked", _Track(len(value)))
        zero = value == 0.0
        wrong = bool((zero & ~np.isnan(track.value)).any())
        self._health.set(wrong, "marked", signal, "0 is no temperature: not taken", time_s)
        track.value = np.where(zero | np.isnan(value), track.value, value)
        return np.where(zero, np.nan, value)

    def _own_unit(self, signal: str, value: Floats, time_s: float) -> Floats:
        """Return values without those that came in another unit."""
        watch = self._units.setdefault(signal, UnitWatch(signal, len(value)))
        foreign = watch.look(value)
        if foreign.any() or watch.told:
            why = f"reads as if in {watch.unit}, expected {SIGNALS[signal].unit}: not taken"
            self._health.set(bool(watch.foreign.any()), "unit", signal, why, time_s)
            watch.told = bool(watch.foreign.any())
        return np.where(foreign, np.nan, value)

    def _steady(self, signal: str, rate: Rate, value: Floats, time_s: float) -> Floats:
        """Return values without jumps that have not lasted yet."""
        track = self._tracks.setdefault(signal, _Track(len(value)))
        there = ~np.isnan(value)
        since_s = np.where(np.isnan(track.time_s), np.inf, time_s - track.time_s)
        jump = there & (np.abs(value - track.value) > rate.at_once + rate.per_s * since_s)
        same = np.abs(value - track.jumped) <= rate.at_once
        track.times = np.where(jump, np.where(same, track.times + 1, 1), 0)
        track.jumped = np.where(jump, value, np.nan)
        held_back = jump & (track.times < BELIEVED_AFTER)
        taken = there & ~held_back
        track.value = np.where(taken, value, track.value)
        track.time_s = np.where(taken, time_s, track.time_s)
        self._tell("jumped", signal, held_back, taken, "faster than it can move", time_s)
        return np.where(held_back, np.nan, value)

    def _moving(self, signal: str, value: Floats, drawn_w: Floats, time_s: float) -> Floats:
        """Return values without those of sensors that stand still while the power moves."""
        track = self._tracks.setdefault(f"{signal} still", _Track(len(value)))
        there = ~np.isnan(value)
        moved = there & (value != track.value)
        track.since_s = np.where(moved, time_s, track.since_s)
        track.low_w = np.fmin(np.where(moved, np.inf, track.low_w), drawn_w)
        track.high_w = np.fmax(np.where(moved, -np.inf, track.high_w), drawn_w)
        track.value = np.where(there, value, track.value)
        swing = track.high_w - track.low_w > MOVED_SHARE * np.fmax(track.high_w, 1.0)
        stuck = there & swing & (time_s - track.since_s >= STUCK_S)
        self._tell("stuck", signal, stuck, moved, "stands still while its power moves", time_s)
        return np.where(stuck, np.nan, value)

    def _tell(
        self, kind: str, signal: str, wrong: Flags, well: Flags, why: str, time_s: float
    ) -> None:
        ids = self.axes[SIGNALS[signal].axis]
        for place in np.flatnonzero(wrong).tolist():
            self._health.raised(kind, f"{ids[place]} {signal}", why, time_s)
        for incident in self._health.now:
            whose, _, of = incident.what.rpartition(" ")
            if incident.kind == kind and of == signal and well[ids.index(whose)]:
                self._health.cleared(kind, incident.what, time_s)
