"""Fans fail: of nodes, or of the room units of a hall."""

from typing import Literal

import numpy as np

from controllers.event import Event, Share, places
from controllers.plant_edits import with_fans, without_units
from site_models.plant import AIR, Plant
from twin.state import State


class FanFailure(Event):
    """A part of some nodes' fans stands still, or room units as a whole.

    Fans left speed up as their node's control asks. Nodes without any keep a slight draught.
    """

    kind: Literal["fan_failure"]
    share: Share = 1.0
    """Part of a node's fans; a room unit has failed or not."""

    def known(self, plant: Plant) -> tuple[str, ...]:
        """Return nodes and room units."""
        return (*plant.node_names, *(plant.exchanger_names[i] for i in self._units(plant)))

    def complaint(self, plant: Plant) -> tuple[str, str] | None:
        """Return what is wrong on this plant, parts of a room unit included."""
        units = tuple(plant.exchanger_names[i] for i in self._units(plant))
        if self.share < 1.0 and places(units, self.target):
            return "share", f"{self.share:g}, expected 1: a room unit fails as a whole"
        return super().complaint(plant)

    def changed(self, plant: Plant, onset: State, after_s: float) -> Plant:
        """Return the plant with the fans left."""
        hit = places(plant.node_names, self.target)
        if hit:
            plant = with_fans(plant, np.array(hit), 1.0 - self.share)
        fitting = places(plant.exchanger_names, self.target)
        units = [i for i in self._units(plant) if i in fitting]
        return without_units(plant, onset, units) if units else plant

    def _units(self, plant: Plant) -> list[int]:
        kinds, hot = plant.arrays.circuits.kind, plant.arrays.exchangers.hot_circuit
        return [i for i in range(len(hot)) if kinds[hot[i]] == AIR]


KIND = FanFailure
