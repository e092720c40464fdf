"""The simple rule: one power cap for every GPU, moved until the meters show the target."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from controllers.policies.demand_response import DemandResponse, Followed
from controllers.policy import Decision, View
from site_models.plant import Plant

HIGHEST = 0.93
"""About where caps begin to bind in this mix: from here up there is none."""


class Level(NamedTuple):
    """What the rule remembers."""

    share: float
    """Cap over the device's own limit."""
    aim: Followed
    """What our policy remembers of the event: both follow the same course."""


@dataclass(frozen=True, slots=True)
class UniformCap:
    """Cap all GPUs alike, whatever runs on them."""

    inner: DemandResponse = field(default_factory=DemandResponse)

    def start(self, plant: Plant) -> Level:
        """Return no cap."""
        return Level(HIGHEST, self.inner.start(plant))

    def decide(self, view: View, memory: Level) -> tuple[Decision, Level]:
        """Return the same share of its limit for every GPU."""
        most_w = view.plant.arrays.gpus.power_max_w
        followed = self.inner.followed(view, memory.aim)
        aim_w = self.inner.aim_w(followed, view.time_s)
        if np.isnan(aim_w):
            return Decision(most_w.copy(), "nothing is asked"), Level(HIGHEST, followed)
        error = (aim_w - followed.quick_w) / float(most_w.sum())
        reset_s = self.inner.relax_s if error > 0.0 else self.inner.tighten_s
        share = memory.share + error * min(view.dt_s / reset_s, 1.0)
        share = min(max(share, 0.0), HIGHEST)
        cap_w = np.maximum(share * most_w, view.plant.arrays.gpus.power_min_w)
        cap_w = most_w.copy() if share >= HIGHEST else cap_w
        return Decision(cap_w, f"every GPU capped at {share:.1%}"), Level(share, followed)
