"""Cells of an outdoor cooler fail."""

from typing import Literal

from controllers.event import Event, Share, places
from controllers.plant_edits import with_cells
from site_models.plant import Plant
from twin.state import State


class CoolerLoss(Event):
    """A part of an outdoor cooler's cells, or all, has neither fans nor water."""

    kind: Literal["cooler_loss"]
    share: Share = 1.0
    """Part of the cells."""

    def known(self, plant: Plant) -> tuple[str, ...]:
        """Return the outdoor coolers."""
        cold = plant.arrays.exchangers.cold_circuit
        return tuple(name for i, name in enumerate(plant.exchanger_names) if cold[i] < 0)

    def changed(self, plant: Plant, onset: State, after_s: float) -> Plant:
        """Return the plant with the cells left."""
        mine = self.known(plant)
        hit = [plant.exchanger_names.index(mine[i]) for i in places(mine, self.target)]
        return with_cells(plant, hit, 1.0 - self.share)


KIND = CoolerLoss
