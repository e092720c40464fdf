"""The simple rule: one cap for all GPUs, as high as every limit allows."""

from dataclasses import dataclass

import numpy as np

from controllers.policy import Decision, View
from controllers.power.pour import vessel_of
from controllers.power.power_tree import power_tree
from controllers.power.stage_room import room_of
from site_models.plant import Plant

HALVINGS = 30


@dataclass(frozen=True, slots=True)
class UniformCap:
    """Safe whatever GPUs then draw, like the budget, and blind to what they do."""

    share: float
    site_limit_w: float

    def start(self, plant: Plant) -> tuple[()]:
        """Return no memory."""
        return ()

    def decide(self, view: View, memory: tuple[()]) -> tuple[Decision, tuple[()]]:
        """Return the highest equal cap with which every stage keeps its limit."""
        gpus = view.plant.arrays.gpus
        room = room_of(
            power_tree(view.plant), view.state, self.share, self.share * self.site_limit_w
        )
        vessel = vessel_of(view.plant, view.state, room, self.share)
        low_w, high_w = float(gpus.power_min_w.min()), float(gpus.power_max_w.max())
        for _ in range(HALVINGS):
            middle_w = 0.5 * (low_w + high_w)
            fits = vessel.fits(np.clip(middle_w, gpus.power_min_w, gpus.power_max_w))
            low_w, high_w = (middle_w, high_w) if fits else (low_w, middle_w)
        cap_w = np.clip(low_w, gpus.power_min_w, gpus.power_max_w)
        return Decision(np.asarray(cap_w), f"all at {low_w:.0f} W"), memory
