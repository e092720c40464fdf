"""What candidate places bring to every circuit, and how warm its supply gets."""

import numpy as np

from controllers.placement.ground import Ground
from controllers.placement.index import PlaceIndex
from site_models.arrays import Floats, Ints
from twin.physics.law import compiled_for


def heats_w(
    index: PlaceIndex, candidate: Ints, rack: Ints, added_w: Floats, candidates: int
) -> Floats:
    """Return what every circuit takes off more with each candidate [W]. Shape (candidates,
    circuits)

    From the candidate, the rack and the rise of the GPUs of every place.
    """
    heats, circuits = index.heats, len(index.plant.circuit_names)
    return _heats_w(
        candidate, rack, added_w, heats.first, heats.limit, heats.factor, candidates, circuits
    )


@compiled_for("f8[:,::1](i8[::1], i8[::1], f8[::1], i8[::1], i8[::1], f8[::1], i8, i8)")
def _heats_w(
    candidate: Ints,
    rack: Ints,
    added_w: Floats,
    first: Ints,
    limit: Ints,
    factor: Floats,
    candidates: int,
    circuits: int,
) -> Floats:
    more_w = np.zeros((candidates, circuits))
    for p in range(len(rack)):
        for entry in range(first[rack[p]], first[rack[p] + 1]):
            more_w[candidate[p], limit[entry]] += factor[entry] * added_w[p]
    return more_w


def supplies_c(index: PlaceIndex, ground: Ground, more_w: Floats) -> Floats:
    """Return every circuit's supply with what it takes off more, as `heats_w`. Same shape

    Sinks first: a circuit's exchangers work against the risen supply of the next.
    """
    now_c, sink = ground.here.supply_c, index.sink_circuit
    return ground.cooling.supplies_c(more_w, now_c, sink, index.cooling_depth)
