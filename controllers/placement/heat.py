"""Temperatures and power at rest of the nodes that candidate places touch."""

from typing import NamedTuple

import numpy as np

from controllers.placement.ground import Ground, Here
from controllers.placement.hardware import Bodies, Devices, Servers, hardware_of
from controllers.placement.index import PlaceIndex
from controllers.placement.touched import Touched
from controllers.power_tree import power_tree
from site_models.arrays import Flags, Floats, Ints
from twin.gpu_rates import SMALLEST_FLOW_RATIO
from twin.nodes import AIR_CP_J_PER_KG_K, TRAY_AIR_RISE_K
from twin.physics.converters import converter_input_w
from twin.physics.law import borrowing, compiled_for
from twin.physics.movers import cube_law_power_w

HALVINGS = 12
"""Of the range of fan speeds: to 0.02 %."""


class Rest(NamedTuple):
    """What candidates come to at rest."""

    extremes: Floats
    """Of each candidate the hottest of the job's own GPUs [C], the least distance of any GPU or
    memory in the touched nodes to a limit [K], the least limit of its own [C]. Shape
    (candidates, 3)"""
    hot: Flags
    """Each row has a GPU or memory at its limit."""
    rack_w: Floats
    """Power at the inlet of each place's rack."""


def at_rest(
    index: PlaceIndex, ground: Ground, touched: Touched, supply_c: Floats, flow: Floats
) -> Rest:
    """Return what the touched nodes come to with the job on them.

    `supply_c` is every circuit's with each candidate's heat, shape (candidates, circuits); `flow`
    is that of each place's rack.
    """
    law = power_tree(index.plant).walk
    return Rest(
        *_at_rest(
            touched.chosen, touched.chosen_w, touched.place, touched.node, touched.first,
            touched.added_w, touched.candidate, touched.rack, supply_c, flow, ground.gpu_w,
            ground.node_dc_w, ground.node_w, ground.rack_nodes_w, law.node_law, law.rack_law,
            ground.here, *hardware_of(index.plant),
        )
    )  # fmt: skip


@borrowing
def _warmed_c(
    n: int,
    inlet_c: float,
    stream: float,
    watts: Floats,
    front_w: float,
    die_c: Floats,
    memory_c: Floats,
    servers: Servers,
    devices: Devices,
    bodies: Bodies,
) -> float:
    """Set die and memory temperature of a node's GPUs, given the flow through each [kg/s] and
    their power; return the hottest die [C].

    A GPU whose rise is a multiple of its model's is as warm as that multiple of its power. In
    air those behind others breathe what these, with `front_w` together, have warmed.
    """
    first, wet = servers.first_gpu[n], servers.liquid_circuit[n] >= 0
    flow, hottest_c, last, body_k_per_w = max(stream, 1e-12), -np.inf, -1, 0.0
    for i in range(servers.gpu_count[n]):
        q, heated_w = devices.group[first + i], watts[i] * devices.rise_factor[first + i]
        if q != last:
            ratio = max(flow / bodies.flow_reference_kg_per_s[q], SMALLEST_FLOW_RATIO)
            body_k_per_w = bodies.body_resistance_k_per_w[q] * ratio ** bodies.flow_exponent[q]
            last = q
        coolant_c = inlet_c + heated_w / (2.0 * flow * bodies.coolant_cp_j_per_kg_k[q])
        if not (devices.upstream[first + i] or wet):
            coolant_c += front_w / (servers.lanes[n] * flow * AIR_CP_J_PER_KG_K)
        body_c = coolant_c + body_k_per_w * heated_w
        die_c[i] = body_c + bodies.die_resistance_k_per_w[q] * heated_w
        memory_k_per_w = bodies.memory_resistance_k_per_w[q] * bodies.memory_share[q]
        memory_c[i] = body_c + memory_k_per_w * heated_w
        hottest_c = max(hottest_c, die_c[i])
    return hottest_c


@borrowing
def _held_speed(
    n: int,
    inlet_c: float,
    watts: Floats,
    front_w: float,
    die_c: Floats,
    memory_c: Floats,
    servers: Servers,
    devices: Devices,
    bodies: Bodies,
) -> float:
    """Return the speed at which the fans of a node in air hold their target, by halving."""
    least = servers.fan_speed_min[n]
    low, high = least, 1.0
    for _ in range(HALVINGS):
        speed = 0.5 * (low + high)
        stream = speed * servers.airflow_max_kg_per_s[n] / servers.lanes[n]
        hottest_c = _warmed_c(
            n, inlet_c, stream, watts, front_w, die_c, memory_c, servers, devices, bodies
        )
        above = (hottest_c - servers.fan_target_c[n]) / servers.fan_band_k[n] + 0.5
        if least + (1.0 - least) * above > speed:
            low = speed
        else:
            high = speed
    return high


@borrowing
def _tray_speed(n: int, added_w: float, servers: Servers, here: Here) -> float:
    """Return the speed at which the fans of a liquid-cooled node hold their air rise."""
    now_w = (here.outlet_c[n] - here.inlet_c[n]) * here.airflow_kg_per_s[n] * AIR_CP_J_PER_KG_K
    to_air = (1.0 - servers.liquid_share[n]) * servers.load_power_per_gpu_w[n]
    most_w = servers.airflow_max_kg_per_s[n] * AIR_CP_J_PER_KG_K * TRAY_AIR_RISE_K
    speed = (now_w + to_air * added_w) / max(most_w, 1e-9)
    return min(max(speed, servers.fan_speed_min[n]), 1.0)


