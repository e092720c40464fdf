"""Max-min fair shares by linear programs: the reference for progressive filling."""

import numpy as np
from scipy.optimize import linprog

from site_models.arrays import Floats
from twin.physics.max_min import max_min


def random_network(seed: int) -> tuple[Floats, Floats, Floats]:
    """Return link rates, weights of jobs on links, and what each job can use."""
    random = np.random.default_rng(seed)
    links, jobs = int(random.integers(1, 9)), int(random.integers(1, 9))
    crossed = random.random((jobs, links)) < 0.45
    weights = np.where(crossed, random.uniform(0.2, 5.0, (jobs, links)), 0.0)
    return random.uniform(1.0, 20.0, links), weights, random.uniform(0.5, 8.0, jobs)


def by_filling(rates: Floats, weights: Floats, limits: Floats) -> Floats:
    """Return the shares of `twin.physics.max_min`."""
    starts = np.concatenate([[0], np.cumsum((weights > 0.0).sum(axis=1))]).astype(np.int64)
    job, link = np.nonzero(weights)
    return max_min(rates, starts, link.astype(np.int64), weights[job, link], limits)


def by_linear_programs(rates: Floats, weights: Floats, limits: Floats) -> Floats:
    """Return max-min shares: raise the least share, fix who cannot have more, repeat (HiGHS)."""
    jobs = len(limits)
    fixed = np.full(jobs, np.nan)
    while np.isnan(fixed).any():
        rising = np.isnan(fixed)
        bounds = [
            (0.0, top) if free else (value, value)
            for free, value, top in zip(rising, fixed, limits, strict=True)
        ]
        above = np.zeros((int(rising.sum()), jobs + 1))
        above[np.arange(len(above)), np.flatnonzero(rising)] = -1.0
        above[:, -1] = 1.0
        least = linprog(
            np.r_[np.zeros(jobs), -1.0],
            A_ub=np.vstack([np.c_[weights.T, np.zeros(len(rates))], above]),
            b_ub=np.r_[rates, np.zeros(len(above))],
            bounds=[*bounds, (0.0, None)],
            method="highs",
        )
        level = -float(least.fun or 0.0)
        low = [(max(a, level - 1e-9), b) if f else (a, b)
               for (a, b), f in zip(bounds, rising, strict=True)]  # fmt: skip
        for j in np.flatnonzero(rising):
            best = linprog(-np.eye(jobs)[j], A_ub=weights.T, b_ub=rates, bounds=low, method="highs")
            if -float(best.fun or 0.0) <= level + 1e-6:
                fixed[j] = level
    return fixed
