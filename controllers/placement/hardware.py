"""What the heat of candidate places needs of a plant: arrays of their own, for compiled walks."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from controllers.gather import sum_by
from site_models.arrays import Flags, Floats, Ints
from site_models.plant import Plant


class Servers(NamedTuple):
    """Nodes and their fans. Shape (nodes,)"""

    first_gpu: Ints
    gpu_count: Ints
    liquid_circuit: Ints
    air_circuit: Ints
    coolant_rise_k: Floats
    liquid_flow_share: Floats
    liquid_share: Floats
    load_power_per_gpu_w: Floats
    airflow_max_kg_per_s: Floats
    fan_speed_min: Floats
    fan_target_c: Floats
    fan_band_k: Floats
    fan_power_max_w: Floats
    lanes: Floats
    """GPUs that breathe first, at least 1."""


class Devices(NamedTuple):
    """GPUs. Shape (GPUs,)"""

    group: Ints
    upstream: Flags
    """Breathes first."""
    rise_factor: Floats
    temp_limit_c: Floats
    memory_limit_c: Floats


class Bodies(NamedTuple):
    """What GPUs of a group share. Shape (groups,)"""

    flow_reference_kg_per_s: Floats
    flow_exponent: Floats
    coolant_cp_j_per_kg_k: Floats
    body_resistance_k_per_w: Floats
    die_resistance_k_per_w: Floats
    memory_resistance_k_per_w: Floats
    memory_share: Floats


class Hardware(NamedTuple):
    """All of it."""

    servers: Servers
    devices: Devices
    bodies: Bodies


@lru_cache(maxsize=8)
def hardware_of(plant: Plant) -> Hardware:
    """Return what the nodes, GPUs and groups of a plant bring."""
    gpus, nodes, groups = plant.arrays.gpus, plant.arrays.nodes, plant.arrays.groups
    lanes = np.maximum(sum_by(gpus.node, gpus.upstream, len(plant.node_names)), 1.0)
    servers = (getattr(nodes, name).copy() for name in Servers._fields[:-1])
    devices = (getattr(gpus, name).copy() for name in Devices._fields)
    bodies = (getattr(groups, name).copy() for name in Bodies._fields)
    return Hardware(Servers._make([*servers, lanes]), Devices(*devices), Bodies(*bodies))
