"""What a loop learns from measured temperatures: its belief corrected, causes suspected."""

from typing import NamedTuple

import numpy as np

from site_models.arrays import Floats
from site_models.plant import Plant
from telemetry.frame import Frame
from twin.estimation.estimator import Estimator, risen
from twin.estimation.residual_causes import Cause, causes
from twin.estimation.residuals import Watch, watch_of, watched
from twin.estimation.sightings import corrected, sighting
from twin.state import Inputs, State


class Learned(NamedTuple):
    """What is carried from tick to tick."""

    rise_k: Floats
    """What each node takes in is this much warmer than the plant says. Shape (nodes,)"""
    watch: Watch


def nothing_learned(plant: Plant, state: State) -> Learned:
    """Return what is known before the first reading."""
    return Learned(np.zeros(len(plant.node_names)), watch_of(plant, state))


class Learner:
    """Corrects the belief of a loop after each step and watches what stays off.

    A frame without GPU temperatures changes nothing; before the first with any, nothing is
    computed either. Pure but for the gains it keeps: a resumed run repeats the whole one.
    """

    def __init__(self, plant: Plant) -> None:
        self._plant, self._estimator = plant, Estimator(plant)

    def breathing(self, plant: Plant, learned: Learned) -> Plant:
        """Return the plant whose nodes take in what is believed."""
        return risen(plant, learned.rise_k) if learned.rise_k.any() else plant

    def look(
        self, state: State, learned: Learned, inputs: Inputs, frame: Frame, dt_s: float
    ) -> tuple[State, Learned, tuple[Cause, ...]]:
        """Return the state corrected by a frame, what is learned by now, and probable causes."""
        begun = bool(learned.watch.watched_s.any())
        if not dt_s > 0.0:
            return state, learned, ()
        rise_k = learned.rise_k
        seen = sighting(self._plant, state, rise_k, frame, dt_s)
        if seen is None and not begun:
            return state, learned, ()
        watch = learned.watch if begun else watch_of(self._plant, state)
        watch = watched(self._plant, watch, state, rise_k, inputs, seen, dt_s)
        if seen is not None:
            state, rise_k = corrected(
                self._estimator, self._plant, state, rise_k, seen, frame, dt_s
            )
        found = causes(self._plant, watch, frame.time_s)
        return state, Learned(rise_k, watch), found
