"""What running jobs do on the network, and what a newcomer would take from them.

A holder exchanges the collective that its request told, else as its profile says where the
catalog knows it; any other is counted as one all-reduce over all of its GPUs. All communicate
at once: the worst moment, not the mean one.
"""

import threading
import weakref
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from controllers.jobs.allocation import Allocation
from controllers.jobs.allocations import Allocations
from site_models.arrays import Floats
from site_models.errors import InputError
from site_models.kinds.workload import Workload
from site_models.plant import Plant
from twin.fabric.contention import Contention
from twin.fabric.parallel import job_use
from twin.fabric.span import Use, joined, trunk_rates, use_of
from twin.workload import workload

FULL = 1.0 + 1e-9
"""Trunks loaded up to this are not crowded."""
TOLD_LOSS = 1e-6
"""A neighbour that loses less than this of its rate does not notice."""


@dataclass(frozen=True, slots=True, eq=False)
class Runner:
    """A job on the network."""

    held: Allocation
    profile: Workload | None
    """Whose operations count; None where the holder's collective does, or nothing is known."""
    use: Use


class Loser(NamedTuple):
    """A running job that a newcomer takes something from. Rates of one GPU's interface [B/s]"""

    runner: Runner
    before_bytes_per_s: float
    after_bytes_per_s: float


class Share(NamedTuple):
    """What a newcomer gets of the network."""

    bytes_per_s: float
    losers: tuple[Loser, ...]


class Traffic:
    """The jobs on the network, kept up with the table of holders. Safe for several threads."""

    def __init__(self, plant: Plant) -> None:
        self._plant, self._lock, self._version = plant, threading.Lock(), -1
        self._trunk_bytes_per_s = trunk_rates(plant)
        self._contention = Contention(self._trunk_bytes_per_s)
        self._seen: dict[str, Allocation] = {}
        self._runners: dict[str, Runner] = {}
        self._load_bytes_per_s = np.zeros(len(self._trunk_bytes_per_s))

    def follow(self, table: Allocations, version: int, now_s: float) -> None:
        """Take in what changed since the version seen last."""
        with self._lock:
            if version == self._version:
                return
            self._version = version
            now = {held.job: held for held in table.jobs(now_s)}
            for job in [job for job, held in self._seen.items() if now.get(job) is not held]:
                del self._seen[job]
                if self._runners.pop(job, None) is not None:
                    self._contention.end(job)
            fresh = {job: held for job, held in now.items() if job not in self._seen}
            self._seen.update(fresh)
            found = {job: self._runner(held) for job, held in fresh.items()}
            starts = {job: runner for job, runner in found.items() if runner is not None}
            self._runners.update(starts)
            if starts:
                self._contention.start_all({job: runner.use for job, runner in starts.items()})
            self._load_bytes_per_s = self._loads()

    def share(self, use: Use | None) -> Share:
        """Return what a job with such a use would get now, and from whom."""
        if use is None:
            return Share(0.0, ())
        alone = self._trunk_bytes_per_s[use.trunk] / use.weight
        rate = float(alone.min(initial=use.limit_bytes_per_s))
        with self._lock:
            filled = self._load_bytes_per_s[use.trunk] + use.weight * rate
            if (filled <= FULL * self._trunk_bytes_per_s[use.trunk]).all():
                return Share(rate, ())
            before = self._contention.rates
            rate, after = self._contention.beside(use)
            losers = [
                Loser(self._runners[job], before[job], left)
                for job, left in after.items()
                if left < (1.0 - TOLD_LOSS) * before[job]
            ]
        return Share(rate, tuple(losers))

    def _runner(self, held: Allocation) -> Runner | None:
        """Return a holder with its traffic; None for one that stays in an NVLink domain."""
        gpus, plant = held.gpus, self._plant
        if len(np.unique(plant.gpu_nvlink_domain[gpus])) < 2 or not joined(plant, gpus):
            return None
        told = held.collective
        profile, use = None, use_of(plant, gpus, "all_reduce" if told is None else told.op)
        if held.profile is not None and told is None:
            try:
                profile = workload(held.profile)
                own = job_use(profile, plant, np.sort(gpus))
            except InputError:
                profile = None
            else:
                if own is None:
                    return None
                use = own
        there = (self._trunk_bytes_per_s[use.trunk] > 0.0).all()
        return Runner(held, profile, use) if there else None

    def _loads(self) -> Floats:
        crossing = [(job, r.use) for job, r in self._runners.items() if len(r.use.trunk)]
        if not crossing:
            return np.zeros(len(self._trunk_bytes_per_s))
        rates = self._contention.rates
        trunk = np.concatenate([use.trunk for _, use in crossing])
        load = np.concatenate([use.weight * rates[job] for job, use in crossing])
        total = np.bincount(trunk, load, len(self._trunk_bytes_per_s))
        return np.asarray(total, dtype=np.float64)


_FOLLOWED: "weakref.WeakKeyDictionary[Allocations, Traffic]" = weakref.WeakKeyDictionary()
_GUARD = threading.Lock()


def traffic_of(plant: Plant, table: Allocations, version: int, now_s: float) -> Traffic:
    """Return the traffic of a table's holders; `version` as its `holdings` told it."""
    with _GUARD:
        traffic = _FOLLOWED.get(table)
        if traffic is None:
            traffic = _FOLLOWED[table] = Traffic(plant)
    traffic.follow(table, version, now_s)
    return traffic
