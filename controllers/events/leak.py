"""A rack leaks and is isolated."""

from typing import Literal

import numpy as np

from controllers.event import Event, Seconds, places
from controllers.plant_edits import dark
from site_models.plant import Plant
from telemetry.frame import Frame
from twin.state import State


class Leak(Event):
    """A liquid-cooled rack's detector speaks; then its valves shut and its power goes.

    What the loop loses until then is not taken from its volume.
    """

    kind: Literal["leak"]
    isolated_after_s: Seconds = 10.0

    def known(self, plant: Plant) -> tuple[str, ...]:
        """Return the liquid-cooled racks."""
        wet = plant.arrays.racks.liquid_circuit >= 0
        return tuple(name for i, name in enumerate(plant.rack_names) if wet[i])

    def changed(self, plant: Plant, onset: State, after_s: float) -> Plant:
        """Return the plant with the rack shut off once its time has come."""
        if after_s < self.isolated_after_s:
            return plant
        racks = np.zeros(len(plant.rack_names), dtype=np.bool_)
        racks[self._hit(plant)] = True
        return dark(plant, racks)

    def moving(self, after_s: float) -> bool:
        """Say whether the rack is still to be isolated."""
        return after_s <= self.isolated_after_s

    def seen(self, frame: Frame, before: Frame, plant: Plant) -> Frame:
        """Return the frame with the rack's detector on."""
        leak = np.zeros(len(plant.rack_names))
        leak[self._hit(plant)] = 1.0
        if "rack_leak" in frame.values:
            leak = np.maximum(leak, frame.values["rack_leak"])
        return Frame(frame.time_s, {**frame.values, "rack_leak": leak}, frame.age_s)

    def _hit(self, plant: Plant) -> list[int]:
        wet = plant.arrays.racks.liquid_circuit >= 0
        return [i for i in places(plant.rack_names, self.target) if wet[i]]


KIND = Leak
