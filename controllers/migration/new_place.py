"""Where a job that has to leave could go: the placement engine asked as a scheduler asks it."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from controllers.jobs.allocation import Allocation
from controllers.jobs.allocations import Allocations
from controllers.migration.held_down import capped_pace, wanted_w
from controllers.placement.models import Level, Request
from controllers.placement.rank import rank
from controllers.policy import JobOn, Move, View
from site_models.arrays import Flags, Ints
from site_models.errors import InputError

OFFERS = 3
"""Places that are looked at for a job."""


@dataclass(frozen=True, slots=True)
class NewPlace:
    """A place and what is expected there."""

    gpus: tuple[int, ...]
    pace: float
    """Throughput over that of full clock and the nearest place. 0..1"""


def new_place(
    view: View,
    job: JobOn,
    taken: Iterable[Move],
    avoid: Flags,
    late: Flags,
    duration_s: float,
    margin_k: float,
) -> NewPlace | None:
    """Return the best place of healthy free GPUs and the job's own; None where there is none.

    Parameters
    ----------
    taken
        Moves whose jobs are not there yet: their GPUs are not free.
    avoid
        GPUs whose nodes are not to be used. Shape (GPUs,)
    late
        GPUs whose jobs are about to draw more than they do, as after a restart. Shape (GPUs,)
    margin_k
        Least distance of the hottest GPU to its limit, at rest under the job.

    The job stays what it is: as many GPUs of the same model, as many in each node where they are
    equal. One in one NVLink domain goes to such a one where there is any; over several it goes
    only where its profile tells what that costs its pace.
    """
    plant, mine = view.plant, job.gpus
    models = {plant.gpu_model[gpu] for gpu in mine}
    if len(models) > 1 or view.free is None:
        return None
    node = plant.arrays.gpus.node
    each = np.unique(np.bincount(node[mine])[node[mine]])
    want_w = wanted_w(view, job)
    one: Level | None = "nvlink_domain"
    near = one if len(set(plant.gpu_nvlink_domain[mine])) == 1 else None
    request = Request(
        job=job.name,
        gpus=len(mine),
        gpus_per_node=int(each[0]) if len(each) == 1 else None,
        gpu_model=models.pop(),
        gpu_power_w=want_w,
        profile=job.profile,
        duration_s=duration_s,
        required_level=near if job.profile is None else None,
        preferred_level=near,
        exclude=tuple(plant.node_names[n] for n in np.unique(node[avoid])),
        limit=OFFERS,
    )
    table = _table(view, job, taken, late)
    try:
        answer = rank(plant, view.state, view.inputs, table, request, view.time_s)
    except InputError:  # a profile that nobody knows here, or that its GPUs do not fit
        plain = request.model_copy(update={"profile": None})
        answer = rank(plant, view.state, view.inputs, table, plain, view.time_s)
    for advice in answer.advice:
        gpus = tuple(int(gpu) for gpu in table.indices(advice.gpus))
        limit_c = float(plant.arrays.gpus.temp_limit_c[list(gpus)].min())
        if advice.predicted.gpu_temp_max_c > limit_c - margin_k or set(gpus) == set(mine.tolist()):
            continue
        slowdown = advice.predicted.slowdown_share or 0.0
        return NewPlace(gpus, (1.0 - slowdown) * capped_pace(view, gpus, want_w))
    return None


def _table(view: View, job: JobOn, taken: Iterable[Move], late: Flags) -> Allocations:
    """Return who holds what, for the engine: the job itself has left."""
    table, most_w = Allocations(view.plant), view.plant.arrays.gpus.power_max_w
    free = np.ones(len(most_w), dtype=np.bool_)

    def hold(name: str, gpus: Ints, power_w: float | None, profile: str | None = None) -> None:
        mine = gpus[free[gpus]]
        free[mine] = False
        if len(mine):
            one = Allocation(name, mine, view.time_s, profile=profile, gpu_power_w=power_w)
            table.put(one, view.time_s)

    for other in view.jobs:
        if other.name != job.name:
            power_w = float(most_w[other.gpus].max()) if late[other.gpus].any() else None
            hold(other.name, other.gpus, power_w, other.profile)
    for move in taken:
        going = np.array(move.gpus, dtype=np.int64)
        hold(f"{move.job} on its way", going, float(most_w[going].max()))
    rest = ~free if view.free is None else ~view.free
    rest[job.gpus] = False
    hold("held by others", np.flatnonzero(rest).astype(np.int64), None)
    return table
