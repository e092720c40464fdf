"""How a job is cut over its GPUs, who exchanges with whom, and how long that takes.

GPUs are numbered in the order of their places: a tensor group is the innermost, next to one
another; then replicas side by side, of which `expert` neighbours share the experts; stages of a
pipeline are the outermost. All groups of one kind exchange at the same time.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from site_models.arrays import Floats, Ints
from site_models.errors import InputError
from site_models.kinds.workload import Group, Workload
from site_models.plant import Plant
from twin.fabric.collective_site import site_times
from twin.fabric.span import Use, lone_rate, span_of, trunk_rates, use_of
from twin.physics.collective import Span


class Exchange(NamedTuple):
    """Communication of the phases of a profile on certain GPUs."""

    time_s: Floats
    """Of the slowest group, all operations of the phase. Shape (phases,)"""
    hidden: Floats
    """Part of the phase's work that it may run behind: of the least hidden. Shape (phases,)"""


def fitting(profile: Workload, gpus: Ints) -> Ints:
    """Return as many of the GPUs as make whole replicas, and whole sets of experts.

    The first ones, in their order; none if there are too few for one.
    """
    whole = profile.tensor * profile.pipeline * profile.expert
    return gpus[: len(gpus) // whole * whole]


def groups_of(profile: Workload, gpus: Ints, kind: Group) -> list[Ints]:
    """Return the groups of one kind, each with two GPUs or more.

    For `pipeline` the pairs of neighbouring stages. Raises InputError where the GPUs do not
    make whole replicas.
    """
    if len(gpus) == 0 or len(fitting(profile, gpus)) < len(gpus):
        raise InputError(
            f"gpus: {len(gpus)}, expected a multiple of tensor x pipeline x expert ="
            f" {profile.tensor} x {profile.pipeline} x {profile.expert}"
        )
    grid = gpus.reshape(profile.pipeline, -1, profile.tensor)
    stages, wide, tensor = grid.shape
    if kind == "tensor":
        rows = grid.reshape(-1, tensor)
    elif kind == "data":
        rows = grid.transpose(0, 2, 1).reshape(-1, wide)
    elif kind == "expert":
        rows = grid.transpose(0, 2, 1).reshape(-1, profile.expert)
    else:
        pairs = np.stack([grid[:-1].ravel(), grid[1:].ravel()], axis=1)
        rows = pairs if stages > 1 else np.zeros((0, 2), dtype=np.int64)
    return list(rows) if rows.shape[1] > 1 else []


def members_of(profile: Workload, gpus: Ints) -> Ints:
    """Return the number of the set that each GPU runs with. Shape (GPUs,)"""
    if profile.together == "job":
        return np.zeros(len(gpus), dtype=np.int64)
    if profile.together == "gpu":
        return np.arange(len(gpus), dtype=np.int64)
    wide = len(gpus) // (profile.tensor * profile.pipeline)
    grid = np.empty((profile.pipeline, wide, profile.tensor), dtype=np.int64)
    grid[:] = np.arange(wide)[None, :, None]
    return grid.reshape(-1)


def job_use(profile: Workload, plant: Plant, gpus: Ints) -> Use | None:
    """Return the trunks that a job loads; None if its groups never leave their NVLink domains.

    Groups of one kind load them together, kinds one after the other: the most of any counts.
    """
    heaviest: dict[int, float] = {}
    limits: list[float] = []
    for op, kind in _operations(profile):
        loads: dict[int, float] = {}
        for group in groups_of(profile, gpus, kind):
            if len(np.unique(plant.gpu_nvlink_domain[group])) < 2:
                continue
            if lone_rate(plant, group, op) <= 0.0:
                raise InputError("gpus: in no common fabric, expected one domain or one network")
            use = use_of(plant, group, op)
            limits.append(use.limit_bytes_per_s)
            for trunk, weight in zip(use.trunk.tolist(), use.weight.tolist(), strict=True):
                loads[trunk] = loads.get(trunk, 0.0) + weight
        for trunk, weight in loads.items():
            heaviest[trunk] = max(heaviest.get(trunk, 0.0), weight)
    if not limits:
        return None
    trunk = np.array(sorted(heaviest), dtype=np.int64)
    return Use(trunk, np.array([heaviest[int(t)] for t in trunk]), min(limits))


def alone(plant: Plant, use: Use | None) -> float | None:
    """Return the rate of one GPU's interface with no other job about; None without a use."""
    if use is None:
        return None
    rates = trunk_rates(plant)[use.trunk] / use.weight
    return float(np.min(rates, initial=use.limit_bytes_per_s))


def exchange_of(
    profile: Workload, plant: Plant, gpus: Ints, network_bytes_per_s: float | None = None
) -> Exchange:
    """Return how long the phases of a profile exchange, by the slowest group of each kind.

    `network_bytes_per_s` is the rate of one GPU's interface, such as `alone` or a share under
    contention; None: what each group gets when it is alone. Raises InputError for groups in no
    common fabric. Checked in ``tests/twin/fabric/test_parallel.py`` against
    `twin.fabric.collective.predict` on spans made by hand.
    """
    times, hiding = np.zeros(len(profile.phases)), np.ones(len(profile.phases))
    spans: dict[tuple[str, str], Span | None] = {}
    for n, phase in enumerate(profile.phases):
        for traffic in phase.traffic:
            key = (traffic.op, traffic.group)
            if key not in spans:
                groups = groups_of(profile, gpus, traffic.group)
                spans[key] = _spans(plant, groups, traffic.op, network_bytes_per_s)
            span = spans[key]
            if span is None:
                continue
            sizes = np.full(len(span.gpus), float(traffic.size_bytes))
            slowest_s = float(site_times(plant, traffic.op, sizes, span).max())
            times[n] += float(traffic.count) * slowest_s
            hiding[n] = min(hiding[n], float(traffic.hidden))
    return Exchange(times, hiding)


def _operations(profile: Workload) -> list[tuple[str, Group]]:
    every = ((t.op, t.group) for phase in profile.phases for t in phase.traffic)
    return list(dict.fromkeys(every))


def _spans(
    plant: Plant, groups: Iterable[Ints], op: str, network_bytes_per_s: float | None
) -> Span | None:
    """Return the spans of groups that differ, as one; None without any group."""
    seen: dict[tuple[object, ...], Span] = {}
    for group in groups:
        key = _look(plant, group)
        if key not in seen:
            seen[key] = span_of(plant, group, op, network_bytes_per_s)
    if not seen:
        return None
    return Span(*(np.concatenate(column) for column in zip(*seen.values(), strict=True)))


def _look(plant: Plant, group: Ints) -> tuple[object, ...]:
    """Return what makes two groups alike: how they lie in domains and behind leafs; models."""
    domains = np.unique(plant.gpu_nvlink_domain[group], return_counts=True)[1]
    if len(domains) < 2:
        return (len(group), *sorted({plant.gpu_model[g] for g in group}))
    leaf = plant.fabric.gpu_leaf
    if len(leaf) == 0:
        return tuple(group.tolist())
    leafs, behind = np.unique(leaf[group], return_counts=True)
    pods = np.unique(plant.fabric.switches.pod[leafs], return_counts=True)[1]
    parts = (domains, behind, pods)
    models = sorted({plant.gpu_model[g] for g in group})
    return (*(tuple(sorted(part.tolist())) for part in parts), *models)
