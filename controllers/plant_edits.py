"""Changes to a compiled plant that several kinds of events share.

Each returns another plant with read-only arrays of the same types; heat capacities stay.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from site_models.arrays import Flags
from site_models.plant import AIR, Plant
from twin.state import State

V = TypeVar("V", bound=NDArray[Any])

LEAST_FLOW = 0.001
"""What is left of a flow whose movers stand still, as a share of the largest: the physics
divides by flows."""
NOTHING = 1e-9
"""What is left of a size that the physics divides by, as a share."""
DRAUGHT = 0.02
"""Air that still passes a node whose fans stand still, as a share of full speed: an estimate,
as little as the physics lets a body's resistance follow."""


def put(values: V, where: Sequence[int] | NDArray[Any], new: Any) -> V:
    """Return a read-only copy with new values at some places."""
    copied = values.copy()
    copied[where] = new
    copied.setflags(write=False)
    return copied


def with_arrays(plant: Plant, **parts: Any) -> Plant:
    """Return the plant with some of its array groups exchanged."""
    return replace(plant, arrays=plant.arrays._replace(**parts))


def with_flow(plant: Plant, onset: State, circuit: int, flow: float, powered: float) -> Plant:
    """Return the plant with a circuit whose movers give at most `flow` [kg/s].

    `powered` is the part of the movers' power still drawn at that flow. In a hall what the
    nodes breathe beyond the moved air comes back from their own exhaust.
    """
    c = plant.arrays.circuits
    least = min(float(c.flow_min_kg_per_s[circuit]), flow)
    circuits = c._replace(
        flow_max_kg_per_s=put(c.flow_max_kg_per_s, [circuit], flow),
        flow_min_kg_per_s=put(c.flow_min_kg_per_s, [circuit], least),
        mover_power_max_w=put(
            c.mover_power_max_w, [circuit], powered * c.mover_power_max_w[circuit]
        ),
    )
    drawn = float(onset.circuit_flow_kg_per_s[circuit])
    if c.kind[circuit] == AIR and flow < drawn:
        back = 1.0 - (1.0 - c.recirculation[circuit]) * flow / drawn
        circuits = circuits._replace(recirculation=put(c.recirculation, [circuit], back))
    return with_arrays(plant, circuits=circuits)


def stopped(plant: Plant, onset: State, circuits: Sequence[int]) -> Plant:
    """Return the plant with circuits whose movers stand still."""
    largest = plant.arrays.circuits.flow_max_kg_per_s
    for circuit in circuits:
        plant = with_flow(plant, onset, circuit, LEAST_FLOW * float(largest[circuit]), 0.0)
    return plant


def without_water(plant: Plant, where: Sequence[int]) -> Plant:
    """Return the plant with exchangers whose cold side stands still; the hot one goes on."""
    x = plant.arrays.exchangers
    rated = x.cold_flow_rated_kg_per_s
    dry = put(rated, where, NOTHING * rated[where])
    return with_arrays(plant, exchangers=x._replace(cold_flow_rated_kg_per_s=dry))


def with_cells(plant: Plant, where: Sequence[int], left: float) -> Plant:
    """Return the plant with only a part of the cells of some outdoor coolers."""
    x, left = plant.arrays.exchangers, max(left, NOTHING)
    parts = {
        name: put(getattr(x, name), where, left * getattr(x, name)[where])
        for name in (
            "hot_flow_rated_kg_per_s",
            "cold_flow_rated_kg_per_s",
            "ua_rated_w_per_k",
            "capacity_w",
            "fan_power_max_w",
        )
    }
    return with_arrays(plant, exchangers=x._replace(**parts))


