"""Facility water pump."""

from typing import Literal

from site_models.figure import Equipment, Positive


class Pump(Equipment):
    """A pump model at its rated point; power follows the cube of the flow."""

    kind: Literal["pump"]
    label: str
    flow_rated_m3_per_s: Positive
    power_max_w: Positive


MODEL = Pump
