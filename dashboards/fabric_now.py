"""The fabric now: links and trunks, what the jobs on them get, and what is suspected."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from controllers.jobs.allocation import Allocation
from controllers.jobs.allocations import Allocations
from controllers.jobs.assigned import Assigned
from controllers.snapshot import Snapshot
from site_models.arrays import Floats, Ints
from site_models.errors import InputError
from site_models.fabric import Fabric
from site_models.kinds.workload import Workload
from site_models.plant import Plant
from telemetry.signals import on_axis
from twin.fabric.counters import ill_links
from twin.fabric.links import Load, Running, follows, link_load, sends
from twin.fabric.span import trunk_rates
from twin.fabric.suspects import Suspect
from twin.workload import workload

TIERS = ("leaf", "spine", "core")
SOUND = 1.0 - 1e-9
"""Links below this share of their built rate are degraded."""


class OnFabric(NamedTuple):
    """A job of several GPUs and its share of the network."""

    job: str
    profile: str
    operations: tuple[str, ...]
    assumed: bool
    """The operation is taken for want of a profile that is known and fits."""
    gpus: int
    domains: int
    """NVLink domains; one: it needs no network."""
    rate_bytes_per_s: float
    """Of one GPU's interface while all jobs communicate; 0 where no network joins them."""
    lone_bytes_per_s: float
    """The same with no other job about."""

    @property
    def stands_still(self) -> bool:
        """Say whether the job needs a network and has none."""
        return self.domains > 1 and self.rate_bytes_per_s == 0.0


@dataclass(frozen=True, slots=True, eq=False)
class FabricNow:
    """The fabric at one tick. Trunks: first one for each switch, then one for each pod."""

    standing: Any
    """`ok`, `degraded` or `down` by link, shape (links,) of text."""
    jobs: tuple[OnFabric, ...]
    trunk_rate_bytes_per_s: Floats
    trunk_built_bytes_per_s: Floats
    trunk_load_bytes_per_s: Floats
    trunk_sent_bytes_per_s: Floats
    """As the links' counters tell; NaN without them."""
    suspects: tuple[Suspect, ...]
    suspects_why: str
    """Why nothing can be suspected; empty where counters are there."""

    @property
    def trunk_share(self) -> Floats:
        """Return load over rate; NaN where there is no trunk. Shape (trunks,)"""
        rate, load = self.trunk_rate_bytes_per_s, self.trunk_load_bytes_per_s
        share = np.divide(load, rate, out=np.full_like(rate, np.nan), where=rate > 0.0)
        share[(rate == 0.0) & (self.trunk_built_bytes_per_s > 0.0)] = 0.0
        return share


class FabricWatch:
    """What jobs get of the fabric, solved anew only when jobs or links changed.

    Checked in ``tests/dashboards/test_fabric_now.py``.
    """

    def __init__(self, built: Plant, allocations: Allocations) -> None:
        self._built, self._allocations = built, allocations
        self._lock = threading.Lock()
        self._solved: tuple[Fabric, tuple[object, ...], tuple[OnFabric, ...], Load] | None = None

    def look(self, snapshot: Snapshot, played: Sequence[Assigned] = ()) -> FabricNow:
        """Return the fabric at a snapshot; `played` are the jobs that the world runs itself."""
        plant = snapshot.plant
        jobs, load = self._share(plant, snapshot.state.time_s, played)
        suspects, why = suspected(plant, snapshot.frame.values)
        return FabricNow(
            standings(self._built, plant),
            jobs,
            trunk_rates(plant),
            trunk_rates(self._built),
            load.trunk_bytes_per_s,
            _sent(plant, snapshot.frame.values),
            suspects,
            why,
        )

    def _share(
        self, plant: Plant, time_s: float, played: Sequence[Assigned]
    ) -> tuple[tuple[OnFabric, ...], Load]:
        told = self._allocations.jobs(time_s)
        names = {job.job for job in told}
        every: tuple[Allocation | Assigned, ...] = (
            *told,
            *(job for job in played if job.name not in names),
        )
        with self._lock:
            kept = self._solved
            if kept is not None and kept[0] is plant.fabric and _same(kept[1], every):
                return kept[2], kept[3]
            known = len(plant.fabric.gpu_leaf) > 0
            running = [(_running(job), _profile_name(job)) for job in every if len(job.gpus) > 1]
            load = link_load(plant, tuple(job for job, _ in running) if known else ())
            jobs = tuple(_row(plant, job, name, load) for job, name in running if known)
            self._solved = (plant.fabric, every, jobs, load)
            return jobs, load


