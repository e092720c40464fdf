"""How hot GPUs get behind the flow that their node gives them: one compiled walk over them."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from controllers.gather import sum_by
from site_models.arrays import Flags, Floats, Ints
from site_models.plant import Plant
from twin.gpu_rates import SMALLEST_FLOW_RATIO
from twin.nodes import AIR_CP_J_PER_KG_K
from twin.physics.law import compiled_for


class Chains(NamedTuple):
    """What GPUs and their groups bring to it: arrays of their own."""

    upstream: Flags
    """Breathes first. Shape (GPUs,), as the two below"""
    rise_factor: Floats
    group: Ints
    flow_reference_kg_per_s: Floats
    """Shape (groups,), as the rest"""
    flow_exponent: Floats
    coolant_cp_j_per_kg_k: Floats
    body_resistance_k_per_w: Floats
    die_resistance_k_per_w: Floats
    memory_resistance_k_per_w: Floats
    memory_share: Floats


@lru_cache(maxsize=8)
def chains_of(plant: Plant) -> Chains:
    """Return what the GPUs of a plant bring."""
    gpus, groups = plant.arrays.gpus, plant.arrays.groups
    own = gpus.upstream, gpus.rise_factor, gpus.group
    shared = (getattr(groups, name) for name in Chains._fields[3:])
    return Chains(*(array.copy() for array in (*own, *shared)))


@lru_cache(maxsize=8)
def lanes_of(plant: Plant) -> Floats:
    """Return how many GPUs of each node breathe first, at least 1. Shape (nodes,)"""
    gpus = plant.arrays.gpus
    return np.maximum(sum_by(gpus.node, gpus.upstream, len(plant.node_names)), 1.0)


class TempLimits(NamedTuple):
    """What no GPU may pass [C]: arrays of their own. Shape (GPUs,)"""

    die_c: Floats
    memory_c: Floats


@lru_cache(maxsize=8)
def limits_of(plant: Plant) -> TempLimits:
    """Return the limits of a plant's GPUs."""
    gpus = plant.arrays.gpus
    return TempLimits(gpus.temp_limit_c.copy(), gpus.memory_limit_c.copy())


@compiled_for(
    "Tuple((f8[::1], f8[::1]))(i8[::1], i8[::1], f8[::1], f8[::1], f8[::1], b1[::1], f8[::1],"
    " b1[::1], f8[::1], i8[::1], f8[::1], f8[::1], f8[::1], f8[::1], f8[::1], f8[::1], f8[::1])"
)
def chains_c(
    gpu: Ints,
    row: Ints,
    gpu_w: Floats,
    inlet_c: Floats,
    stream: Floats,
    wet: Flags,
    lanes: Floats,
    upstream: Flags,
    rise_factor: Floats,
    group: Ints,
    flow_reference: Floats,
    flow_exponent: Floats,
    coolant_cp: Floats,
    body: Floats,
    die: Floats,
    memory: Floats,
    memory_share: Floats,
) -> tuple[Floats, Floats]:
    """Return die and memory temperature of GPUs [C].

    A GPU whose rise is a multiple of its model's is as warm as that multiple of its power. In
    air those behind others breathe what these have warmed.

    Parameters
    ----------
    gpu, row, gpu_w
        GPUs, the row of a node that each stands in, its power. Shape (n,)
    inlet_c, stream, wet, lanes
        What enters each row's node, the flow through each of its GPUs, whether it is liquid,
        and how many GPUs breathe first. Shape (rows,)
    """
    front_w = np.zeros(len(inlet_c))
    for i in range(len(gpu)):
        if upstream[gpu[i]] or wet[row[i]]:
            front_w[row[i]] += gpu_w[i]
    die_c, memory_c = np.empty(len(gpu)), np.empty(len(gpu))
    last_row, last_group, body_k_per_w = -1, -1, 0.0
    for i in range(len(gpu)):
        r, q = row[i], group[gpu[i]]
        flow, heated_w = max(stream[r], 1e-12), gpu_w[i] * rise_factor[gpu[i]]
        if r != last_row or q != last_group:
            ratio = max(flow / flow_reference[q], SMALLEST_FLOW_RATIO)
            body_k_per_w = body[q] * ratio ** flow_exponent[q]
            last_row, last_group = r, q
        coolant_c = inlet_c[r] + heated_w / (2.0 * flow * coolant_cp[q])
        if not (upstream[gpu[i]] or wet[r]):
            coolant_c += front_w[r] / (lanes[r] * flow * AIR_CP_J_PER_KG_K)
        body_c = coolant_c + body_k_per_w * heated_w
        die_c[i] = body_c + die[q] * heated_w
        memory_c[i] = body_c + memory[q] * memory_share[q] * heated_w
    return die_c, memory_c


@compiled_for(
    "Tuple((f8[::1], f8[::1]))(i8[::1], i8[::1], i8[::1], f8[::1], f8[::1], f8[::1], f8[::1], i8)"
)
def extremes_of(
    gpu: Ints,
    whose: Ints,
    chosen: Ints,
    die_c: Floats,
    memory_c: Floats,
    die_limit_c: Floats,
    memory_limit_c: Floats,
    count: int,
) -> tuple[Floats, Floats]:
    """Return by candidate the hottest chosen die [C] and the least distance to a limit [K].

    `whose` is the candidate of each of the GPUs, `chosen` are positions along them.
    """
    hottest_c, margin_k = np.full(count, -np.inf), np.full(count, np.inf)
    for i in chosen:
        hottest_c[whose[i]] = max(hottest_c[whose[i]], die_c[i])
    for i in range(len(gpu)):
        least_k = min(die_limit_c[gpu[i]] - die_c[i], memory_limit_c[gpu[i]] - memory_c[i])
        margin_k[whose[i]] = min(margin_k[whose[i]], least_k)
    return hottest_c, margin_k
