"""What draws from stages of the power chain itself, beside racks."""

import numpy as np

from site_models.arrays import Floats
from site_models.plant import Plant
from twin.state import State


def other_w(plant: Plant, state: State) -> Floats:
    """Return what pumps, fans and chillers draw from each feed now [W]. Shape (feeds,)

    Checked by the balance of every feed in ``tests/twin/electrical/test_power.py``.
    """
    arrays, count = plant.arrays, len(plant.feed_names)
    total_w = np.zeros(count)
    for feed, power_w in (
        (arrays.circuits.mover_feed, state.circuit_mover_power_w),
        (arrays.exchangers.fan_feed, state.exchanger_fan_power_w),
        (arrays.chillers.feed, state.chiller_power_w),
    ):
        fed = feed >= 0
        total_w += np.bincount(feed[fed], power_w[fed], count)
    return total_w
