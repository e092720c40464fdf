"""Cells of an outdoor cooler fail."""

from typing import Literal

from controllers.event import Event, Share, places
from controllers.plant_edits import put, with_arrays, without_exchangers
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
        if self.share == 1.0:
            return without_exchangers(plant, hit)
        x, left = plant.arrays.exchangers, 1.0 - self.share
        parts = {
            name: put(getattr(x, name), hit, left * getattr(x, name)[hit])
            for name in (
                "hot_flow_rated_kg_per_s",
                "cold_flow_rated_kg_per_s",
                "ua_rated_w_per_k",
                "capacity_w",
                "fan_power_max_w",
            )
        }
        return with_arrays(plant, exchangers=x._replace(**parts))


KIND = CoolerLoss
