"""What a set of GPUs of a plant means to collectives: domains, rates, the links they share.

Uplinks are shared, interfaces are not: every GPU has its own. Traffic is spread over parallel
cables, so that all uplinks of a leaf act as one link, and all uplinks of a fabric pod. These
are the *trunks*: first one for each switch (only leafs have any), then one for each pod.
"""

from typing import NamedTuple

import numpy as np

from site_models.arrays import Floats, Ints
from site_models.errors import InputError
from site_models.fabric import LEAF
from site_models.plant import Plant
from twin.fabric.names import gpu_model
from twin.physics.collective import Span

_CLOUD = ("efa", "tcpxo")


class Use(NamedTuple):
    """Trunks that a job crosses, and how many bytes each carries for a byte of one GPU."""

    trunk: Ints
    weight: Floats
    limit_bytes_per_s: float
    """Rate of one GPU's interface."""


def trunk_rates(plant: Plant) -> Floats:
    """Return the rate of every trunk, one direction [B/s]; 0 where there is none."""
    fabric = plant.fabric
    return np.concatenate([fabric.leaf_uplink_bytes_per_s, fabric.pod_uplink_bytes_per_s])


def gpus_of(plant: Plant, ids: list[str]) -> Ints:
    """Return the indices of GPUs by name; a node's name stands for its GPUs.

    Raises InputError for a name that the site has not, or twice.
    """
    gpu_at = {name: index for index, name in enumerate(plant.gpu_names)}
    node_at = {name: index for index, name in enumerate(plant.node_names)}
    nodes = plant.arrays.nodes
    found: list[int] = []
    for name in ids:
        if name in gpu_at:
            found.append(gpu_at[name])
        elif name in node_at:
            first = int(nodes.first_gpu[node_at[name]])
            found.extend(range(first, first + int(nodes.gpu_count[node_at[name]])))
        else:
            raise InputError(f"ids: {plant.site} has no GPU or node {name!r}, expected its names")
    if len(set(found)) < len(found):
        raise InputError("ids: a GPU is named twice, expected each once")
    return np.array(found, dtype=np.int64)


def first_gpus(plant: Plant, count: int) -> Ints:
    """Return the first GPUs in service; InputError if the site has fewer."""
    usable = np.flatnonzero(plant.arrays.gpus.in_service)
    if count > len(usable):
        raise InputError(f"gpus: {count}, expected at most the {len(usable)} of {plant.site}")
    return usable[:count].astype(np.int64)


def span_of(plant: Plant, gpus: Ints, op: str, network_bytes_per_s: float | None = None) -> Span:
    """Return the span of one operation over some GPUs; arrays of one entry.

    The network's rate is what the narrowest trunk leaves each GPU when nobody else uses it;
    `network_bytes_per_s` overrides it, such as with a share under contention. GPUs that no
    common network joins get the rate 0, which `twin.fabric.collective.predict` refuses.
    """
    fabric = plant.fabric
    _, counts = np.unique(plant.gpu_nvlink_domain[gpus], return_counts=True)
    models = [gpu_model(plant.gpu_model[i]) for i in _one_a_model(plant, gpus)]
    nvlink = min(model.nvlink_bytes_per_s for model in models)
    rate = lone_rate(plant, gpus, op) if len(counts) > 1 else 0.0
    if network_bytes_per_s is not None and rate > 0.0:
        rate = network_bytes_per_s
    whole = int(counts.min())
    return Span(
        np.array([float(len(gpus))]),
        np.array([float(len(counts))]),
        np.array([float(whole)]),
        np.array([nvlink]),
        np.array([rate]),
        np.array([min(model.generation for model in models)], dtype=np.int64),
        np.array([fabric.transport in _CLOUD]),
        np.array([True]),
        np.array([fabric.in_network]),
        np.array([reach_s(plant, gpus)]),
    )


def lone_rate(plant: Plant, gpus: Ints, op: str) -> float:
    """Return the network rate of one of the GPUs with no other job about [B/s]; 0: no network."""
    if not joined(plant, gpus):
        return 0.0
    use = use_of(plant, gpus, op)
    return float(np.min(trunk_rates(plant)[use.trunk] / use.weight, initial=use.limit_bytes_per_s))


