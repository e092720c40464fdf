"""A stage of the power chain is lost."""

from typing import Literal

from controllers.event import Event, places
from controllers.plant_edits import without_feeds
from site_models.plant import Plant
from twin.state import State


class FeedLoss(Event):
    """Stages give nothing, nor does what hangs below them without a source of its own.

    Racks go over to their other feeds; those with none are dark. Batteries and generators
    below it take over.
    """

    kind: Literal["feed_loss"]

    def known(self, plant: Plant) -> tuple[str, ...]:
        """Return the stages of the power chain."""
        return plant.feed_names

    def changed(self, plant: Plant, onset: State, after_s: float) -> Plant:
        """Return the plant without them."""
        return without_feeds(plant, places(self.known(plant), self.target))


KIND = FeedLoss
