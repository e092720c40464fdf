"""Dry or adiabatic cooler: facility water against outdoor air."""

from typing import Literal

from pydantic import model_validator

from site_models.figure import Equipment, Positive, Share


class DryCooler(Equipment):
    """A dry cooler model; with a wetted pad if the effectiveness is above 0."""

    kind: Literal["dry_cooler"]
    label: str
    capacity_w: Positive
    """At the rated flows and the approach that the UA implies."""
    ua_rated_w_per_k: Positive
    hot_share: Share
    water_flow_rated_m3_per_s: Positive
    airflow_rated_m3_per_s: Positive
    fan_power_max_w: Positive
    fan_speed_min: Share
    adiabatic_effectiveness: Share
    fan_band_k: Positive
    fan_reset_s: Positive
    concentration_cycles: Positive | None = None
    """Of the water on a wetted pad, held by bleeding it; none for a dry one."""

    @model_validator(mode="after")
    def _wetted_pads_bleed(self) -> "DryCooler":
        cycles = self.concentration_cycles
        if float(self.adiabatic_effectiveness) > 0.0 and (cycles is None or float(cycles) <= 1.0):
            raise ValueError("concentration_cycles: expected a number above 1 for a wetted pad")
        return self


MODEL = DryCooler
