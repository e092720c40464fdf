"""Which signal a point of the facility's bus is: by object, point type and process area.

No unit is guessed: a point counts with the unit that its metadata states, if that is known and
measures what the signal measures.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from site_models.errors import InputError
from telemetry.dsx.map import BusMap
from telemetry.dsx.words import Metadata, Topic
from telemetry.signals import SIGNALS
from telemetry.units import UNITS, VOLUME_FLOWS, WATER_DENSITY_KG_PER_M3, to_base

SPELLED: Mapping[str, str] = {
    "C": "degC",
    "°C": "degC",
    "F": "degF",
    "°F": "degF",
    "LPM": "L/min",
    "GPM": "gpm",
    "%": "percent",
}
"""How the bus spells units, where it differs from us."""

REQUEST = "LiquidTemperatureSpRequest"
"""A wish for a CDU's supply temperature: the one point of a CDU that an integration writes."""
TEMPERATURE = "LiquidTemperature"
HEARTBEAT = "HeartbeatTimestampIntegration"
SUPPLY = frozenset({"secondary", "supply"})
"""Where a CDU's requests and its setpoint apply."""

_ANY: frozenset[str] = frozenset()
_Areas = Mapping[frozenset[str], str]

POINTS: Mapping[tuple[str, str], _Areas] = {
    ("Rack", "RackPower"): {_ANY: "rack_power_w"},
    ("Rack", "RackLiquidSupplyTemperature"): {_ANY: "rack_supply_c"},
    ("Rack", "RackLiquidReturnTemperature"): {_ANY: "rack_return_c"},
    ("Rack", "RackLiquidFlow"): {_ANY: "rack_flow_kg_per_s"},
    ("Rack", "RackLiquidDifferentialPressure"): {_ANY: "rack_dp_pa"},
    ("Rack", "RackLeakDetect"): {_ANY: "rack_leak"},
    ("CDU", TEMPERATURE): {
        SUPPLY: "cdu_tcs_supply_c",
        frozenset({"secondary", "return"}): "cdu_tcs_return_c",
        frozenset({"primary", "inlet"}): "cdu_fws_supply_c",
        frozenset({"primary", "supply"}): "cdu_fws_supply_c",
        frozenset({"primary", "outlet"}): "cdu_fws_return_c",
        frozenset({"primary", "return"}): "cdu_fws_return_c",
    },
    ("CDU", "LiquidFlow"): {
        frozenset({"secondary"}): "cdu_flow_kg_per_s",
        frozenset({"primary"}): "cdu_fws_flow_kg_per_s",
    },
    ("CDU", "LiquidDifferentialPressure"): {frozenset({"secondary"}): "cdu_dp_pa"},
    ("CDU", "ValvePosition"): {frozenset({"primary"}): "cdu_valve"},
}
"""What this twin reads: object and point type -> process areas -> signal."""


class Point(NamedTuple):
    """A point that is a reading of a signal: base value = reading * scale + offset."""

    signal: str
    ids: tuple[str, ...]
    """Names of the device, the site's own where the map says it."""
    scale: float
    offset: float
    as_water: bool
    """Told as a volume, and nobody said of which coolant: water was taken."""


def signal_of(metadata: Metadata, chart: BusMap) -> str | None:
    """Return the signal a point is a reading of; None for a setpoint and for all else."""
    place = areas_of(metadata, chart)
    known = POINTS.get((metadata.object_type, metadata.point_type), {})
    return None if metadata.setpoint else known.get(_ANY, known.get(place))


def areas_of(metadata: Metadata, chart: BusMap) -> frozenset[str]:
    """Return a point's process areas as the contract spells them, in lower case."""
    areas = {spelled.lower(): area.lower() for spelled, area in chart.areas.items()}
    return frozenset(areas.get(area, area) for area in metadata.areas)


def point_of(topic: Topic, metadata: Metadata, chart: BusMap) -> Point | None:
    """Return what a point reads, None where it is no reading of a signal.

    InputError for a unit that is unknown or measures something else, and for metadata that
    names no object. Checked in ``tests/telemetry/dsx/test_dsx.py``.
    """
    mapped = chart.points.get(topic.point)
    name = mapped.signal if mapped else signal_of(metadata, chart)
    if name is None:
        return None
    unit = mapped.unit if mapped and mapped.unit else unit_of(metadata, chart)
    if SIGNALS[name].unit == "code" and not unit and metadata.states:
        unit = "code"
    density = chart.density_kg_per_m3 or WATER_DENSITY_KG_PER_M3
    offset, at_one = to_base(SIGNALS[name], np.array([0.0, 1.0]), unit, "engUnit", density)
    found = (mapped.id,) if mapped else tuple(chart.places.get(i, i) for i in metadata.ids)
    if not found:
        raise InputError("metadata names no object")
    as_water = unit in VOLUME_FLOWS and chart.density_kg_per_m3 is None
    return Point(name, found, float(at_one - offset), float(offset), as_water)


def unit_of(metadata: Metadata, chart: BusMap) -> str:
    """Return the unit that metadata states, in our spelling; unknown ones as they are."""
    said = metadata.unit
    return chart.units.get(said, SPELLED.get(said, said))


def celsius_of(metadata: Metadata, chart: BusMap) -> tuple[float, float]:
    """Return scale and offset of a temperature point; InputError for no unit of temperature."""
    unit = UNITS.get(unit_of(metadata, chart))
    if unit is None or unit.quantity != "temperature":
        raise InputError(f"engUnit: {metadata.unit!r}: expected a unit of temperature")
    return unit.scale, unit.offset
