"""Keep every stage of the power chain within its limit by sharing power caps."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from controllers.parameters import parameter, share
from controllers.policy import Decision, View
from controllers.power.climb import Gangs, climbed, gangs_of
from controllers.power.pour import METERS, Fill, Vessel, vessel_of
from controllers.power.power_tree import power_tree
from controllers.power.spare_vessels import spares_of
from controllers.power.stage_room import room_of
from controllers.power.worth import full_power_w, ladder_of
from site_models.arrays import Floats
from site_models.plant import Plant
from twin.state import MODELLED

AT_CAP = 0.97
"""A GPU that draws this share of its cap would draw more if it might."""


class Wanted(NamedTuple):
    """What the budget remembers for each GPU [W]."""

    want_w: Floats
    """Recent peak of what it would draw at full clock."""
    cap_w: Floats


@dataclass(frozen=True, slots=True)
class PowerBudget:
    """Cap GPUs so that no stage can pass its limit, whatever its GPUs then draw.

    The caps themselves sum to no more than each stage carries, losses included, so the limit
    holds even if every GPU rises to its cap at once. A stage's limit is its rating, less
    where its breaker must cool, or what its battery or generator gives: `room_of`.

    From the lowest caps, jobs of the highest priority climb first. Within a priority power
    goes where it is worth the most throughput per watt: each job's curve follows from its
    compute share and from what its GPUs draw or, while held, would draw (`ladder_of`); the
    GPUs of a job climb together, since the slowest sets its pace (`climbed`). What is left
    is shared out in equal proportion, first towards what each GPU wants and some slack, so
    that power comes back when work returns, then towards the device limits.

    With `n_minus_1` it holds as well once any one stage is lost whose load others then take
    (`controllers.power.spare_vessels`): nothing has to react in time. Off by default, for it costs
    work all the time.

    Without word of jobs the GPUs of a rack are one job, bound by arithmetic. What pumps, fans
    and chillers draw from the same stages is taken as now; the margins are for their rise.

    Checked in ``tests/controllers/policies/test_power_budget.py``: with every GPU at its cap no
    stage passes its limit on random trees; throughput against a linear program there and in
    ``experiment power_budget``.
    """

    margin: float = share("Share of a rating to use", 0.95, 0.1)
    site_limit_w: float | None = parameter(
        "Limit at the utility meters of the racks together, chain losses included", None, "W", 0.0
    )
    site_margin: float = share("Share of the site limit to use", 0.99, 0.1)
    slack: float = share("Room above a GPU's recent peak, of its range", 0.1)
    forget_s: float = parameter("Time to forget a peak", 60.0, "s", 1.0)
    cool_s: float = parameter(
        "Time in which an overloaded breaker shall have cooled", 300.0, "s", 1.0
    )
    n_minus_1: bool = parameter("Keep every limit with any one stage lost as well", False)

    def start(self, plant: Plant) -> Wanted:
        """Return the wish for everything, uncapped."""
        most_w = plant.arrays.gpus.power_max_w
        return Wanted(most_w.copy(), most_w.copy())

    def decide(self, view: View, memory: Wanted) -> tuple[Decision, Wanted]:
        """Return the caps for this instant."""
        plant, gpus = view.plant, view.plant.arrays.gpus
        full_w, want_w = self._wants_w(view, memory)
        vessel, gangs = self._vessel(view), gangs_of(plant, view.jobs)
        ladder = ladder_of(plant, full_w, gangs.compute_share)
        cap_w = climbed(vessel, ladder, gangs, _lowest_w(view))
        span_w = gpus.power_max_w - gpus.power_min_w
        first_w = np.clip(want_w + self.slack * span_w, cap_w, gpus.power_max_w)
        first = vessel.pour(cap_w, first_w)
        cap_w = cap_w + first.level[vessel.gpu_rack] * (first_w - cap_w)
        second = vessel.pour(cap_w, gpus.power_max_w)
        cap_w = cap_w + second.level[vessel.gpu_rack] * (gpus.power_max_w - cap_w)
        cap_w = np.clip(cap_w, gpus.power_min_w, gpus.power_max_w)
        return Decision(cap_w, _reason(vessel, cap_w, first, second, gangs)), Wanted(want_w, cap_w)

    def _vessel(self, view: View) -> Vessel:
        meters_w = np.inf
        if self.site_limit_w is not None:
            meters_w = self.site_limit_w * self.site_margin
        tree = power_tree(view.plant)
        room = room_of(tree, view.state, self.margin, meters_w, self.cool_s)
        vessel = vessel_of(view.plant, view.state, room, self.margin)
        if not self.n_minus_1:
            return vessel
        spares = spares_of(view.plant, view.state, self.margin, meters_w, self.cool_s)
        return replace(vessel, spares=spares)

    def _wants_w(self, view: View, memory: Wanted) -> tuple[Floats, Floats]:
        """Return what GPUs would draw at full clock: now, and the recent peak of it.

        A clock that is told gives it by the devices' own law. Where power is measured and no
        clock is told, the peak stands for now, and a GPU at its cap may want anything.
        """
        gpus, power_w = view.plant.arrays.gpus, view.state.gpu_power_w
        full_w, lowered = full_power_w(view.plant, view.state)
        now_w = np.clip(full_w, gpus.power_min_w, gpus.power_max_w)
        fade = np.exp(-view.dt_s / self.forget_s)
        peak_w = now_w + fade * np.maximum(memory.want_w - now_w, 0.0)
        told = lowered | (view.inputs.gpu_power_basis == MODELLED)
        unknown = (power_w >= AT_CAP * memory.cap_w) & ~told
        peak_w = np.where(unknown, gpus.power_max_w, peak_w)
        return np.where(told, now_w, peak_w), peak_w


def _lowest_w(view: View) -> Floats:
    """Return what every GPU must have: its lowest cap, or what it idles at while its job stands."""
    gpus = view.plant.arrays.gpus
    low_w = gpus.power_min_w.copy()
    for job in view.jobs:
        if job.paused:
            low_w[job.gpus] = np.minimum(low_w, gpus.idle_power_w)[job.gpus]
    return low_w


def _reason(vessel: Vessel, cap_w: Floats, first: Fill, second: Fill, gangs: Gangs) -> str:
    plant = vessel.tree.plant
    below = cap_w < plant.arrays.gpus.power_max_w
    capped = int(np.count_nonzero(below))
    if not capped:
        return "every stage within its limit, no cap"
    full = sorted(set(first.full) | set(second.full))
    told = ["the utility limit" if f == METERS else plant.feed_names[f] for f in full]
    names = ", ".join(told[:3]) or "rack ratings"
    lost = ", any one stage lost" if vessel.spares else ""
    more = f" and {len(told) - 3} more" if len(told) > 3 else ""
    ranks = len(np.unique(gangs.priority))
    classes = f", {ranks} priorities" if ranks > 1 else ""
    lowest = bool((cap_w[below] <= plant.arrays.gpus.power_min_w[below]).all())
    tail = ", at the lowest caps" if lowest else ""
    return (
        f"{capped} GPUs capped for {names}{more}{lost}{classes},"
        f" lowest {cap_w[below].min():.0f} W{tail}"
    )


POLICY = PowerBudget
