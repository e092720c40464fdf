"""What a job draws on the mean of its step: its work at the work's power, the rest waiting.

The relation by which the rig's jobs draw (`twin.workload.mean_power_w`): a GPU of a job spends
the same energy on a step's arithmetic wherever it stands, and draws the waiting power for the
rest of it. How long the step is, is what the place makes of it.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from controllers.jobs.collective_told import AS_TOLD, Collective
from controllers.placement.index import PlaceIndex
from controllers.placement.nearest import nearest_s, nearest_team
from site_models.arrays import Floats, Ints
from site_models.errors import InputError
from site_models.kinds.workload import Workload
from twin.workload import busy_s, pattern_on, phase_power_w, workload


class Draw(NamedTuple):
    """Of one GPU of each model of the index. Shape (models,)"""

    wait_w: Floats
    """While it waits for others."""
    work_j: Floats
    """What a step's work takes above that."""
    nearest_step_s: Floats
    """The shortest step there could be: on the nearest place."""

    @property
    def nearest_w(self) -> Floats:
        """Return the mean power of a GPU on the nearest place: the most of any place [W]."""
        return self.wait_w + self.work_j / self.nearest_step_s

    def power_w(self, model: Ints, step_s: Floats) -> Floats:
        """Return the mean power of GPUs whose job makes a step in a time [W].

        That of the nearest place where the time is not known: NaN. Shapes: broadcast.
        """
        time_s = np.where(np.isnan(step_s), self.nearest_step_s[model], step_s)
        return np.asarray(self.wait_w[model] + self.work_j[model] / time_s)


@lru_cache(maxsize=256)
def draw_of(index: PlaceIndex, profile: str, count: int, told: Collective | None) -> Draw:
    """Return what a job of a profile draws; of one that states its collective, with that.

    A stated collective is the whole of a step's exchange, `per_step_s` the whole of its work,
    at the mean power of the profile's. A model of which the profile or the site tells too
    little counts with its rating, whatever its step. Checked against the rig's own power in
    ``tests/controllers/placement/test_placement_draw.py``.
    """
    rows = [_row(index, model, profile, count, told) for model in range(len(index.models))]
    wait_w, work_j, step_s = np.array(rows, dtype=np.float64).reshape(-1, 3).T
    return Draw(wait_w, work_j, step_s)


def _row(
    index: PlaceIndex, model: int, name: str, count: int, told: Collective | None
) -> tuple[float, float, float]:
    """Return waiting power [W], work above it [J] and the nearest step [s] on a model."""
    most_w = index.plant.arrays.gpus.power_max_w[index.model == model]
    rating = float(most_w.max(initial=0.0)), 0.0, 1.0
    try:
        wait_w, work_j, work_s = _work(index, model, workload(name))
    except InputError:
        return rating
    if told is None:
        team = nearest_team(index, model, count, name)
        if team is None:
            return rating
        return wait_w, work_j, float(team.pace(np.ones(count)).step_s.max())
    op = AS_TOLD.get(told.op, told.op)
    exchange_s = nearest_s(index, model, count, op, told.bytes)
    step_s = told.per_step_s + (exchange_s if np.isfinite(exchange_s) else 0.0)
    return wait_w, work_j / work_s * told.per_step_s if work_s else 0.0, step_s


def _work(index: PlaceIndex, model: int, profile: Workload) -> tuple[float, float, float]:
    """Return waiting power [W], and of a step's work its energy above that [J] and time [s]."""
    one = np.flatnonzero(index.model == model)[:1]
    gpus, groups = index.plant.arrays.gpus, index.plant.arrays.groups
    idle_w, limit_w, group = gpus.idle_power_w[one], gpus.power_max_w[one], gpus.group[one]
    clock, pattern = np.ones(1), pattern_on(profile, index.plant, one)
    flat, floor = groups.voltage_flat[group], groups.voltage_floor[group]
    phase_w = phase_power_w(pattern, clock, idle_w, limit_w, flat, floor)[0]
    wait_w = float(idle_w[0] + (limit_w[0] - idle_w[0]) * pattern.wait_share)
    time_s = busy_s(pattern, clock)[0]
    return wait_w, float((time_s * (phase_w - wait_w)).sum()), float(time_s.sum())
