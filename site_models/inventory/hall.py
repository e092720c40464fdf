"""A plausible hall for given racks: rows, air, cooling and power sized to the rated load."""

import math
from collections.abc import Sequence
from typing import Any

from site_models.inventory.plant import ROOM, busway, chilled_water, facility_water, power_feeds
from site_models.inventory.racks import RackDraft

RACKS_A_ROW = 12
LIQUID_RACKS_A_ROW = 8
"""One row CDU of 1,200 L/min serves eight racks of some 115 L/min, with some in hand."""
ROW_STEP_M, RACK_PITCH_M, MARGIN_M = 3.6, 0.6, 2.6
"""Racks 1.2 m deep with 2.4 m between rows; 1.2 m before the units along the side walls."""
FIRST_ROW_M = 2.0
UNIT_PITCH_M = 2.8
LARGE_CRAH_W, SMALL_CRAH_W = 150.0e3, 38.0e3
"""What PW170 and the small unit carry with 17 C water and 23 C air, by their UA; their
ratings hold at 27 C."""


def hall_and_plant(racks: Sequence[RackDraft], assumptions: list[str]) -> dict[str, Any]:
    """Return the keys feeds, facility_water and halls of a site; say what was assumed."""
    liquid = [rack for rack in racks if rack.liquid_w > 0.0]
    air = [rack for rack in racks if rack.liquid_w <= 0.0]
    rows = [*_chunks(liquid, LIQUID_RACKS_A_ROW), *_chunks(air, RACKS_A_ROW)]
    it_w = sum(rack.power_w for rack in racks)
    liquid_w = sum(rack.liquid_w for rack in racks)
    air_w = it_w - liquid_w
    width_m = 2.0 * MARGIN_M + RACK_PITCH_M * max(len(row) for row in rows) + 1.2
    crahs, depth_m = _crahs(air_w, len(rows), width_m)
    cdus = _cdus(rows, liquid_w)
    systems = [chilled_water(air_w, crahs)]
    if cdus:
        systems.append(facility_water(liquid_w, len(cdus)))
    hall = {
        "name": "hall",
        "width_m": round(width_m, 2),
        "depth_m": round(depth_m, 2),
        "height_m": 4.5,
        "air": _hall_air(width_m * depth_m),
        "feeds": [busway(number, row) for number, row in enumerate(rows, start=1)],
        "rows": [_row(number, row) for number, row in enumerate(rows, start=1)],
        "cdus": cdus,
        "crahs": crahs,
    }
    assumptions += _assumptions(it_w, liquid_w, crahs, cdus)
    return {"feeds": power_feeds(it_w), "facility_water": systems, "halls": [hall]}


def _hall_air(floor_m2: float) -> dict[str, Any]:
    return {
        "supply_setpoint_c": 23.0,
        "supply_limit_c": 27.0,
        "recirculation": 0.04,
        "structure_j_per_k": round(3.7e4 * floor_m2, -3),
        "feed": "mechanical",
    }


def _assumptions(
    it_w: float, liquid_w: float, crahs: list[dict[str, Any]], cdus: list[dict[str, Any]]
) -> list[str]:
    air, whole = f"{(it_w - liquid_w) / 1e3:.0f} kW", f"{it_w / 1e3:.0f} kW"
    units = f"{len(crahs)} x {crahs[0]['model']}"
    lines = [
        "location and design weather: a temperate place, 35 C dry bulb, 24 C wet bulb",
        (
            f"floor plan: rows of up to {RACKS_A_ROW} racks ({LIQUID_RACKS_A_ROW} liquid-cooled)"
            f" facing north, {ROW_STEP_M} m apart"
        ),
        f"hall air: 23 C, 4 % recirculation, {units} for {air}, one in reserve",
        f"power: one utility feed and one UPS for {whole} of rated load, no second path",
        "storage, management and network racks: none, an inventory of GPU hosts has none",
    ]
    if cdus:
        lines.append(
            f"liquid: {len(cdus)} x {cdus[0]['model']} for {liquid_w / 1e3:.0f} kW, supply 40 C"
            " from 35 C facility water, adiabatic coolers without a chiller"
        )
    return lines


def _chunks(racks: Sequence[RackDraft], size: int) -> list[Sequence[RackDraft]]:
    return [racks[first : first + size] for first in range(0, len(racks), size)]


def _row_m(number: int) -> float:
    return FIRST_ROW_M + ROW_STEP_M * (number - 1)


def _row(number: int, row: Sequence[RackDraft]) -> dict[str, Any]:
    groups = []
    for rack in row:
        group: dict[str, Any] = {
            "model": rack.model,
            "name": rack.name,
            "feeds": [f"busway-{number}"],
        }
        if rack.liquid_w > 0.0:
            group["cdu"] = f"cdu-{number}"
        groups.append(group)
    return {
        "name": f"row-{number}",
        "pod": "pod-1",
        "at_m": [MARGIN_M + RACK_PITCH_M / 2.0, round(_row_m(number), 2)],
        "facing_deg": 90.0,
        "pitch_m": RACK_PITCH_M,
        "racks": groups,
    }


def _cdus(rows: Sequence[Sequence[RackDraft]], liquid_w: float) -> list[dict[str, Any]]:
    """Return one CDU at the end of each liquid-cooled row."""
    small = liquid_w <= 121.0e3
    cdus = []
    for number, row in enumerate(rows, start=1):
        if row[0].liquid_w <= 0.0:
            continue
        end_m = MARGIN_M + RACK_PITCH_M * len(row) + 0.1 + (0.222 if small else 0.45)
        cdus.append(
            {
                "name": f"cdu-{number}",
                "model": "inrack_121" if small else "xdu1350",
                "at_m": [round(end_m, 2), round(_row_m(number), 2)],
                "facing_deg": 90.0,
                "facility_water": "fws",
                "supply_setpoint_c": 40.0,
                "feed": "ups",
            }
        )
    return cdus


def _crahs(air_w: float, rows: int, width_m: float) -> tuple[list[dict[str, Any]], float]:
    """Return the room units along both side walls, and how deep the hall must be."""
    small = ROOM * air_w <= 2.0 * SMALL_CRAH_W
    each_w = SMALL_CRAH_W if small else LARGE_CRAH_W
    count = math.ceil(ROOM * air_w / each_w) + 1
    a_side = math.ceil(count / 2)
    depth_m = max(_row_m(rows) + 2.4, UNIT_PITCH_M * a_side + 1.0)
    crahs = []
    for number in range(count):
        west = number < a_side
        y_m = depth_m * (number % a_side + 0.5) / a_side
        crahs.append(
            {
                "name": f"crah-{number + 1}",
                "model": "crah_60kw" if small else "pw170",
                "at_m": [0.7 if west else round(width_m - 0.7, 2), round(y_m, 2)],
                "facing_deg": 0.0 if west else 180.0,
                "facility_water": "chw",
            }
        )
    return crahs, depth_m
