"""Let a site's power rise no faster than agreed: jobs start one after another, by cap."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from controllers.gather import sum_by
from controllers.parameters import parameter, share
from controllers.policy import Decision, View
from controllers.power.climb import gangs_of
from site_models.arrays import Floats
from site_models.plant import Plant

AT_CAP = 0.97
"""A GPU that draws this share of its cap would draw more if it might."""
AWAKE = 0.05
"""Of the span from idle to limit: below this a GPU does next to nothing."""


class Opened(NamedTuple):
    """What the ramp limit remembers for each GPU."""

    cap_w: Floats
    asleep_s: Floats
    """How long it has done next to nothing."""


@dataclass(frozen=True, slots=True)
class RampLimit:
    """Keep sleeping GPUs at a low cap and open the caps of a waking job by a common ramp.

    The caps of the site rise by no more than the ramp in any second, so its power cannot
    rise faster, whatever starts: power may swing freely below caps that are open. With
    `stagger` the ramp goes to one job after the other, by priority and number; without, all
    waking jobs share it. A GPU that has slept for a while is closed again. Falls cannot be
    limited by caps: stages of storage and the devices' own ramp-down do that, see
    ``experiment smoothing``.

    Checked in ``tests/controllers/policies/test_ramp_limit.py``.
    """

    ramp: float = parameter("Rise in a second, of all GPU limits together", 0.05, "1/s", 0.001, 1.0)
    stagger: float = share("1: waking jobs one after another; 0: all at once", 1.0)
    sleep_s: float = parameter("Sleep after which a GPU is closed", 120.0, "s", 1.0)

    def start(self, plant: Plant) -> Opened:
        """Return everything closed, as a site without load is."""
        return Opened(_closed_w(plant), np.zeros(len(plant.gpu_names)))

    def decide(self, view: View, memory: Opened) -> tuple[Decision, Opened]:
        """Return the caps for this instant."""
        plant, gpus = view.plant, view.plant.arrays.gpus
        power_w, closed_w = view.state.gpu_power_w, _closed_w(plant)
        asleep = power_w < np.minimum(closed_w, AT_CAP * memory.cap_w)
        asleep_s = np.where(asleep, memory.asleep_s + view.dt_s, 0.0)
        cap_w = np.where(asleep_s >= self.sleep_s, closed_w, memory.cap_w)
        gangs = gangs_of(plant, view.jobs)
        gap_w = np.where(asleep, 0.0, gpus.power_max_w - cap_w)
        left_w = self.ramp * float(gpus.power_max_w.sum()) * max(view.dt_s, 0.0)
        wish_w = sum_by(gangs.gang, gap_w, gangs.size)
        share = np.zeros(gangs.size)
        if self.stagger >= 0.5:
            rank = np.zeros(gangs.size, dtype=np.int64)
            rank[gangs.gang] = gangs.priority
            for gang in np.lexsort((np.arange(gangs.size), -rank)).tolist():
                if wish_w[gang] > 0.0 and left_w > 0.0:
                    share[gang] = min(left_w / float(wish_w[gang]), 1.0)
                    left_w -= share[gang] * float(wish_w[gang])
        elif wish_w.sum() > 0.0:
            share[:] = min(left_w / float(wish_w.sum()), 1.0)
        cap_w = np.minimum(cap_w + share[gangs.gang] * gap_w, gpus.power_max_w)
        opening = int(np.count_nonzero(gap_w > 0.0))
        reason = f"{opening} GPUs on their way up" if opening else "nothing rises"
        return Decision(cap_w, reason), Opened(cap_w, asleep_s)


def _closed_w(plant: Plant) -> Floats:
    gpus = plant.arrays.gpus
    awake_w = gpus.idle_power_w + AWAKE * (gpus.power_max_w - gpus.idle_power_w)
    return np.asarray(np.maximum(gpus.power_min_w, awake_w))


POLICY = RampLimit
