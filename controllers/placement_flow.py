"""Coolant that rack valves give at rest: sized by the warmest node, shared out by the pumps.

The law of ``twin.coolant.set_rack_flows`` once its valves have come to rest, for many
candidate places at once. Checked against the step run to rest, in
``tests/controllers/test_placement_predict.py``.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from controllers.gather import sum_by
from controllers.placement_ground import Ground
from site_models.arrays import Floats, Ints
from site_models.plant import Arrays, Plant
from twin.coolant import LEAST_DRIVE_K


class Places(NamedTuple):
    """Racks that candidates touch, one entry for each (candidate, rack). Shape (places,)"""

    candidate: Ints
    rack: Ints
    sized_w: Floats
    """Heat of the whole rack if every node were loaded like its warmest."""
    liquid_w: Floats


def wanted_flows(arrays: Arrays, rack: Ints, sized_w: Floats, supply_c: Floats) -> Floats:
    """Return the flow at which no node's coolant leaves above the setpoint [kg/s]; 0 in air.

    Arguments of one shape: racks, heat as `Places.sized_w`, supply at each.
    """
    racks, circuits = arrays.racks, arrays.circuits
    flow = np.zeros(len(rack))
    wet = np.flatnonzero(racks.liquid_circuit[rack] >= 0)
    r = rack[wet]
    drive_k = np.maximum(racks.return_setpoint_c[r] - supply_c[wet], LEAST_DRIVE_K)
    wanted = sized_w[wet] / (circuits.cp_j_per_kg_k[racks.liquid_circuit[r]] * drive_k)
    flow[wet] = np.clip(wanted, racks.flow_min_kg_per_s[r], racks.flow_max_kg_per_s[r])
    return flow


def rack_flows(ground: Ground, places: Places, supply_c: Floats) -> tuple[Floats, Floats]:
    """Return coolant flow [kg/s] and return temperature [C] of each place; 0, NaN in air.

    `supply_c` is every circuit's with each candidate's heat. Shape (candidates, circuits)
    """
    arrays = ground.plant.arrays
    flow, return_c = np.zeros(len(places.rack)), np.full(len(places.rack), np.nan)
    wet = np.flatnonzero(arrays.racks.liquid_circuit[places.rack] >= 0)
    if not len(wet):
        return flow, return_c
    here = Places(
        places.candidate[wet], places.rack[wet], places.sized_w[wet], places.liquid_w[wet]
    )
    k = arrays.racks.liquid_circuit[here.rack]
    inlet_c = supply_c[here.candidate, k]
    wanted = wanted_flows(arrays, here.rack, here.sized_w, inlet_c)
    flow[wet] = wanted * _given_share(ground, here, supply_c, inlet_c, wanted)
    with np.errstate(divide="ignore", invalid="ignore"):
        rise_k = here.liquid_w / (flow[wet] * arrays.circuits.cp_j_per_kg_k[k])
    return_c[wet] = np.where(flow[wet] > 0.0, inlet_c + rise_k, np.nan)
    return flow, return_c


def _given_share(
    ground: Ground, places: Places, supply_c: Floats, inlet_c: Floats, wanted: Floats
) -> Floats:
    """Return the part of what racks ask for that their circuit's pumps give. 0..1

    All racks of a circuit count, at the candidate's supply: those that it does not touch
    open their valves too when the supply warms up.
    """
    arrays, on = ground.plant.arrays, _racks_on_circuits(ground.plant)
    circuits = len(ground.plant.circuit_names)
    key = places.candidate * circuits + arrays.racks.liquid_circuit[places.rack]
    pairs, pair = np.unique(key, return_inverse=True)
    candidate, k = pairs // circuits, pairs % circuits
    size = on.first[k + 1] - on.first[k]
    of = np.repeat(np.arange(len(pairs)), size)
    rack = on.rack[on.first[k][of] + np.arange(len(of)) - (np.cumsum(size) - size)[of]]
    alone = wanted_flows(arrays, rack, ground.rack_sized_w[rack], supply_c[candidate, k][of])
    before = wanted_flows(arrays, places.rack, ground.rack_sized_w[places.rack], inlet_c)
    asked = sum_by(of, alone, len(pairs)) + sum_by(pair, wanted - before, len(pairs))
    most = arrays.circuits.flow_max_kg_per_s[k]
    return np.asarray((most / np.maximum(asked, most))[pair])


class _OnCircuits(NamedTuple):
    """Liquid-cooled racks sorted by circuit."""

    rack: Ints
    first: Ints
    """Where each circuit begins, and the end. Shape (circuits + 1,)"""


@lru_cache(maxsize=8)
def _racks_on_circuits(plant: Plant) -> _OnCircuits:
    circuit = plant.arrays.racks.liquid_circuit
    rack = np.argsort(circuit, kind="stable")
    rack = rack[circuit[rack] >= 0]
    first = np.searchsorted(circuit[rack], np.arange(len(plant.circuit_names) + 1))
    return _OnCircuits(rack, first)
