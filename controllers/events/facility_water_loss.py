"""Facility water stops coming."""

from typing import Literal

import numpy as np

from controllers.event import Event, places
from controllers.plant_edits import stopped, without_water
from site_models.plant import Plant
from twin.state import State


class FacilityWaterLoss(Event):
    """No facility water: of a whole circuit, or at one CDU or room unit whose valves shut.

    The loops go on circulating; all that takes their heat is gone.
    """

    kind: Literal["facility_water_loss"]

    def known(self, plant: Plant) -> tuple[str, ...]:
        """Return facility water circuits and the exchangers on them."""
        fed = plant.arrays.exchangers.cold_circuit
        users = tuple(name for i, name in enumerate(plant.exchanger_names) if fed[i] >= 0)
        return (*plant.axis("plant"), *users)

    def changed(self, plant: Plant, onset: State, after_s: float) -> Plant:
        """Return the plant without that water."""
        cold = plant.arrays.exchangers.cold_circuit
        circuits = [
            int(plant.facility_circuits[i]) for i in places(plant.axis("plant"), self.target)
        ]
        dry = np.isin(cold, circuits)
        dry[places(plant.exchanger_names, self.target)] = True
        hit = [int(i) for i in np.flatnonzero(dry & (cold >= 0))]
        return without_water(stopped(plant, onset, circuits), hit)


KIND = FacilityWaterLoss
