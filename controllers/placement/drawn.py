"""What candidate places draw more: at the inlets, at the meters, with the cooling."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from controllers.gather import sum_by
from controllers.placement.cooling import at_inlet
from controllers.placement.ground import Ground
from controllers.placement.headroom import Left
from controllers.placement.index import PlaceIndex
from controllers.placement.neighbours import CALM
from controllers.placement.network import Trip
from site_models.arrays import Floats, Ints


class Eased(NamedTuple):
    """How much less neighbours draw, by candidate and rack."""

    candidate: Ints
    rack: Ints
    fall_w: Floats


def eased_by(roads: Sequence[Trip]) -> Eased:
    """Return what neighbours draw less when a job goes each of these roads."""
    calm = [len(road.ease.rack) for road in roads]
    if not any(calm):
        return Eased(CALM.rack, CALM.rack, CALM.fall_w)
    return Eased(
        np.repeat(np.arange(len(roads)), calm),
        np.concatenate([road.ease.rack for road in roads]),
        np.concatenate([road.ease.fall_w for road in roads]),
    )


def drawn_by(
    index: PlaceIndex, ground: Ground, left: Sequence[Left], eased: Eased, more_w: Floats
) -> list[tuple[float, float]]:
    """Return the rise of each candidate at the racks' inlets, less what its neighbours draw
    less, and at the meters, with the cooling [W]; `more_w` is the rise of the circuits' heat.

    Checked on the rig in ``benchmarks/validation/placement.py``.
    """
    cooling_w = (more_w @ ground.cooling.mover_share).tolist()
    less_w = still_w = [0.0] * len(left)
    if len(eased.rack):
        fall_w = eased.fall_w * at_inlet(index)[eased.rack]
        slope = ground.site_slope[eased.rack]
        still_w = sum_by(eased.candidate, fall_w, len(left)).tolist()
        less_w = sum_by(eased.candidate, fall_w * slope, len(left)).tolist()
    return [
        (mine.inlet_w - still, mine.metered_w - less + cooling)
        for mine, still, less, cooling in zip(left, still_w, less_w, cooling_w, strict=True)
    ]
