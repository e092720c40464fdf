"""Two devices whose readings are taken for each other's."""

from typing import Literal

from controllers.event import places, shortened
from controllers.simulated.sensed import SensorEvent
from site_models.plant import Plant
from telemetry.frame import Frame


class SensorSwap(SensorEvent):
    """Readings of one signal of `target` come under the name of `other`, and the reverse."""

    kind: Literal["sensor_swap"]
    other: str

    def complaint(self, plant: Plant) -> tuple[str, str] | None:
        """Return what is wrong on this plant."""
        found = super().complaint(plant)
        if found is not None:
            return found
        known = self.known(plant)
        for key, name in (("target", self.target), ("other", self.other)):
            if len(places(known, name)) != 1:
                return key, f"{name!r}, expected one of: {shortened(known)}"
        return None

    def seen(self, frame: Frame, before: Frame, plant: Plant) -> Frame:
        """Return the frame with the two readings exchanged."""
        known, read = self.known(plant), frame.values[self.signal].copy()
        one, other = places(known, self.target)[0], places(known, self.other)[0]
        read[[one, other]] = read[[other, one]]
        return self.told(frame, read)


KIND = SensorSwap
