"""Max-min fair shares of links among jobs: nobody can get more but from one who has less.

Progressive filling: all rates rise together until a link is full or a job has all it can use;
the jobs of that link, or that job, keep their rate, the others rise on. Checked against a
sequence of linear programs on random networks in `tests/twin/physics/test_max_min.py`.

Reference: D. Bertsekas, R. Gallager, *Data Networks*, 2nd ed., section 6.5.2, Prentice Hall, 1992.
"""

import numpy as np

from site_models.arrays import Flags, Floats, Ints
from twin.physics.law import compiled, compiled_for


@compiled
def _stop(
    j: int,
    level: float,
    rate: Floats,
    rising: Flags,
    start: Ints,
    link: Ints,
    weight: Floats,
    free: Floats,
    load: Floats,
    count: Ints,
) -> int:
    """Let a job keep its rate; what is left of its links is for the others."""
    rate[j] = level
    rising[j] = False
    for k in range(start[j], start[j + 1]):
        free[link[k]] = max(free[link[k]] - weight[k] * level, 0.0)
        load[link[k]] -= weight[k]
        count[link[k]] -= 1
    return 1


@compiled
def _by_link(link: Ints, links: int) -> tuple[Ints, Ints]:
    """Return the uses sorted by link: where each link's begin, and the sorted uses."""
    begin = np.zeros(links + 1, np.int64)
    for k in link:
        begin[k + 1] += 1
    for k in range(links):
        begin[k + 1] += begin[k]
    place = begin[:-1].copy()
    order = np.empty(len(link), np.int64)
    for use in range(len(link)):
        order[place[link[use]]] = use
        place[link[use]] += 1
    return begin, order


@compiled_for("f8[::1](f8[::1], i8[::1], i8[::1], f8[::1], f8[::1])")
def max_min(link_rate: Floats, start: Ints, link: Ints, weight: Floats, limit: Floats) -> Floats:
    """Return the fair rate of each job [B/s].

    Parameters
    ----------
    link_rate
        Rate of each link. > 0 where a job crosses it. Shape (links,) [B/s]
    start, link, weight
        Job j crosses `link[start[j]:start[j + 1]]`, each once, and loads it with its rate times
        the weight. Shapes (jobs + 1,), (uses,), (uses,)
    limit
        The most that each job can use. Shape (jobs,) [B/s]

    Time grows with the number of rounds, at most one a job, times the links crossed.
    """
    jobs = len(limit)
    uses = len(link)
    free = link_rate.copy()
    load = np.zeros(len(link_rate))
    count = np.zeros(len(link_rate), np.int64)
    rate = np.zeros(jobs)
    owner = np.empty(uses, np.int64)
    for j in range(jobs):
        for k in range(start[j], start[j + 1]):
            owner[k] = j
            load[link[k]] += weight[k]
            count[link[k]] += 1
    by_link, order = _by_link(link, len(link_rate))
    crossed = np.unique(link)
    rising = np.ones(jobs, np.bool_)
    by_limit = np.argsort(limit)
    next_limit = 0
    left = jobs
    level = 0.0
    while left > 0:
        while next_limit < jobs and not rising[by_limit[next_limit]]:
            next_limit += 1
        height = limit[by_limit[next_limit]]
        full = -1
        for k in crossed:
            if count[k] > 0 and free[k] / load[k] < height:
                height = free[k] / load[k]
                full = k
        level = max(level, height)
        if full < 0:
            j = by_limit[next_limit]
            left -= _stop(j, level, rate, rising, start, link, weight, free, load, count)
        else:
            for m in range(by_link[full], by_link[full + 1]):
                j = owner[order[m]]
                if rising[j]:
                    left -= _stop(j, level, rate, rising, start, link, weight, free, load, count)
    return rate
