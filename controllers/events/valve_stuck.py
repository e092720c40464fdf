"""A control valve stays where it is."""

from typing import Literal

import numpy as np

from controllers.event import Event, Share, places
from controllers.plant_edits import put, with_arrays
from site_models.plant import Plant
from twin.state import State

NEVER_WARM_C = 1000.0
"""Setpoint at which a controller asks for nothing."""


class ValveStuck(Event):
    """The water valve of a CDU or room unit holds one position.

    Said with the arrays there are: the controller gets a setpoint that it never reaches and
    a reset time without end, so it asks for nothing and its integral stays; the least
    opening is the position. The rig takes setpoints from the plant in force.
    """

    kind: Literal["valve_stuck"]
    opening: Share | None = None
    """Position held; where it stood, if not given."""

    def known(self, plant: Plant) -> tuple[str, ...]:
        """Return the heat exchangers on facility water."""
        cold = plant.arrays.exchangers.cold_circuit
        return tuple(name for i, name in enumerate(plant.exchanger_names) if cold[i] >= 0)

    def changed(self, plant: Plant, onset: State, after_s: float) -> Plant:
        """Return the plant with the position held."""
        mine = self.known(plant)
        hit = [plant.exchanger_names.index(mine[i]) for i in places(mine, self.target)]
        held = onset.exchanger_opening[hit] if self.opening is None else self.opening
        x = plant.arrays.exchangers
        changed = x._replace(
            setpoint_c=put(x.setpoint_c, hit, NEVER_WARM_C),
            reset_s=put(x.reset_s, hit, np.inf),
            opening_min=put(x.opening_min, hit, held),
        )
        return with_arrays(plant, exchangers=changed)


KIND = ValveStuck
