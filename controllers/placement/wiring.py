"""Where every GPU hangs in the network, as numbers to count by. Built once a plant."""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from site_models.arrays import Flags, Floats, Ints
from site_models.errors import InputError
from site_models.plant import Plant
from twin.fabric.names import gpu_model
from twin.fabric.span import reach_s, trunk_rates


class Pairs(NamedTuple):
    """Pairs of a place (leaf or fabric pod) and an NVLink domain, sorted by place."""

    of_gpu: Ints
    """Number of each GPU's pair; GPUs without a network have the last one. Shape (GPUs,)"""
    place: Ints
    """The places that have GPUs."""
    at: Ints
    """Which of these each pair belongs to."""


class Numbers(NamedTuple):
    """What `controllers.placement.crossings` counts by, as it takes them."""

    domain: Ints
    domain_count: int
    leaf_pair: Ints
    pod_pair: Ints
    pair_leaf: Ints
    pair_pod: Ints
    block: Ints
    block_count: int
    leaf_block: Ints
    trunk_of: Ints
    apart: Flags
    network_bytes_per_s: Floats
    """Of each GPU, 0 where there is none. Shape (GPUs,), as the two below"""
    nvlink_bytes_per_s: Floats
    """By the model's name; NaN for one that is not known."""
    generation: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Wiring:
    """What a plant's network looks like from its GPUs."""

    numbers: Numbers
    joined: bool
    """There is a network at all."""
    trunk_bytes_per_s: Floats
    reach_s: tuple[float, float, float]
    """Further latency behind one leaf, within one pod, across pods."""


@lru_cache(maxsize=8)
def wiring(plant: Plant) -> Wiring:
    """Return the numbers of a plant's GPUs."""
    fabric, count = plant.fabric, len(plant.gpu_names)
    there = len(fabric.gpu_leaf) == count and count > 0
    leaf = fabric.gpu_leaf if there else np.full(count, -1, dtype=np.int64)
    pod = np.full(count, -1, dtype=np.int64)
    pod[leaf >= 0] = fabric.switches.pod[leaf[leaf >= 0]]
    first = plant.arrays.nodes.first_gpu[plant.arrays.gpus.node]
    block = np.asarray(np.unique(leaf[first], return_inverse=True)[1], dtype=np.int64)
    leafs, pods = _pairs(leaf, plant.gpu_nvlink_domain), _pairs(pod, plant.gpu_nvlink_domain)
    wired = np.flatnonzero(leaf >= 0)
    example = wired[np.unique(leaf[wired], return_index=True)[1]]
    nvlink, generation = _by_name(plant)
    network = fabric.gpu_network_bytes_per_s.copy() if there else np.zeros(count)
    return Wiring(
        numbers=Numbers(
            domain=plant.gpu_nvlink_domain.copy(),
            domain_count=int(plant.gpu_nvlink_domain.max(initial=0)) + 1,
            leaf_pair=leafs.of_gpu,
            pod_pair=pods.of_gpu,
            pair_leaf=leafs.at,
            pair_pod=pods.at,
            block=block,
            block_count=int(block.max(initial=0)) + 1,
            leaf_block=block[example],
            trunk_of=np.concatenate([leafs.place, len(fabric.switch_names) + pods.place]),
            apart=fabric.pod_uplink_bytes_per_s[pods.place] <= 0.0,
            network_bytes_per_s=network,
            nvlink_bytes_per_s=nvlink,
            generation=generation,
        ),
        joined=len(wired) > 0,
        trunk_bytes_per_s=trunk_rates(plant),
        reach_s=_reaches_s(plant, block, pod),
    )


def _pairs(place: Ints, domain: Ints) -> Pairs:
    size = int(domain.max(initial=0)) + 1
    wired = place >= 0
    keys, at = np.unique(place[wired] * size + domain[wired], return_inverse=True)
    of_gpu = np.full(len(place), len(keys), dtype=np.int64)
    of_gpu[wired] = at
    places, each = np.unique(keys // size, return_inverse=True)
    return Pairs(of_gpu, places.astype(np.int64), each.astype(np.int64))


def _by_name(plant: Plant) -> tuple[Floats, Floats]:
    """Return NVLink rate [B/s] and generation of each GPU, as their names say."""
    rates, generations = {}, {}
    for name in sorted(set(plant.gpu_model)):
        try:
            model = gpu_model(name)
        except InputError:
            rates[name], generations[name] = float("nan"), 0
        else:
            rates[name], generations[name] = model.nvlink_bytes_per_s, model.generation
    return (
        np.array([rates[name] for name in plant.gpu_model], dtype=np.float64),
        np.array([generations[name] for name in plant.gpu_model], dtype=np.float64),
    )


def _reaches_s(plant: Plant, block: Ints, pod: Ints) -> tuple[float, float, float]:
    """Return the latency beyond one leaf of a pair behind one, in one pod, in two [s]."""
    wired = np.flatnonzero(pod >= 0)
    if not len(wired):
        return 0.0, 0.0, 0.0
    near = far = 0.0
    for p in np.unique(pod[wired]).tolist():
        mine = wired[pod[wired] == p]
        other = mine[block[mine] != block[mine[0]]]
        if len(other):
            near = reach_s(plant, np.array([mine[0], other[0]]))
            break
    away = wired[pod[wired] != pod[wired[0]]]
    if len(away):
        far = reach_s(plant, np.array([wired[0], away[0]]))
    return 0.0, near, far
