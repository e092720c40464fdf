"""A CDU fails as a whole: no pumps, no exchange."""

from typing import Literal

from controllers.event import Event, places
from controllers.plant_edits import without_units
from site_models.plant import Plant
from twin.state import State


class CduLoss(Event):
    """CDUs stop; a loop with further CDUs keeps those, with their part of the pumps."""

    kind: Literal["cdu_loss"]

    def known(self, plant: Plant) -> tuple[str, ...]:
        """Return the CDUs."""
        return plant.axis("cdu")

    def changed(self, plant: Plant, onset: State, after_s: float) -> Plant:
        """Return the plant without them."""
        hit = [int(plant.cdu_exchangers[i]) for i in places(self.known(plant), self.target)]
        return without_units(plant, onset, hit)


KIND = CduLoss
