"""Which nodes and racks candidate places touch, and what the job's power does to each."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from controllers.placement.candidate import Candidate
from controllers.placement.ground import Ground, liquid_factor
from controllers.placement.index import PlaceIndex, Walk
from controllers.placement.offer import Offer
from site_models.arrays import Flags, Floats, Ints
from twin.physics.law import compiled_for


class Touched(NamedTuple):
    """Rows are touched nodes, one for each (candidate, node), sorted by candidate; places are
    racks, one for each (candidate, rack)."""

    chosen: Ints
    """The job's GPUs, candidate after candidate."""
    chosen_w: Floats
    """Their power with the job."""
    place: Ints
    """Of each row."""
    node: Ints
    first: Ints
    """Where each row's GPUs begin along `chosen`, and the end. Shape (rows + 1,)"""
    added_w: Floats
    """Rise of the row's GPUs together."""
    candidate: Ints
    """Of each place."""
    rack: Ints
    rise_w: Floats
    """Rise of the place's GPUs together."""
    sized_w: Floats
    """Heat of the whole rack if every node were loaded like its warmest: sizes its valve."""
    liquid_w: Floats
    """Heat into coolant."""


def touched_by(
    index: PlaceIndex,
    ground: Ground,
    offer: Offer,
    candidates: Sequence[Candidate],
    step_s: Floats | None = None,
) -> Touched:
    """Return what candidates touch; each one's GPUs in ascending order.

    `step_s` is how long the job's step takes on each candidate: what it waits it draws less.
    NaN, or none given: as on the nearest place.
    """
    chosen = np.concatenate([place.gpus for place in candidates])
    begin = np.array([0, *(len(place.gpus) for place in candidates)]).cumsum()
    asked_w, draw = np.zeros((0, 0)), offer.wish.draw
    if draw is not None and step_s is not None:
        asked_w = draw.power_w(np.arange(len(index.models)), step_s[:, None])
    found = touched(
        chosen, begin, ground.gpu_w, offer.free.held, offer.supply.node_asked_w, asked_w,
        liquid_factor(index.plant), ground.node_liquid_w, ground.rack_sized_w,
        ground.rack_liquid_w, index.walk,
    )  # fmt: skip
    return Touched(chosen, *found)


@compiled_for(
    "Tuple((f8[::1], i8[::1], i8[::1], i8[::1], f8[::1], i8[::1], i8[::1], f8[::1], f8[::1],"
    " f8[::1]))(i8[::1], i8[::1], f8[::1], b1[::1], f8[::1], f8[:,::1], f8[::1], f8[::1],"
    " f8[::1], f8[::1])",
    Walk,
)
def touched(
    chosen: Ints,
    begin: Ints,
    gpu_w: Floats,
    held: Flags,
    node_asked_w: Floats,
    asked_w: Floats,
    wetter: Floats,
    node_w: Floats,
    sized_w: Floats,
    liquid_w: Floats,
    walk: Walk,
) -> tuple[Floats, Ints, Ints, Ints, Floats, Ints, Ints, Floats, Floats, Floats]:
    """Return all of `Touched` but the first.

    Parameters
    ----------
    chosen, begin
        The candidates' GPUs, where each candidate begins, and the end.
    gpu_w, held
        What each GPU draws or promised; whether somebody holds a part of it. Shape (GPUs,)
    node_asked_w, asked_w
        What the job asks of a GPU of each node; of each model on each candidate, shape
        (candidates, models), which comes first where it is given.
    wetter, node_w
        Of each node: watts into coolant for a watt at its GPUs, its heat into coolant now.
    sized_w, liquid_w
        What each rack's valve is sized for now, its heat into coolant.
    """
    node_of, model, most_w, rack_of, share = (
        walk.node, walk.model, walk.power_max_w, walk.rack, walk.liquid_flow_share
    )  # fmt: skip
    chosen_w, total = np.empty(len(chosen)), len(chosen)
    place, node = np.empty(total, np.int64), np.empty(total, np.int64)
    first, added_w = np.empty(total + 1, np.int64), np.empty(total)
    whose, rack = np.empty(total, np.int64), np.empty(total, np.int64)
    rise_w, size_w, heat_w = np.zeros(total), np.empty(total), np.empty(total)
    at, rows, places = np.full(len(sized_w), -1), 0, 0
    for c in range(len(begin) - 1):
        met, i = places, begin[c]
        while i < begin[c + 1]:
            n = node_of[chosen[i]]
            r = rack_of[n]
            if at[r] < 0:
                at[r], whose[places], rack[places] = places, c, r
                size_w[places], heat_w[places] = sized_w[r], liquid_w[r]
                places += 1
            p, row_w = at[r], 0.0
            place[rows], node[rows], first[rows] = p, n, i
            while i < begin[c + 1] and node_of[chosen[i]] == n:
                g = chosen[i]
                wanted_w = asked_w[c, model[g]] if len(asked_w) else node_asked_w[n]
                more_w = max(wanted_w - (0.0 if held[g] else gpu_w[g]), 0.0)
                more_w = min(more_w, max(most_w[g] - gpu_w[g], 0.0))
                chosen_w[i], row_w, i = gpu_w[g] + more_w, row_w + more_w, i + 1
            added_w[rows], rows = row_w, rows + 1
            rise_w[p] += row_w
            heat_w[p] += wetter[n] * row_w
            if share[n] > 0.0:
                size_w[p] = max(size_w[p], (node_w[n] + wetter[n] * row_w) / share[n])
        at[rack[met:places]] = -1
    first[rows] = total
    return (
        chosen_w, place[:rows], node[:rows], first[: rows + 1], added_w[:rows], whose[:places],
        rack[:places], rise_w[:places], size_w[:places], heat_w[:places],
    )  # fmt: skip
