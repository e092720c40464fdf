"""A breaker opens."""

from typing import Literal

import numpy as np

from controllers.event import Event, places
from controllers.plant_edits import dark, without_feeds
from site_models.plant import Plant
from twin.state import State


class BreakerTrip(Event):
    """The breaker before a rack opens, or that at the head of a stage with all behind it.

    `lasts_s` is the time until it is closed again.
    """

    kind: Literal["breaker_trip"]

    def known(self, plant: Plant) -> tuple[str, ...]:
        """Return racks and stages of the power chain."""
        return (*plant.rack_names, *plant.feed_names)

    def changed(self, plant: Plant, onset: State, after_s: float) -> Plant:
        """Return the plant without what is behind the breaker."""
        racks = np.zeros(len(plant.rack_names), dtype=np.bool_)
        racks[places(plant.rack_names, self.target)] = True
        feeds = places(plant.feed_names, self.target)
        return dark(without_feeds(plant, feeds) if feeds else plant, racks)


KIND = BreakerTrip
