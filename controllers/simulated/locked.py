"""Constant loads on GPUs whose clock is locked."""

import numpy as np

from site_models.arrays import Floats
from site_models.plant import Plant
from twin.physics.clocks import switching_share


def locked_w(plant: Plant, power_w: Floats, clock: Floats) -> Floats:
    """Return constant powers at locked clocks: all above idle follows the clock [W].

    `clock` are shares of full clock; 1 leaves a power as it is. Shapes (GPUs,)
    """
    if not (clock < 1.0).any():
        return power_w
    groups, group = plant.arrays.groups, plant.arrays.gpus.group
    kept = switching_share(clock, groups.voltage_flat[group], groups.voltage_floor[group])
    idle_w = plant.arrays.gpus.idle_power_w
    above_w = np.maximum(power_w - idle_w, 0.0)
    slowed_w = np.minimum(power_w, idle_w) + kept * above_w
    return np.asarray(np.where(clock < 1.0, slowed_w, power_w))
