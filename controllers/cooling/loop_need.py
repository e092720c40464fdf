"""The coolant flow that the racks of a loop need at a supply temperature, and what it costs."""

import numpy as np

from site_models.arrays import Floats, Ints
from site_models.plant import HOLDS_FLOW, Plant
from twin.state import State

LEAST_DRIVE_K = 0.5
"""As the racks' valves have it: supply this close to the return setpoint asks for everything."""
VALVE_TARGET = 0.95
"""Opening that the widest valve of a loop is to have: its racks can still ask for more."""


def sized_heat_w(plant: Plant, state: State, gpu_w: Floats, rack_w: Floats) -> Floats:
    """Return the heat that sizes each rack's flow when its parts draw these powers [W].

    Each tray gets a fixed part of the rack's flow; the warmest one sizes the whole. `gpu_w` has
    shape (GPUs,), `rack_w` (racks,), the loads of lumped racks. Shape (racks,)
    """
    nodes, racks, gpus = plant.arrays.nodes, plant.arrays.racks, plant.arrays.gpus
    boards_w = np.bincount(gpus.node, gpu_w, len(nodes.rack))
    above_w = np.bincount(gpus.node, np.maximum(gpu_w - gpus.idle_power_w, 0.0), len(nodes.rack))
    others_w = nodes.base_power_w + nodes.load_power_per_gpu_w * above_w
    heat_w = boards_w + nodes.liquid_share * others_w
    wet = nodes.liquid_flow_share > 0.0
    as_rack_w = np.where(wet, heat_w / np.where(wet, nodes.liquid_flow_share, 1.0), 0.0)
    sized_w = np.zeros(len(racks.row))
    np.maximum.at(sized_w, nodes.rack, as_rack_w * state.rack_powered[nodes.rack])
    return np.where(racks.lumped, rack_w * racks.lumped_liquid_share, sized_w)


def needed_flow_kg_per_s(
    plant: Plant, racks: Ints, sized_w: Floats, supply_c: float | Floats
) -> Floats:
    """Return the flow at which no coolant leaves the racks warmer than they allow [kg/s].

    The rule of the racks' own valves and of the vendors' tables. `sized_w` has shape (racks
    given,), `supply_c` any shape (..., racks given), which is that of the result.
    """
    all_racks, circuits = plant.arrays.racks, plant.arrays.circuits
    cp = circuits.cp_j_per_kg_k[all_racks.liquid_circuit[racks]]
    drive_k = np.maximum(all_racks.return_setpoint_c[racks] - supply_c, LEAST_DRIVE_K)
    flow = np.clip(
        sized_w / (cp * drive_k),
        all_racks.flow_min_kg_per_s[racks],
        all_racks.flow_max_kg_per_s[racks],
    )
    return np.asarray(flow * all_racks.in_service[racks], np.float64)


def held_pa(plant: Plant, circuit: int, racks: Ints, flow: Floats) -> Floats:
    """Return the pressure difference at a unit's outlet that passes these flows [Pa].

    By the rack that needs most, its valve at VALVE_TARGET, and what the headers lose at the sum.
    `flow` has shape (..., racks given); the result is without that axis.
    """
    r, circuits = plant.arrays.racks, plant.arrays.circuits
    opening = 1.0 if circuits.pump_control[circuit] == HOLDS_FLOW else VALVE_TARGET
    square = r.loss_square_pa_s2_per_kg2[racks] + r.valve_square_pa_s2_per_kg2[racks] / opening**2
    racks_pa = np.max(flow * (square * flow + r.loss_linear_pa_s_per_kg[racks]), axis=-1)
    total = flow.sum(axis=-1)
    return np.asarray(racks_pa + circuits.loss_square_pa_s2_per_kg2[circuit] * total * total)


def flow_share(plant: Plant, circuit: int, racks: Ints, flow: Floats) -> Floats:
    """Return what a loop's pumps must hold to pass these flows, over what they were built for.

    Flow, or pressure by its square root. Shape as `held_pa`.
    """
    circuits = plant.arrays.circuits
    if circuits.pump_control[circuit] == HOLDS_FLOW:
        return np.asarray(flow.sum(axis=-1) / circuits.pump_setpoint_kg_per_s[circuit])
    square = held_pa(plant, circuit, racks, flow) / circuits.pump_setpoint_pa[circuit]
    return np.asarray(np.sqrt(square))


def pump_power_w(plant: Plant, circuit: int, total: Floats, outside_pa: Floats) -> Floats:
    """Return what a unit's pumps draw for a flow [kg/s] against a head outside [W]."""
    c = plant.arrays.circuits
    lifted_pa = outside_pa + c.pump_inner_pa_s2_per_kg2[circuit] * total * total
    volume_m3_per_s = total / c.density_kg_per_m3[circuit]
    return np.asarray(lifted_pa * volume_m3_per_s / c.pump_efficiency[circuit])


def warmest_supply_c(plant: Plant, gpu_w: Floats, rack_flow: Floats) -> Floats:
    """Return the warmest supply at which each GPU would stand at its limit [C].

    The limit of its die, or of its memory where that is nearer, less what it would rise over the
    supply at rest, drawing `gpu_w` at these rack flows [kg/s]. Infinite for GPUs in air.
    Shape (GPUs,)
    """
    gpus, groups, nodes = plant.arrays.gpus, plant.arrays.groups, plant.arrays.nodes
    node, q = gpus.node, gpus.group
    wet = nodes.liquid_circuit[node] >= 0
    flow = rack_flow[nodes.rack[node]] * nodes.liquid_flow_share[node]
    flow = np.maximum(flow / np.maximum(nodes.gpu_count[node], 1), 1e-6)
    ratio = flow / groups.flow_reference_kg_per_s[q]
    body = groups.body_resistance_k_per_w[q] * ratio ** groups.flow_exponent[q]
    body = body + 0.5 / (flow * groups.coolant_cp_j_per_kg_k[q])
    memory = groups.memory_share[q] * groups.memory_resistance_k_per_w[q]
    die_left_c = gpus.temp_limit_c - gpus.rise_factor * gpu_w * (
        body + groups.die_resistance_k_per_w[q]
    )
    memory_left_c = gpus.memory_limit_c - gpus.rise_factor * gpu_w * (body + memory)
    left_c = np.minimum(die_left_c, memory_left_c) - nodes.coolant_rise_k[node]
    return np.where(wet, left_c, np.inf)
