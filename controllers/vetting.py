"""What the supervisor looks for before it lets anybody decide, and in what they answer."""

import numpy as np

from controllers.admit import Rules
from controllers.policy import Decision, View
from site_models.arrays import Flags


def trouble_of(view: View, rules: Rules) -> str:
    """Return why nothing may be decided on this view; empty when it may."""
    if not view.frame_age_s <= rules.stale_s:
        return f"telemetry is stale: {view.frame_age_s:.0f} s old"
    state = view.state
    for values in (
        state.gpu_temp_c,
        state.memory_temp_c,
        state.gpu_power_w,
        state.rack_power_w,
    ):
        if not np.isfinite(values).all():
            return "the believed state is not finite"
    return ""


def fault_of(decision: Decision, count: int) -> str:
    """Return what is wrong with an answer; empty when nothing is."""
    if not isinstance(decision, Decision):
        return f"answered {type(decision).__name__} instead of a Decision"
    cap_w = np.asarray(decision.gpu_cap_w)
    if cap_w.shape != (count,) or cap_w.dtype != np.float64:
        return f"caps of shape {cap_w.shape}, {cap_w.dtype}; expected ({count},), float64"
    if not np.isfinite(cap_w).all():
        return f"{int(np.count_nonzero(~np.isfinite(cap_w)))} caps are not finite"
    return ""


def silent_gpus(view: View, fresh: Flags) -> tuple[str, ...]:
    silent = ~fresh & view.plant.arrays.gpus.in_service
    count = int(np.count_nonzero(silent))
    return (f"{count} GPUs without a fresh reading: their caps are held",) if count else ()
