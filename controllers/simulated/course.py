"""The events of a scenario in their order: what is in force at an instant."""

from collections.abc import Sequence

import numpy as np

from controllers.event import Event
from site_models.arrays import Flags, Floats
from site_models.plant import Plant
from telemetry.frame import Frame
from twin.state import State

MEANT_S = 1e-9
"""Instants this close are one."""


class Course:
    """Plays events on a plant: which plant, which readings, which weather hold now.

    An event begins with the first interval that starts at or after it; within an interval
    the plant is that of the interval's middle. Later events change what earlier ones left.
    Belongs to one run: it remembers the state in which each event found the plant.
    """

    def __init__(self, plant: Plant, events: Sequence[Event], start_s: float) -> None:
        self._built, self._start_s = plant, start_s
        self._events = sorted(events, key=lambda event: event.at_s)
        self._onset: dict[int, State] = {}
        self._before: dict[int, Frame] = {}
        self._last: Frame | None = None
        self._made: tuple[tuple[int, ...], Plant] = ((), plant)

    def plant(self, state: State, dt_s: float) -> Plant:
        """Return the plant in force from a state on for `dt_s` seconds."""
        now_s = state.time_s - self._start_s
        middle_s = now_s + 0.5 * dt_s
        active = tuple(i for i, event in enumerate(self._events) if _lasts(event, now_s, middle_s))
        for i in active:
            self._onset.setdefault(i, state)
        moving = any(self._events[i].moving(middle_s - self._events[i].at_s) for i in active)
        if self._made[0] == active and not moving:
            return self._made[1]
        plant = self._built
        for i in active:
            event = self._events[i]
            plant = event.changed(plant, self._onset[i], middle_s - event.at_s)
        self._made = ((-1,) if moving else active, plant)
        return plant

    def seen(self, frame: Frame) -> Frame:
        """Return what the sensors say of a true frame; call once a frame, in their order."""
        now_s = frame.time_s - self._start_s
        said = frame
        for i, event in enumerate(self._events):
            if _lasts(event, now_s, now_s):
                before = self._before.setdefault(i, self._last or frame)
                said = event.seen(said, before, self._built)
        self._last = frame
        return said

    def clock_limit(self, time_s: float) -> Floats:
        """Return the clock that each GPU is locked to from a time on, a share of full clock."""
        clock = np.ones(len(self._built.gpu_names))
        for event in self._events:
            if _lasts(event, time_s - self._start_s, time_s - self._start_s):
                clock = event.clock_limit(self._built, clock)
        return clock

    def withheld(self, time_s: float) -> Flags:
        """Return the GPUs that jobs may not use from a time on."""
        gpus = np.zeros(len(self._built.gpu_names), dtype=np.bool_)
        for event in self._events:
            if _lasts(event, time_s - self._start_s, time_s - self._start_s):
                gpus = event.withheld(self._built, gpus)
        return gpus

    def outdoors(self, time_s: float, air: tuple[float, float]) -> tuple[float, float]:
        """Return dry-bulb and wet-bulb temperature outdoors [C]; wet never above dry."""
        now_s = time_s - self._start_s
        for event in self._events:
            if _lasts(event, now_s, now_s):
                air = event.outdoors(*air, now_s - event.at_s)
        return air[0], min(air)


def _lasts(event: Event, from_s: float, now_s: float) -> bool:
    begun = event.at_s <= from_s + MEANT_S
    return begun and (event.lasts_s is None or now_s < event.at_s + event.lasts_s - MEANT_S)
