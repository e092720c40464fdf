"""The site as placement finds it: present power with what is promised, and what is left."""

from dataclasses import dataclass

import numpy as np

from controllers.placement_index import PlaceIndex
from controllers.power_tree import power_tree
from site_models.arrays import Floats
from site_models.plant import Plant
from twin.physics.heat_exchange import counterflow_effectiveness, crossflow_effectiveness
from twin.state import Inputs, State


@dataclass(frozen=True, slots=True, eq=False)
class Cooling:
    """How warm each circuit's supply gets with its exchangers wide open. Shape (circuits,)"""

    heat_w: Floats
    sink_c: Floats
    """Temperature that the exchangers work against: facility water or outdoor air."""
    open_w_per_k: Floats
    """Heat for each kelvin that the supply stands above the sink, wide open; 0: given."""
    chiller_w: Floats
    setpoint_c: Floats

    def supply_c(self, more_w: Floats, warmer_k: Floats) -> Floats:
        """Return the supply once the circuits carry `more_w` and their sinks are warmer [C]."""
        left_w = np.maximum(self.heat_w + more_w - self.chiller_w, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            above_k = np.where(self.open_w_per_k > 0.0, left_w / self.open_w_per_k, 0.0)
        floated_c = np.where(self.open_w_per_k > 0.0, self.sink_c + warmer_k + above_k, -np.inf)
        return np.maximum(self.setpoint_c, floated_c)


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
    rack_liquid_w: Floats
    limit_room_w: Floats
    """What is left under every limit of `Uses`: feeds, circuits, racks. Shape (limits,)"""
    row_headroom_w: Floats
    site_headroom_w: float
    site_slope: Floats
    """Power at the utility meters for a further watt at each rack's inlet [-]."""
    cooling: Cooling
    cooling_share: float
    """Power of pumps, fans and chillers for each watt of IT power, as now [-]."""


def ground_of(
    index: PlaceIndex, state: State, inputs: Inputs, promised_w: Floats
) -> Ground:
    """Return what placement rests on; `promised_w` as `Allocations.expected_w` gives it."""
    plant = index.plant
    arrays, tree = plant.arrays, power_tree(plant)
    gpu_w = np.maximum(state.gpu_power_w, promised_w)
    more_w = np.bincount(arrays.gpus.node, gpu_w - state.gpu_power_w, len(plant.node_names))
    node_dc_w = state.node_dc_power_w + (1.0 + arrays.nodes.load_power_per_gpu_w) * more_w
    node_w = tree.node_power_w(node_dc_w)
    rack_nodes_w = np.bincount(arrays.nodes.rack, node_w, len(plant.rack_names))
    rack_w = np.where(arrays.racks.lumped, state.rack_power_w, tree.rack_power_w(rack_nodes_w))
    wetter_w = (1.0 + arrays.nodes.load_power_per_gpu_w * arrays.nodes.liquid_share) * more_w
    liquid_w = state.rack_liquid_heat_w + np.where(
        arrays.racks.liquid_circuit >= 0,
        np.bincount(arrays.nodes.rack, wetter_w, len(plant.rack_names)),
        0.0,
    )
    out_w, in_w = tree.feed_powers_w(rack_w, tree.other_w(state))
    cooling = _cooling(plant, state, inputs)
    feed_room_w = np.where(tree.live, arrays.feeds.rating_w - in_w, 0.0)
    rack_room_w = arrays.racks.rating_w - rack_w
    moved_w = (
        state.circuit_mover_power_w.sum()
        + state.exchanger_fan_power_w.sum()
        + state.chiller_power_w.sum()
    )
    root = arrays.feeds.parent < 0
    return Ground(
        plant=plant,
        state=state,
        inputs=inputs,
        gpu_w=gpu_w,
        node_dc_w=node_dc_w,
        node_w=node_w,
        rack_nodes_w=rack_nodes_w,
        rack_w=rack_w,
        rack_liquid_w=liquid_w,
        limit_room_w=np.concatenate(
            [feed_room_w, _cooling_room_w(index, cooling, state, rack_w), rack_room_w]
        ),
        row_headroom_w=_row_headroom_w(index, feed_room_w, rack_room_w),
        site_headroom_w=float(
            min(feed_room_w[root].sum(), rack_room_w.sum()) if root.any() else rack_room_w.sum()
        ),
        site_slope=_site_slope(plant, out_w),
        cooling=cooling,
        cooling_share=float(moved_w / max(rack_w.sum(), 1.0)),
    )


def _row_headroom_w(index: PlaceIndex, feed_room_w: Floats, rack_room_w: Floats) -> Floats:
    """Return the narrowest cut between each row and the meter: racks, or stages at one depth."""
    plant = index.plant
    rows = len(plant.row_names)
    least_w = np.bincount(plant.arrays.racks.row, rack_room_w, rows)
    row, depth, feed = index.row_cuts
    for d in range(int(depth.max(initial=-1)) + 1):
        here = depth == d
        cut_w = np.bincount(row[here], feed_room_w[feed[here]], rows)
        crossed = np.bincount(row[here], minlength=rows) > 0
        least_w = np.where(crossed, np.minimum(least_w, cut_w), least_w)
    return least_w


def _site_slope(plant: Plant, out_w: Floats) -> Floats:
    feeds, tree = plant.arrays.feeds, power_tree(plant)
    with np.errstate(divide="ignore", invalid="ignore"):
        square = 2.0 * feeds.loss_square * out_w / feeds.rating_w
    slope = np.where(feeds.rating_w > 0.0, 1.0 + feeds.loss_linear + square, 1.0)
    for layer in tree.layers[1:]:
        slope[layer] *= slope[feeds.parent[layer]]
    joined = plant.arrays.rack_feeds.feed
    whole = np.bincount(tree.rack, tree.share * slope[joined], len(plant.rack_names))
    return np.where(whole > 0.0, whole, 1.0)


def _cooling(plant: Plant, state: State, inputs: Inputs) -> Cooling:
    """Return each circuit's exchangers as one conductance, open at rated flows."""
    x, c, ch = plant.arrays.exchangers, plant.arrays.circuits, plant.arrays.chillers
    count = len(plant.circuit_names)
    hot_w_per_k = x.hot_flow_rated_kg_per_s * c.cp_j_per_kg_k[x.hot_circuit]
    cold_w_per_k = x.cold_flow_rated_kg_per_s * x.cold_cp_j_per_kg_k
    least = np.minimum(hot_w_per_k, cold_w_per_k)
    ratio = least / np.maximum(hot_w_per_k, cold_w_per_k)
    part = np.where(
        x.cold_circuit >= 0,
        counterflow_effectiveness(x.ua_rated_w_per_k / least, ratio),
        crossflow_effectiveness(x.ua_rated_w_per_k / least, ratio),
    )
    open_w_per_k = np.where(
        x.in_service, part * least / np.maximum(1.0 - part * least / hot_w_per_k, 1e-6), 0.0
    )
    wetted_c = inputs.dry_bulb_c - x.adiabatic_effectiveness * (
        inputs.dry_bulb_c - inputs.wet_bulb_c
    )
    sink_c = np.where(x.cold_circuit >= 0, state.circuit_supply_c[x.cold_circuit], wetted_c)
    whole = np.bincount(x.hot_circuit, open_w_per_k, count)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_c = np.bincount(x.hot_circuit, open_w_per_k * sink_c, count) / whole
    setpoint_c = np.full(count, -np.inf)
    np.maximum.at(setpoint_c, x.hot_circuit, inputs.exchanger_setpoint_c)
    heat_w = np.bincount(x.hot_circuit, state.exchanger_heat_w, count)
    heat_w += np.bincount(ch.circuit, state.chiller_heat_w, count)
    return Cooling(
        heat_w=heat_w,
        sink_c=np.where(whole > 0.0, mean_c, 0.0),
        open_w_per_k=whole,
        chiller_w=np.bincount(ch.circuit, ch.capacity_w * ch.in_service, count),
        setpoint_c=np.where(np.isfinite(setpoint_c), setpoint_c, state.circuit_supply_c),
    )


def _cooling_room_w(
    index: PlaceIndex, cooling: Cooling, state: State, rack_w: Floats
) -> Floats:
    """Return what each circuit can still take off: until rated, or too warm a supply."""
    plant = index.plant
    x, c = plant.arrays.exchangers, plant.arrays.circuits
    count = len(plant.circuit_names)
    rated_w = np.bincount(x.hot_circuit, x.capacity_w * x.in_service, count)
    warm_w = cooling.open_w_per_k * np.maximum(c.supply_limit_c - cooling.sink_c, 0.0)
    uses, feeds = index.uses, len(plant.feed_names)
    mine = (uses.limit >= feeds) & (uses.limit < feeds + count)
    settled = uses.factor[mine] / _at_inlet(index)[uses.rack[mine]]
    promised_w = np.maximum(rack_w - state.rack_power_w, 0.0)[uses.rack[mine]] * settled
    later_w = np.bincount(uses.limit[mine] - feeds, promised_w, count)
    room_w = np.minimum(rated_w, warm_w) + cooling.chiller_w - cooling.heat_w - later_w
    owned = (rated_w > 0.0) | (cooling.chiller_w > 0.0)
    return np.where(owned, room_w, np.inf)


def _at_inlet(index: PlaceIndex) -> Floats:
    """Return the watts at each rack's inlet for a watt at its GPUs: its own entry in `uses`."""
    own = index.uses.limit - len(index.plant.feed_names) - len(index.plant.circuit_names)
    return index.uses.factor[own == index.uses.rack]
