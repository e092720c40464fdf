"""Which job holds which GPUs, and what is reserved for whom."""

import heapq
import secrets
import threading
from collections.abc import Callable, Iterable

import numpy as np

from controllers.jobs.allocation import (
    ROUNDING,
    Allocation,
    Conflict,
    Holdings,
    as_reserved,
    same,
    same_gpus,
)
from controllers.jobs.jobs_seen import JobsSeen
from site_models.arrays import Flags, Floats, Ints
from site_models.errors import InputError
from site_models.plant import Plant


class Allocations:
    """The table of holders, safe to use from several threads.

    Holders count from the moment they are told, whatever their start; they leave at their
    end or when released. Checked in ``tests/controllers/jobs/test_allocations.py``: no GPU is
    ever held beyond its whole by any order of calls, from one thread or many.
    `unused` tells which GPUs have no work but what schedulers told, shape (GPUs,), or None
    where nobody knows: those that a what-if's own jobs run on are not free.
    """

    def __init__(self, plant: Plant, unused: Callable[[], Flags | None] | None = None) -> None:
        self._names = plant.gpu_names
        self._index = {name: i for i, name in enumerate(plant.gpu_names)}
        self._lock = threading.Lock()
        self._jobs: dict[str, Allocation] = {}
        self._reservations: dict[str, Allocation] = {}
        self._claims: dict[str, str] = {}
        """Reservation of each job that is being moved."""
        self._ends: list[tuple[float, str, bool]] = []
        self._held = np.zeros(len(plant.gpu_names))
        self._expected_w = np.zeros(len(plant.gpu_names))
        self._seen = JobsSeen()
        self._version = 0
        self._unused = unused
        self._used = np.zeros(len(plant.gpu_names), dtype=np.bool_)
        self._told = Holdings(-1, self._held, self._expected_w)
        self._by_name: tuple[int, tuple[Allocation, ...]] = (-1, ())

    def indices(self, names: Iterable[str]) -> Ints:
        """Return the plant's indices of GPU names; InputError for an unknown or double one."""
        asked = tuple(names)
        for name in asked:
            if name not in self._index:
                raise InputError(f"gpus: the site has no GPU {name!r}")
        if len(set(asked)) != len(asked):
            raise InputError("gpus: a GPU is named twice")
        return np.array([self._index[name] for name in asked], dtype=np.int64)

    def put(
        self, allocation: Allocation, now_s: float, reservation: str | None = None
    ) -> Allocation:
        """Note that the job holds its GPUs, in place of what it held before.

        With `reservation` the GPUs that the token holds are taken over and the token is
        spent; what it knew of the job stays known while the job is told to be where it was.
        Telling the same twice changes nothing. Raises Conflict, and changes nothing, when a
        GPU is held by another or the token is unknown or expired.
        """
        if allocation.end_s is not None and allocation.end_s <= allocation.start_s:
            raise InputError("end_s: must be later than start_s")
        with self._lock:
            self._expire(now_s)
            old = self._jobs.get(allocation.job)
            if old is not None and same(old, allocation):
                return old
            if reservation is not None and reservation not in self._reservations:
                raise Conflict(f"reservation {reservation!r} is unknown or has expired")
            spent = self._reservations.get(reservation or "")
            before = spent or (old if old is not None and same_gpus(old, allocation) else None)
            if before is not None:
                allocation = as_reserved(allocation, before)
            claim = self._claim_met(allocation)
            claimed = None if claim == reservation else self._reservations.get(claim)
            given_up = tuple(holder for holder in (old, spent, claimed) if holder is not None)
            self._replace(given_up, allocation)
            self._reservations.pop(reservation or "", None)
            self._reservations.pop(claim, None)
            self._jobs[allocation.job] = allocation
            if old is None:
                self._seen.note(len(allocation.gpus), allocation.share)
            if allocation.end_s is not None:
                heapq.heappush(self._ends, (allocation.end_s, allocation.job, False))
            return allocation

    def reserve(self, allocation: Allocation, now_s: float, reserve_s: float) -> str:
        """Hold the GPUs for `reserve_s` and return the token that `put` takes; or Conflict."""
        with self._lock:
            self._expire(now_s)
            return self._reserved(allocation, now_s + reserve_s)

    def claim(self, job: str, gpus: Ints, now_s: float, lasts_s: float) -> None:
        """Keep the GPUs that a job is moved to; Conflict where somebody else has one.

        Those that it holds already stay its own. The claim ends when the job is told to be on
        one of the new ones, or after `lasts_s`; not with its release, since a scheduler that
        starts it again lets go first. A job has one claim at a time.
        """
        with self._lock:
            self._expire(now_s)
            self._drop(self._claims.pop(job, ""))
            mine = self._jobs.get(job)
            new = gpus if mine is None else np.setdiff1d(gpus, mine.gpus)
            power_w = None if mine is None else mine.gpu_power_w
            wanted = Allocation(job=job, gpus=new, start_s=now_s, gpu_power_w=power_w)
            self._claims[job] = self._reserved(wanted, now_s + lasts_s)

    def cancel(self, token: str, now_s: float) -> Allocation | None:
        """Free what a reservation holds and return it; None for an unknown or expired token."""
        with self._lock:
            self._expire(now_s)
            return self._drop(token)

    def release(self, job: str) -> bool:
        """Free what the job holds; False when it held nothing."""
        with self._lock:
            old = self._jobs.pop(job, None)
            if old is not None:
                self._add(old, -1.0)
            return old is not None

    def holdings(self, now_s: float) -> Holdings:
        """Return who holds how much now, all of one instant. The arrays are read-only."""
        with self._lock:
            self._expire(now_s)
            self._look()
            if self._told.version != self._version:
                free = np.where(self._used, 0.0, 1.0 - self._held)
                promised = self._expected_w.copy()
                free.setflags(write=False)
                promised.setflags(write=False)
                self._told = Holdings(self._version, free, promised, self._seen.told)
            return self._told

    def free_share(self, now_s: float) -> Floats:
        """Return what part of each GPU nobody holds. 0..1, shape (GPUs,)"""
        return self.holdings(now_s).free_share

    def jobs(self, now_s: float) -> tuple[Allocation, ...]:
        """Return what is held, in the order of job names; the same object while nothing changes."""
        with self._lock:
            self._expire(now_s)
            if self._by_name[0] != self._version:
                self._by_name = self._version, tuple(self._jobs[job] for job in sorted(self._jobs))
            return self._by_name[1]

    def _look(self) -> None:
        unused = None if self._unused is None else self._unused()
        if unused is not None and (unused == self._used).any():
            self._used = ~unused
            self._version += 1

    def _reserved(self, allocation: Allocation, until_s: float) -> str:
        self._replace((), allocation)
        token = secrets.token_urlsafe(16)
        self._reservations[token] = allocation
        heapq.heappush(self._ends, (until_s, token, True))
        return token

    def _drop(self, token: str) -> Allocation | None:
        old = self._reservations.pop(token, None)
        if old is not None:
            self._add(old, -1.0)
        return old

    def _claim_met(self, allocation: Allocation) -> str:
        """Return the claim of a job that is told to be on one of its new GPUs; else nothing."""
        token = self._claims.get(allocation.job, "")
        claimed = self._reservations.get(token)
        met = claimed is not None and np.isin(allocation.gpus, claimed.gpus).any()
        return token if met else ""

    def _replace(self, old: tuple[Allocation, ...], new: Allocation) -> None:
        """Swap holders; on a conflict put the old ones back and raise."""
        for holder in old:
            self._add(holder, -1.0)
        over = self._held[new.gpus] + new.share > 1.0 + ROUNDING
        if over.any():
            for holder in old:
                self._add(holder, 1.0)
            raise Conflict(self._who_holds(new, new.gpus[over], old))
        self._add(new, 1.0)

    def _who_holds(self, new: Allocation, taken: Ints, old: tuple[Allocation, ...]) -> str:
        first = int(taken[0])
        holders = [a.job for a in self._jobs.values() if a not in old and first in a.gpus]
        by = f"job {holders[0]!r}" if holders else "a reservation"
        more = f" and {len(taken) - 1} more" if len(taken) > 1 else ""
        return f"job {new.job!r}: GPU {self._names[first]}{more} is held by {by}"

    def _add(self, allocation: Allocation, sign: float) -> None:
        self._version += 1
        held = self._held[allocation.gpus] + sign * allocation.share
        self._held[allocation.gpus] = np.where(np.abs(held) < ROUNDING, 0.0, held)
        expected_w = self._expected_w[allocation.gpus] + sign * allocation.share * (
            allocation.gpu_power_w or 0.0
        )
        self._expected_w[allocation.gpus] = np.where(np.abs(expected_w) < ROUNDING, 0.0, expected_w)

    def _expire(self, now_s: float) -> None:
        while self._ends and self._ends[0][0] <= now_s:
            end_s, key, is_reservation = heapq.heappop(self._ends)
            table = self._reservations if is_reservation else self._jobs
            old = table.get(key)
            if old is not None and (is_reservation or old.end_s == end_s):
                self._add(old, -1.0)
                del table[key]
