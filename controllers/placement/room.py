"""What is left under every limit of power, and what a watt at a GPU takes of it.

Losses are convex, so between the present load and a limit the chord bounds what any smaller
rise adds: it is safe everywhere below the limit and exact at it.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from controllers.gather import applied
from controllers.placement.index import PlaceIndex
from controllers.placement.sums import climbed
from controllers.power.power_tree import power_tree
from site_models.arrays import Floats
from twin.physics.converters import converter_output_w


class Tops(NamedTuple):
    """Where every rack and stage takes its rating [W]."""

    nodes_w: Floats
    """What the nodes of each rack then draw. Shape (racks,)"""
    inlet_w: Floats
    out_w: Floats
    """What each stage then gives. Shape (feeds,)"""
    in_w: Floats


def rack_rooms_w(index: PlaceIndex, rack_nodes_w: Floats) -> Floats:
    """Return what the nodes of each rack may draw more until the rack's rating [W]."""
    return _tops(index).nodes_w - rack_nodes_w


def feed_rooms_w(index: PlaceIndex, out_w: Floats) -> Floats:
    """Return what each stage can give more until it takes its rating [W]; 0 out of service."""
    return np.where(power_tree(index.plant).live, _tops(index).out_w - out_w, 0.0)


def inlet_factors(index: PlaceIndex, rack_nodes_w: Floats) -> Floats:
    """Return the watts at each rack's inlet for a watt at a GPU [-]. Shape (racks,)

    The last entry of each rack in `Uses` is its own.
    """
    tree, top, uses = power_tree(index.plant), _tops(index), index.uses
    shelf = _chord(tree.rack_power_w(rack_nodes_w), top.inlet_w, rack_nodes_w, top.nodes_w)
    return np.asarray(uses.factor[uses.first[1:] - 1] * shelf)


def limit_factors(index: PlaceIndex, inlet_factor: Floats, out_w: Floats) -> Floats:
    """Return the watts out of each limit's stage for a watt at a GPU [-]. Shape (uses,)"""
    tree, top, uses = power_tree(index.plant), _tops(index), index.uses
    gain = tree.share * inlet_factor[tree.rack]
    stage = _chord(tree.stage_input_w(out_w), top.in_w, out_w, top.out_w)
    return climbed(uses.factor, gain, stage, uses.carrier, uses.wired)


@lru_cache(maxsize=8)
def _tops(index: PlaceIndex) -> Tops:
    plant, tree = index.plant, power_tree(index.plant)
    racks, rating_w = plant.arrays.racks, plant.arrays.feeds.rating_w
    nodes_w = applied(
        converter_output_w,
        racks.rating_w,
        racks.shelf_rating_w,
        racks.shelf_loss_fixed,
        racks.shelf_loss_linear,
        racks.shelf_loss_square,
    )
    out_w = tree.stage_output_w(rating_w)
    return Tops(nodes_w, tree.rack_power_w(nodes_w), out_w, tree.stage_input_w(out_w))


def _chord(low_in_w: Floats, high_in_w: Floats, low_w: Floats, high_w: Floats) -> Floats:
    """Return rise over run, 1 at least; past the limit nothing fits and 1 will do."""
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (high_in_w - low_in_w) / (high_w - low_w)
    return np.where(high_w > low_w, np.maximum(slope, 1.0), 1.0)
