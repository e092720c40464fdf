"""Coolant distribution unit: exchanger, pumps and valve between FWS and TCS."""

from typing import Literal

from site_models.figure import Equipment, Figure, NotNegative, Positive, Share


class Cdu(Equipment):
    """A liquid-to-liquid CDU model with the TCS loop that it circulates."""

    kind: Literal["cdu"]
    label: str
    capacity_w: Positive
    ua_rated_w_per_k: Positive
    hot_share: Share
    """TCS side's part of the exchanger's thermal resistance at rated flows."""
    tcs_flow_rated_m3_per_s: Positive
    fws_flow_rated_m3_per_s: Positive
    pump_power_max_w: Positive
    """At the rated flow and the curve's head there."""
    pump_curve: str
    """Key in `flow_curve`: head of the pumps outside the unit."""
    pump_efficiency: Share
    """Wire to water. What the rated power is more than the head outside needs is lost inside."""
    control: Literal["dp", "flow"]
    dp_setpoint_pa: Positive
    flow_setpoint_m3_per_s: Positive
    speed_min: Share
    header_loss_pa: NotNegative
    """Of the headers to the racks and back, at the rated flow."""
    supply_volume_m3: Positive
    """TCS between exchanger and cold plates."""
    return_volume_m3: Positive
    pipe_share: Share
    """Part of either volume that stands in pipes and passes unmixed."""
    valve_band_k: Positive
    valve_reset_s: Positive
    valve_opening_min: Share
    supply_limit_c: Figure
    """Warmest TCS supply the racks accept."""
    width_m: Positive
    depth_m: Positive
    height_m: Positive
    mass_kg: Positive
    front_clearance_m: Positive
    rear_clearance_m: NotNegative


MODEL = Cdu
