"""How long a job's exchange takes on candidate places, and what it costs the neighbours."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from controllers.jobs.collective_told import AS_TOLD, Collective
from controllers.jobs.team import team_of
from controllers.placement.candidate import Candidate
from controllers.placement.index import PlaceIndex
from controllers.placement.nearest import nearest_s, nearest_team, times_s
from controllers.placement.neighbours import CALM, Ease, losing_of
from controllers.placement.spans import lay_of
from controllers.placement.traffic import Traffic
from controllers.placement.wish import Wish
from site_models.arrays import Floats, Ints
from site_models.errors import InputError
from site_models.plant import Plant


class Trip(NamedTuple):
    """What a job's step comes to on one candidate."""

    collective_s: float | None
    """All that its GPUs exchange in a step, as far as the twin can tell."""
    step_s: float | None
    nearest_step_s: float | None
    """The same on the nearest place of an empty site."""
    neighbours_slowdown_share: float | None
    worst_neighbour: str
    bytes_per_s: float
    """What it gets of one GPU's network interface; 0 where nothing leaves its domain."""
    crowded: bool
    """Neighbours leave it less than it would have alone."""
    joined: bool = True
    """The network, or one NVLink domain, joins its GPUs."""
    ease: Ease = CALM
    """Of the neighbours with the largest loss whose profile is known."""

    @property
    def slowdown_share(self) -> float | None:
        """Return what part of the step the place costs. 0..1; None without a step."""
        if self.step_s is None or self.nearest_step_s is None:
            return None
        return max(1.0 - self.nearest_step_s / self.step_s, 0.0)


UNTOLD = Trip(None, None, None, None, "", 0.0, crowded=False)
"""Of a request that says nothing of its step."""


def steps_s(found: Sequence[Trip]) -> Floats:
    """Return how long the job's step takes on each candidate [s]; NaN where that is not told."""
    return np.array([np.nan if trip.step_s is None else trip.step_s for trip in found])


def trips(
    index: PlaceIndex, wish: Wish, traffic: Traffic, candidates: Sequence[Candidate], lost: Floats
) -> list[Trip]:
    """Return what a job's step comes to on each candidate, in their order.

    `lost` is the part of the asked power that the GPUs of each do not give, and their
    arithmetic with it. The collective that a request states comes before its profile's.
    """
    if not candidates or wish.request.count < 2:
        return [UNTOLD] * len(candidates)
    if wish.request.collective is not None:
        return _stated(index, wish, wish.request.collective, traffic, candidates, lost)
    if wish.profile is not None:
        each = zip(candidates, lost.tolist(), strict=True)
        return [_profiled(index, wish, traffic, place, part) for place, part in each]
    return [UNTOLD] * len(candidates)


def _stated(
    index: PlaceIndex,
    wish: Wish,
    told: Collective,
    traffic: Traffic,
    candidates: Sequence[Candidate],
    lost: Floats,
) -> list[Trip]:
    op = AS_TOLD.get(told.op, told.op)
    lay = lay_of(index.plant, [place.gpus for place in candidates], op)
    shares = [traffic.share(use) for use in lay.uses]
    alone = lay.span.network_bytes_per_s
    rate = np.array([share.bytes_per_s for share in shares])
    span = lay.span._replace(network_bytes_per_s=rate)
    time_s = times_s(index.plant, op, told.bytes, span).tolist()
    found = []
    for k, share in enumerate(shares):
        step_s = told.per_step_s / (1.0 - float(lost[k])) + time_s[k]
        model = int(index.model[candidates[k].gpus[0]])
        least_s = told.per_step_s + nearest_s(index, model, wish.request.count, op, told.bytes)
        known, losing = math.isfinite(time_s[k]), losing_of(index, share)
        found.append(
            Trip(
                collective_s=time_s[k] if known else None,
                step_s=step_s if known else None,
                nearest_step_s=least_s if known and math.isfinite(least_s) else None,
                neighbours_slowdown_share=losing.share,
                worst_neighbour=losing.job,
                ease=losing.ease,
                bytes_per_s=share.bytes_per_s,
                crowded=share.bytes_per_s < 0.999 * float(alone[k]),
                joined=bool(span.domains[k] < 2.0 or rate[k] > 0.0),
            )
        )
    return found


def _profiled(
    index: PlaceIndex, wish: Wish, traffic: Traffic, place: Candidate, lost: float
) -> Trip:
    """Return a profile's step on one place: its groups, its phases, its share of the network."""
    profile, plant, gpus = wish.profile, index.plant, place.gpus
    nearest = nearest_team(
        index, int(index.model[gpus[0]]), len(gpus), str(wish.request.profile)
    )  # fmt: skip
    try:
        team = None if profile is None else team_of(profile, plant, gpus)
    except InputError:
        return UNTOLD._replace(joined=_one_domain(plant, gpus))
    if team is None:
        return UNTOLD
    share = traffic.share(team.use)
    rate = share.bytes_per_s if team.use is not None else None
    mine = team.at_rate(plant, rate)
    at = mine.pace(np.full(len(gpus), 1.0 - lost))
    least_s = None
    if nearest is not None:
        least_s = float(nearest.pace(np.ones(len(gpus))).step_s.max())
    losing = losing_of(index, share)
    return Trip(
        collective_s=float(mine.exchange.time_s.sum()),
        step_s=float(at.step_s.max()),
        nearest_step_s=least_s,
        neighbours_slowdown_share=losing.share,
        worst_neighbour=losing.job,
        ease=losing.ease,
        bytes_per_s=share.bytes_per_s,
        crowded=rate is not None and rate < 0.999 * float(team.rate_bytes_per_s or 0.0),
    )


def _one_domain(plant: Plant, gpus: Ints) -> bool:
    return len(np.unique(plant.gpu_nvlink_domain[gpus])) < 2
