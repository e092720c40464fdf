"""What a facility water circuit would draw at rest at other setpoints, by the plant's own laws.

The twin's step tells it exactly and slowly; here whole grids of setpoints are weighed in a few
milliseconds, with today's heat and weather. Checked against plants brought to rest by the twin
in ``tests/controllers/test_cooling_cost.py``.
"""

from typing import NamedTuple

import numpy as np

from controllers.loop_need import held_pa, needed_flow_kg_per_s, pump_power_w
from controllers.room_air import air_side
from controllers.water_loops import Water, pumped_loops
from site_models.arrays import Floats, Ints
from site_models.plant import AIR, Plant
from twin.physics.cooling_tower import blowdown_kg_per_s
from twin.physics.heat_exchange import (
    counterflow_effectiveness,
    crossflow_effectiveness,
    exchanged_heat_w,
    ua_off_design,
)
from twin.physics.moist_air import evaporation_heat_j_per_kg
from twin.physics.movers import cube_law_power_w, held_head_power_w, second_law_cop
from twin.rejection import WETTING_STARTS
from twin.state import Inputs, State

TURNS = 16
"""Halvings of an opening: to a hundred-thousandth."""
SHORT_WEIGHT = 10.0
"""Heat that cannot be carried counts as this many times its power: never worth it."""


class Course(NamedTuple):
    """Setpoints to weigh, a row each."""

    water_c: Floats
    """Shape (n,)"""
    user_c: Floats
    """What each user supplies to its loop or hall. Shape (n, users)"""


class Drawn(NamedTuple):
    """What a plant would draw, and would fail to carry. Each of shape (n,)."""

    cooling_w: Floats
    """Pumps, fans and chillers."""
    it_w: Floats
    """Above what IT draws now: leakage, and fans of servers."""
    water_kg_per_s: Floats
    short_w: Floats


class Sides(NamedTuple):
    """Hot streams of the users. Each of shape (n, users)."""

    heat_w: Floats
    flow: Floats
    return_c: Floats


def drawn(
    plant: Plant, state: State, inputs: Inputs, water: Water, sized_w: Floats, course: Course
) -> Drawn:
    """Return what each course would draw once at rest, with heat and weather as they are.

    `sized_w` is the heat that sizes each rack's flow, shape (racks,). For circuits that are
    cooled by coils in outdoor air and chillers of the second law: see `weighable`.
    """
    hot, movers_w, it_w = _users(plant, state, water, sized_w, course)
    flow, short_w = _cold_flow(plant, water, course, hot)
    circuits, k = plant.arrays.circuits, water.circuit
    total = np.clip(flow.sum(axis=1), circuits.flow_min_kg_per_s[k], circuits.flow_max_kg_per_s[k])
    pump_w = held_head_power_w(
        total / circuits.flow_max_kg_per_s[k],
        circuits.mover_power_max_w[k],
        circuits.held_head_share[k],
    )
    heat_w = hot.heat_w.sum(axis=1) + pump_w
    rejected = _rejected(plant, inputs, water, course.water_c, heat_w, total)
    return Drawn(
        movers_w + pump_w + rejected.cooling_w,
        it_w,
        rejected.water_kg_per_s,
        short_w + rejected.short_w,
    )


def weighable(plant: Plant, water: Water) -> bool:
    """Return whether `drawn` knows all that cools a circuit."""
    x, chillers = plant.arrays.exchangers, plant.arrays.chillers
    coils = (x.tower[water.holders] < 0) & ~x.economiser[water.holders]
    alone = chillers.capacity_curve[water.chillers] < 0
    return bool(coils.all() and alone.all())


def _users(
    plant: Plant, state: State, water: Water, sized_w: Floats, course: Course
) -> tuple[Sides, Floats, Floats]:
    """Return the users' hot streams, what moves them and what IT draws more than now [W]."""
    x, circuits = plant.arrays.exchangers, plant.arrays.circuits
    heat_w = np.zeros_like(course.user_c)
    flow, movers_w = heat_w.copy(), np.zeros(len(heat_w))
    it_w = movers_w.copy()
    loops = pumped_loops(plant)
    for k in np.unique(x.hot_circuit[water.users]):
        mine = np.flatnonzero((x.hot_circuit[water.users] == k) & x.in_service[water.users])
        if not len(mine):
            continue
        part = x.hot_flow_rated_kg_per_s[water.users[mine]]
        part = part / part.sum()
        supply_c = course.user_c[:, mine[0]]
        if circuits.kind[k] == AIR:
            given_w = float(state.exchanger_heat_w[water.users[mine]].sum())
            total, fans_w, more_w = air_side(plant, state, int(k), supply_c)
            given = given_w + more_w
        elif int(k) in loops:
            racks = loops[int(k)]
            total, fans_w, more_w = _loop_side(plant, state, int(k), racks, sized_w, supply_c)
            given = float(state.rack_liquid_heat_w[racks].sum()) + more_w
        else:
            continue
        heat_w[:, mine] = given[:, None] * part
        flow[:, mine] = total[:, None] * part
        movers_w += fans_w
        it_w += more_w
    rate = np.maximum(flow * circuits.cp_j_per_kg_k[x.hot_circuit[water.users]], 1e-9)
    return Sides(heat_w, flow, course.user_c + heat_w / rate), movers_w, it_w


