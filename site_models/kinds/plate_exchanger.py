"""Plate exchanger between two facility water systems: an economiser beside the chillers."""

from typing import Literal

from site_models.figure import Equipment, Positive, Share


class PlateExchanger(Equipment):
    """A plate exchanger model; a valve on its cold side holds the supply of the hot one."""

    kind: Literal["plate_exchanger"]
    label: str
    capacity_w: Positive
    """At the rated flows and the approach that the UA implies."""
    ua_rated_w_per_k: Positive
    hot_share: Share
    hot_flow_rated_m3_per_s: Positive
    cold_flow_rated_m3_per_s: Positive
    valve_band_k: Positive
    valve_reset_s: Positive


MODEL = PlateExchanger
