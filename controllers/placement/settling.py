"""How loops share out their coolant at rest: one compiled walk over candidate places.

The law of ``twin.cooling.loop_pressures`` once its valves and pumps have come to rest. Checked
against the step run to rest, in ``tests/controllers/placement/test_placement_predict.py``.
"""

from typing import NamedTuple

import numpy as np

from site_models.arrays import Flags, Floats, Ints
from twin.cooling.loop_pressures import LEAST_DRIVE_K
from twin.physics.law import compiled, compiled_for
from twin.physics.parallel_racks import branch_flow

HALVINGS = 48
"""Of the pressure difference at the racks: to 1 mPa of 4 bar."""
MOST_PA = 4.0e5
NEARLY_KG_PER_S = 1e-12


class Wants(NamedTuple):
    """What racks want of their loops: arrays of their own. Shape (racks,), but for the last"""

    circuit: Ints
    """-1 in air"""
    return_setpoint_c: Floats
    least_kg_per_s: Floats
    """0 out of service, as the most"""
    most_kg_per_s: Floats
    cp_j_per_kg_k: Floats
    """Shape (circuits,)"""


class Loops(NamedTuple):
    """What loops have to give: arrays of their own."""

    rack: Ints
    """Liquid-cooled racks sorted by circuit"""
    first: Ints
    """Where each circuit begins there, and the end. Shape (circuits + 1,)"""
    square: Floats
    """Of each rack, shape (racks,), as the four below"""
    linear: Floats
    valve_square: Floats
    opening_min: Floats
    opening_max: Floats
    holds_flow: Flags
    """Pumps hold a flow, not a pressure. Shape (circuits,), as the rest"""
    held_kg_per_s: Floats
    held_pa: Floats
    speed_min: Floats
    """0 where no unit cools, as the most"""
    speed_max: Floats
    rest_pa: Floats
    rising: Floats
    falling: Floats
    """Of the pumps with the square of the flow; negative where their head falls"""
    loss: Floats
    """Of the headers with the square of the flow"""


@compiled
def _wanted(wants: Wants, rack: int, sized_w: float, supply_c: float) -> float:
    drive_k = max(wants.return_setpoint_c[rack] - supply_c, LEAST_DRIVE_K)
    flow = sized_w / (wants.cp_j_per_kg_k[wants.circuit[rack]] * drive_k)
    given: float = min(max(flow, wants.least_kg_per_s[rack]), wants.most_kg_per_s[rack])
    return given


@compiled_for("f8[::1](i8[::1], f8[::1], f8[::1])", Wants)
def wanted_flows(rack: Ints, sized_w: Floats, supply_c: Floats, wants: Wants) -> Floats:
    """Return the flow at which no node's coolant leaves above the setpoint [kg/s].

    0 in air and out of service. Arguments of one shape: racks, heat as `Touched.sized_w`, supply
    at each; then what racks want.
    """
    flow = np.zeros(len(rack))
    for i in range(len(rack)):
        if wants.circuit[rack[i]] >= 0:
            flow[i] = _wanted(wants, rack[i], sized_w[i], supply_c[i])
    return flow


@compiled
def _passed(loops: Loops, rack: int, free: bool, wanted: float, dp_pa: float) -> float:
    """Return the flow of a rack at a pressure difference [kg/s]; a free valve stands open."""
    square, linear, valve = loops.square[rack], loops.linear[rack], loops.valve_square[rack]
    most, _ = branch_flow(dp_pa, square, linear, valve, loops.opening_max[rack])
    if free and wanted > 0.0:
        return most
    least, _ = branch_flow(dp_pa, square, linear, valve, loops.opening_min[rack])
    return min(max(wanted, least), most)


@compiled
def _head_pa(loops: Loops, k: int, speed: float, total: float) -> float:
    rising: float = loops.rest_pa[k] * speed * speed + loops.rising[k] * speed * total
    falling: float = loops.falling[k] * total * total
    return rising + falling


@compiled
def _left_pa(loops: Loops, k: int, total: float) -> float:
    """Return the pressure that is left for the racks when a circuit gives a flow [kg/s]."""
    least_pa = _head_pa(loops, k, loops.speed_min[k], total)
    most_pa = _head_pa(loops, k, loops.speed_max[k], total)
    pumped_pa: float = min(max(loops.held_pa[k], least_pa), most_pa)
    if loops.holds_flow[k]:
        pumped_pa = most_pa if total < loops.held_kg_per_s[k] else least_pa
    lost_pa: float = loops.loss[k] * total * total
    return pumped_pa - lost_pa


@compiled
def _settle(loops: Loops, k: int, wanted: Floats, flow: Floats) -> None:
    """Set the flow of a circuit's racks at rest [kg/s].

    Valves pass what is wanted where the pressure suffices and stand open where not; the pumps
    hold what they are set to as far as their curve reaches. Where all get what they want that
    is the answer; else the pressure difference at the racks is found by halving.
    """
    racks, free = loops.rack[loops.first[k] : loops.first[k + 1]], loops.holds_flow[k]
    low, high, short = _left_pa(loops, k, wanted.sum()), MOST_PA, free
    for i in range(len(racks)):
        flow[i] = _passed(loops, racks[i], free, wanted[i], low)
        short |= abs(flow[i] - wanted[i]) > NEARLY_KG_PER_S
    if not short:
        return
    low = 0.0
    for _ in range(HALVINGS):
        middle_pa, total = 0.5 * (low + high), 0.0
        for i in range(len(racks)):
            total += _passed(loops, racks[i], free, wanted[i], middle_pa)
        if _left_pa(loops, k, total) > middle_pa:
            low = middle_pa
        else:
            high = middle_pa
    for i in range(len(racks)):
        flow[i] = _passed(loops, racks[i], free, wanted[i], low)


@compiled_for(
    "Tuple((f8[::1], f8[::1]))(f8[:,::1], f8[::1], i8[::1], i8[::1], f8[::1], f8[::1])",
    Wants,
    Loops,
)
def settled(
    supply_c: Floats,
    usual_w: Floats,
    candidate: Ints,
    rack: Ints,
    sized_w: Floats,
    liquid_w: Floats,
    wants: Wants,
    loops: Loops,
) -> tuple[Floats, Floats]:
    """Return flow and return temperature of every place; `usual_w` is what racks are sized for
    that no candidate touches."""
    flow, return_c = np.zeros(len(rack)), np.full(len(rack), np.nan)
    done, mine = np.zeros(len(rack), np.bool_), np.full(len(usual_w), -1)
    for i in range(len(rack)):
        k = wants.circuit[rack[i]]
        if k < 0 or done[i]:
            continue
        here, inlet_c = loops.rack[loops.first[k] : loops.first[k + 1]], supply_c[candidate[i], k]
        end = i
        while end < len(rack) and candidate[end] == candidate[i]:
            mine[rack[end]], end = end, end + 1
        wanted, given = np.zeros(len(here)), np.zeros(len(here))
        for j in range(len(here)):
            heat_w = sized_w[mine[here[j]]] if mine[here[j]] >= 0 else usual_w[here[j]]
            wanted[j] = _wanted(wants, here[j], heat_w, inlet_c)
        _settle(loops, k, wanted, given)
        for j in range(len(here)):
            at = mine[here[j]]
            if at >= 0:
                flow[at], done[at] = given[j], True
                if given[j] > 0.0:
                    rise_k = liquid_w[at] / (given[j] * wants.cp_j_per_kg_k[k])
                    return_c[at] = inlet_c + rise_k
        mine[rack[i:end]] = -1
    return flow, return_c
