"""Facility water pump."""

from typing import Literal

from site_models.figure import Equipment, Positive, Share


class Pump(Equipment):
    """A pump model at its rated point. At a part x of its flow it draws P x (h + (1 - h) x^2)."""

    kind: Literal["pump"]
    label: str
    flow_rated_m3_per_s: Positive
    power_max_w: Positive
    held_head: Share
    """h: part of the rated head that the plant's control holds at any flow."""


MODEL = Pump
