"""Sensors that are off by a constant."""

from typing import Literal

import numpy as np

from controllers.simulated.sensed import SensorEvent
from site_models.plant import Plant
from telemetry.frame import Frame


class SensorBias(SensorEvent):
    """Readings are too high by `offset`, in the signal's base unit (C, W, kg/s, share)."""

    kind: Literal["sensor_bias"]
    offset: float

    def seen(self, frame: Frame, before: Frame, plant: Plant) -> Frame:
        """Return the frame with the offset."""
        read = frame.values[self.signal]
        return self.told(frame, np.where(self.touched(plant), read + self.offset, read))


KIND = SensorBias
