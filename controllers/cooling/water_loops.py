"""Which facility water cools which loops and rooms: what a cooling policy may set together."""

import functools
from dataclasses import dataclass

import numpy as np

from site_models.arrays import Floats, Ints
from site_models.plant import AIR, GIVEN_FLOW, Plant


@dataclass(frozen=True, slots=True, eq=False)
class Water:
    """A facility water circuit that cools loops of racks, or halls, and what cools it.

    Condenser water, which cools chillers alone, is none: its towers serve them as built.
    """

    circuit: int
    users: Ints
    """Exchangers that give it the heat of a loop or a hall."""
    apart_k: Floats
    """How far above the water each user's supply was built to be. Shape (users,)"""
    holders: Ints
    """Exchangers that hold its own temperature: coolers, towers, economisers."""
    chillers: Ints

    def floor_k(self) -> float:
        """Return the least of the distances between water and a user's supply."""
        return float(self.apart_k.min())


@functools.lru_cache(maxsize=8)
def waters_of(plant: Plant) -> tuple[Water, ...]:
    """Return the facility water circuits that have users and a setpoint to move."""
    x, chillers = plant.arrays.exchangers, plant.arrays.chillers
    found = []
    for circuit in plant.facility_circuits:
        users = np.flatnonzero((x.cold_circuit == circuit) & ~x.economiser)
        holders = np.flatnonzero(x.hot_circuit == circuit)
        if len(users) and len(holders):
            built_c = float(x.setpoint_c[holders].min())
            apart_k = np.maximum(x.setpoint_c[users] - built_c, 1.0)
            trimming = np.flatnonzero(chillers.circuit == circuit)
            found.append(Water(int(circuit), users, apart_k, holders, trimming))
    return tuple(found)


@functools.lru_cache(maxsize=8)
def pumped_loops(plant: Plant) -> dict[int, Ints]:
    """Return the racks on each circuit whose pumps hold a flow or a pressure."""
    circuits, racks = plant.arrays.circuits, plant.arrays.racks
    return {
        int(k): np.flatnonzero(racks.liquid_circuit == k)
        for k in np.flatnonzero((circuits.pump_control != GIVEN_FLOW) & (circuits.kind != AIR))
        if (racks.liquid_circuit == k).any()
    }
