"""One node at rest: what its GPUs come to, at what speed its fans turn. Compiled."""

import numpy as np

from controllers.placement.ground import Here
from controllers.placement.hardware import Bodies, Devices, Servers
from site_models.arrays import Floats, Ints
from twin.physics.converters import converter_input_w
from twin.physics.law import borrowing
from twin.physics.movers import cube_law_power_w
from twin.servers.gpu_rates import SMALLEST_FLOW_RATIO
from twin.servers.nodes import AIR_CP_J_PER_KG_K, TRAY_AIR_RISE_K

HALVINGS = 12
"""Of the range of fan speeds: to 0.02 %."""


@borrowing
def _body_k_per_w(q: int, flow: float, last: Floats, bodies: Bodies) -> float:
    """Return the resistance between coolant and body of a group's GPUs at a flow [K/W].

    `last` are flow, group and resistance of the last question: most nodes are as the one before.
    """
    if last[0] != flow or last[1] != q:
        ratio = max(flow / bodies.flow_reference_kg_per_s[q], SMALLEST_FLOW_RATIO)
        last[2] = bodies.body_resistance_k_per_w[q] * ratio ** bodies.flow_exponent[q]
        last[0], last[1] = flow, q
    return float(last[2])


@borrowing
def _warmed_c(
    n: int,
    inlet_c: float,
    stream: float,
    watts: Floats,
    front_w: float,
    die_c: Floats,
    memory_c: Floats,
    last: Floats,
    servers: Servers,
    devices: Devices,
    bodies: Bodies,
) -> float:
    """Set die and memory temperature of a node's GPUs, given the flow through each [kg/s] and
    their power; return the hottest die [C].

    A GPU whose rise is a multiple of its model's is as warm as that multiple of its power. In
    air those behind others breathe what these, with `front_w` together, have warmed.
    """
    first, count, wet = servers.first_gpu[n], servers.gpu_count[n], servers.liquid_circuit[n] >= 0
    group, upstream = devices.group[first : first + count], devices.upstream[first : first + count]
    factor, flow = devices.rise_factor[first : first + count], max(stream, 1e-12)
    front_k = front_w / (servers.lanes[n] * flow * AIR_CP_J_PER_KG_K)
    hottest_c, q = -np.inf, -1
    half_w_per_k = body_k_per_w = die_k_per_w = memory_k_per_w = 0.0
    for i in range(count):
        if group[i] != q:
            q = group[i]
            half_w_per_k = 2.0 * flow * bodies.coolant_cp_j_per_kg_k[q]
            body_k_per_w = _body_k_per_w(q, flow, last, bodies)
            die_k_per_w = bodies.die_resistance_k_per_w[q]
            memory_k_per_w = bodies.memory_resistance_k_per_w[q] * bodies.memory_share[q]
        heated_w = watts[i] * factor[i]
        coolant_c = inlet_c + heated_w / half_w_per_k
        if not (wet or upstream[i]):
            coolant_c += front_k
        body_c = coolant_c + body_k_per_w * heated_w
        die_c[i] = body_c + die_k_per_w * heated_w
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
    last: Floats,
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
            n, inlet_c, stream, watts, front_w, die_c, memory_c, last, servers, devices, bodies
        )
        above = (hottest_c - servers.fan_target_c[n]) / servers.fan_band_k[n] + 0.5
        if least + (1.0 - least) * above > speed:
            low = speed
        else:
            high = speed
    return float(high)


@borrowing
def _tray_speed(n: int, added_w: float, servers: Servers, here: Here) -> float:
    """Return the speed at which the fans of a liquid-cooled node hold their air rise."""
    now_w = (here.outlet_c[n] - here.inlet_c[n]) * here.airflow_kg_per_s[n] * AIR_CP_J_PER_KG_K
    to_air = (1.0 - servers.liquid_share[n]) * servers.load_power_per_gpu_w[n]
    most_w = servers.airflow_max_kg_per_s[n] * AIR_CP_J_PER_KG_K * TRAY_AIR_RISE_K
    speed = (now_w + to_air * added_w) / max(most_w, 1e-9)
    return float(min(max(speed, servers.fan_speed_min[n]), 1.0))


@borrowing
def rise_w(
    n: int, speed: float, added_w: float, dc_w: float, node_w: float, law: Floats,
    servers: Servers, here: Here,
) -> float:  # fmt: skip
    """Return what a node draws more with its fans at a speed and a rise of its GPUs [W]."""
    most_w = servers.fan_power_max_w[n]
    fans_w = cube_law_power_w(speed, most_w) - cube_law_power_w(here.fan_speed[n], most_w)
    dc_w += (1.0 + servers.load_power_per_gpu_w[n]) * added_w
    total_w = dc_w + max(fans_w, 0.0)
    after_w = converter_input_w(total_w, law[n, 0], law[n, 1], law[n, 2], law[n, 3])
    return float(after_w - node_w)


@borrowing
def watts_of(
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
    first, count, wet = servers.first_gpu[n], servers.gpu_count[n], servers.liquid_circuit[n] >= 0
    mine_w, upstream = gpu_w[first : first + count], devices.upstream[first : first + count]
    front_w, k = 0.0, 0
    for i in range(count):
        watts[i] = mine_w[i]
        if k < len(chosen) and chosen[k] == first + i:
            watts[i], k = chosen_w[k], k + 1
        if wet or upstream[i]:
            front_w += watts[i]
    return front_w


@borrowing
def settled_node(
    n: int,
    supply_c: Floats,
    flow: float,
    added_w: float,
    watts: Floats,
    front_w: float,
    die_c: Floats,
    memory_c: Floats,
    last: Floats,
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
            n, inlet_c, watts, front_w, die_c, memory_c, last, servers, devices, bodies
        )
        stream = speed * servers.airflow_max_kg_per_s[n] / servers.lanes[n]
    _warmed_c(n, inlet_c, stream, watts, front_w, die_c, memory_c, last, servers, devices, bodies)
    return speed


@borrowing
def noted(
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
    first, count, least_k = servers.first_gpu[n], servers.gpu_count[n], np.inf
    die_limit_c = devices.temp_limit_c[first : first + count]
    memory_limit_c = devices.memory_limit_c[first : first + count]
    for i in range(count):
        least_k = min(least_k, min(die_limit_c[i] - die_c[i], memory_limit_c[i] - memory_c[i]))
    hottest_c, limit_c = extremes[0], extremes[2]
    for g in chosen:
        hottest_c, limit_c = max(hottest_c, die_c[g - first]), min(limit_c, die_limit_c[g - first])
    extremes[0], extremes[1], extremes[2] = hottest_c, min(extremes[1], least_k), limit_c
    return least_k <= 0.0
