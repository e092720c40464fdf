"""Raise power caps over a whole power tree until its stages are full."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from controllers.gather import sum_by
from controllers.power_tree import PowerTree, power_tree
from controllers.stage_room import Room
from controllers.water_fill import fill_level
from site_models.arrays import Floats, Ints
from site_models.plant import Plant
from twin.physics.switching import shares_now
from twin.state import State

METERS = -1
"""In `Fill.full`: the limit at the meters."""
ROUNDING_W = 1e-6


class Fill(NamedTuple):
    """One pass of water: the level each rack reached, and the stages that stopped it."""

    level: Floats
    """Shape (racks,), 0..1"""
    full: tuple[int, ...]


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

    @property
    def gpu_rack(self) -> Ints:
        """Return the rack of each GPU."""
        arrays = self.tree.plant.arrays
        return np.asarray(arrays.nodes.rack[arrays.gpus.node])

    def rack_power_w(self, gpu_w: Floats) -> Floats:
        """Return what every rack would draw with its GPUs at these powers [W].

        What a node draws beside its GPUs stays as believed now.
        """
        plant, state = self.tree.plant, self.state
        nodes, racks = plant.arrays.nodes, plant.arrays.racks
        moved_w = gpu_w - state.gpu_power_w
        change_w = sum_by(plant.arrays.gpus.node, moved_w, len(plant.node_names))
        dc_w = state.node_dc_power_w + (1.0 + nodes.load_power_per_gpu_w) * change_w
        node_w = self.tree.node_power_w(np.maximum(dc_w, 0.0))
        inside_w = sum_by(nodes.rack, node_w, len(plant.rack_names))
        return np.where(racks.lumped, state.rack_power_w, self.tree.rack_power_w(inside_w))

    def fits(self, gpu_w: Floats) -> bool:
        """Say whether every stage and rack keeps its limit with the GPUs at these powers."""
        rack_w = self.rack_power_w(gpu_w)
        out_w, in_w = self.tree.feed_powers_w(rack_w, self.fixed_w)
        within = bool((out_w <= self.room.out_w + ROUNDING_W).all())
        metered_w = float(in_w[self.meters].sum())
        held = bool((rack_w <= np.maximum(self.rack_limit_w, 0.0) + ROUNDING_W).all())
        return within and held and metered_w <= self.room.meters_w + ROUNDING_W

    def pour(self, low_w: Floats, high_w: Floats) -> Fill:
        """Return the share of the way from low to high powers that each rack may go.

        From the deepest stages to the meters; within a stage every rack goes equally far.
        Between the two ends power is bounded by their chord: losses are convex, so the
        bound is on the safe side (under 0.3 % of a rating). Where a rack hangs on two
        stages the lower level of both counts, which is safe and may leave some unused.
        """
        tree = self.tree
        rack_low_w = self.rack_power_w(low_w)
        rack_gain_w = np.maximum(self.rack_power_w(high_w) - rack_low_w, 0.0)
        out_w, in_w = tree.feed_powers_w(rack_low_w, self.fixed_w)
        with np.errstate(divide="ignore", invalid="ignore"):
            own = np.clip((self.rack_limit_w - rack_low_w) / rack_gain_w, 0.0, 1.0)
        level = np.where(rack_gain_w > 0.0, own, 1.0)
        gain_w = tree.share * rack_gain_w[tree.rack]
        full: list[int] = []
        for carrier in reversed(tree.ancestors):
            reached = fill_level(carrier, gain_w, level[tree.rack], self.room.out_w - out_w)
            carried = np.flatnonzero(carrier >= 0)
            feed = carrier[carried]
            full.extend(int(f) for f in np.unique(feed) if reached[f] < 1.0)
            np.minimum.at(level, tree.rack[carried], reached[feed])
            taken_w = gain_w * level[tree.rack]
            rise_w = sum_by(feed, taken_w[carried], len(out_w))
            after_w = tree.stage_input_w(out_w + rise_w)
            with np.errstate(divide="ignore", invalid="ignore"):
                chord = np.where(rise_w > 0.0, (after_w - tree.stage_input_w(out_w)) / rise_w, 1.0)
            gain_w = gain_w.copy()
            gain_w[carried] *= chord[feed]
        if np.isfinite(self.room.meters_w):
            left_w = np.array([self.room.meters_w - float(in_w[self.meters].sum())])
            top = tree.ancestors[0] >= 0 if tree.ancestors else np.zeros(0, dtype=np.bool_)
            reached = fill_level(np.where(top, 0, -1), gain_w, level[tree.rack], left_w)
            if reached[0] < 1.0:
                full.append(METERS)
                np.minimum.at(level, tree.rack[top], reached[0])
        return Fill(level, tuple(full))


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
    tops = tree.ancestors[0] if tree.ancestors else np.zeros(0, dtype=np.int64)
    limit_w = rack_share * plant.arrays.racks.rating_w
    return Vessel(tree, state, room, limit_w, fixed_w, np.unique(tops[tops >= 0]))
