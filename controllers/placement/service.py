"""Which nodes have power and cooling that is in service."""

import numpy as np

from controllers.gather import sum_by
from controllers.power.power_tree import power_tree
from site_models.arrays import Flags
from site_models.plant import Plant


def nodes_in_service(plant: Plant) -> Flags:
    nodes, racks = plant.arrays.nodes, plant.arrays.racks
    tree = power_tree(plant)
    wired = np.bincount(tree.rack, minlength=len(plant.rack_names)) > 0
    carried = sum_by(tree.rack, tree.share, len(plant.rack_names)) > 0.0
    cooled = _circuits_in_service(plant)
    rack_ok = racks.in_service & (carried | ~wired)
    wet = nodes.liquid_circuit >= 0
    node_ok: Flags = (
        nodes.in_service
        & rack_ok[nodes.rack]
        & np.where(wet, cooled[nodes.liquid_circuit], True)
        & np.where(nodes.air_circuit >= 0, cooled[nodes.air_circuit], True)
    )
    return node_ok


def _circuits_in_service(plant: Plant) -> Flags:
    """Return which circuits can lose heat: some exchanger to a circuit that can, or a chiller.

    A circuit with neither is held by something outside the plant and counts as in service.
    """
    exchangers, chillers = plant.arrays.exchangers, plant.arrays.chillers
    count = len(plant.circuit_names)
    owned = np.zeros(count, dtype=np.bool_)
    owned[exchangers.hot_circuit] = True
    owned[chillers.circuit] = True
    cooled = ~owned
    cooled[chillers.circuit[chillers.in_service]] = True
    for _ in range(count):
        sink = np.where(exchangers.cold_circuit < 0, True, cooled[exchangers.cold_circuit])
        cooled[exchangers.hot_circuit[exchangers.in_service & sink]] = True
    return cooled
