"""Which limit of power or cooling a place breaks, by what its own GPUs draw more.

What a rack has room for is counted with the mean rise of its usable GPUs. A place takes some of
them, which may rise by more, and its fans turn faster: so each place is looked at once more.
"""

import numpy as np

from controllers.placement.ground import Ground
from controllers.placement.index import PlaceIndex
from controllers.placement.limits import limit_name
from controllers.placement.spare import Spare
from controllers.placement.taking import first_broken
from controllers.placement.touched import Touched
from site_models.arrays import Floats, Ints


def broken_by(
    index: PlaceIndex,
    ground: Ground,
    spares: tuple[Spare, ...],
    places: Touched,
    rack_w: Floats,
    count: int,
) -> list[str]:
    """Return the first limit that each of `count` candidates breaks, in words; "" for none.

    `rack_w` is the power of each place's rack with the job. Of the site as it is, then with
    each stage of the power chain lost that it has to survive. Checked against a walk of the power
    tree on random sites in ``tests/controllers/placement/test_placement_oracle.py``.
    """
    found = _broken(index, ground, places, rack_w, count)
    said = ["" if limit < 0 else limit_name(index.plant, limit) for limit in found.tolist()]
    for spare in spares:
        lost = _broken(spare.places, spare.ground, places, rack_w, count)
        for candidate in np.flatnonzero(lost >= 0).tolist():
            said[candidate] = said[candidate] or spare.words
    return said


def _broken(index: PlaceIndex, ground: Ground, places: Touched, rack_w: Floats, count: int) -> Ints:
    uses, rack = index.uses, places.rack
    # what GPUs would have to draw more for the same at the inlet, where fans do too
    fed_w = (rack_w - ground.rack_w[rack]) / ground.inlet_factor[rack]
    return first_broken(
        places.candidate, rack, places.rise_w, np.where(places.rise_w > 0.0, fed_w, 0.0), count,
        uses.first, uses.limit, ground.limit_factor, ground.limit_room_w, ground.limit_live,
        index.cooling_limits,
    )  # fmt: skip
