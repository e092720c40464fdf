"""The utility is lost."""

from typing import Literal

import numpy as np

from controllers.event import Event, places
from controllers.plant_edits import unsupplied
from site_models.plant import Plant
from twin.state import State


class UtilityLoss(Event):
    """Utility meters give nothing; batteries and generators behind them bridge it as built."""

    kind: Literal["utility_loss"]

    def known(self, plant: Plant) -> tuple[str, ...]:
        """Return the utility meters."""
        meters = np.flatnonzero(plant.arrays.feeds.parent < 0)
        return tuple(plant.feed_names[f] for f in meters)

    def changed(self, plant: Plant, onset: State, after_s: float) -> Plant:
        """Return the plant without them."""
        names = self.known(plant)
        return unsupplied(plant, [names[i] for i in places(names, self.target)])


KIND = UtilityLoss
