"""Links that are down or slower than built, and what is left of the trunks they make up.

Traffic is spread over the parallel links of a trunk by adaptive routing, so that a trunk keeps
the sum of what its links carry; a GPU's own link has nothing beside it.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from site_models.arrays import Floats, Ints
from site_models.errors import InputError
from site_models.fabric import LEAF, Fabric
from site_models.kinds.workload import Workload
from site_models.lowering.fabric_parts import sums
from site_models.plant import Plant
from twin.fabric.contention import Contention
from twin.fabric.parallel import alone, fitting, job_use
from twin.fabric.span import Use, lone_rate, trunk_rates, use_of


class Running(NamedTuple):
    """A job on the fabric."""

    name: str
    gpus: Ints
    op: str = "all_reduce"
    """Its collective over all its GPUs, by the name of nccl-tests."""
    profile: Workload | None = None
    """Whose operations and groups count in place of `op`, where it fits on the GPUs."""


class Load(NamedTuple):
    """Who gets what of the fabric."""

    rates: dict[str, float]
    """Of one GPU's interface, by job [B/s]; 0 for a job that no network joins any more."""
    trunk_bytes_per_s: Floats
    """Carried by every trunk when all communicate at once."""
    lone: dict[str, float]
    """Rate of one GPU's interface if no other job were about, by job [B/s]."""


def with_links(plant: Plant, links: Ints, share: float) -> Plant:
    """Return the plant with links at a part of their present rate. 0..1; 0: down.

    A GPU whose link is down has no network: `twin.fabric.collective.predict` refuses it, and a job
    that holds it stands still. Raises InputError for another share.
    """
    if not 0.0 <= share <= 1.0:
        raise InputError(f"share: {share:g}, expected 0..1")
    fabric = plant.fabric
    rate = fabric.links.rate_bytes_per_s.copy()
    rate[links] *= share
    own = fabric.gpu_network_bytes_per_s.copy()
    access = links[links < len(own)]
    own[access] *= share
    rate.setflags(write=False)
    own.setflags(write=False)
    changed = fabric._replace(
        links=fabric.links._replace(rate_bytes_per_s=rate), gpu_network_bytes_per_s=own
    )
    return replace(plant, fabric=_summed(changed))


def link_load(plant: Plant, jobs: tuple[Running, ...]) -> Load:
    """Return max-min fair rates of jobs that all communicate, and what each trunk then carries.

    A job with a profile loads the trunks that its groups cross with its own operations, none if
    they stay within their NVLink domains. Checked in ``tests/twin/fabric/test_fabric_health.py``.
    """
    trunks = trunk_rates(plant)
    contention, uses, rates, lone = Contention(trunks), {}, {}, {}
    for job in jobs:
        rates[job.name] = lone[job.name] = 0.0
        use = _use(plant, job)
        if use is not None:
            uses[job.name] = use
            lone[job.name] = alone(plant, use) or 0.0
    contention.start_all(uses)
    rates |= contention.rates
    carried = np.zeros(len(trunks))
    for name, use in uses.items():
        np.add.at(carried, use.trunk, use.weight * rates[name])
    return Load(rates, carried, lone)


def follows(job: Running) -> bool:
    """Say whether a job's profile counts: it has one, and its GPUs make a replica."""
    return job.profile is not None and len(fitting(job.profile, job.gpus)) > 0


def sends(job: Running) -> tuple[str, ...]:
    """Return the operations that count for a job: its profile's where that fits, else `op`."""
    if job.profile is None or not follows(job):
        return (job.op,)
    return tuple(dict.fromkeys(t.op for phase in job.profile.phases for t in phase.traffic))


def _use(plant: Plant, job: Running) -> Use | None:
    """Return what a job loads; None where no network joins its GPUs."""
    if len(job.gpus) < 2 or lone_rate(plant, job.gpus, job.op) <= 0.0:
        return None
    if job.profile is None or not follows(job):
        return use_of(plant, job.gpus, job.op)
    whole = fitting(job.profile, job.gpus)
    limit = float(plant.fabric.gpu_network_bytes_per_s[whole].min())
    return job_use(job.profile, plant, whole) or Use(
        np.zeros(0, dtype=np.int64), np.zeros(0), limit
    )


def _summed(fabric: Fabric) -> Fabric:
    """Return the fabric with its trunks' rates summed from its links."""
    own = len(fabric.gpu_leaf)
    lower, rate = fabric.links.lower[own:], fabric.links.rate_bytes_per_s[own:]
    from_leaf = fabric.switches.tier[lower] == LEAF
    leaf = sums(lower[from_leaf], rate[from_leaf], len(fabric.switch_names))
    pod = fabric.switches.pod[lower[~from_leaf]]
    pods = sums(pod, rate[~from_leaf], len(fabric.pod_names))
    leaf.setflags(write=False)
    pods.setflags(write=False)
    return fabric._replace(leaf_uplink_bytes_per_s=leaf, pod_uplink_bytes_per_s=pods)
