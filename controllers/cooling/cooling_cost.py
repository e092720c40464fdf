"""What a facility water circuit would draw at rest at other setpoints, by the plant's own laws.

The twin's step tells it exactly and slowly; here whole grids of setpoints are weighed in a few
milliseconds, with today's heat and weather. Checked against plants brought to rest by the twin
in ``tests/controllers/cooling/test_cooling_cost.py``.
"""

from typing import NamedTuple

import numpy as np

from controllers.cooling.coil_cost import TURNS, Staging, exchanged_w
from controllers.cooling.loop_need import held_pa, needed_flow_kg_per_s, pump_power_w
from controllers.cooling.rejection_cost import Drawn, coils_of, rejected, spare_w, trims_above_k
from controllers.cooling.room_air import air_side
from controllers.cooling.water_loops import Water, pumped_loops
from site_models.arrays import Floats, Ints
from site_models.plant import AIR, Plant
from twin.physics.movers import held_head_power_w
from twin.state import Inputs, State


class Course(NamedTuple):
    """Setpoints to weigh, a row each."""

    water_c: Floats
    """Shape (n,)"""
    user_c: Floats
    """What each user supplies to its loop or hall. Shape (n, users)"""
    staging: Staging | None = None
    """None: the coolers all follow one setpoint."""


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
    stands_c = _stands_c(plant, inputs, water, course, hot)
    total, pump_w, short_w = _moved(plant, water, stands_c, hot)
    heat_w = hot.heat_w.sum(axis=1) + pump_w
    outdoors = rejected(
        plant, inputs, water, course.water_c, heat_w, total, course.staging, stands_c
    )
    return Drawn(
        movers_w + pump_w + outdoors.cooling_w,
        it_w,
        outdoors.water_kg_per_s,
        short_w + outdoors.short_w,
        outdoors.full,
    )


def weighable(plant: Plant, water: Water) -> bool:
    """Return whether `drawn` knows all that cools a circuit."""
    x, chillers = plant.arrays.exchangers, plant.arrays.chillers
    coils = (x.tower[water.holders] < 0) & ~x.economiser[water.holders]
    alone = chillers.capacity_curve[water.chillers] < 0
    return bool(coils.all() and alone.all())


def _stands_c(plant: Plant, inputs: Inputs, water: Water, course: Course, hot: Sides) -> Floats:
    """Return where the water stands: at its setpoint, or warmer where its coolers fall short.

    Chillers take over at their distance above the setpoint: the users then have that much
    warmer water, draw more of it, and bring it back to the coolers less warm.
    """
    above_k = trims_above_k(plant, water)
    if above_k <= 0.0:
        return course.water_c
    spare = []
    for stands_c in (course.water_c, course.water_c + above_k):
        total, pump_w, _ = _moved(plant, water, stands_c, hot)
        heat_w = hot.heat_w.sum(axis=1) + pump_w
        coils = coils_of(plant, inputs, water, (course.water_c, stands_c), heat_w, total)
        spare.append(spare_w(coils, heat_w))
    lacking_w = np.maximum(-spare[0], 0.0)
    part = np.where(spare[1] > 0.0, lacking_w / np.maximum(lacking_w + spare[1], 1e-9), 1.0)
    return np.asarray(course.water_c + np.where(lacking_w > 0.0, part, 0.0) * above_k)


def _moved(
    plant: Plant, water: Water, stands_c: Floats, hot: Sides
) -> tuple[Floats, Floats, Floats]:
    """Return a water's flow [kg/s], its pumps' power and the heat that is not carried [W]."""
    flow, short_w = _cold_flow(plant, water, stands_c, hot)
    circuits, k = plant.arrays.circuits, water.circuit
    most = circuits.flow_max_kg_per_s[k]
    total = np.clip(flow.sum(axis=1), circuits.flow_min_kg_per_s[k], most)
    pump_w = held_head_power_w(
        total / most, circuits.mover_power_max_w[k], circuits.held_head_share[k]
    )
    return total, np.asarray(pump_w), short_w


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
            given = given_w + more_w + fans_w - state.circuit_mover_power_w[k]
        elif int(k) in loops:
            racks = loops[int(k)]
            total, fans_w, more_w = _loop_side(plant, state, int(k), racks, sized_w, supply_c)
            given = float(state.rack_liquid_heat_w[racks].sum()) + more_w + fans_w
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


def _cold_flow(plant: Plant, water: Water, stands_c: Floats, hot: Sides) -> tuple[Floats, Floats]:
    """Return the water that each user draws [kg/s] and the heat that is not carried [W]."""
    x, circuits, users = plant.arrays.exchangers, plant.arrays.circuits, water.users
    hot_rate = hot.flow * circuits.cp_j_per_kg_k[x.hot_circuit[users]]
    hot_ratio = hot.flow / x.hot_flow_rated_kg_per_s[users]
    difference_k = np.maximum(hot.return_c - stands_c[:, None], 0.0)

    def carried_w(opening: Floats) -> Floats:
        cold_rate = opening * x.cold_flow_rated_kg_per_s[users] * x.cold_cp_j_per_kg_k[users]
        return exchanged_w(plant, users, hot_rate, cold_rate, hot_ratio, opening, difference_k)

    low = np.broadcast_to(x.opening_min[users], hot.flow.shape).copy()
    high = np.broadcast_to(x.opening_max[users], hot.flow.shape).copy()
    short_w = np.maximum(hot.heat_w - carried_w(high), 0.0) * (hot.heat_w > 0.0)
    for _ in range(TURNS):
        middle = 0.5 * (low + high)
        enough = carried_w(middle) >= hot.heat_w
        high, low = np.where(enough, middle, high), np.where(enough, low, middle)
    drawn_kg_per_s = high * x.cold_flow_rated_kg_per_s[users] * x.in_service[users]
    return drawn_kg_per_s, short_w.sum(axis=1)
