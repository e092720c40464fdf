"""What events of sensors share: which readings of which signal they touch."""

import numpy as np

from controllers.event import Event, places
from controllers.simulated.rig_readings import readings
from site_models.arrays import Flags, Floats
from site_models.plant import Plant
from telemetry.frame import Frame
from telemetry.signals import SIGNALS
from twin.start import first_state, idle_inputs


class SensorEvent(Event):
    """Base of faulty sensors. Only readings change: valves and fans know the truth."""

    signal: str

    def known(self, plant: Plant) -> tuple[str, ...]:
        """Return the ids that have the signal."""
        return plant.axis(SIGNALS[self.signal].axis)

    def complaint(self, plant: Plant) -> tuple[str, str] | None:
        """Return what is wrong on this plant, signals that its rig does not read included."""
        inputs = idle_inputs(plant, 20.0, 15.0)
        read = readings(plant, first_state(plant, inputs, 0.0), inputs, inputs.gpu_power_w)
        if self.signal not in read:
            return "signal", f"{self.signal!r}, expected one of: {', '.join(read)}"
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
