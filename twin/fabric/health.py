"""Which link, leaf or node of the fabric is slow: from pairwise measurements.

A measurement between two GPUs crosses a handful of parts and goes at the pace of the slowest.
So a slow part makes every measurement across it slow, and a sound one is crossed by some that
are not. The part that explains most is named first, its measurements are set aside, and the
rest is looked at again.
"""

import math
from typing import NamedTuple

import numpy as np

from site_models.arrays import Flags, Floats, Ints
from site_models.errors import InputError
from site_models.plant import Plant
from twin.fabric.pairs import Pairs
from twin.fabric.suspects import LEAST_NOISE, LEAST_SLOW, MAD_TO_STD, Suspect, deviations


class _Parts(NamedTuple):
    """Which parts each measurement crosses, as one flat list of (part, measurement)."""

    part: Ints
    row: Ints
    names: tuple[tuple[str, str], ...]


def slow_parts(plant: Plant, pairs: Pairs) -> tuple[Suspect, ...]:
    """Return the GPUs, nodes, leafs and pods that make measured pairs slow; worst first.

    Rates are compared with what names alone expect and then with each other, path by path
    of one kind (inside an NVLink domain, one leaf, one pod, across pods): what all share, such
    as the part of the rate that software reaches, drops out. Needs a handful of measurements a
    part; which of a leaf's parallel links it is, `twin.fabric.counters` tells from counters. Raises
    InputError for pairs that cannot be. Checked with injected faults and without any in
    ``benchmarks/validation/fabric_health.py``.
    """
    _refuse(plant, pairs)
    kinds, expected = _paths(plant, pairs)
    lost = np.log(expected / pairs.bytes_per_s)
    noise = np.zeros(len(lost))
    for kind in np.unique(kinds):
        mine = kinds == kind
        lost[mine] -= np.median(lost[mine])
        spread = MAD_TO_STD * float(np.median(np.abs(lost[mine])))
        noise[mine] = max(spread, LEAST_NOISE)
    return _explained(lost, noise, _crossed(plant, pairs, kinds))


def _refuse(plant: Plant, pairs: Pairs) -> None:
    count = len(plant.gpu_names)
    ends = np.stack([pairs.first, pairs.second])
    wrong = ((ends < 0) | (ends >= count)).any(axis=0) | (pairs.first == pairs.second)
    if wrong.any():
        at = int(np.argmax(wrong))
        raise InputError(f"pairs.{at}: expected two different GPUs of {plant.site}")
    wrong = ~((pairs.bytes_per_s > 0.0) & np.isfinite(pairs.bytes_per_s))
    if wrong.any():
        at = int(np.argmax(wrong))
        raise InputError(f"pairs.{at}: {pairs.bytes_per_s[at]:g} B/s, expected a rate above 0")


def _paths(plant: Plant, pairs: Pairs) -> tuple[Ints, Floats]:
    """Return the kind of each pair's path and the rate that names expect of it [B/s].

    Kinds: 0 inside an NVLink domain, 1 one leaf, 2 one pod, 3 across pods. A pair alone never
    fills a trunk wider than its interfaces.
    """
    fabric, ends = plant.fabric, np.stack([pairs.first, pairs.second])
    domain = plant.gpu_nvlink_domain[ends]
    same = domain[0] == domain[1]
    if not same.all() and not len(fabric.gpu_leaf):
        raise InputError(f"pairs: {plant.site} has no network, expected GPUs of one NVLink domain")
    if not len(fabric.gpu_leaf):
        return np.zeros(len(same), dtype=np.int64), np.ones(len(same))
    leaf = fabric.gpu_leaf[ends]
    pod = np.where(leaf >= 0, fabric.switches.pod[leaf], -1)
    kinds = np.where(same, 0, 1 + (leaf[0] != leaf[1]) + (pod[0] != pod[1]))
    through = fabric.gpu_network_bytes_per_s[ends].min(axis=0)
    up = fabric.leaf_uplink_bytes_per_s[leaf].min(axis=0)
    across = fabric.pod_uplink_bytes_per_s[pod].min(axis=0)
    through = np.where(kinds >= 2, np.minimum(through, up), through)
    through = np.where(kinds == 3, np.minimum(through, across), through)
    through = np.where((leaf < 0).any(axis=0), 0.0, through)
    expected = np.where(same, fabric.gpu_nvlink_bytes_per_s[ends].min(axis=0), through)
    if (expected <= 0.0).any():
        at = int(np.argmax(expected <= 0.0))
        one, other = (plant.gpu_names[g] for g in ends[:, at])
        raise InputError(f"pairs.{at}: no network joins {one} and {other}, expected a common one")
    return kinds.astype(np.int64), expected


