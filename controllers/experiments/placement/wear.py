"""The site after some years, and a hot day with a chiller down: what rules meet in practice."""

import numpy as np

from controllers.events.clogged_plate import CloggedPlate
from controllers.plant_edits import with_fans, without_chillers
from site_models.plant import Plant
from twin.inputs import Outdoors
from twin.start import first_state, idle_inputs

PLATES = {
    "a1-tray2": 2.0, "a1-tray11": 4.0, "a2-tray9": 8.0, "a3-tray5": 3.0, "a4-tray14": 6.0,
    "a5-tray0": 3.0, "a6-tray11": 8.0, "a7-tray3": 4.0, "a8-tray7": 2.0, "a8-tray16": 6.0,
}  # fmt: skip
"""Trays whose cold plates are partly clogged, by how many times the pressure they lose."""
FOULED = 1.4
"""How many times the resistance from GPU to coolant is, of the same plates: dirt does both."""
FANS = {"b2-node1": 0.3, "b5-node0": 0.35, "b6-node3": 0.4}
"""Nodes with failed fans, by the part of their air that is left."""
CHILLER = "fws"
"""The circuit whose chillers are down on the hot day."""
MILD_C = (20.0, 15.0)
"""Dry and wet bulb in which the flaws are put in: the onset that their kinds ask for."""
HOT_K = 8.0
"""What a heat wave adds to the typical year's air; half of it to the wet bulb."""


def worn(plant: Plant) -> Plant:
    """Return the site with plates clogged and fans failed; what it does not have is left out.

    Each clogged tray has its own heat path: the others of its rack get the water it lacks.
    """
    onset = first_state(plant, idle_inputs(plant, *MILD_C), 0.0)
    for tray, factor in PLATES.items():
        if tray in plant.node_names:
            event = CloggedPlate(
                kind="clogged_plate", target=tray, at_s=0.0, factor=FOULED, pressure_factor=factor
            )
            plant = event.changed(plant, onset, 0.0)
    for node, left in FANS.items():
        if node in plant.node_names:
            plant = with_fans(plant, np.array([plant.node_names.index(node)]), left)
    return plant


def without_trim(plant: Plant) -> Plant:
    """Return the site without the chillers that trim the water of its liquid-cooled racks."""
    circuit = plant.arrays.chillers.circuit
    lost = [i for i, c in enumerate(circuit.tolist()) if plant.circuit_names[c] == CHILLER]
    return without_chillers(plant, lost)


def heat_wave(outdoors: Outdoors) -> Outdoors:
    """Return weather that is hotter by HOT_K."""

    def hot(time_s: float) -> tuple[float, float]:
        dry_c, wet_c = outdoors(time_s)
        return dry_c + HOT_K, wet_c + 0.5 * HOT_K

    return hot
