"""Rules of thumb that policies are judged against."""

from dataclasses import dataclass

import numpy as np

from controllers.policy import Decision, View
from site_models.arrays import Flags
from site_models.plant import Plant


@dataclass(frozen=True, slots=True)
class HalveWhenHot:
    """Halve the range of every GPU of a loop once one of them passes a temperature.

    Let go again when all are `below_k` cooler. What an alarm and an operator's script do.
    """

    above_c: float = 85.0
    below_k: float = 10.0

    def start(self, plant: Plant) -> Flags:
        """Return that no circuit is held."""
        return np.zeros(len(plant.circuit_names), np.bool_)

    def decide(self, view: View, memory: Flags) -> tuple[Decision, Flags]:
        """Return half caps for the loops that are held."""
        arrays = view.plant.arrays
        racks, gpus = arrays.racks, arrays.gpus
        rack = arrays.nodes.rack[gpus.node]
        liquid = racks.liquid_circuit[rack]
        loop = np.where(liquid >= 0, liquid, racks.air_circuit[rack])
        hottest_c = np.full(len(memory), -np.inf)
        np.maximum.at(hottest_c, loop, view.state.gpu_temp_c)
        let_go_c = np.where(memory, self.above_c - self.below_k, self.above_c)
        held: Flags = hottest_c > let_go_c
        half_w = 0.5 * (gpus.power_min_w + gpus.power_max_w)
        cap_w = np.where(held[loop], half_w, gpus.power_max_w)
        return Decision(cap_w, f"{int(held.sum())} loops at half power"), held