def without_units(plant: Plant, onset: State, where: Sequence[int]) -> Plant:
    """Return the plant without exchangers that also move their hot circuit's fluid.

    CDUs hold the pumps of their loop and room units the fans of their hall: the circuit
    keeps the part of its movers that stands in the units left.
    """
    x = plant.arrays.exchangers
    before, after = x.in_service, put(x.in_service, where, False)
    plant = with_arrays(plant, exchangers=x._replace(in_service=after))
    rated = x.hot_flow_rated_kg_per_s
    for k in sorted({int(x.hot_circuit[i]) for i in where}):
        mine = x.hot_circuit == k
        left = float((rated * mine * after).sum())
        share = left / max(float((rated * mine * before).sum()), 1e-9)
        largest = float(plant.arrays.circuits.flow_max_kg_per_s[k])
        plant = with_flow(plant, onset, k, max(share, LEAST_FLOW) * largest, share)
    return plant


def without_chillers(plant: Plant, where: Sequence[int]) -> Plant:
    """Return the plant with chillers that stand still while their water goes on.

    They are not available and yet in service: without any cooler in service the step takes
    a circuit's pumps for standing. Once back they cool again after their restart time.
    """
    c = plant.arrays.chillers
    gone = put(c.available, where, False)
    return with_arrays(plant, chillers=c._replace(available=gone))


def with_fans(plant: Plant, nodes: NDArray[Any], left: float) -> Plant:
    """Return the plant with only a part of the fans of some nodes turning."""
    n = plant.arrays.nodes
    moved = max(left, DRAUGHT)
    changed = n._replace(
        airflow_max_kg_per_s=put(
            n.airflow_max_kg_per_s, nodes, moved * n.airflow_max_kg_per_s[nodes]
        ),
        fan_power_max_w=put(n.fan_power_max_w, nodes, left * n.fan_power_max_w[nodes]),
    )
    return with_arrays(plant, nodes=changed)


def dark(plant: Plant, racks: Flags) -> Plant:
    """Return the plant with racks out of service: without power, their valves shut.

    Their fans run down without drawing. The rig leaves out the demand of their GPUs.
    """
    nodes = racks[plant.arrays.nodes.rack]
    gpus = nodes[plant.arrays.gpus.node]
    n, r, g = plant.arrays.nodes, plant.arrays.racks, plant.arrays.gpus
    return with_arrays(
        plant,
        gpus=g._replace(in_service=put(g.in_service, gpus, False)),
        nodes=n._replace(
            in_service=put(n.in_service, nodes, False),
            fan_power_max_w=put(n.fan_power_max_w, nodes, 0.0),
        ),
        racks=r._replace(in_service=put(r.in_service, racks, False)),
    )


def without_feeds(plant: Plant, onset: State, where: Sequence[int]) -> Plant:
    """Return the plant with stages of the power chain lost, and with them all below.

    Racks go over to their other feeds; those with none left are dark. Pumps, fans and
    chillers behind a lost stage stand still. Batteries are not in the step: what the stage
    gives is lost at once.
    """
    f, links, arrays = plant.arrays.feeds, plant.arrays.rack_feeds, plant.arrays
    live = f.in_service.copy()
    live[where] = False
    for i, parent in enumerate(f.parent):
        live[i] &= parent < 0 or live[parent]
    gone = ~live
    feeds = f._replace(
        in_service=put(f.in_service, gone, False),
        loss_fixed=put(f.loss_fixed, gone, 0.0),
        loss_linear=put(f.loss_linear, gone, 0.0),
        loss_square=put(f.loss_square, gone, 0.0),
    )
    count = len(plant.rack_names)
    wired = np.bincount(links.rack, minlength=count) > 0
    carried = np.bincount(links.rack, weights=live[links.feed], minlength=count) > 0.0
    plant = dark(with_arrays(plant, feeds=feeds), wired & ~carried)
    plant = stopped(plant, onset, _behind(arrays.circuits.mover_feed, gone))
    plant = with_cells(plant, _behind(arrays.exchangers.fan_feed, gone), 0.0)
    return without_chillers(plant, _behind(arrays.chillers.feed, gone))


def _behind(feed: NDArray[Any], gone: Flags) -> list[int]:
    """Return the places of what hangs on feeds that are gone."""
    return [i for i, at in enumerate(feed) if at >= 0 and gone[at]]
