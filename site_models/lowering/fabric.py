"""Lowering of a site's fabric: leafs, spines and core as arrays.

Switches are counted from the oversubscription: a leaf's uplinks carry its GPUs' rate over the
ratio, spread equally over the spines of its pod; spines are as many as these uplinks fill. The
core takes the pods' uplinks likewise. All that grows with the GPUs is done on whole arrays: a
hundred thousand GPUs take a tenth of the time that the racks take.
"""

from fnmatch import fnmatchcase

import numpy as np

from site_models.arrays import Floats, Ints
from site_models.errors import InputError
from site_models.fabric import COPPER, LEAF, NO_FABRIC, OPTICS, Fabric, Links, Switches
from site_models.kinds.cable import Cable
from site_models.kinds.gpu import Gpu
from site_models.kinds.switch import Switch
from site_models.lowering.draft import Draft
from site_models.lowering.fabric_parts import Parts, sums
from site_models.lowering.fabric_tiers import add_core, add_spines, figures
from site_models.plant import freeze
from site_models.site_fabric import FabricPod, SiteFabric, Tier

NVLINK_J_PER_BYTE = 6e-12 * 8.0
"""Copper NVLink: 5 to 7 pJ a bit (estimate): 43 W for 900 GB/s."""

_S_PER_M = 5e-9
"""Light in fibre and signals in copper, nearly the same."""


def lower_fabric(draft: Draft) -> Fabric:
    """Return the site's fabric, `NO_FABRIC` if it states none.

    Raises InputError naming the key: an unknown pod, switch or cable, GPUs served twice, more
    cables than a switch has ports.
    """
    stated = draft.site.fabric
    if stated is None or not len(draft.gpus):
        return NO_FABRIC
    parts = Parts()
    gpu_count = len(draft.gpus)
    gpu_leaf = np.full(gpu_count, -1, dtype=np.int64)
    gpu_rate = np.zeros(gpu_count)
    access: list[tuple[Ints, Tier]] = []
    node = np.array(draft.gpus.column("node"), dtype=np.int64)
    rail = np.array(draft.gpu_rail, dtype=np.int64)
    for position, pod, name, gpus in _pods(draft, stated):
        key = f"{draft.where}: fabric.pods.{position}"
        if (gpu_leaf[gpus] >= 0).any():
            raise InputError(f"{key}.pods: {name!r} is in two fabric pods, expected one")
        gpu_rate[gpus] = pod.nic_bytes_per_s
        gpu_leaf[gpus] = _add_pod(draft, parts, pod, name, (node[gpus], rail[gpus]), key)
        access.append((gpus, pod.leaf))
    if stated.core is not None:
        add_core(draft, parts, stated.core)
    return _assembled(draft, stated, parts, gpu_leaf, gpu_rate, access)


def _pods(draft: Draft, stated: SiteFabric) -> list[tuple[int, FabricPod, str, Ints]]:
    """Return the fabric pods: position in the file, description, name, GPUs."""
    pod_of_rack = np.array(draft.racks.column("pod"), dtype=np.int64)
    rack_of_node = np.array(draft.nodes.column("rack"), dtype=np.int64)
    node_of_gpu = np.array(draft.gpus.column("node"), dtype=np.int64)
    pod_of_gpu = pod_of_rack[rack_of_node[node_of_gpu]]
    found = []
    for position, pod in enumerate(stated.pods):
        groups: list[tuple[str, list[str]]] = [(pod.name, [])]
        for asked in pod.pods:
            named = [name for name in draft.pod_names if fnmatchcase(name, asked)]
            if not named:
                known = ", ".join(draft.pod_names[:8])
                raise InputError(
                    f"{draft.where}: fabric.pods.{position}.pods: no pod {asked!r},"
                    f" expected one of: {known}"
                )
            if "*" in asked:
                groups += [(f"{pod.name}-{name}", [name]) for name in named]
            else:
                groups[0][1].extend(named)
        for name, members in groups:
            numbers = [draft.pod_names.index(member) for member in members]
            gpus = np.flatnonzero(np.isin(pod_of_gpu, numbers))
            if len(gpus):
                found.append((position, pod, name, gpus.astype(np.int64)))
    return found


