"""Chillers trip."""

from typing import Literal

from controllers.event import Event, places
from controllers.plant_edits import without_chillers
from site_models.plant import Plant
from twin.state import State


class ChillerLoss(Event):
    """Chillers stand still; their water is cooled by what outdoor coolers can."""

    kind: Literal["chiller_loss"]

    def known(self, plant: Plant) -> tuple[str, ...]:
        """Return the chillers."""
        return plant.chiller_names

    def changed(self, plant: Plant, onset: State, after_s: float) -> Plant:
        """Return the plant without them."""
        return without_chillers(plant, places(self.known(plant), self.target))


KIND = ChillerLoss
