"""The site as placement finds it: present power with what is promised, and what is left."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from controllers.gather import sum_by
from controllers.placement.cooling import Cooling, cooling_of, cooling_room_w
from controllers.placement.hardware import hardware_of
from controllers.placement.index import PlaceIndex
from controllers.placement.room import (
    feed_rooms_w,
    inlet_factors,
    limit_factors,
    rack_rooms_w,
)
from controllers.placement.sums import present_w, tightest
from controllers.power.power_tree import power_tree
from site_models.arrays import Flags, Floats, Ints
from site_models.plant import Nodes, Plant
from twin.state import INFERRED, Inputs, State


class Here(NamedTuple):
    """What nodes breathe and circuits supply now: arrays of their own. Shape (nodes,)"""

    inlet_c: Floats
    outlet_c: Floats
    airflow_kg_per_s: Floats
    fan_speed: Floats
    supply_c: Floats
    """Shape (circuits,)"""


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """Present state with the power that holders announced but do not draw yet."""

    plant: Plant
    state: State
    inputs: Inputs
    gpu_w: Floats
    node_dc_w: Floats
    node_w: Floats
    rack_nodes_w: Floats
    """Sum of each rack's nodes, before the shelf's losses."""
    rack_w: Floats
    node_liquid_w: Floats
    rack_liquid_w: Floats
    rack_sized_w: Floats
    """What each rack's valve is sized for: every node loaded like the warmest one."""
    limit_room_w: Floats
    """What is left under every limit of `Uses`: feeds, circuits, racks. Shape (limits,)"""
    limit_live: Flags
    """The limit is one of equipment in service. Shape (limits,)"""
    inlet_factor: Floats
    """Watts at each rack's inlet for a watt at a GPU [-]. Shape (racks,)"""
    limit_factor: Floats
    """Watts against each entry of `Uses` for a watt at a GPU [-]. Shape (uses,)"""
    rack_fit_w: Floats
    """GPU power that each rack can take more within every limit above it. Shape (racks,)"""
    rack_tight: Ints
    """The limit that is reached first. Shape (racks,)"""
    row_headroom_w: Floats
    site_headroom_w: float
    site_slope: Floats
    """Power at the utility meters for a further watt at each rack's inlet [-]."""
    cooling: Cooling
    here: Here
    inferred: Flags | None
    """Present power of a GPU is inferred from meters; None: of none. Shape (GPUs,)"""
    warmer_k: float = 0.0
    """Outdoor air over that of now: the hottest hour that is looked ahead to."""


def ground_of(index: PlaceIndex, state: State, inputs: Inputs, promised_w: Floats) -> Ground:
    """Return what placement rests on; `promised_w` as `Allocations.holdings` tells it."""
    plant = index.plant
    arrays, tree = plant.arrays, power_tree(plant)
    gpu_w, node_dc_w, node_w, node_liquid_w, rack_nodes_w, wetter_w, sized_w = present_w(
        np.ascontiguousarray(state.gpu_power_w),
        np.ascontiguousarray(promised_w),
        np.ascontiguousarray(state.node_dc_power_w),
        np.ascontiguousarray(state.node_liquid_heat_w),
        hardware_of(plant).servers.load_power_per_gpu_w,
        liquid_factor(plant),
        tree.walk.node_law,
        len(plant.rack_names),
        index.walk,
    )
    rack_w = np.where(arrays.racks.lumped, state.rack_power_w, tree.rack_power_w(rack_nodes_w))
    rack_liquid_w = state.rack_liquid_heat_w + wetter_w
    out_w, in_w = tree.feed_powers_w(rack_w, tree.other_w(state))
    cooling = cooling_of(plant, state, inputs)
    feed_room_w = np.where(tree.live, arrays.feeds.rating_w - in_w, 0.0)
    rack_room_w = arrays.racks.rating_w - rack_w
    root, inferred = arrays.feeds.parent < 0, inputs.gpu_power_basis == INFERRED
    room_w = np.concatenate(
        [
            feed_rooms_w(index, out_w),
            cooling_room_w(index, cooling, state, rack_w),
            rack_rooms_w(index, rack_nodes_w),
        ]
    )
    at_inlet = inlet_factors(index, rack_nodes_w)
    factor = limit_factors(index, at_inlet, out_w)
    fit_w, tight = tightest(room_w, factor, index.uses.first, index.uses.limit)
    return Ground(
        plant=plant,
        state=state,
        inputs=inputs,
        gpu_w=gpu_w,
        node_dc_w=node_dc_w,
        node_w=node_w,
        rack_nodes_w=rack_nodes_w,
        rack_w=rack_w,
        node_liquid_w=node_liquid_w,
        rack_liquid_w=rack_liquid_w,
        rack_sized_w=np.maximum(np.where(arrays.racks.lumped, rack_liquid_w, 0.0), sized_w),
        limit_room_w=room_w,
        limit_live=np.concatenate(
            [tree.live, np.ones(index.limits - len(tree.live), dtype=np.bool_)]
        ),
        inlet_factor=at_inlet,
        limit_factor=factor,
        rack_fit_w=fit_w,
        rack_tight=tight,
        row_headroom_w=_row_headroom_w(index, feed_room_w, rack_room_w),
        site_headroom_w=float(
            min(feed_room_w[root].sum(), rack_room_w.sum()) if root.any() else rack_room_w.sum()
        ),
        site_slope=_site_slope(plant, out_w),
        cooling=cooling,
        here=Here(
            state.node_inlet_c.copy(),
            state.node_outlet_c.copy(),
            state.node_airflow_kg_per_s.copy(),
            state.fan_speed.copy(),
            state.circuit_supply_c.copy(),
        ),
        inferred=inferred if inferred.any() else None,
    )