def _crossed(plant: Plant, pairs: Pairs, kinds: Ints) -> _Parts:
    """Return the parts that each pair crosses: both GPUs, nodes, leafs and pods it leaves."""
    gpus, nodes = len(plant.gpu_names), len(plant.node_names)
    leafs = len(plant.fabric.switch_names)
    rows, parts = [], []
    every = np.arange(len(kinds))
    for end in (pairs.first, pairs.second):
        node = plant.arrays.gpus.node[end]
        leaf = plant.fabric.gpu_leaf[end]
        pod = plant.fabric.switches.pod[leaf]
        for number, crosses in (
            (end, kinds >= 0),
            (gpus + node, kinds >= 0),
            (gpus + nodes + leaf, kinds >= 2),
            (gpus + nodes + leafs + pod, kinds == 3),
        ):
            rows.append(every[crosses])
            parts.append(number[crosses])
    part, row = np.concatenate(parts), np.concatenate(rows)
    part, row = np.unique(np.stack([part, row]), axis=1)
    used, at = np.unique(part, return_inverse=True)
    labels = (
        [("gpu", name) for name in plant.gpu_names]
        + [("node", name) for name in plant.node_names]
        + [("leaf", name) for name in plant.fabric.switch_names]
        + [("pod", name) for name in plant.fabric.pod_names]
    )
    return _Parts(at.astype(np.int64), row, tuple(labels[k] for k in used))


def _explained(lost: Floats, noise: Floats, parts: _Parts) -> tuple[Suspect, ...]:
    """Name the part that explains most, set its measurements aside, go on with the rest."""
    found: list[Suspect] = []
    left = np.ones(len(lost), dtype=np.bool_)
    least = deviations(len(parts.names))
    while len(found) < len(parts.names):
        sure, slow = _scores(lost, noise, parts, left)
        best = int(np.argmax(sure))
        if not sure[best] > least:
            break
        same = np.flatnonzero(sure >= sure[best] * (1.0 - 1e-9))
        also = tuple(parts.names[k][1] for k in same if k != best)
        mine = parts.row[(parts.part == best) & left[parts.row]]
        kind, name = parts.names[best]
        why = f"{len(mine)} measurements across it are slow"
        missing = -math.expm1(-slow[best])
        found.append(Suspect(name, kind, missing, float(sure[best]), why, also))
        left[mine] = False
    return tuple(found)


def _scores(lost: Floats, noise: Floats, parts: _Parts, left: Flags) -> tuple[Floats, Floats]:
    """Return for each part how surely it is slow and by how much (log of the rates' ratio).

    All that crosses a slow part is slow, but for a few that noise spared: its lower quartile
    is. So the mean over the noise, which is normal with std / sqrt(n) where nothing is wrong,
    counts only as far as the quartile goes along. -inf below LEAST_SLOW and two measurements.
    """
    count = len(parts.names)
    on = left[parts.row]
    part, value = parts.part[on], (lost / noise)[parts.row[on]]
    order = np.lexsort((value, part))
    part, value = part[order], value[order]
    n = np.bincount(part, minlength=count)
    first = np.concatenate([[0], np.cumsum(n)[:-1]])
    seen = np.flatnonzero(n >= 2)
    slow, sure = np.zeros(count), np.full(count, -np.inf)
    middle = first[seen] + n[seen] // 2
    usual = np.bincount(part, weights=noise[parts.row[on]][order], minlength=count)[seen] / n[seen]
    slow[seen] = value[middle] * usual
    quartile = value[first[seen] + (n[seen] - 1) // 4]
    mean = np.bincount(part, weights=value, minlength=count)[seen] / n[seen]
    told = np.minimum(mean, 2.0 * quartile + 3.0) * np.sqrt(n[seen])
    sure[seen] = np.where((slow[seen] > LEAST_SLOW) & (quartile > 0.0), told, -np.inf)
    return sure, slow