@borrowing
def _rise_w(
    n: int, speed: float, added_w: float, dc_w: float, node_w: float, law: Floats,
    servers: Servers, here: Here,
) -> float:  # fmt: skip
    """Return what a node draws more with its fans at a speed and a rise of its GPUs [W]."""
    most_w = servers.fan_power_max_w[n]
    fans_w = cube_law_power_w(speed, most_w) - cube_law_power_w(here.fan_speed[n], most_w)
    dc_w += (1.0 + servers.load_power_per_gpu_w[n]) * added_w
    total_w = dc_w + max(fans_w, 0.0)
    return converter_input_w(total_w, law[n, 0], law[n, 1], law[n, 2], law[n, 3]) - node_w


@borrowing
def _watts(
    n: int,
    chosen: Ints,
    chosen_w: Floats,
    gpu_w: Floats,
    watts: Floats,
    servers: Servers,
    devices: Devices,
) -> float:
    """Set the power of a node's GPUs, the chosen ones with the job; return that of those that
    breathe first, or of all in liquid, together [W]."""
    first, wet, front_w, k = servers.first_gpu[n], servers.liquid_circuit[n] >= 0, 0.0, 0
    for i in range(servers.gpu_count[n]):
        watts[i] = gpu_w[first + i]
        if k < len(chosen) and chosen[k] == first + i:
            watts[i], k = chosen_w[k], k + 1
        if wet or devices.upstream[first + i]:
            front_w += watts[i]
    return front_w


@borrowing
def _settled_row(
    n: int,
    supply_c: Floats,
    flow: float,
    added_w: float,
    watts: Floats,
    front_w: float,
    die_c: Floats,
    memory_c: Floats,
    here: Here,
    servers: Servers,
    devices: Devices,
    bodies: Bodies,
) -> float:
    """Set the temperatures of a node's GPUs at rest; return the speed of its fans."""
    wet, air = servers.liquid_circuit[n], servers.air_circuit[n]
    if wet >= 0:
        inlet_c = supply_c[wet] + servers.coolant_rise_k[n]
        speed = _tray_speed(n, added_w, servers, here)
        stream = flow * (servers.liquid_flow_share[n] / max(servers.gpu_count[n], 1))
    else:
        inlet_c = here.inlet_c[n] + max(supply_c[air] - here.supply_c[air], 0.0)
        speed = _held_speed(
            n, inlet_c, watts, front_w, die_c, memory_c, servers, devices, bodies
        )
        stream = speed * servers.airflow_max_kg_per_s[n] / servers.lanes[n]
    _warmed_c(n, inlet_c, stream, watts, front_w, die_c, memory_c, servers, devices, bodies)
    return speed


@borrowing
def _noted(
    n: int,
    chosen: Ints,
    die_c: Floats,
    memory_c: Floats,
    extremes: Floats,
    servers: Servers,
    devices: Devices,
) -> bool:
    """Note a node's temperatures in its candidate's extremes; return whether one is at its
    limit."""
    first, least_k = servers.first_gpu[n], np.inf
    for i in range(servers.gpu_count[n]):
        die_k = devices.temp_limit_c[first + i] - die_c[i]
        least_k = min(least_k, min(die_k, devices.memory_limit_c[first + i] - memory_c[i]))
    for g in chosen:
        extremes[0] = max(extremes[0], die_c[g - first])
        extremes[2] = min(extremes[2], devices.temp_limit_c[g])
    extremes[1] = min(extremes[1], least_k)
    return least_k <= 0.0


@compiled_for(
    "Tuple((f8[:,::1], b1[::1], f8[::1]))(i8[::1], f8[::1], i8[::1], i8[::1], i8[::1], f8[::1],"
    " i8[::1], i8[::1], f8[:,::1], f8[::1], f8[::1], f8[::1], f8[::1], f8[::1], f8[:,::1],"
    " f8[:,::1])",
    Here,
    Servers,
    Devices,
    Bodies,
)
def _at_rest(
    chosen: Ints,
    chosen_w: Floats,
    place: Ints,
    node: Ints,
    first: Ints,
    added_w: Floats,
    candidate: Ints,
    rack: Ints,
    supply_c: Floats,
    flow: Floats,
    gpu_w: Floats,
    node_dc_w: Floats,
    node_w: Floats,
    rack_nodes_w: Floats,
    node_law: Floats,
    rack_law: Floats,
    here: Here,
    servers: Servers,
    devices: Devices,
    bodies: Bodies,
) -> tuple[Floats, Flags, Floats]:
    """Return the fields of `Rest`: arguments as `Touched` and `Ground` have them, the laws of
    nodes and racks as `controllers.tree_walk.Walk`."""
    extremes, hot = np.empty((len(supply_c), 3)), np.zeros(len(node), np.bool_)
    extremes[:, 0], extremes[:, 1:] = -np.inf, np.inf
    most, more_w = servers.gpu_count.max(), np.zeros(len(rack))
    watts, die_c, memory_c = np.empty(most), np.empty(most), np.empty(most)
    for r in range(len(node)):
        n, p = node[r], place[r]
        c, mine = candidate[p], slice(first[r], first[r + 1])
        front_w = _watts(n, chosen[mine], chosen_w[mine], gpu_w, watts, servers, devices)
        speed = _settled_row(
            n, supply_c[c], flow[p], added_w[r], watts, front_w, die_c, memory_c, here, servers,
            devices, bodies,
        )  # fmt: skip
        hot[r] = _noted(n, chosen[mine], die_c, memory_c, extremes[c], servers, devices)
        more_w[p] += _rise_w(
            n, speed, added_w[r], node_dc_w[n], node_w[n], node_law, servers, here
        )
    for p in range(len(rack)):
        r, law = rack[p], rack_law[rack[p]]
        more_w[p] = converter_input_w(rack_nodes_w[r] + more_w[p], law[0], law[1], law[2], law[3])
    return extremes, hot, more_w