def _loop_side(
    plant: Plant, state: State, k: int, racks: Ints, sized_w: Floats, supply_c: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return flow [kg/s] and pump power of a loop, and what its GPUs leak more than now [W]."""
    flow = needed_flow_kg_per_s(plant, racks, sized_w[racks], supply_c[:, None])
    total = flow.sum(axis=1)
    outside_pa = held_pa(plant, k, racks, flow)
    leaked_w = _leaked_w(plant, state, k, racks, flow, supply_c)
    return total, pump_power_w(plant, k, total, outside_pa), leaked_w


def _leaked_w(
    plant: Plant, state: State, k: int, racks: Ints, flow: Floats, supply_c: Floats
) -> Floats:
    """Return what the GPUs of a loop would leak above what they leak now [W], to first order."""
    gpus, groups, nodes = plant.arrays.gpus, plant.arrays.groups, plant.arrays.nodes
    mine = np.flatnonzero(nodes.liquid_circuit[gpus.node] == k)
    if not len(mine):
        return np.zeros(len(supply_c))
    q, node = gpus.group[mine], gpus.node[mine]
    rate = groups.leakage_rate_per_k[q]
    over_k = state.gpu_temp_c[mine] - groups.working_temp_c[q]
    slope = gpus.leakage_w[mine] * rate * np.exp(rate * over_k) * (state.gpu_power_w[mine] > 0.0)
    now = np.maximum(state.rack_flow_kg_per_s[nodes.rack[node]], 1e-6)
    each = now * nodes.liquid_flow_share[node] / nodes.gpu_count[node]
    each = np.maximum(each, 1e-9)
    ratio = each / groups.flow_reference_kg_per_s[q]
    body = groups.body_resistance_k_per_w[q] * ratio ** groups.flow_exponent[q]
    stream = 0.5 / (each * groups.coolant_cp_j_per_kg_k[q])
    place = np.searchsorted(racks, nodes.rack[node])
    power_w = state.gpu_power_w[mine]
    by_rack = np.bincount(place, slope, len(racks))
    by_body = np.bincount(place, slope * power_w * body, len(racks))
    by_stream = np.bincount(place, slope * power_w * stream, len(racks))
    against = np.maximum(flow, 1e-6) / np.maximum(state.rack_flow_kg_per_s[racks], 1e-6)
    exponent = float(groups.flow_exponent[q[0]])
    warmer_k = supply_c - state.circuit_delivered_c[k]
    leaked_w = warmer_k * by_rack.sum()
    leaked_w = leaked_w + ((against**exponent - 1.0) * by_body).sum(axis=1)
    return np.asarray(leaked_w + ((1.0 / against - 1.0) * by_stream).sum(axis=1))


def _cold_flow(plant: Plant, water: Water, course: Course, hot: Sides) -> tuple[Floats, Floats]:
    """Return the water that each user draws [kg/s] and the heat that is not carried [W]."""
    x, circuits, users = plant.arrays.exchangers, plant.arrays.circuits, water.users
    hot_rate = hot.flow * circuits.cp_j_per_kg_k[x.hot_circuit[users]]
    hot_ratio = hot.flow / x.hot_flow_rated_kg_per_s[users]
    difference_k = np.maximum(hot.return_c - course.water_c[:, None], 0.0)

    def carried_w(opening: Floats) -> Floats:
        cold_rate = opening * x.cold_flow_rated_kg_per_s[users] * x.cold_cp_j_per_kg_k[users]
        return _through_plates(plant, users, hot_rate, cold_rate, hot_ratio, opening, difference_k)

    low = np.broadcast_to(x.opening_min[users], hot.flow.shape).copy()
    high = np.broadcast_to(x.opening_max[users], hot.flow.shape).copy()
    short_w = np.maximum(hot.heat_w - carried_w(high), 0.0) * (hot.heat_w > 0.0)
    for _ in range(TURNS):
        middle = 0.5 * (low + high)
        enough = carried_w(middle) >= hot.heat_w
        high, low = np.where(enough, middle, high), np.where(enough, low, middle)
    drawn_kg_per_s = high * x.cold_flow_rated_kg_per_s[users] * x.in_service[users]
    return drawn_kg_per_s, short_w.sum(axis=1)


def _through_plates(
    plant: Plant,
    units: Ints,
    hot_rate: Floats,
    cold_rate: Floats,
    hot_ratio: Floats,
    cold_ratio: Floats,
    difference_k: Floats,
) -> Floats:
    x = plant.arrays.exchangers
    ua = ua_off_design(x.ua_rated_w_per_k[units], x.hot_share[units], hot_ratio, cold_ratio)
    smaller = np.maximum(np.minimum(hot_rate, cold_rate), 1e-9)
    against = smaller / np.maximum(np.maximum(hot_rate, cold_rate), 1e-9)
    law = crossflow_effectiveness if x.cold_circuit[units[0]] < 0 else counterflow_effectiveness
    return exchanged_heat_w(law(ua / smaller, against), hot_rate, cold_rate, difference_k)


def _rejected(
    plant: Plant, inputs: Inputs, water: Water, water_c: Floats, heat_w: Floats, total: Floats
) -> Drawn:
    """Return what coolers and chillers draw to take a heat off water at these temperatures."""
    x, circuits = plant.arrays.exchangers, plant.arrays.circuits
    units = water.holders[x.in_service[water.holders]]
    if not len(units):
        return _chilled(plant, inputs, water, water_c, heat_w)
    share = x.hot_flow_rated_kg_per_s[units] / x.hot_flow_rated_kg_per_s[units].sum()
    hot_flow = total[:, None] * share
    hot_rate = hot_flow * circuits.cp_j_per_kg_k[water.circuit]
    hot_ratio = hot_flow / x.hot_flow_rated_kg_per_s[units]
    return_c = water_c + heat_w / np.maximum(hot_rate.sum(axis=1), 1e-9)
    dry_c, wet_c = inputs.dry_bulb_c, inputs.wet_bulb_c
    coldest_c = dry_c - x.adiabatic_effectiveness[units] * (dry_c - wet_c)
    wanted_k = np.maximum(return_c - water_c, 1.0)[:, None]
    most = np.clip((return_c[:, None] - coldest_c) / wanted_k, x.opening_min[units], 1.0)

    def cooled(opening: Floats) -> tuple[Floats, Floats]:
        wetted = np.maximum((opening - WETTING_STARTS) / (1.0 - WETTING_STARTS), 0.0)
        air_k = wetted * x.adiabatic_effectiveness[units] * (dry_c - wet_c)
        rate = opening * x.cold_flow_rated_kg_per_s[units] * x.cold_cp_j_per_kg_k[units]
        difference_k = np.maximum(return_c[:, None] - dry_c + air_k, 0.0)
        heat = _through_plates(plant, units, hot_rate, rate, hot_ratio, opening, difference_k)
        return heat, rate * air_k

    part_w = heat_w[:, None] * share
    low, high = np.broadcast_to(x.opening_min[units], most.shape).copy(), most
    for _ in range(TURNS):
        middle = 0.5 * (low + high)
        enough = cooled(middle)[0] >= part_w
        high, low = np.where(enough, middle, high), np.where(enough, low, middle)
    given_w, vapour_w = cooled(high)
    fans_w = cube_law_power_w(high, x.fan_power_max_w[units]).sum(axis=1)
    left_w = np.maximum(heat_w - np.minimum(given_w, part_w).sum(axis=1), 0.0)
    gone = vapour_w / evaporation_heat_j_per_kg(wet_c)
    made_up = gone + blowdown_kg_per_s(gone, x.concentration_cycles[units])
    more = _chilled(plant, inputs, water, water_c, left_w)
    return Drawn(fans_w + more.cooling_w, fans_w * 0.0, made_up.sum(axis=1), more.short_w)


def _chilled(plant: Plant, inputs: Inputs, water: Water, water_c: Floats, left_w: Floats) -> Drawn:
    """Return what chillers draw for the heat that coolers leave, and what is left even then."""
    chillers, none = plant.arrays.chillers, np.zeros_like(left_w)
    units = water.chillers[chillers.in_service[water.chillers]]
    if not len(units):
        return Drawn(none, none, none, left_w)
    x = plant.arrays.exchangers
    above_k = chillers.trim_setpoint_c[units[0]] - float(x.setpoint_c[water.holders].min())
    able_w = float(chillers.capacity_w[units].sum())
    taken_w = np.minimum(left_w, able_w)
    condensing_c = inputs.dry_bulb_c + chillers.condenser_approach_k[units[0]]
    cop = second_law_cop(water_c + above_k, condensing_c, chillers.second_law_efficiency[units[0]])
    return Drawn(taken_w / cop, none, none, left_w - taken_w)
