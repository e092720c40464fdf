"""Pumps of a CDU to a curve of head over flow, and how they are controlled."""

from site_models.errors import InputError
from site_models.kinds.cdu import Cdu
from site_models.kinds.flow_curve import FlowCurve
from site_models.lowering.draft import Draft
from site_models.plant import GIVEN_FLOW, HOLDS_DP, HOLDS_FLOW
from site_models.site import PlacedCdu

DP_SETPOINTS_PA = (0.1e5, 4.0e5)
"""What a unit accepts (S25)."""

NO_PUMP_CURVE: dict[str, float] = {
    "supply_pipe_m3": 0.0,
    "return_pipe_m3": 0.0,
    "pump_control": GIVEN_FLOW,
    "pump_setpoint_pa": 0.0,
    "pump_setpoint_kg_per_s": 0.0,
    "pump_rest_pa": 0.0,
    "pump_linear_pa_s_per_kg": 0.0,
    "pump_square_pa_s2_per_kg2": 0.0,
    "pump_inner_pa_s2_per_kg2": 0.0,
    "pump_efficiency": 1.0,
    "pump_speed_min": 0.0,
    "pump_speed_max": 1.0,
    "loss_square_pa_s2_per_kg2": 0.0,
}
"""Of circuits whose flow is what their users ask for, without pipes."""


def lowered_pumps(
    draft: Draft, model: Cdu, placed: PlacedCdu, density: float, key: str
) -> dict[str, float]:
    """Return curve, inner loss and control of a unit's pumps, for flow as mass.

    The rated power at the rated flow fixes what is lost inside the unit, beyond its head
    outside. InputError where the power does not even give that head, or where the pumps cannot
    give what the site asks them to hold.
    """
    rest_pa, linear, square = curve_by_mass(draft, model.pump_curve, density)
    flow = float(model.tcs_flow_rated_m3_per_s) * density
    head_pa = rest_pa + linear * flow + square * flow**2
    lifted_pa = float(model.pump_power_max_w) * float(model.pump_efficiency)
    inner_pa = lifted_pa / float(model.tcs_flow_rated_m3_per_s) - head_pa
    if inner_pa < 0.0 or square >= 0.0:
        raise InputError(
            f"{draft.where}: {key}.model: expected a falling pump_curve that {placed.model} can"
            f" lift with its power at the rated flow, {model.pump_curve} asks {head_pa:.0f} Pa"
        )
    held_pa = placed.dp_setpoint_pa or float(model.dp_setpoint_pa)
    low_pa, high_pa = DP_SETPOINTS_PA[0], min(DP_SETPOINTS_PA[1], rest_pa)
    if not low_pa <= held_pa < high_pa:
        raise InputError(
            f"{draft.where}: {key}.dp_setpoint_pa: {held_pa:g}, expected {low_pa:g} to less than"
            f" {high_pa:g} for the pumps of {placed.model}"
        )
    held_m3_per_s = placed.flow_setpoint_m3_per_s or float(model.flow_setpoint_m3_per_s)
    control = placed.control or model.control
    return {
        "pump_control": HOLDS_FLOW if control == "flow" else HOLDS_DP,
        "pump_setpoint_pa": held_pa,
        "pump_setpoint_kg_per_s": held_m3_per_s * density,
        "pump_rest_pa": rest_pa,
        "pump_linear_pa_s_per_kg": linear,
        "pump_square_pa_s2_per_kg2": square,
        "pump_inner_pa_s2_per_kg2": inner_pa / flow**2,
        "pump_efficiency": float(model.pump_efficiency),
        "pump_speed_min": float(model.speed_min),
        "pump_speed_max": 1.0,
    }


def curve_by_mass(draft: Draft, name: str, density: float) -> tuple[float, float, float]:
    """Return rest [Pa], linear [Pa s/kg] and square term [Pa s2/kg2] of a catalog curve.

    The parabola through the pressure at rest and at two flows.
    """
    curve = draft.catalog.get(FlowCurve, name)
    rest_pa = float(curve.rest_pa)
    first = float(curve.first_flow_m3_per_s) * density
    second = float(curve.second_flow_m3_per_s) * density
    by_first = (float(curve.first_pa) - rest_pa) / first
    by_second = (float(curve.second_pa) - rest_pa) / second
    square = (by_second - by_first) / (second - first)
    return rest_pa, by_first - square * first, square
