"""Shares of the fabric's trunks among running jobs, kept as jobs start and end.

When a job starts or ends only the jobs that share a trunk with it, directly or through others,
can change: their rates alone are solved again. Jobs of one leaf never touch the rest.
"""

from collections.abc import Mapping

import numpy as np

from site_models.arrays import Floats
from site_models.errors import InputError
from twin.fabric.span import Use
from twin.physics.max_min import max_min


class Contention:
    """Running jobs, the trunks they cross and their max-min fair rates.

    Parameters
    ----------
    trunk_bytes_per_s
        Rate of every trunk, as `twin.fabric.span.trunk_rates` gives it. Shape (trunks,)
    """

    def __init__(self, trunk_bytes_per_s: Floats) -> None:
        self._trunks = trunk_bytes_per_s
        self._uses: dict[str, Use] = {}
        self._crossed: dict[str, frozenset[int]] = {}
        self._on: dict[int, set[str]] = {}
        self._rates: dict[str, float] = {}

    @property
    def rates(self) -> dict[str, float]:
        """Return the rate of one GPU's interface by job [B/s]."""
        return dict(self._rates)

    def rate(self, job: str) -> float:
        """Return the rate of one GPU's interface of a job [B/s]; KeyError for an unknown one."""
        return self._rates[job]

    def start(self, job: str, use: Use) -> None:
        """Add a job; InputError if it runs already or crosses a trunk that is not there."""
        self._add(job, use)
        self._solve(self._together(use))

    def start_all(self, jobs: Mapping[str, Use]) -> None:
        """Add several jobs and solve once; InputError as `start`, with those before it added."""
        for job, use in jobs.items():
            self._add(job, use)
        self._solve(sorted(self._uses))

    def _add(self, job: str, use: Use) -> None:
        if job in self._uses:
            raise InputError(f"job {job!r} runs already, expected another name")
        if (self._trunks[use.trunk] <= 0.0).any():
            raise InputError(f"job {job!r} crosses a trunk without links, expected a common fabric")
        self._uses[job] = use
        self._rates[job] = use.limit_bytes_per_s
        self._crossed[job] = frozenset(use.trunk.tolist())
        for trunk in self._crossed[job]:
            self._on.setdefault(trunk, set()).add(job)

    def end(self, job: str) -> None:
        """Remove a job; InputError if it does not run."""
        if job not in self._uses:
            raise InputError(f"job {job!r} does not run, expected one of {len(self._uses)} jobs")
        use = self._uses.pop(job)
        del self._rates[job]
        for trunk in self._crossed.pop(job):
            self._on[trunk].discard(job)
        self._solve(self._together(use))

    def probe(self, use: Use) -> float:
        """Return the rate that a job would get now, without starting it [B/s]."""
        jobs = self._together(use)
        return float(self._solved([*(self._uses[job] for job in jobs), use])[-1])

    def beside(self, use: Use) -> tuple[float, dict[str, float]]:
        """Return the rate that a job would get now, and those of the jobs that it shares with.

        Without starting it; by job, those that it does not change included [B/s].
        """
        jobs = self._together(use)
        rates = self._solved([*(self._uses[job] for job in jobs), use]).tolist()
        return rates[-1], dict(zip(jobs, rates[:-1], strict=True))

    def _together(self, use: Use) -> list[str]:
        """Return the jobs that share trunks with a use, however far."""
        found: set[str] = set()
        seen = set(use.trunk.tolist())
        waiting = list(seen)
        while waiting and len(found) < len(self._uses):
            for job in self._on.get(waiting.pop(), set()) - found:
                found.add(job)
                fresh = self._crossed[job] - seen
                seen |= fresh
                waiting.extend(fresh)
        return sorted(found)

    def _solve(self, jobs: list[str]) -> None:
        if jobs:
            rates = self._solved([self._uses[job] for job in jobs])
            self._rates.update(zip(jobs, rates.tolist(), strict=True))

    def _solved(self, uses: list[Use]) -> Floats:
        counts = [len(use.trunk) for use in uses]
        start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        link = np.concatenate([use.trunk for use in uses])
        weight = np.concatenate([use.weight for use in uses])
        limit = np.array([use.limit_bytes_per_s for use in uses])
        crossed, place = np.unique(link, return_inverse=True)
        return max_min(self._trunks[crossed], start, place.astype(np.int64), weight, limit)