def _add_pod(
    draft: Draft, parts: Parts, pod: FabricPod, name: str, gpus: tuple[Ints, Ints], key: str
) -> Ints:
    """Add a pod's leafs and spines; return the leaf of each GPU, given by node and rail."""
    node, rail = gpus
    if not pod.rail_optimised:
        rail = np.zeros_like(rail)
    _, place = np.unique(node, return_inverse=True)
    block = place // pod.nodes_per_leaf
    planes = int(rail.max()) + 1
    slots, leaf, counts = np.unique(block * planes + rail, return_inverse=True, return_counts=True)
    number = parts.add_pod(name)
    switch = draft.catalog.get(Switch, pod.leaf.switch)
    first = len(parts.tier)
    for index, (slot, count) in enumerate(zip(slots, counts, strict=True)):
        plane = int(slot % planes) if pod.rail_optimised else -1
        parts.add(f"{name}-leaf{index}", LEAF, number, plane, *figures(switch))
        _refuse_crowd(pod, switch, int(count), key)
    add_spines(draft, parts, pod, number, np.arange(first, first + len(counts)), counts)
    return np.asarray(first + leaf, dtype=np.int64)


def _refuse_crowd(pod: FabricPod, switch: Switch, count: int, key: str) -> None:
    down = count * pod.nic_bytes_per_s
    both = down + down / pod.spine.oversubscription
    room = switch.ports * float(switch.port_bytes_per_s)
    if both > room * 1.0001:
        raise InputError(
            f"{key}.nodes_per_leaf: {count} GPUs and their uplinks need {both:.3g} B/s of a leaf,"
            f" expected at most the {room:.3g} of {pod.leaf.switch}"
        )


def _assembled(
    draft: Draft,
    stated: SiteFabric,
    parts: Parts,
    gpu_leaf: Ints,
    gpu_rate: Floats,
    access: list[tuple[Ints, Tier]],
) -> Fabric:
    latency_s, medium, power_w = _access(draft, gpu_rate, access)
    lower, upper, rate, more_latency, more_medium, more_power = parts.joined()
    tier, pod = np.array(parts.tier, dtype=np.int64), np.array(parts.pod, dtype=np.int64)
    links = Links(
        np.concatenate([np.arange(len(gpu_leaf), dtype=np.int64), lower]),
        np.concatenate([gpu_leaf, upper]),
        np.concatenate([gpu_rate, rate]),
        np.concatenate([latency_s, more_latency]),
        np.concatenate([medium, more_medium]),
        np.concatenate([power_w, more_power]),
    )
    from_leaf = tier[lower] == LEAF
    models = dict.fromkeys(draft.gpu_model)
    nvlink = {m: float(draft.catalog.get(Gpu, m).nvlink_bytes_per_s) for m in models}
    made = Fabric(
        Switches(tier, pod, np.array(parts.rail, dtype=np.int64), np.array(parts.power_w),
                 np.array(parts.latency_s)),
        links,
        gpu_leaf,
        np.array([nvlink[model] for model in draft.gpu_model]),
        np.full(len(gpu_leaf), NVLINK_J_PER_BYTE),
        gpu_rate,
        sums(lower[from_leaf], rate[from_leaf], len(tier)),
        sums(pod[lower[~from_leaf]], rate[~from_leaf], len(parts.pods)),
        tuple(parts.pods),
        tuple(parts.names),
        stated.transport,
        stated.in_network_reduction,
    )  # fmt: skip
    freeze(made.switches)
    freeze(made.links)
    freeze((made.gpu_leaf, *made[3:8]))
    return made


def _access(
    draft: Draft, gpu_rate: Floats, access: list[tuple[Ints, Tier]]
) -> tuple[Floats, Ints, Floats]:
    """Return latency, medium and power of the links from GPUs to leafs."""
    latency_s, power_w = np.zeros(len(gpu_rate)), np.zeros(len(gpu_rate))
    medium = np.full(len(gpu_rate), COPPER, dtype=np.int64)
    for gpus, leaf in access:
        cable = draft.catalog.get(Cable, leaf.cable)
        latency_s[gpus] = leaf.length_m * _S_PER_M
        medium[gpus] = OPTICS if cable.medium == "optics" else COPPER
        cables = gpu_rate[gpus] / float(cable.rate_bytes_per_s)
        power_w[gpus] = 2.0 * float(cable.end_power_w) * cables
    return latency_s, medium, power_w
