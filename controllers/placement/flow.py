"""Coolant that rack valves give at rest: sized by the warmest node, as far as pressure allows.

The law of ``twin.loop_pressures`` once its valves and pumps have come to rest, for many
candidate places at once. Checked against the step run to rest, in
``tests/controllers/test_placement_predict.py``.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from controllers.gather import distinct, sum_by
from controllers.placement.ground import Ground
from site_models.arrays import Floats, Ints
from site_models.plant import HOLDS_FLOW, Arrays, Plant
from twin.loop_pressures import LEAST_DRIVE_K
from twin.physics.parallel_racks import SHUT

HALVINGS = 48
"""Of the pressure difference at the racks: to 1 mPa of 4 bar."""


class Places(NamedTuple):
    """Racks that candidates touch, one entry for each (candidate, rack). Shape (places,)"""

    candidate: Ints
    rack: Ints
    sized_w: Floats
    """Heat of the whole rack if every node were loaded like its warmest."""
    liquid_w: Floats


def wanted_flows(arrays: Arrays, rack: Ints, sized_w: Floats, supply_c: Floats) -> Floats:
    """Return the flow at which no node's coolant leaves above the setpoint [kg/s].

    0 in air and out of service.

    Arguments of one shape: racks, heat as `Places.sized_w`, supply at each.
    """
    racks, circuits = arrays.racks, arrays.circuits
    flow = np.zeros(len(rack))
    wet = np.flatnonzero(racks.liquid_circuit[rack] >= 0)
    r = rack[wet]
    drive_k = np.maximum(racks.return_setpoint_c[r] - supply_c[wet], LEAST_DRIVE_K)
    wanted = sized_w[wet] / (circuits.cp_j_per_kg_k[racks.liquid_circuit[r]] * drive_k)
    wanted = np.clip(wanted, racks.flow_min_kg_per_s[r], racks.flow_max_kg_per_s[r])
    flow[wet] = wanted * racks.in_service[r]
    return flow


def rack_flows(ground: Ground, places: Places, supply_c: Floats) -> tuple[Floats, Floats]:
    """Return coolant flow [kg/s] and return temperature [C] of each place; 0, NaN in air.

    `supply_c` is every circuit's with each candidate's heat. Shape (candidates, circuits)
    """
    arrays = ground.plant.arrays
    flow, return_c = np.zeros(len(places.rack)), np.full(len(places.rack), np.nan)
    wet = np.flatnonzero(arrays.racks.liquid_circuit[places.rack] >= 0)
    if not len(wet):
        return flow, return_c
    here = Places(
        places.candidate[wet], places.rack[wet], places.sized_w[wet], places.liquid_w[wet]
    )
    k = arrays.racks.liquid_circuit[here.rack]
    inlet_c = supply_c[here.candidate, k]
    wanted = wanted_flows(arrays, here.rack, here.sized_w, inlet_c)
    flow[wet] = _given(ground, here, supply_c, wanted)
    with np.errstate(divide="ignore", invalid="ignore"):
        rise_k = here.liquid_w / (flow[wet] * arrays.circuits.cp_j_per_kg_k[k])
    return_c[wet] = np.where(flow[wet] > 0.0, inlet_c + rise_k, np.nan)
    return flow, return_c


def _given(ground: Ground, places: Places, supply_c: Floats, wanted: Floats) -> Floats:
    """Return what each place gets of the flow that it wants [kg/s].

    All racks of a circuit count, at the candidate's supply: those that it does not touch
    open their valves too when the supply warms up.
    """
    arrays, on = ground.plant.arrays, _racks_on_circuits(ground.plant)
    circuits, racks = len(ground.plant.circuit_names), len(ground.plant.rack_names)
    key = places.candidate * circuits + arrays.racks.liquid_circuit[places.rack]
    pairs, pair = distinct(key)
    candidate, k = pairs // circuits, pairs % circuits
    size = on.first[k + 1] - on.first[k]
    of = np.repeat(np.arange(len(pairs)), size)
    rack = on.rack[on.first[k][of] + np.arange(len(of)) - (np.cumsum(size) - size)[of]]
    asked = wanted_flows(arrays, rack, ground.rack_sized_w[rack], supply_c[candidate, k][of])
    mine = np.searchsorted(of * racks + rack, pair * racks + places.rack)
    asked[mine] = wanted
    flow: Floats = settled_flows(arrays, _Loops(k, of, rack, asked))[mine]
    return flow


class _Loops(NamedTuple):
    """Circuits to settle, each with its racks: one loop for each (candidate, circuit)."""

    circuit: Ints
    """Shape (loops,)"""
    of: Ints
    """Loop of each entry, shape (entries,), as the two below."""
    rack: Ints
    wanted: Floats


def settled_flows(arrays: Arrays, loops: _Loops) -> Floats:
    """Return the flow of every entry at rest [kg/s].

    Valves pass what is wanted where the pressure suffices and stand open where not; the pumps
    hold what they are set to as far as their curve reaches. Where all get what they want that
    is the answer; else the pressure difference at the racks is found by halving.
    """
    held = arrays.circuits.pump_control[loops.circuit] == HOLDS_FLOW
    total = sum_by(loops.of, loops.wanted, len(held))
    flow = _passed(arrays, loops, _left_pa(arrays, loops.circuit, total))
    short = held.copy()
    np.logical_or.at(short, loops.of, np.abs(flow - loops.wanted) > 1e-12)
    if not short.any():
        return flow
    entries, number = np.flatnonzero(short[loops.of]), np.cumsum(short) - 1
    rest = _Loops(
        loops.circuit[short], number[loops.of[entries]], loops.rack[entries], loops.wanted[entries]
    )
    low, high = np.zeros(len(rest.circuit)), np.full(len(rest.circuit), 4.0e5)
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        passed = sum_by(rest.of, _passed(arrays, rest, middle), len(middle))
        more = _left_pa(arrays, rest.circuit, passed) > middle
        low, high = np.where(more, middle, low), np.where(more, high, middle)
    flow[entries] = _passed(arrays, rest, low)
    return flow


def _left_pa(arrays: Arrays, k: Ints, total: Floats) -> Floats:
    """Return the pressure that is left for the racks when circuits give a flow [kg/s]."""
    c, x = arrays.circuits, arrays.exchangers
    cooled = sum_by(x.hot_circuit, x.in_service, len(c.kind))

    def head_pa(speed: Floats) -> Floats:
        rising = speed * c.pump_linear_pa_s_per_kg[k] * total
        rest_pa = speed * speed * c.pump_rest_pa[k]
        return np.asarray(rest_pa + rising + c.pump_square_pa_s2_per_kg2[k] * total * total)

    least_pa = head_pa(np.where(cooled[k] > 0.0, c.pump_speed_min[k], 0.0))
    most_pa = head_pa(np.where(cooled[k] > 0.0, c.pump_speed_max[k], 0.0))
    held_pa = np.clip(c.pump_setpoint_pa[k], least_pa, most_pa)
    to_flow_pa = np.where(total < c.pump_setpoint_kg_per_s[k], most_pa, least_pa)
    unit_pa = np.where(c.pump_control[k] == HOLDS_FLOW, to_flow_pa, held_pa)
    return np.asarray(unit_pa - c.loss_square_pa_s2_per_kg2[k] * total * total)


def _passed(arrays: Arrays, loops: _Loops, dp_pa: Floats) -> Floats:
    """Return the flow of every entry at its loop's pressure difference [kg/s]."""
    racks, r = arrays.racks, loops.rack
    linear, there_pa = racks.loss_linear_pa_s_per_kg[r], np.maximum(dp_pa[loops.of], 0.0)

    def through(opening: Floats) -> Floats:
        x = np.maximum(opening, SHUT)
        whole = racks.loss_square_pa_s2_per_kg2[r] + racks.valve_square_pa_s2_per_kg2[r] / x**2
        root = linear + np.sqrt(linear**2 + 4.0 * whole * there_pa)
        return np.where(opening > SHUT, 2.0 * there_pa / np.maximum(root, 1e-300), 0.0)

    free = arrays.circuits.pump_control[loops.circuit[loops.of]] == HOLDS_FLOW
    wanted = np.where(free & (loops.wanted > 0.0), np.inf, loops.wanted)
    least, most = through(racks.valve_opening_min[r]), through(racks.valve_opening_max[r])
    return np.clip(wanted, least, most)


class _OnCircuits(NamedTuple):
    """Liquid-cooled racks sorted by circuit."""

    rack: Ints
    first: Ints
    """Where each circuit begins, and the end. Shape (circuits + 1,)"""


@lru_cache(maxsize=8)
def _racks_on_circuits(plant: Plant) -> _OnCircuits:
    circuit = plant.arrays.racks.liquid_circuit
    rack = np.argsort(circuit, kind="stable")
    rack = rack[circuit[rack] >= 0]
    first = np.searchsorted(circuit[rack], np.arange(len(plant.circuit_names) + 1))
    return _OnCircuits(rack, first)
