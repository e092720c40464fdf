"""Whether devices hold what was written, and whether the plant answers as the twin foretold."""

import numpy as np

from controllers.actuators.actuator import Held
from controllers.actuators.admit import Rules
from controllers.actuators.order import Order
from controllers.gather import applied
from controllers.policy import View
from site_models.arrays import Flags, Floats
from site_models.plant import Plant
from twin.physics.clocks import switching_share
from twin.physics.leakage import leakage_power_w
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
    against it, driven by the power that was measured; and that power against the caps, or what
    a busy GPU draws at its lowest clock where that is more: no cap gets it lower, and a safe
    plant must not be given its power back for that.
    """

    def __init__(self, plant: Plant, rules: Rules) -> None:
        self._plant, self._rules = plant, rules
        self._lowest_w = lowest_clock_w(plant)
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
        asked_w = np.maximum(order.gpu_cap_w, self._lowest_w)
        over = measured & (state.gpu_power_w > asked_w * (1.0 + rules.depart_share))
        self._hot_s = np.where(there & hot, np.minimum(self._hot_s, view.time_s), np.inf)
        self._over_s = np.where(over, np.minimum(self._over_s, view.time_s), np.inf)
        late_hot = int((view.time_s - self._hot_s >= rules.depart_s).sum())
        late_over = int((view.time_s - self._over_s >= rules.depart_s).sum())
        if late_hot:
            return f"{late_hot} GPUs are over {rules.depart_k:g} K warmer than was foretold"
        if late_over:
            return f"{late_over} GPUs draw more than {1.0 + rules.depart_share:.0%} of their caps"
        return ""


def lowest_clock_w(plant: Plant) -> Floats:
    """Return what hot GPUs draw at the most under full load at their lowest clocks [W].

    Power when idle already leaks, at the temperature of an idle chip; the rest of the leakage
    is that of a chip about to shut down.
    """
    gpus, groups, q = plant.arrays.gpus, plant.arrays.groups, plant.arrays.gpus.group
    share = applied(switching_share, groups.clock_min, groups.voltage_flat, groups.voltage_floor)
    working_c, rate = groups.working_temp_c[q], groups.leakage_rate_per_k[q]
    hot_w = applied(leakage_power_w, gpus.shutdown_c, gpus.leakage_w, working_c, rate)
    cold_w = applied(leakage_power_w, groups.idle_temp_c[q], gpus.leakage_w, working_c, rate)
    switching_w = share[q] * (gpus.power_max_w - gpus.idle_power_w)
    return np.asarray(gpus.idle_power_w + switching_w + hot_w - cold_w)
