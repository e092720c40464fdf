"""Computer room air handler: fan coil between hall air and facility water."""

from typing import Literal

from site_models.figure import Equipment, NotNegative, Positive, Share


class Crah(Equipment):
    """A CRAH model."""

    kind: Literal["crah"]
    label: str
    capacity_w: Positive
    airflow_rated_m3_per_s: Positive
    fan_power_max_w: Positive
    water_flow_rated_m3_per_s: Positive
    ua_rated_w_per_k: Positive
    hot_share: Share
    """Air side's part of the coil's thermal resistance at rated flows."""
    valve_band_k: Positive
    valve_reset_s: Positive
    valve_opening_min: Share
    width_m: Positive
    depth_m: Positive
    height_m: Positive
    mass_kg: Positive
    front_clearance_m: Positive
    rear_clearance_m: NotNegative


MODEL = Crah
