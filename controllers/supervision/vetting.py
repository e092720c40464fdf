"""What the supervisor looks for before it lets anybody decide, and in what they answer."""

import numpy as np

from controllers.actuators.admit import Rules
from controllers.policy import Decision, Facility, View
from controllers.supervision.moves import fault_of_moves
from site_models.arrays import Flags, Floats


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


def fault_of(decision: Decision, view: View) -> str:
    """Return what is wrong with an answer to a view; empty when nothing is."""
    if not isinstance(decision, Decision):
        return f"answered {type(decision).__name__} instead of a Decision"
    count = len(view.plant.gpu_names)
    fault = _array_fault("caps", decision.gpu_cap_w, count, nan=False)
    if not fault and decision.gpu_clock_share is not None:
        fault = _array_fault("clocks", decision.gpu_clock_share, count, nan=False)
    if not fault and decision.facility is not None:
        fault = _facility_fault(decision.facility, view)
    fault = fault or _pause_fault(decision, view) or _rack_fault(decision, view)
    return fault or fault_of_moves(decision.moves, view)


def _array_fault(what: str, asked: Floats, count: int, nan: bool) -> str:
    """Return what is wrong with an array; `nan`: NaN stands for no wish."""
    values = np.asarray(asked)
    if values.shape != (count,) or values.dtype != np.float64:
        return f"{what} of shape {values.shape}, {values.dtype}; expected ({count},), float64"
    wrong = np.isinf(values) if nan else ~np.isfinite(values)
    return f"{int(np.count_nonzero(wrong))} {what} are not finite" if wrong.any() else ""


def _facility_fault(facility: Facility, view: View) -> str:
    if not isinstance(facility, Facility):
        return f"answered {type(facility).__name__} instead of a Facility"
    setpoint_c, share = facility
    fault = _array_fault("setpoints", setpoint_c, len(view.plant.exchanger_names), nan=True)
    fault = fault or _array_fault("flow shares", share, len(view.plant.circuit_names), nan=True)
    if not fault and (share <= 0.0).any():
        return f"{int(np.count_nonzero(share <= 0.0))} flow shares are not above 0"
    return fault


def _pause_fault(decision: Decision, view: View) -> str:
    """Return why its pauses cannot be: jobs that nobody told of, or that may not be paused."""
    if not isinstance(decision.paused, frozenset):
        return f"paused is a {type(decision.paused).__name__} instead of a frozenset"
    if not decision.paused:
        return ""
    may = {job.name: job.preemptible for job in view.jobs}
    for name in sorted(map(str, decision.paused)):
        if name not in may:
            return f"would pause {name!r}, which no job is called"
        if not may[name]:
            return f"would pause {name!r}, which is not preemptible"
    return ""


def _rack_fault(decision: Decision, view: View) -> str:
    """Return why its racks cannot be shut down: there is none of that name."""
    if not isinstance(decision.racks_off, frozenset):
        return f"racks_off is a {type(decision.racks_off).__name__} instead of a frozenset"
    unknown = decision.racks_off - set(view.plant.rack_names) if decision.racks_off else ()
    return f"would shut down {min(map(str, unknown))!r}, no rack here" if unknown else ""


def silent_gpus(view: View, fresh: Flags) -> tuple[str, ...]:
    """Return a line on GPUs without a fresh reading, where there are any."""
    silent = ~fresh & view.plant.arrays.gpus.in_service
    count = int(np.count_nonzero(silent))
    return (f"{count} GPUs without a fresh reading: their caps are held",) if count else ()
