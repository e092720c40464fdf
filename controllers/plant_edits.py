"""Changes to a compiled plant that several kinds of events share.

Each returns another plant with read-only arrays of the same types; heat capacities stay.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from site_models.arrays import Flags
from site_models.plant import AIR, GIVEN_FLOW, Plant
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


def pumped(plant: Plant, circuit: int) -> bool:
    """Return whether a circuit's flow comes from the curve of its pumps."""
    return bool(plant.arrays.circuits.pump_control[circuit] != GIVEN_FLOW)


def with_speed(plant: Plant, circuit: int, speed: float) -> Plant:
    """Return the plant with a loop whose pumps turn at one speed, whatever their control asks."""
    c = plant.arrays.circuits
    return with_arrays(
        plant,
        circuits=c._replace(
            pump_speed_min=put(c.pump_speed_min, [circuit], speed),
            pump_speed_max=put(c.pump_speed_max, [circuit], speed),
        ),
    )


def with_pumps(plant: Plant, circuit: int, share: float) -> Plant:
    """Return the plant with only a part of a loop's pumps, above 0, on the same headers.

    At a given head they move that part of the flow; the non-return valves of the others are
    shut.
    """
    c = plant.arrays.circuits
    linear, square = c.pump_linear_pa_s_per_kg, c.pump_square_pa_s2_per_kg2
    return with_arrays(
        plant,
        circuits=c._replace(
            pump_linear_pa_s_per_kg=put(linear, [circuit], linear[circuit] / share),
            pump_square_pa_s2_per_kg2=put(square, [circuit], square[circuit] / share**2),
        ),
    )


def stopped(plant: Plant, onset: State, circuits: Sequence[int]) -> Plant:
    """Return the plant with circuits whose movers stand still."""
    largest = plant.arrays.circuits.flow_max_kg_per_s
    for circuit in circuits:
        if pumped(plant, circuit):
            plant = with_speed(plant, circuit, 0.0)
        else:
            plant = with_flow(plant, onset, circuit, LEAST_FLOW * float(largest[circuit]), 0.0)
    return plant


def with_rack_valves(plant: Plant, racks: Sequence[int], opening: Any) -> Plant:
    """Return the plant with coolant valves of racks that stay at an opening. 0..1"""
    r = plant.arrays.racks
    return with_arrays(
        plant,
        racks=r._replace(
            valve_opening_min=put(r.valve_opening_min, racks, opening),
            valve_opening_max=put(r.valve_opening_max, racks, opening),
        ),
    )


def with_clogged(plant: Plant, node: int, factor: float) -> Plant:
    """Return the plant with a node whose plates lose `factor` times the pressure at a flow.

    The trays of a rack are parallel and lose with the square of their flow: the tray passes a
    part less, the others take over some of it, and the rack as a whole passes less.
    """
    n, r = plant.arrays.nodes, plant.arrays.racks
    rack, share = int(n.rack[node]), float(n.liquid_flow_share[node])
    mine = np.flatnonzero(n.rack == rack)
    left = 1.0 - share + share / np.sqrt(factor)
    shares = n.liquid_flow_share[mine] / left
    shares[mine == node] /= np.sqrt(factor)
    square = r.loss_square_pa_s2_per_kg2
    return with_arrays(
        plant,
        nodes=n._replace(liquid_flow_share=put(n.liquid_flow_share, mine, shares)),
        racks=r._replace(loss_square_pa_s2_per_kg2=put(square, [rack], square[rack] / left**2)),
    )


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
        if pumped(plant, k):
            plant = with_pumps(plant, k, share) if share > 0.0 else with_speed(plant, k, 0.0)
            continue
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


def without_feeds(plant: Plant, where: Sequence[int]) -> Plant:
    """Return the plant with stages of the power chain open.

    The step does the rest: batteries behind them take over, racks go to their other feeds,
    what has none left is dark and stands still.
    """
    f = plant.arrays.feeds
    return with_arrays(plant, feeds=f._replace(in_service=put(f.in_service, where, False)))


def unsupplied(plant: Plant, names: Sequence[str]) -> Plant:
    """Return the plant with nothing in front of some stages, which are themselves closed."""
    f, where = plant.arrays.feeds, [plant.feed_names.index(name) for name in names]
    return with_arrays(plant, feeds=f._replace(supplied=put(f.supplied, where, False)))