def warmed(index: PlaceIndex, ground: Ground, dry_bulb_k: float, wet_bulb_k: float) -> Ground:
    """Return the ground in warmer outdoor air: what outdoor units can take off is less."""
    plant, state = index.plant, ground.state
    inputs = ground.inputs._replace(
        dry_bulb_c=ground.inputs.dry_bulb_c + dry_bulb_k,
        wet_bulb_c=ground.inputs.wet_bulb_c + wet_bulb_k,
    )
    cooling = cooling_of(plant, state, inputs)
    first, count = len(plant.feed_names), len(plant.circuit_names)
    room_w = ground.limit_room_w.copy()
    room_w[first : first + count] = cooling_room_w(index, cooling, state, ground.rack_w)
    uses = index.uses
    fit_w, tight = tightest(room_w, ground.limit_factor, uses.first, uses.limit)
    return replace(
        ground,
        inputs=inputs,
        cooling=cooling,
        limit_room_w=room_w,
        rack_fit_w=fit_w,
        rack_tight=tight,
        warmer_k=dry_bulb_k,
    )


@lru_cache(maxsize=8)
def liquid_factor(plant: Plant) -> Floats:
    """Return the watts into the coolant of each node for a watt at its GPUs [-]; 0 in air."""
    nodes = plant.arrays.nodes
    wetter = 1.0 + nodes.load_power_per_gpu_w * nodes.liquid_share
    return np.where(nodes.liquid_circuit >= 0, wetter, 0.0)


def whole_rack_w(nodes: Nodes, node: Ints, liquid_w: Floats) -> Floats:
    """Return the heat of a whole rack that is loaded as these nodes are [W]; 0 in air."""
    share = nodes.liquid_flow_share[node]
    return np.divide(liquid_w, share, out=np.zeros(len(node)), where=share > 0.0)


def _row_headroom_w(index: PlaceIndex, feed_room_w: Floats, rack_room_w: Floats) -> Floats:
    """Return the narrowest cut between each row and the meter: racks, or stages at one depth."""
    racks_w = sum_by(index.plant.arrays.racks.row, rack_room_w, len(index.plant.row_names))
    cuts, crossed = index.row_cuts, index.row_cuts.crossed
    cut_w = sum_by(cuts.place, feed_room_w[cuts.feed], crossed.size).reshape(crossed.shape)
    least_w = np.where(crossed, cut_w, np.inf).min(axis=0, initial=np.inf)
    return np.asarray(np.minimum(racks_w, least_w))


def _site_slope(plant: Plant, out_w: Floats) -> Floats:
    feeds, tree = plant.arrays.feeds, power_tree(plant)
    with np.errstate(divide="ignore", invalid="ignore"):
        square = 2.0 * feeds.loss_square * out_w / feeds.rating_w
    slope = np.where(feeds.rating_w > 0.0, 1.0 + feeds.loss_linear + square, 1.0)
    for layer in tree.layers[1:]:
        slope[layer] *= slope[feeds.parent[layer]]
    joined = plant.arrays.rack_feeds.feed
    whole = sum_by(tree.rack, tree.share * slope[joined], len(plant.rack_names))
    return np.where(whole > 0.0, whole, 1.0)
