"""Which limits of power and cooling a watt of GPU power counts against, for every rack."""

from typing import NamedTuple

import numpy as np

from controllers.gather import sum_by
from controllers.power.power_tree import power_tree
from site_models.arrays import Flags, Floats, Ints
from site_models.plant import Plant


class Uses(NamedTuple):
    """Every limit that a watt of GPU power in a rack counts against, sorted by rack.

    Limits are numbered: the feeds, then the circuits, then the racks themselves.
    """

    rack: Ints
    limit: Ints
    factor: Floats
    """Watts against the limit for a watt at the GPU [-], at the worst: into a rack's nodes
    and into coolant. What reaches a feed depends on its load: see `Ground`; 0 here."""
    first: Ints
    """Where each rack begins, and the end. Shape (racks + 1,)"""
    carrier: Ints
    """The stage of each connection at each depth; -1: none. Shape (depths, connections)"""
    wired: Ints
    """The entry of each of those; -1: none."""


class Cuts(NamedTuple):
    """Feeds side by side that carry a row at one depth of the power tree."""

    place: Ints
    """Where each feed's row and depth stand in `crossed`, flat."""
    feed: Ints
    crossed: Flags
    """Whether any carries a row at a depth. Shape (depths, rows)"""


def uses_of(plant: Plant) -> Uses:
    """Return what a watt in each rack counts against: its rating, its stages, its cooling."""
    at_nodes, at_inlet, to_liquid = _slopes(plant)
    feeds, racks = len(plant.feed_names), plant.arrays.racks
    tree, chains = power_tree(plant), _cooling_chains(plant)
    found: list[dict[int, float]] = [{} for _ in plant.rack_names]
    for carrier in tree.ancestors:
        for rack, feed in zip(tree.rack.tolist(), carrier.tolist(), strict=True):
            if feed >= 0:
                found[rack][feed] = 0.0
    for r, row in enumerate(found):
        wet = int(racks.liquid_circuit[r]) >= 0
        liquid = float(to_liquid[r]) if wet else 0.0
        for circuit, watts in (
            (int(racks.liquid_circuit[r]), liquid),
            (int(racks.air_circuit[r]), float(at_inlet[r]) - liquid),
        ):
            for k in chains[circuit] if circuit >= 0 else ():
                row[feeds + k] = row.get(feeds + k, 0.0) + watts
        row[feeds + len(plant.circuit_names) + r] = float(at_nodes[r])
    counts = [len(row) for row in found]
    first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    place = [
        {limit: int(first[r]) + i for i, limit in enumerate(row)} for r, row in enumerate(found)
    ]
    wired = [
        [place[rack].get(feed, -1) for rack, feed in zip(tree.rack, carrier.tolist(), strict=True)]
        for carrier in tree.ancestors
    ]
    shape = len(tree.ancestors), len(tree.rack)
    return Uses(
        rack=np.repeat(np.arange(len(found)), counts),
        limit=np.array([limit for row in found for limit in row], dtype=np.int64),
        factor=np.array([factor for row in found for factor in row.values()]),
        first=first,
        carrier=np.array(tree.ancestors, dtype=np.int64).reshape(shape),
        wired=np.array(wired, dtype=np.int64).reshape(shape),
    )


def limit_name(plant: Plant, limit: int) -> str:
    """Return what a limit of `Uses` is, in the operator's words."""
    feeds, circuits = len(plant.feed_names), len(plant.circuit_names)
    if limit < feeds:
        return f"feed {plant.feed_names[limit]} rating"
    if limit < feeds + circuits:
        return f"cooling of {plant.circuit_names[limit - feeds]}"
    return "rack power"


def heats_in(plant: Plant, uses: Uses) -> Uses:
    """Return the entries that are circuits, their limits numbered from 0."""
    feeds, circuits = len(plant.feed_names), len(plant.circuit_names)
    mine = (uses.limit >= feeds) & (uses.limit < feeds + circuits)
    rack = uses.rack[mine]
    return Uses(
        rack=rack,
        limit=uses.limit[mine] - feeds,
        factor=uses.factor[mine],
        first=np.searchsorted(rack, np.arange(len(plant.rack_names) + 1)),
        carrier=uses.carrier[:0],
        wired=uses.wired[:0],
    )


def _slopes(plant: Plant) -> tuple[Floats, Floats, Floats]:
    """Return what a GPU watt adds into each rack's nodes, at its inlet and to its liquid [-].

    Losses are convex, so the slope with every GPU at its limit is the largest.
    """
    gpus, nodes, racks = plant.arrays.gpus, plant.arrays.nodes, plant.arrays.racks
    most_w = sum_by(gpus.node, gpus.power_max_w, len(nodes.rack))
    most_w += nodes.load_power_per_gpu_w * sum_by(
        gpus.node, gpus.power_max_w - gpus.idle_power_w, len(nodes.rack)
    )
    most_w += nodes.base_power_w + nodes.fan_power_max_w
    with np.errstate(divide="ignore", invalid="ignore"):
        supply = 1.0 + nodes.supply_loss_linear
        supply = supply + 2.0 * nodes.supply_loss_square * most_w / nodes.supply_rating_w
    supply = np.where(nodes.supply_rating_w > 0.0, supply, 1.0)
    with_gpus = nodes.gpu_count > 0
    at_nodes, to_liquid = np.ones(len(racks.row)), np.ones(len(racks.row))
    of = nodes.rack[with_gpus]
    np.maximum.at(at_nodes, of, ((1.0 + nodes.load_power_per_gpu_w) * supply)[with_gpus])
    wet = 1.0 + nodes.load_power_per_gpu_w * nodes.liquid_share
    np.maximum.at(to_liquid, of, wet[with_gpus])
    shelf = 1.0 + racks.shelf_loss_linear + 2.0 * racks.shelf_loss_square
    at_inlet = at_nodes * np.where(racks.shelf_rating_w > 0.0, shelf, 1.0)
    return at_nodes, at_inlet, to_liquid


def sink_circuits(plant: Plant) -> Ints:
    """Return the circuit that each circuit gives its heat to; -1: outdoors, or none."""
    exchangers = plant.arrays.exchangers
    sinks = np.full(len(plant.circuit_names), -1, dtype=np.int64)
    used = exchangers.in_service & (exchangers.cold_circuit >= 0)
    sinks[exchangers.hot_circuit[used]] = exchangers.cold_circuit[used]
    return sinks


def _cooling_chains(plant: Plant) -> tuple[tuple[int, ...], ...]:
    """Return for each circuit itself and the circuits that its heat goes on to."""
    sinks = sink_circuits(plant)
    chains = []
    for start in range(len(sinks)):
        chain, k = [], start
        while k >= 0 and k not in chain:
            chain.append(k)
            k = int(sinks[k])
        chains.append(tuple(chain))
    return tuple(chains)


def row_cuts(plant: Plant) -> Cuts:
    """Return which feeds carry each row at each depth."""
    tree, rows = power_tree(plant), len(plant.row_names)
    row = plant.arrays.racks.row[tree.rack]
    carried = {
        (depth * rows + int(r), int(feed))
        for depth, carrier in enumerate(tree.ancestors)
        for r, feed in zip(row, carrier, strict=True)
        if feed >= 0
    }
    place, feed = np.array(sorted(carried), dtype=np.int64).reshape(-1, 2).T
    crossed = np.zeros(len(tree.ancestors) * rows, dtype=np.bool_)
    crossed[place] = True
    return Cuts(place, feed, crossed.reshape(-1, rows))
