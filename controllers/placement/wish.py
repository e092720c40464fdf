"""A request with everything looked up that it names: profile, power, maintenance, what may be lost."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from controllers.placement.index import PlaceIndex
from controllers.placement.models import Request
from controllers.team import Team, first_team
from site_models.arrays import Flags, Floats, Ints
from site_models.errors import InputError
from site_models.kinds.workload import Workload
from site_models.placing import Loss
from twin.workload import workload

LOSSES: tuple[Loss, ...] = ("cdu_pump", "feed")


@dataclass(frozen=True, slots=True, eq=False)
class Wish:
    """What is asked, beside what the site and the catalog say of it."""

    request: Request
    profile: Workload | None
    model_power_w: Floats | None
    """Power that the profile draws on each model of the index [W]; None: not from a profile."""
    maintenance: tuple[int, ...]
    """Entries of the site's maintenance that fall into the job's time."""
    losses: tuple[Loss, ...]
    """What may be lost without the job suffering."""

    @property
    def exchanges(self) -> bool:
        """Return whether anything is told of what its GPUs exchange."""
        return self.request.collective is not None or self.profile is not None


def wish_of(index: PlaceIndex, request: Request, now_s: float) -> Wish:
    """Return the request with what it names looked up.

    Raises InputError for an unknown profile, or one that the GPUs asked for do not fit.
    """
    profile = None if request.profile is None else workload(request.profile)
    power_w = None
    if profile is not None:
        whole = profile.tensor * profile.pipeline * profile.expert
        if request.gpus < 1.0 or request.count % whole:
            raise InputError(
                f"gpus: {request.gpus:g}, expected a multiple of tensor x pipeline x expert ="
                f" {whole} for profile {request.profile!r}"
            )
        if request.gpu_power_w is None:
            power_w = _model_powers_w(index, str(request.profile), request.count)
    placing = index.plant.placing
    asked = placing.n_minus_1 if request.n_minus_1 is None else LOSSES * request.n_minus_1
    met = tuple(
        k
        for k, work in enumerate(placing.maintenance)
        if work.meets(now_s, now_s + request.duration_s)
    )
    return Wish(
        request=request,
        profile=profile,
        model_power_w=power_w,
        maintenance=met,
        losses=asked,
    )


@lru_cache(maxsize=256)
def nearest_gpus(index: PlaceIndex, model: int, count: int) -> Ints:
    """Return the nearest place there could be on an empty site: GPUs of a model in order.

    Fewer than `count` where the site has not more.
    """
    mine = np.flatnonzero(index.in_service & (index.model == model))[:count]
    return mine.astype(np.int64)


@lru_cache(maxsize=256)
def nearest_team(index: PlaceIndex, model: int, count: int, profile: str) -> Team | None:
    """Return a profile's team on the nearest place; None where it does not fit the site."""
    gpus = nearest_gpus(index, model, count)
    try:
        return first_team(workload(profile), index.plant, gpus) if len(gpus) == count else None
    except InputError:
        return None


@lru_cache(maxsize=256)
def _model_powers_w(index: PlaceIndex, profile: str, count: int) -> Floats:
    """Return the power of a GPU of each model at the profile's own pace [W].

    That of the nearest place; the rating where the site has not enough of a model.
    """
    found = []
    for model in range(len(index.models)):
        team = nearest_team(index, model, count, profile)
        most_w = index.plant.arrays.gpus.power_max_w[index.model == model]
        if team is None:
            found.append(float(most_w.max(initial=0.0)))
            continue
        clock = np.ones(len(team.gpus))
        found.append(float(team.power_w(index.plant, team.pace(clock), clock).max()))
    return np.array(found)


@lru_cache(maxsize=16)
def worked_on(index: PlaceIndex, met: tuple[int, ...]) -> Flags:
    """Return the nodes that some entries of the site's maintenance name. Shape (nodes,)"""
    plant = index.plant
    names = {name for k in met for name in plant.placing.maintenance[k].targets}
    rack = plant.arrays.nodes.rack
    of_row = np.array([name in names for name in plant.row_names], dtype=np.bool_)
    of_rack = np.array([name in names for name in plant.rack_names], dtype=np.bool_)
    of_node = np.array([name in names for name in plant.node_names], dtype=np.bool_)
    return np.asarray(of_node | of_rack[rack] | of_row[plant.arrays.racks.row[rack]])