def standings(built: Plant, plant: Plant) -> Any:
    """Return the state of each link as text, shape (links,)."""
    now, whole = plant.fabric.links.rate_bytes_per_s, built.fabric.links.rate_bytes_per_s
    text = np.where(now < whole * SOUND, "degraded", "ok").astype(object)
    text[(now == 0.0) & (whole > 0.0)] = "down"
    return text


def suspected(plant: Plant, values: Mapping[str, Floats]) -> tuple[tuple[Suspect, ...], str]:
    """Return the links that the frame's counters show to be ill, and why there are none."""
    counters = {
        signal.name: values[signal.name]
        for signal in on_axis("link")
        if signal.name in values and len(values[signal.name]) == len(plant.axis("link"))
    }
    if not counters:
        return (), "the telemetry carries no counters of links"
    return ill_links(plant, counters), ""


def trunk_names(plant: Plant) -> tuple[str, ...]:
    """Return the name of every trunk: its leaf's, or its pod's."""
    return (*plant.fabric.switch_names, *plant.fabric.pod_names)


def trunk_of_link(plant: Plant) -> Ints:
    """Return the trunk that each link is part of; -1 for a GPU's own. Shape (links,)"""
    fabric = plant.fabric
    own = len(fabric.gpu_leaf)
    trunk = np.full(len(fabric.links.lower), -1, dtype=np.int64)
    lower = fabric.links.lower[own:]
    tier, pod = fabric.switches.tier[lower], fabric.switches.pod[lower]
    trunk[own:] = np.where(tier == 0, lower, len(fabric.switch_names) + pod)
    return trunk


def _sent(plant: Plant, values: Mapping[str, Floats]) -> Floats:
    """Return what counters say that the links of each trunk send [B/s]; NaN without them."""
    trunks = len(trunk_names(plant))
    sent = values.get("link_tx_bytes_per_s")
    if sent is None or len(sent) != len(plant.fabric.links.lower):
        return np.full(trunks, np.nan)
    trunk = trunk_of_link(plant)
    part = trunk >= 0
    carried = np.zeros(trunks)
    np.add.at(carried, trunk[part], sent[part])
    return carried


def _same(kept: tuple[object, ...], now: tuple[object, ...]) -> bool:
    return len(kept) == len(now) and all(a is b for a, b in zip(kept, now, strict=True))


def _running(job: Allocation | Assigned) -> Running:
    if isinstance(job, Assigned):
        return Running(job.name, job.gpus, profile=job.profile)
    return Running(job.job, job.gpus, profile=_profile(job.profile or ""))


def _profile_name(job: Allocation | Assigned) -> str:
    return job.profile_name if isinstance(job, Assigned) else job.profile or ""


@cache
def _profile(name: str) -> Workload | None:
    """Return a profile of the shipped catalog; None for a name of the scheduler's own."""
    try:
        return workload(name) if name else None
    except InputError:
        return None


def _row(plant: Plant, job: Running, profile: str, load: Load) -> OnFabric:
    domains = len(np.unique(plant.gpu_nvlink_domain[job.gpus]))
    return OnFabric(
        job.name, profile, sends(job), not follows(job), len(job.gpus), domains,
        load.rates[job.name], load.lone[job.name],
    )  # fmt: skip
