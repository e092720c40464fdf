"""How dense the coolant of a site's racks and CDUs is: buses tell volumes, twins know masses."""

from collections.abc import Callable

import numpy as np

from site_models.arrays import Floats
from site_models.plant import Plant
from telemetry.units import WATER_DENSITY_KG_PER_M3

PG25_DENSITY_KG_PER_M3 = 1012.5
"""25 % propylene glycol at 35 C, as the catalog's fluid has it."""
LEAST_CP_OF_WATER_J_PER_KG_K = 4100.0
"""Water has 4180, PG25 3960."""

Density = Callable[[str, int], float]
"""Signal and place -> density of what flows there [kg/m3]."""


def as_water(signal: str, place: int) -> float:
    """Return water's density, whatever flows [kg/m3]."""
    return WATER_DENSITY_KG_PER_M3


def densities(plant: Plant) -> Density:
    """Return the density of each flow by its signal and place [kg/m3].

    A circuit is told by its heat capacity. Checked against the catalog in
    ``tests/telemetry/dsx/test_dsx_listener.py``.
    """
    arrays = plant.arrays
    circuit = arrays.racks.liquid_circuit
    rack = np.where(circuit >= 0, _of(plant)[circuit], WATER_DENSITY_KG_PER_M3)
    cdu = _of(plant)[arrays.exchangers.hot_circuit[plant.cdu_exchangers]]
    known = {"rack_flow_kg_per_s": rack, "cdu_flow_kg_per_s": cdu}

    def density(signal: str, place: int) -> float:
        return float(known[signal][place]) if signal in known else WATER_DENSITY_KG_PER_M3

    return density


def _of(plant: Plant) -> Floats:
    cp = plant.arrays.circuits.cp_j_per_kg_k
    water = cp > LEAST_CP_OF_WATER_J_PER_KG_K
    return np.where(water, WATER_DENSITY_KG_PER_M3, PG25_DENSITY_KG_PER_M3)
