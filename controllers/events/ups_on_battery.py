"""A UPS loses what stands in front of it."""

from typing import Literal

import numpy as np

from controllers.event import Event, places
from controllers.plant_edits import unsupplied
from site_models.plant import Plant
from twin.state import State


class UpsOnBattery(Event):
    """The input of a UPS opens: its battery carries what hangs on it until it is empty."""

    kind: Literal["ups_on_battery"]

    def known(self, plant: Plant) -> tuple[str, ...]:
        """Return the stages with a battery."""
        batteries = np.flatnonzero(plant.arrays.feeds.battery_j > 0.0)
        return tuple(plant.feed_names[f] for f in batteries)

    def changed(self, plant: Plant, onset: State, after_s: float) -> Plant:
        """Return the plant without what stood in front of them."""
        names = self.known(plant)
        return unsupplied(plant, [names[i] for i in places(names, self.target)])


KIND = UpsOnBattery
