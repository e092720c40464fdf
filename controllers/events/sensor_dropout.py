"""Sensors that say nothing."""

from typing import Literal

import numpy as np

from controllers.simulated.sensed import SensorEvent
from site_models.plant import Plant
from telemetry.frame import Frame


class SensorDropout(SensorEvent):
    """Readings are missing."""

    kind: Literal["sensor_dropout"]

    def seen(self, frame: Frame, before: Frame, plant: Plant) -> Frame:
        """Return the frame with the readings missing."""
        return self.told(frame, np.where(self.touched(plant), np.nan, frame.values[self.signal]))


KIND = SensorDropout
