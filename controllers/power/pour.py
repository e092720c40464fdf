"""Raise power caps over a whole power tree until its stages are full."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from controllers.gather import sum_by
from controllers.power.power_tree import PowerTree, power_tree
from controllers.power.stage_room import Room
from controllers.power.tree_walk import kept, poured, racks_w
from site_models.arrays import Floats, Ints
from site_models.plant import Plant
from twin.physics.switching import shares_now
from twin.state import State

METERS = -1
"""In `Fill.full`: the limit at the meters."""
ROUNDING_W = 1e-6


class Fill(NamedTuple):
    """One pass of water: how far each rack went, and who stopped it."""

    level: Floats
    """Shape (racks,), 0..1"""
    stage_level: Floats
    """That each stage allowed; inf where it had room for all. Shape (feeds,)"""
    meters_level: float
    """That the limit at the meters allowed; inf where it had room for all."""

    @property
    def full(self) -> tuple[int, ...]:
        """Return the stages that stopped it, METERS among them."""
        stages = np.flatnonzero(self.stage_level < 1.0).tolist()
        return ((METERS,) if self.meters_level < 1.0 else ()) + tuple(stages)


@dataclass(frozen=True, slots=True, eq=False)
class Vessel:
    """A plant's power tree at one instant, to be filled with caps. Made by `vessel_of`."""

    tree: PowerTree
    state: State
    room: Room
    rack_limit_w: Floats
    fixed_w: Floats
    """On each stage beside racks: pumps, fans, chillers, batteries behind it that charge."""
    meters: Ints
    """Stages at the utility that carry racks."""
    spares: tuple["Vessel", ...] = ()
    """The tree with one stage lost, in turn, whose limits shall be kept as well."""

    @property
    def gpu_rack(self) -> Ints:
        """Return the rack of each GPU."""
        arrays = self.tree.plant.arrays
        return np.asarray(arrays.nodes.rack[arrays.gpus.node])

    def rack_power_w(self, gpu_w: Floats) -> Floats:
        """Return what every rack would draw with its GPUs at these powers [W].

        What a node draws beside its GPUs stays as believed now.
        """
        arrays, walk, state = self.tree.plant.arrays, self.tree.walk, self.state
        nodes, racks = arrays.nodes, arrays.racks
        return racks_w(
            gpu_w - state.gpu_power_w, arrays.gpus.node,
            state.node_dc_power_w, nodes.load_power_per_gpu_w, nodes.rack,
            walk.node_law, walk.rack_law, racks.lumped, state.rack_power_w,
        )  # fmt: skip

    def fits(self, gpu_w: Floats) -> bool:
        """Say whether every stage and rack keeps its limit with the GPUs at these powers."""
        rack_w = self.rack_power_w(gpu_w)
        return all(one._keeps(rack_w) for one in (self, *self.spares))

    def _keeps(self, rack_w: Floats) -> bool:
        out_w, in_w = self.tree.feed_powers_w(rack_w, self.fixed_w)
        return kept(
            rack_w, self.rack_limit_w, out_w, self.room.out_w, in_w,
            self.meters, self.room.meters_w, ROUNDING_W,
        )  # fmt: skip

    def pour(self, low_w: Floats, high_w: Floats) -> Fill:
        """Return the share of the way from low to high powers that each rack may go.

        From the deepest stages to the meters; within a stage every rack goes equally far.
        Between the two ends power is bounded by their chord: losses are convex, so the
        bound is on the safe side (under 0.3 % of a rating). Where a rack hangs on two
        stages the lower level of both counts, which is safe and may leave some unused; so it
        does with spares.
        """
        low_rack_w, high_rack_w = self.rack_power_w(low_w), self.rack_power_w(high_w)
        fill = self._poured(low_rack_w, high_rack_w)
        for spare in self.spares:
            other = spare._poured(low_rack_w, high_rack_w)
            fill = Fill(
                np.minimum(fill.level, other.level),
                np.minimum(fill.stage_level, other.stage_level),
                min(fill.meters_level, other.meters_level),
            )
        return fill

    def _poured(self, low_rack_w: Floats, high_rack_w: Floats) -> Fill:
        tree, walk, feeds = self.tree, self.tree.walk, self.tree.plant.arrays.feeds
        out_w, in_w = tree.feed_powers_w(low_rack_w, self.fixed_w)
        return Fill(*poured(
            low_rack_w, high_rack_w, self.rack_limit_w, out_w, in_w,
            self.room.out_w, self.meters, self.room.meters_w, tree.rack, tree.share,
            walk.order, walk.starts, walk.members, walk.firsts, feeds.in_service, walk.feed_law,
        ))  # fmt: skip


def vessel_of(plant: Plant, state: State, room: Room, rack_share: float) -> Vessel:
    """Return the tree as it is fed now, with limits; `rack_share` of the racks' ratings."""
    built, feeds = power_tree(plant), plant.arrays.feeds
    links = plant.arrays.rack_feeds
    share = shares_now(links.rack, links.share, state.feed_live[links.feed] > 0.0)
    tree = replace(built, share=np.asarray(share))
    fixed_w = tree.other_w(state)
    inner = feeds.parent >= 0
    charge_w = np.maximum(-state.feed_battery_w[inner], 0.0)
    fixed_w += sum_by(feeds.parent[inner], charge_w, len(fixed_w))
    limit_w = rack_share * plant.arrays.racks.rating_w
    return Vessel(tree, state, room, limit_w, fixed_w, built.roots)
