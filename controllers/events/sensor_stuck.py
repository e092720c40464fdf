"""Sensors that repeat themselves."""

from typing import Literal

import numpy as np

from controllers.simulated.sensed import SensorEvent
from site_models.plant import Plant
from telemetry.frame import Frame


class SensorStuck(SensorEvent):
    """Readings stay what they were before the event."""

    kind: Literal["sensor_stuck"]

    def seen(self, frame: Frame, before: Frame, plant: Plant) -> Frame:
        """Return the frame with the old readings."""
        read, old = frame.values[self.signal], before.values[self.signal]
        return self.told(frame, np.where(self.touched(plant), old, read))


KIND = SensorStuck
