"""Power and water for a drafted hall, sized to its rated load."""

import math
from collections.abc import Sequence
from typing import Any

from site_models.inventory.racks import RackDraft

LARGE_CHILLER_W, SMALL_CHILLER_W = 1.0e6, 60.0e3
PUMP_M3_PER_S = 1450.0e-3 / 60.0
"""Flow of `fws_1mw`."""
ROOM = 1.25
"""Ratings over rated loads."""


def _rounded_w(power_w: float) -> float:
    """Return a rating: two figures, upwards."""
    step = 10.0 ** (math.floor(math.log10(power_w)) - 1)
    return math.ceil(power_w / step) * step


def power_feeds(it_w: float) -> list[dict[str, Any]]:
    """Return the power chain above the rows: meter, board, UPS, mechanical board."""
    site_w, ups_w = _rounded_w(1.6 * ROOM * it_w), _rounded_w(ROOM * it_w)
    mechanical_w = _rounded_w(0.6 * ROOM * it_w)
    return [
        {"name": "utility", "stage": "unit_transformer_2500kva", "rating_w": site_w},
        {"name": "switchboard", "stage": "switchboard", "rating_w": site_w, "parent": "utility"},
        {
            "name": "ups",
            "stage": "ups_double_conversion",
            "rating_w": ups_w,
            "parent": "switchboard",
        },
        {
            "name": "mechanical",
            "stage": "busway",
            "rating_w": mechanical_w,
            "parent": "switchboard",
        },
    ]


def busway(number: int, row: Sequence[RackDraft]) -> dict[str, Any]:
    """Return the feed of one row."""
    rating_w = _rounded_w(ROOM * sum(rack.power_w for rack in row))
    name = f"busway-{number}"
    return {"name": name, "stage": "busway", "rating_w": rating_w, "parent": "ups", "indoors": True}


def chilled_water(air_w: float, crahs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the water of the room units, with chillers and one in reserve."""
    small = ROOM * air_w <= 4.0 * SMALL_CHILLER_W
    each_w = SMALL_CHILLER_W if small else LARGE_CHILLER_W
    flow = len(crahs) * (175.0e-3 if crahs[0]["model"] == "pw170" else 45.0e-3) / 60.0
    chillers = {
        "model": "air_cooled_60kw" if small else "air_cooled_1mw",
        "count": math.ceil(ROOM * air_w / each_w) + 1,
        "feed": "mechanical",
    }
    return _system("chw", 17.0, 22.0, air_w, flow) | {"chillers": [chillers]}


def facility_water(liquid_w: float, cdus: int) -> dict[str, Any]:
    """Return the water of the CDUs, with adiabatic coolers."""
    small = liquid_w <= 121.0e3
    flow = cdus * (144.0e-3 if small else 1440.0e-3) / 60.0
    coolers = {
        "model": "adiabatic_cooler_150kw" if small else "adiabatic_cooler_1mw",
        "count": math.ceil(ROOM * liquid_w / (150.0e3 if small else 1.0e6)),
        "feed": "mechanical",
    }
    return _system("fws", 35.0, 41.0, liquid_w, flow) | {"coolers": [coolers]}


def _system(
    name: str, setpoint_c: float, limit_c: float, heat_w: float, flow_m3_per_s: float
) -> dict[str, Any]:
    small = flow_m3_per_s <= 220.0e-3 / 60.0
    volume_m3 = round(max(0.1, 1.6e-6 * heat_w), 2)
    return {
        "name": name,
        "supply_setpoint_c": setpoint_c,
        "supply_limit_c": limit_c,
        "supply_volume_m3": volume_m3,
        "return_volume_m3": volume_m3,
        "pump": "fws_150kw" if small else "fws_1mw",
        "pump_count": 1 if small else math.ceil(flow_m3_per_s / PUMP_M3_PER_S),
        "pump_feed": "mechanical",
    }
