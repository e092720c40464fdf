"""Chiller with air-cooled condenser."""

from typing import Literal

from site_models.figure import Equipment, Positive, Share


class Chiller(Equipment):
    """A chiller model; its COP is a share of Carnot's."""

    kind: Literal["chiller"]
    label: str
    capacity_w: Positive
    second_law_efficiency: Share
    condenser_approach_k: Positive
    """Condensing temperature over outdoor dry bulb."""
    restart_s: Positive


MODEL = Chiller
