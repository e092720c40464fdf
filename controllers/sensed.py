"""What events of sensors share: which readings of which signal they touch."""

import numpy as np

from controllers.event import Event
from controllers.rig_readings import READ
from site_models.arrays import Flags, Floats
from site_models.plant import Plant
from telemetry.frame import Frame
from telemetry.signals import SIGNALS
from controllers.event import places, shortened


class SensorEvent(Event):
    """Base of faulty sensors. Only readings change: valves and fans know the truth."""

    signal: str

    def known(self, plant: Plant) -> tuple[str, ...]:
        """Return the ids that have the signal."""
        return plant.axis(SIGNALS[self.signal].axis) if self.signal in READ else ()

    def complaint(self, plant: Plant) -> tuple[str, str] | None:
        """Return what is wrong on this plant, unknown signals included."""
        if self.signal not in READ:
            return "signal", f"{self.signal!r}, expected one of: {', '.join(READ)}"
        return super().complaint(plant)

    def touched(self, plant: Plant) -> Flags:
        """Return which ids are hit."""
        names = self.known(plant)
        hit = np.zeros(len(names), dtype=np.bool_)
        hit[places(names, self.target)] = True
        return hit

    def told(self, frame: Frame, readings: Floats) -> Frame:
        """Return the frame with other readings of the signal."""
        return Frame(frame.time_s, {**frame.values, self.signal: readings}, frame.age_s)
