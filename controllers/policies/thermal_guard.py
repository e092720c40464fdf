"""Hold GPU and memory temperatures under a limit by lowering power caps."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from controllers.parameters import parameter
from controllers.policy import Decision, View
from site_models.arrays import Floats
from site_models.plant import Plant

BINDING = 0.98
"""A GPU that draws this share of its cap is held by it."""


class Derate(NamedTuple):
    """What the guard remembers for each GPU [W]."""

    slow_w: Floats
    """Integral term, between nothing and the full range of the cap."""
    total_w: Floats
    """Derate last asked for."""


@dataclass(frozen=True, slots=True)
class ThermalGuard:
    """Derate each GPU in proportion to its excess temperature and to how long it lasts.

    The integral is held between nothing and the full range of the cap, so it cannot wind up
    while the cap is saturated. A cap far above what the GPU draws does not cool it: when one
    gets too hot under a loose cap, the integral first moves so that the cap meets the draw.
    The limit of each GPU is the lower of `limit_c` and its own limit less `margin_k`; its
    memory is held under its limit less `memory_margin_k` in the same way.

    The default gains suit both a cold plate (seconds, 0.03 K/W) and a heat sink (half a
    minute, 0.06 K/W). Checked on the rig in ``tests/controllers/simulated/test_rig.py``: from a
    step to full load it stays below the device's own limit and comes to rest at `limit_c`, where
    doing nothing passes the shutdown temperature.
    """

    safety: ClassVar[bool] = True

    limit_c: float = parameter("Highest GPU temperature to allow", 83.0, "degC")
    margin_k: float = parameter("Distance to the device's own limit", 3.0, "K", 0.0)
    memory_margin_k: float = parameter("Distance to the memory's limit", 3.0, "K", 0.0)
    gain_w_per_k: float = parameter("Derate per excess", 40.0, "W/K", 0.0)
    reset_s: float = parameter("Reset time of the integral", 20.0, "s", 0.1)

    def start(self, plant: Plant) -> Derate:
        """Return no derate."""
        count = len(plant.gpu_names)
        return Derate(np.zeros(count), np.zeros(count))

    def decide(self, view: View, memory: Derate) -> tuple[Decision, Derate]:
        """Return the caps for this instant."""
        gpus, state = view.plant.arrays.gpus, view.state
        span_w = gpus.power_max_w - gpus.power_min_w
        limit_c = np.minimum(self.limit_c, gpus.temp_limit_c - self.margin_k)
        excess_k = np.maximum(
            state.gpu_temp_c - limit_c,
            state.memory_temp_c - (gpus.memory_limit_c - self.memory_margin_k),
        )
        now_w = self.gain_w_per_k * excess_k
        loose = state.gpu_power_w < BINDING * (gpus.power_max_w - memory.total_w)
        meets_w = gpus.power_max_w - state.gpu_power_w - now_w
        slow_w = memory.slow_w + now_w * view.dt_s / self.reset_s
        slow_w = np.where(loose & (excess_k > 0.0), np.maximum(slow_w, meets_w), slow_w)
        slow_w = np.clip(slow_w, 0.0, span_w)
        derate_w = np.clip(slow_w + now_w, 0.0, span_w)
        held = int(np.count_nonzero(derate_w))
        reason = f"{held} GPUs derated" if held else "every GPU below its limit"
        return Decision(gpus.power_max_w - derate_w, reason), Derate(slow_w, derate_w)


POLICY = ThermalGuard
