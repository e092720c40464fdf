"""Power from GPUs up to the utility meter, walked on a plant's arrays.

Used forwards to predict what a change of GPU power does to every stage above it, and
through `live shares` to know which stages carry a rack. The losses themselves are the laws
of ``twin.physics.converters``.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from controllers.gather import applied, sum_by
from controllers.power.tree_walk import Walk, stages_w, walk_of
from site_models.arrays import Flags, Floats, Ints
from site_models.plant import Plant
from twin.electrical.feed_users import other_w
from twin.physics.converters import converter_input_w, converter_output_w
from twin.state import State


@dataclass(frozen=True, slots=True, eq=False)
class PowerTree:
    """The feeds of a plant in walking order. Built once a plant by `power_tree`."""

    plant: Plant
    layers: tuple[Ints, ...]
    """Feeds by depth, the roots first."""
    live: Flags
    """Feed and every stage above it are in service. Shape (feeds,)"""
    rack: Ints
    """Rack of each connection."""
    share: Floats
    """Part of the rack's power over each connection, given to those that live. 0..1"""
    ancestors: tuple[Ints, ...]
    """For each depth the stage that carries each connection; -1: joins higher up."""
    roots: Ints
    """Stages at the top that carry racks."""
    walk: Walk
    """The same for compiled code."""

    def node_power_w(self, node_dc_w: Floats, nodes: Ints | slice = slice(None)) -> Floats:
        """Return the power at the nodes' inlets [W]; the index picks some nodes."""
        n = self.plant.arrays.nodes
        return applied(
            converter_input_w,
            node_dc_w,
            n.supply_rating_w[nodes],
            n.supply_loss_fixed[nodes],
            n.supply_loss_linear[nodes],
            n.supply_loss_square[nodes],
        )

    def rack_power_w(self, nodes_w: Floats, racks: Ints | slice = slice(None)) -> Floats:
        """Return the power at the racks' inlets, given the sum of each rack's nodes [W]."""
        r = self.plant.arrays.racks
        return applied(
            converter_input_w,
            nodes_w,
            r.shelf_rating_w[racks],
            r.shelf_loss_fixed[racks],
            r.shelf_loss_linear[racks],
            r.shelf_loss_square[racks],
        )

    def feed_powers_w(self, rack_power_w: Floats, other_w: Floats) -> tuple[Floats, Floats]:
        """Return the power out of and into every stage [W], each of shape (feeds,)."""
        feeds, links, walk = self.plant.arrays.feeds, self.plant.arrays.rack_feeds, self.walk
        return stages_w(
            rack_power_w, other_w, links.rack, links.feed, self.share,
            walk.order, feeds.parent, feeds.in_service, walk.feed_law,
        )  # fmt: skip

    def stage_input_w(self, out_w: Floats, index: Ints | slice = slice(None)) -> Floats:
        """Return the power into stages [W]."""
        f = self.plant.arrays.feeds
        power = applied(
            converter_input_w,
            out_w,
            f.rating_w[index],
            f.loss_fixed[index],
            f.loss_linear[index],
            f.loss_square[index],
        )
        return np.where(f.in_service[index], power, 0.0)

    def stage_output_w(self, in_w: Floats) -> Floats:
        """Return what every stage can give when it takes `in_w` [W]."""
        f = self.plant.arrays.feeds
        return applied(
            converter_output_w,
            in_w,
            f.rating_w,
            f.loss_fixed,
            f.loss_linear,
            f.loss_square,
        )

    def other_w(self, state: State) -> Floats:
        """Return what pumps, fans and chillers draw from each feed now [W]."""
        return other_w(self.plant, state)


@lru_cache(maxsize=8)
def power_tree(plant: Plant) -> PowerTree:
    """Return the walking order of a plant's feeds."""
    feeds, links = plant.arrays.feeds, plant.arrays.rack_feeds
    count = len(feeds.parent)
    depth = np.zeros(count, dtype=np.int64)
    live = feeds.in_service.copy()
    for f in range(count):
        if (parent := int(feeds.parent[f])) >= 0:
            depth[f] = depth[parent] + 1
            backed = feeds.battery_j[f] > 0.0 or feeds.generator_w[f] > 0.0
            live[f] &= live[parent] or backed
    layers = tuple(np.flatnonzero(depth == d) for d in range(int(depth.max(initial=-1)) + 1))
    share = np.where(live[links.feed], links.share, 0.0)
    racks = len(plant.rack_names)
    whole = sum_by(links.rack, links.share, racks)
    carried = sum_by(links.rack, share, racks)
    with np.errstate(divide="ignore", invalid="ignore"):
        raise_by = np.where(carried > 0.0, whole / carried, 0.0)
    ancestors = _ancestors(feeds.parent, depth, links.feed, len(layers))
    return PowerTree(
        plant=plant,
        layers=layers,
        live=live,
        rack=links.rack,
        share=share * raise_by[links.rack],
        ancestors=ancestors,
        roots=np.unique(ancestors[0]) if ancestors else np.zeros(0, dtype=np.int64),
        walk=walk_of(plant.arrays, layers, ancestors),
    )


def shared_stages(plant: Plant) -> Ints:
    """Return the stages whose loss leaves some rack on another one: load moves there."""
    tree = power_tree(plant)
    racks = len(plant.rack_names)
    found = []
    for feed in np.flatnonzero(tree.live).tolist():
        behind = np.zeros(len(tree.rack), dtype=np.bool_)
        for carrier in tree.ancestors:
            behind |= carrier == feed
        hit = np.bincount(tree.rack[behind], tree.share[behind], racks) > 0.0
        left = np.bincount(tree.rack[~behind], tree.share[~behind], racks) > 0.0
        if (hit & left).any():
            found.append(feed)
    return np.array(found, dtype=np.int64)


def _ancestors(parent: Ints, depth: Ints, joined: Ints, depths: int) -> tuple[Ints, ...]:
    rows = []
    at = joined.copy()
    for d in reversed(range(depths)):
        rows.append(np.where(depth[at] == d, at, -1))
        at = np.where((depth[at] == d) & (parent[at] >= 0), parent[at], at)
    return tuple(reversed(rows))
