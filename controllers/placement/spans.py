"""What candidate places mean to collectives, many at once: domains, rates, shared trunks.

The same figures as ``twin.fabric.span_of`` and ``use_of`` give for one set of GPUs, from
counts over numbers that every GPU has once for all. Checked against them on shipped sites,
``tests/controllers/test_placement_network.py``.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from controllers.placement.wiring import Pairs, Wiring, wiring
from site_models.arrays import Flags, Floats, Ints
from site_models.plant import Plant
from twin.fabric import Use
from twin.physics.collective import Span

CLOUD = ("efa", "tcpxo")


class Lay(NamedTuple):
    """How candidates lie in the network, one entry a candidate."""

    span: Span
    """Its network rate is that of each candidate alone; 0 where no network joins them."""
    uses: tuple[Use | None, ...]
    """Trunks that they load; None for one NVLink domain or without a common network."""


def lay_of(plant: Plant, places: Sequence[Ints], op: str) -> Lay:
    """Return how sets of GPUs lie for an operation; NaN rates for models that are not known."""
    w, fabric = wiring(plant), plant.fabric
    count = np.array([len(gpus) for gpus in places])
    gpus, whose = np.concatenate(places), np.repeat(np.arange(len(places)), count)
    start = np.cumsum(count) - count
    in_domain = _counts(whose, plant.gpu_nvlink_domain[gpus], len(places), w.domains)
    domains = (in_domain > 0).sum(axis=1)
    least = np.where(in_domain > 0, in_domain, np.iinfo(np.int64).max).min(axis=1)
    uses: list[Use | None] = [None] * len(places)
    rate, reach = np.zeros(len(places)), np.zeros(len(places))
    far = np.flatnonzero(domains > 1) if w.joined else np.zeros(0, dtype=np.int64)
    if len(far):
        number = np.full(len(places), -1, dtype=np.int64)
        number[far] = np.arange(len(far))
        mine = number[whose] >= 0
        limit = np.minimum.reduceat(fabric.gpu_network_bytes_per_s[gpus], start)[far]
        loads = _loads(w, len(fabric.switch_names), gpus[mine], number[whose[mine]], len(far), op)
        found = loads.weight > 0.0
        for k, c in enumerate(far.tolist()):
            if not loads.joined[k]:
                continue
            trunk = loads.trunk[found[k]]
            use = Use(trunk, loads.weight[k][found[k]], float(limit[k]))
            uses[c], reach[c] = use, w.reach_s[int(loads.tiers[k])]
            alone = w.trunk_bytes_per_s[trunk] / use.weight
            rate[c] = float(alone.min(initial=use.limit_bytes_per_s))
    flags = np.ones(len(places), dtype=np.bool_)
    span = Span(
        count.astype(np.float64),
        domains.astype(np.float64),
        least.astype(np.float64),
        np.minimum.reduceat(w.nvlink_bytes_per_s[gpus], start),
        rate,
        np.minimum.reduceat(w.generation[gpus], start),
        flags & (fabric.transport in CLOUD),
        flags,
        flags & fabric.in_network,
        reach,
    )
    return Lay(span, tuple(uses))


class _Loads(NamedTuple):
    """Trunks by candidate."""

    trunk: Ints
    weight: Floats
    """Shape (candidates, trunks)"""
    tiers: Ints
    """0 behind one leaf, 1 in one pod, 2 across pods. Shape (candidates,)"""
    joined: Flags


def _loads(w: Wiring, switches: int, gpus: Ints, whose: Ints, places: int, op: str) -> _Loads:
    by_leaf = _counts(whose, w.leafs.of_gpu[gpus], places, w.leafs.count)
    by_pod = _counts(whose, w.pods.of_gpu[gpus], places, w.pods.count)
    blocks = _counts(whose, w.block[gpus], places, w.blocks)
    behind, in_pod = _summed(by_leaf, w.leafs), _summed(by_pod, w.pods)
    pods = (in_pod > 0).sum(axis=1)
    several = ((blocks > 0).sum(axis=1) > 1)[:, None]
    if op == "alltoall":
        total = np.bincount(whose, minlength=places)[:, None]
        peers = np.maximum(total - 1, 1)
        leaf_weight = behind * (total - blocks[:, w.leaf_block]) / peers
        pod_weight = in_pod * (total - in_pod) / peers
    else:
        leaf_weight = _most(by_leaf, w.leafs).astype(np.float64)
        pod_weight = _most(by_pod, w.pods) * (pods > 1)[:, None].astype(np.float64)
    tiers = np.where(several[:, 0], np.where(pods > 1, 2, 1), 0)
    whole = (by_leaf[:, -1] == 0) & ((pods < 2) | ~((in_pod > 0) & (w.pod_joined == 0.0)).any(1))
    return _Loads(
        np.concatenate([w.leafs.place, switches + w.pods.place]),
        np.concatenate([leaf_weight, pod_weight], axis=1) * several,
        tiers,
        whole,
    )


def _counts(whose: Ints, number: Ints, places: int, size: int) -> Ints:
    """Return how many GPUs of each place have each number. Shape (places, size)"""
    flat = np.bincount(whose * size + number, minlength=places * size)
    return flat.reshape(places, size)


def _summed(counts: Ints, pairs: Pairs) -> Ints:
    return np.asarray(np.add.reduceat(counts[:, :-1], pairs.first, axis=1), dtype=np.int64)


def _most(counts: Ints, pairs: Pairs) -> Ints:
    return np.asarray(np.maximum.reduceat(counts[:, :-1], pairs.first, axis=1), dtype=np.int64)
