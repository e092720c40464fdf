"""Whether devices hold what was written, and whether the plant answers as the twin foretold."""

import numpy as np

from controllers.actuators.actuator import Held
from controllers.actuators.order import Order
from controllers.admit import Rules
from controllers.policy import View
from site_models.arrays import Flags, Floats
from site_models.plant import Plant
from twin.state import MODELLED, State
from twin.step import step

NEAR_W = 1.0
NEAR_CLOCK = 0.02
"""Read back this close is what was written."""
LONGEST_STEP_S = 600.0


class Readback:
    """Compares what devices say that they hold with the order in force."""

    def __init__(self, plant: Plant, rules: Rules) -> None:
        self._plant, self._rules = plant, rules
        self._apart_s: Floats = np.full(len(plant.gpu_names), np.inf)

    def look(self, order: Order, held: Held | None, default_cap_w: Floats, time_s: float) -> str:
        """Return what is wrong for longer than the devices may take; empty when nothing is."""
        if held is None or order.until_s == -np.inf:
            self._apart_s[:] = np.inf
            return ""
        restrained = (order.gpu_cap_w < default_cap_w) | (order.gpu_clock_share < 1.0)
        apart: Flags = restrained & ~(np.abs(held.gpu_cap_w - order.gpu_cap_w) <= NEAR_W)
        apart |= held.sm_clock_share > order.gpu_clock_share + NEAR_CLOCK
        self._apart_s = np.where(apart, np.minimum(self._apart_s, time_s), np.inf)
        late = np.flatnonzero(apart & (time_s - self._apart_s >= self._rules.verify_s))
        if not len(late):
            return ""
        first = self._plant.gpu_names[late[0]]
        more = f" and {len(late) - 1} more" if len(late) > 1 else ""
        return f"not verified: {first}{more} do not hold what was written"


class Prediction:
    """Runs the twin ahead of itself while something is in force, from what was believed then.

    Its prediction starts afresh from the belief every `predict_s`, so that what the model does
    not know is no departure, and what a write does within that time is. Temperatures are held
    against it, driven by the power that was measured; and that power against the caps.
    """

    def __init__(self, plant: Plant, rules: Rules) -> None:
        self._plant, self._rules = plant, rules
        self._foretold: State | None = None
        self._since_s = -np.inf
        self._hot_s = self._over_s = np.full(len(plant.gpu_names), np.inf)

    def forget(self) -> None:
        """Begin anew with the next look."""
        self._foretold = None
        self._hot_s = self._over_s = np.full(len(self._plant.gpu_names), np.inf)

    def look(self, view: View, order: Order, fresh: Flags) -> str:
        """Return how reality departs from what was foretold; empty when it does not."""
        if order.until_s == -np.inf:
            self.forget()
            return ""
        rules, state = self._rules, view.state
        last = self._foretold
        if last is None or view.time_s - self._since_s >= rules.predict_s or view.dt_s <= 0.0:
            foretold, self._since_s = state, view.time_s
        else:
            foretold = step(view.plant, last, view.inputs, min(view.dt_s, LONGEST_STEP_S))
        self._foretold = foretold
        there = fresh & view.plant.arrays.gpus.in_service & ~state.gpu_off
        hot = state.gpu_temp_c - foretold.gpu_temp_c > rules.depart_k
        measured = there & (view.inputs.gpu_power_basis < MODELLED)
        over = measured & (state.gpu_power_w > order.gpu_cap_w * (1.0 + rules.depart_share))
        self._hot_s = np.where(there & hot, np.minimum(self._hot_s, view.time_s), np.inf)
        self._over_s = np.where(over, np.minimum(self._over_s, view.time_s), np.inf)
        late_hot = int((view.time_s - self._hot_s >= rules.depart_s).sum())
        late_over = int((view.time_s - self._over_s >= rules.depart_s).sum())
        if late_hot:
            return f"{late_hot} GPUs are over {rules.depart_k:g} K warmer than was foretold"
        if late_over:
            return f"{late_over} GPUs draw more than {1.0 + rules.depart_share:.0%} of their caps"
        return ""
