"""What is left under every limit of power, and what a watt at a GPU takes of it.

Losses are convex, so between the present load and a limit the chord bounds what any smaller
rise adds: it is safe everywhere below the limit and exact at it.
"""

import numpy as np

from controllers.gather import applied
from controllers.placement.index import PlaceIndex
from controllers.power_tree import power_tree
from site_models.arrays import Floats, Ints
from twin.physics.converters import converter_output_w


def rack_rooms_w(index: PlaceIndex, rack_nodes_w: Floats) -> Floats:
    """Return what the nodes of each rack may draw more until the rack's rating [W]."""
    return _most_nodes_w(index) - rack_nodes_w


def feed_rooms_w(index: PlaceIndex, out_w: Floats) -> Floats:
    """Return what each stage can give more until it takes its rating [W]; 0 out of service."""
    tree = power_tree(index.plant)
    most_w = tree.stage_output_w(index.plant.arrays.feeds.rating_w)
    return np.where(tree.live, most_w - out_w, 0.0)


def limit_factors(index: PlaceIndex, rack_nodes_w: Floats, out_w: Floats) -> Floats:
    """Return the watts out of each limit's stage for a watt at a GPU [-]. Shape (uses,)"""
    plant, tree, uses = index.plant, power_tree(index.plant), index.uses
    factor = uses.factor.copy()
    own = uses.limit >= len(plant.feed_names) + len(plant.circuit_names)
    most_w = _most_nodes_w(index)
    shelf = _chord(tree.rack_power_w(rack_nodes_w), tree.rack_power_w(most_w), rack_nodes_w, most_w)
    gain = tree.share * (factor[own] * shelf)[tree.rack]
    rating_w = plant.arrays.feeds.rating_w
    top_w = tree.stage_output_w(rating_w)
    stage = _chord(tree.stage_input_w(out_w), tree.stage_input_w(top_w), out_w, top_w)
    for carrier, entry in zip(reversed(tree.ancestors), uses.wired[::-1], strict=True):
        mine = entry >= 0
        np.add.at(factor, entry[mine], gain[mine])
        gain = gain.copy()
        gain[mine] *= stage[carrier[mine]]
    return factor


def rack_fits_w(index: PlaceIndex, room_w: Floats, factor: Floats) -> tuple[Floats, Ints]:
    """Return the GPU power that each rack can take more [W], and the limit that stops it.

    `room_w` is what is left under each limit, `factor` what a watt at a GPU takes of each
    entry of `Uses`. Infinite, and the rack's own limit, where nothing stops it.
    """
    uses, racks = index.uses, len(index.plant.rack_names)
    if not racks:
        return np.zeros(0), np.zeros(0, dtype=np.int64)
    with np.errstate(divide="ignore", invalid="ignore"):
        fit_w = np.where(factor > 0.0, room_w[uses.limit] / factor, np.inf)
    least_w = np.minimum.reduceat(fit_w, uses.first[:-1])
    at = np.flatnonzero(fit_w == least_w[uses.rack])
    tight = uses.limit[uses.first[1:] - 1]
    tight[uses.rack[at[::-1]]] = uses.limit[at[::-1]]
    return least_w, tight


def _most_nodes_w(index: PlaceIndex) -> Floats:
    racks = index.plant.arrays.racks
    return applied(
        converter_output_w,
        racks.rating_w,
        racks.shelf_rating_w,
        racks.shelf_loss_fixed,
        racks.shelf_loss_linear,
        racks.shelf_loss_square,
    )


def _chord(low_in_w: Floats, high_in_w: Floats, low_w: Floats, high_w: Floats) -> Floats:
    """Return rise over run, 1 at least; past the limit nothing fits and 1 will do."""
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (high_in_w - low_in_w) / (high_w - low_w)
    return np.where(high_w > low_w, np.maximum(slope, 1.0), 1.0)
