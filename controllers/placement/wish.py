"""A request with all that it names looked up: profile, power, maintenance, what may be lost."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from controllers.placement.draw import Draw, draw_of
from controllers.placement.index import PlaceIndex
from controllers.placement.models import Request
from site_models.arrays import Flags, Floats
from site_models.errors import InputError
from site_models.kinds.workload import Workload
from site_models.placing import Loss, Placing
from twin.workload import workload

LOSSES: tuple[Loss, ...] = ("cdu_pump", "feed")


@dataclass(frozen=True, slots=True, eq=False)
class Wish:
    """What is asked, beside what the site and the catalog say of it."""

    request: Request
    profile: Workload | None
    draw: Draw | None
    """What its profile draws on each model of the index; None: not from a profile."""
    placing: Placing
    """What the site's file says."""
    maintenance: tuple[str, ...]
    """Rows, racks and nodes that are worked on while the job would run."""
    losses: tuple[Loss, ...]
    """What may be lost without the job suffering."""

    @property
    def model_power_w(self) -> Floats | None:
        """Return the power of the profile on each model, on the nearest place [W].

        The most of any place; None: not from a profile.
        """
        return None if self.draw is None else self.draw.nearest_w

    @property
    def whole(self) -> int:
        """Return how many GPUs of it are to share one NVLink domain: a tensor group's."""
        return 1 if self.profile is None else self.profile.tensor

    @property
    def exchanges(self) -> bool:
        """Return whether anything is told of what its GPUs exchange."""
        return self.request.collective is not None or self.profile is not None


def met_by(placing: Placing, from_s: float, duration_s: float) -> tuple[str, ...]:
    """Return the rows, racks and nodes that are worked on within a time."""
    end_s = from_s + duration_s
    met = (work.targets for work in placing.maintenance if work.meets(from_s, end_s))
    return tuple(sorted({name for names in met for name in names}))


def losses_of(placing: Placing, request: Request) -> tuple[Loss, ...]:
    """Return what may be lost without the job suffering: as it asks, else as the site says."""
    return placing.n_minus_1 if request.n_minus_1 is None else LOSSES * request.n_minus_1


def wish_of(index: PlaceIndex, request: Request, now_s: float) -> Wish:
    """Return the request with what it names looked up.

    Raises InputError for an unknown profile, or one that the GPUs asked for do not fit.
    """
    profile = None if request.profile is None else workload(request.profile)
    draw = None
    if profile is not None:
        whole = profile.tensor * profile.pipeline * profile.expert
        if request.gpus < 1.0 or request.count % whole:
            raise InputError(
                f"gpus: {request.gpus:g}, expected a multiple of tensor x pipeline x expert ="
                f" {whole} for profile {request.profile!r}"
            )
        if request.gpu_power_w is None:
            draw = draw_of(index, str(request.profile), request.count, request.collective)
    placing = index.plant.placing
    return Wish(
        request=request,
        profile=profile,
        draw=draw,
        placing=placing,
        maintenance=met_by(placing, now_s, request.duration_s),
        losses=losses_of(placing, request),
    )


@lru_cache(maxsize=16)
def worked_on(index: PlaceIndex, targets: tuple[str, ...]) -> Flags:
    """Return the nodes that some names of rows, racks or nodes stand for. Shape (nodes,)"""
    plant, names = index.plant, set(targets)
    rack = plant.arrays.nodes.rack
    of_row = np.array([name in names for name in plant.row_names], dtype=np.bool_)
    of_rack = np.array([name in names for name in plant.rack_names], dtype=np.bool_)
    of_node = np.array([name in names for name in plant.node_names], dtype=np.bool_)
    return np.asarray(of_node | of_rack[rack] | of_row[plant.arrays.racks.row[rack]])