def joined(plant: Plant, gpus: Ints) -> bool:
    """Return whether a network reaches all of the GPUs."""
    fabric = plant.fabric
    if len(fabric.gpu_leaf) == 0 or (fabric.gpu_leaf[gpus] < 0).any():
        return False
    pods = np.unique(fabric.switches.pod[fabric.gpu_leaf[gpus]])
    return len(pods) == 1 or bool((fabric.pod_uplink_bytes_per_s[pods] > 0.0).all())


def use_of(plant: Plant, gpus: Ints, op: str) -> Use:
    """Return the trunks that a collective over GPUs loads.

    In an all-to-all each GPU sends to every other one, so that a trunk carries the share of
    peers beyond it for every GPU behind it; traffic to another rail changes rails on NVLink
    first. The other operations go along rings or trees of domains, ordered by place: what
    leaves a leaf or a pod is the traffic of one domain, through all its interfaces there.
    """
    fabric = plant.fabric
    leaf = fabric.gpu_leaf[gpus]
    limit = float(fabric.gpu_network_bytes_per_s[gpus].min())
    leafs, at, behind = np.unique(leaf, return_inverse=True, return_counts=True)
    pod = fabric.switches.pod[leafs]
    block = _blocks(plant, gpus)
    pods, pod_at = np.unique(pod, return_inverse=True)
    if len(np.unique(block)) < 2:
        return Use(np.zeros(0, dtype=np.int64), np.zeros(0), limit)
    first = np.unique(at, return_index=True)[1]
    in_block = np.bincount(block)[block[first]].astype(np.float64)
    in_pod = np.bincount(pod_at, weights=behind)
    if op == "alltoall":
        leaf_weight = behind * (len(gpus) - in_block) / max(len(gpus) - 1, 1)
        pod_weight = in_pod * (len(gpus) - in_pod) / max(len(gpus) - 1, 1)
    else:
        domain = np.unique(plant.gpu_nvlink_domain[gpus], return_inverse=True)[1]
        leaf_weight = _most_of_a_domain(at, domain, len(leafs))
        pod_weight = _most_of_a_domain(pod_at[at], domain, len(pods)) * (len(pods) > 1)
    trunk = np.concatenate([leafs, len(fabric.switch_names) + pods]).astype(np.int64)
    weight = np.concatenate([leaf_weight, pod_weight])
    return Use(trunk[weight > 0.0], weight[weight > 0.0], limit)


def reach_s(plant: Plant, gpus: Ints) -> float:
    """Return the latency of the longest path beyond that of one leaf, one way [s]."""
    fabric = plant.fabric
    if not joined(plant, gpus):
        return 0.0
    leafs = np.unique(fabric.gpu_leaf[gpus])
    if len(np.unique(_blocks(plant, gpus))) < 2:
        return 0.0
    lower, upper = fabric.links.lower, fabric.links.upper
    above = np.arange(len(lower)) >= len(fabric.gpu_leaf)
    latency_s = 0.0
    tiers = 1 if len(np.unique(fabric.switches.pod[leafs])) == 1 else 2
    for tier in range(LEAF, LEAF + tiers):
        cable = above & (fabric.switches.tier[lower * above] == tier)
        if cable.any():
            first = int(np.argmax(cable))
            step_s = fabric.links.latency_s[first] + fabric.switches.latency_s[upper[first]]
            latency_s += 2.0 * float(step_s)
    return latency_s


def _blocks(plant: Plant, gpus: Ints) -> Ints:
    """Return for each GPU the number of its group of nodes behind the same leafs."""
    fabric = plant.fabric
    node = plant.arrays.gpus.node[gpus]
    first = plant.arrays.nodes.first_gpu[node]
    _, block = np.unique(fabric.gpu_leaf[first], return_inverse=True)
    return np.asarray(block, dtype=np.int64)


def _most_of_a_domain(place: Ints, domain: Ints, places: int) -> Floats:
    """Return for each place the GPUs of the domain that has the most of them there."""
    pairs, counts = np.unique(place * (int(domain.max()) + 1) + domain, return_counts=True)
    most = np.zeros(places)
    np.maximum.at(most, pairs // (int(domain.max()) + 1), counts)
    return most


def _one_a_model(plant: Plant, gpus: Ints) -> list[int]:
    """Return one GPU of each model."""
    seen: dict[str, int] = {}
    for index in gpus.tolist():
        seen.setdefault(plant.gpu_model[index], index)
    return list(seen.values())
