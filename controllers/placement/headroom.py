"""What candidate places leave of the power above them, and what they draw at the meters."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from controllers.placement.ground import Ground
from controllers.placement.touched import Touched
from site_models.arrays import Floats, Ints
from site_models.plant import Plant
from twin.physics.law import compiled_for


class Left(NamedTuple):
    """One candidate."""

    rack_w: float
    """What the rack with the least power left has of it."""
    rack_share: float
    """The least part of its rating that a rack has left."""
    row: float
    """The row with the least headroom among those touched."""
    row_w: float
    return_c: float
    """The warmest return of its racks; -inf in air."""
    inlet_w: float
    """What the job adds at the racks' inlets."""
    metered_w: float
    """The same at the meters."""


class Ratings(NamedTuple):
    """Racks, as the walk takes them: arrays of their own. Shape (racks,)"""

    rating_w: Floats
    row: Ints


@lru_cache(maxsize=8)
def _ratings(plant: Plant) -> Ratings:
    return Ratings(plant.arrays.racks.rating_w.copy(), plant.arrays.racks.row.copy())


def left_by(
    plant: Plant, ground: Ground, touched: Touched, rack_w: Floats, return_c: Floats, count: int
) -> list[Left]:
    """Return what each of `count` candidates leaves; power and return of each place's rack."""
    found = _left_by(
        touched.candidate, touched.rack, rack_w, return_c, count, ground.rack_w,
        ground.row_headroom_w, ground.site_slope, _ratings(plant),
    )  # fmt: skip
    return [Left(*row) for row in found.tolist()]


@compiled_for(
    "f8[:,::1](i8[::1], i8[::1], f8[::1], f8[::1], i8, f8[::1], f8[::1], f8[::1])", Ratings
)
def _left_by(
    candidate: Ints,
    rack: Ints,
    rack_w: Floats,
    return_c: Floats,
    count: int,
    now_w: Floats,
    row_headroom_w: Floats,
    slope: Floats,
    racks: Ratings,
) -> Floats:
    """Return the fields of `Left`, a row a candidate; places as `Touched` has them, sorted."""
    rating_w, row_of, rows, p = racks.rating_w, racks.row, len(row_headroom_w), 0
    found, rise_w, met = np.empty((count, 7)), np.zeros(rows), np.zeros(rows, np.bool_)
    for c in range(count):
        rise_w[:], met[:] = 0.0, False
        least_w, share, back_c, own_w, metered_w = np.inf, np.inf, -np.inf, 0.0, 0.0
        while p < len(rack) and candidate[p] == c:
            r, more_w = rack[p], rack_w[p] - now_w[rack[p]]
            left_w = rating_w[r] - rack_w[p]
            least_w, share = min(least_w, left_w), min(share, left_w / max(rating_w[r], 1.0))
            back_c = max(back_c, -np.inf if np.isnan(return_c[p]) else return_c[p])
            own_w, metered_w = own_w + more_w, metered_w + more_w * slope[r]
            rise_w[row_of[r]] += more_w
            met[row_of[r]] = True
            p += 1
        tightest, row_w = 0, np.inf
        for row in range(rows):
            if met[row] and row_headroom_w[row] - rise_w[row] < row_w:
                tightest, row_w = row, row_headroom_w[row] - rise_w[row]
        found[c] = np.array((least_w, share, float(tightest), row_w, back_c, own_w, metered_w))
    return found
