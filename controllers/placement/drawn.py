"""What candidate places draw more: at the inlets, at the meters, with the cooling."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from controllers.gather import sum_by
from controllers.placement.cooling import at_inlet
from controllers.placement.flow import Places
from controllers.placement.ground import Ground
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


class Drawn(NamedTuple):
    """What each candidate adds. Shape (candidates,) [W]"""

    metered_w: Floats
    """Of its own racks, at the meters: what has to fit."""
    it_w: Floats
    """At the racks' inlets, less what its neighbours draw less."""
    facility_w: Floats


def drawn_by(
    index: PlaceIndex,
    ground: Ground,
    places: Places,
    rack_w: Floats,
    eased: Eased,
    more_w: Floats,
) -> Drawn:
    """Return the rise of power; `more_w` is that of the circuits' heat.

    Checked on the rig in ``benchmarks/validation/placement.py``.
    """
    count, slope = len(more_w), ground.site_slope
    rise_w = rack_w - ground.rack_w[places.rack]
    own_w = sum_by(places.candidate, rise_w, count)
    metered_w = sum_by(places.candidate, rise_w * slope[places.rack], count)
    fall_w = eased.fall_w * at_inlet(index)[eased.rack]
    less_w = sum_by(eased.candidate, fall_w * slope[eased.rack], count)
    return Drawn(
        metered_w,
        own_w - sum_by(eased.candidate, fall_w, count),
        metered_w - less_w + more_w @ ground.cooling.mover_share,
    )
