"""Devices that never act on their temperature."""

from dataclasses import replace

import numpy as np

from site_models.plant import Plant, freeze

NEVER_C = 1e6
"""A limit that no temperature reaches."""


def without_thermal_control(plant: Plant) -> Plant:
    """Return the plant with GPUs that never act on their temperature."""
    gpus = plant.arrays.gpus
    never_c = np.full_like(gpus.temp_limit_c, NEVER_C)
    careless = gpus._replace(
        temp_limit_c=never_c,
        slowdown_c=never_c + 1.0,
        shutdown_c=never_c + 2.0,
        memory_limit_c=never_c.copy(),
    )
    return replace(plant, arrays=plant.arrays._replace(gpus=freeze(careless)))
