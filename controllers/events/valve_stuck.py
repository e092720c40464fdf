"""A control valve stays where it is."""

from typing import Literal

from controllers.event import Event, Share, places
from controllers.plant_edits import put, with_arrays, with_rack_valves
from site_models.plant import Plant
from twin.state import State


class ValveStuck(Event):
    """The water valve of a CDU or room unit, or the coolant valve of a rack, holds one position.

    Its controller goes on asking: when the valve moves again, it moves to where that stands.
    """

    kind: Literal["valve_stuck"]
    opening: Share | None = None
    """Position held; where it stood, if not given."""

    def known(self, plant: Plant) -> tuple[str, ...]:
        """Return the heat exchangers on facility water and the liquid-cooled racks."""
        cold, loop = plant.arrays.exchangers.cold_circuit, plant.arrays.racks.liquid_circuit
        units = tuple(name for i, name in enumerate(plant.exchanger_names) if cold[i] >= 0)
        return units + tuple(name for i, name in enumerate(plant.rack_names) if loop[i] >= 0)

    def changed(self, plant: Plant, onset: State, after_s: float) -> Plant:
        """Return the plant with the position held."""
        x, loop = plant.arrays.exchangers, plant.arrays.racks.liquid_circuit
        hit = [i for i in places(plant.exchanger_names, self.target) if x.cold_circuit[i] >= 0]
        held = onset.exchanger_opening[hit] if self.opening is None else self.opening
        changed = x._replace(
            opening_min=put(x.opening_min, hit, held), opening_max=put(x.opening_max, hit, held)
        )
        racks = [i for i in places(plant.rack_names, self.target) if loop[i] >= 0]
        stays = onset.rack_valve[racks] if self.opening is None else self.opening
        return with_rack_valves(with_arrays(plant, exchangers=changed), racks, stays)


KIND = ValveStuck
