"""What a demand asks of each GPU: the parts that its power is made of, and its limits."""

import math
from typing import NamedTuple

import numpy as np

from site_models.arrays import Floats
from site_models.plant import Arrays, Gpus
from twin.physics.clocks import switching_share
from twin.physics.law import borrowing, compiled
from twin.state import MODELLED, Inputs

LOAD_FIELDS = 14


class Load(NamedTuple):
    """What a load asks of one GPU and the limits it meets."""

    fixed_w: float
    """Drawn at any clock and temperature."""
    switching_w: float
    """Follows the clock; stated at the one that the load asks for."""
    least_w: float
    """What is left of it at the lowest clock."""
    leakage_w: float
    """At `leakage_temp_c`."""
    leakage_temp_c: float
    leakage_rate_per_k: float
    cap_w: float
    limit_c: float
    memory_limit_c: float
    slowdown_k: float
    """Above the limit, as the next."""
    shutdown_k: float
    clock_min: float
    voltage_flat: float
    voltage_floor: float


@compiled
def loads_of(arrays: Arrays, inputs: Inputs) -> Floats:
    """Return what the demand of each MODELLED GPU is made of, shape (GPUs, fields of Load).

    At the temperature that a demand is stated at, from the idle one at idle power to the
    working one at rated power, its three parts sum up to it: so a measured idle power is
    drawn at the idle temperature. Below idle power all parts shrink alike, down to a board
    without power.
    """
    gpus, groups = arrays.gpus, arrays.groups
    loads = np.empty((gpus.node.size, LOAD_FIELDS))
    for g in range(gpus.node.size):
        if inputs.gpu_power_basis[g] != MODELLED:
            continue
        q, demand_w, idle_w = gpus.group[g], inputs.gpu_power_w[g], gpus.idle_power_w[g]
        rate, working_c = groups.leakage_rate_per_k[q], groups.working_temp_c[q]
        flat, floor, lowest = groups.voltage_flat[q], groups.voltage_floor[q], groups.clock_min[q]
        on = min(demand_w / idle_w, 1.0)
        cool = (gpus.power_max_w[g] - demand_w) / (gpus.power_max_w[g] - idle_w)
        cool_k = min(max(cool, 0.0), 1.0) * (groups.idle_temp_c[q] - working_c)
        at_idle_w = gpus.leakage_w[g] * math.exp(rate * (groups.idle_temp_c[q] - working_c))
        stated_w = gpus.leakage_w[g] * math.exp(rate * cool_k) if cool > 0.0 else gpus.leakage_w[g]
        switching_w = max(demand_w - idle_w - (stated_w - at_idle_w), 0.0)
        row = loads[g]
        row[0] = on * (idle_w - at_idle_w)
        row[1] = switching_w
        row[2] = switching_share(lowest, flat, floor) * switching_w
        row[3] = on * gpus.leakage_w[g]
        row[4] = working_c
        row[5] = rate
        row[6] = inputs.gpu_cap_w[g]
        row[7] = gpus.temp_limit_c[g]
        row[8] = gpus.memory_limit_c[g]
        row[9] = gpus.slowdown_c[g] - gpus.temp_limit_c[g]
        row[10] = gpus.shutdown_c[g] - gpus.temp_limit_c[g]
        row[11] = lowest
        row[12] = flat
        row[13] = floor
    return loads


@borrowing
def load_at(loads: Floats, g: int) -> Load:
    """Return the load of one GPU."""
    row = loads[g]
    return Load(
        row[0], row[1], row[2], row[3], row[4], row[5], row[6],
        row[7], row[8], row[9], row[10], row[11], row[12], row[13],
    )  # fmt: skip


@borrowing
def alike(gpus: Gpus, loads: Floats, one: int, other: int) -> bool:
    """Say whether two GPUs have the same load, model and rise, to the last bit."""
    same: bool = gpus.group[one] == gpus.group[other]
    same = same and gpus.rise_factor[one] == gpus.rise_factor[other]
    for i in range(LOAD_FIELDS):
        same = same and loads[one, i] == loads[other, i]
    return same
