"""The one table of signals: recorder, importers, screens, pages and the API all read it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

SIGNALS_VERSION = 1
"""Raised whenever a name, unit or type below changes its meaning."""

AXES = ("gpu", "node", "rack", "cdu", "plant", "power", "link", "site", "weather", "job")
"""Folders of a recording; every signal lives on one of them."""

Kind = Literal["level", "difference", "counter", "mask", "code"]
Stored = Literal["float32", "float64", "int32", "int64"]


@dataclass(frozen=True, slots=True)
class Signal:
    """What one name means.

    `unit` is the base unit inside the twin; pages show ``value * display_scale +
    display_offset`` in `display_unit`. Readings outside `low`..`high` are physically
    impossible for the axis. A `counter` only rises, but for resets; a `mask` is a set of
    bits and a `code` an identifier, so neither is interpolated. `stored` is the type on
    disk; in memory every value is float64 and missing is NaN.
    """

    name: str
    axis: str
    unit: str
    label: str
    kind: Kind
    low: float
    high: float
    stored: Stored
    display_unit: str
    display_scale: float
    display_offset: float = 0.0


_LITRES_PER_MINUTE = 60.0 / 0.997
"""Of water at 25 C for one kg/s: what pages show; the mass flow is what is known."""

_SHOWN: Mapping[str, tuple[str, float]] = {
    "W": ("W", 1.0),
    "kW": ("kW", 1e-3),
    "MW": ("MW", 1e-6),
    "J": ("kWh", 1.0 / 3.6e6),
    "degC": ("°C", 1.0),
    "K": ("K", 1.0),
    "ratio": ("%", 100.0),
    "plain": ("", 1.0),
    "Hz": ("MHz", 1e-6),
    "rpm": ("rpm", 60.0),
    "bytes": ("GiB", 1.0 / 1024.0**3),
    "bytes/s": ("GB/s", 1e-9),
    "kg/s": ("L/min", _LITRES_PER_MINUTE),
    "Pa": ("kPa", 1e-3),
    "s": ("ms", 1e3),
    "mask": ("", 1.0),
    "code": ("", 1.0),
}

_Row = tuple[str, str, str, float, float, str]
"""Name, unit, label, low, high, key of `_SHOWN` where it is not the unit."""

_ROWS: Mapping[str, tuple[_Row, ...]] = {
    "gpu": (
        ("gpu_power_w", "W", "GPU board power, instant", 0.0, 5e3, ""),
        ("gpu_power_avg_w", "W", "GPU board power, one-second mean", 0.0, 5e3, ""),
        ("gpu_energy_j", "J", "GPU energy since the driver started", 0.0, 1e13, ""),
        ("gpu_temp_c", "degC", "GPU temperature", -20.0, 130.0, ""),
        ("memory_temp_c", "degC", "GPU memory temperature", -20.0, 130.0, ""),
        ("gpu_margin_k", "K", "GPU margin to slowdown", -60.0, 130.0, ""),
        ("sm_clock_hz", "Hz", "SM clock", 0.0, 5e9, ""),
        ("memory_clock_hz", "Hz", "Memory clock", 0.0, 2e10, ""),
        ("gpu_utilization", "ratio", "GPU utilization", 0.0, 1.0, ""),
        ("memory_utilization", "ratio", "Memory utilization", 0.0, 1.0, ""),
        ("memory_used_bytes", "bytes", "Memory used", 0.0, 1e13, ""),
        ("gpu_cap_w", "W", "Power limit in force", 0.0, 5e3, ""),
        ("clocks_event_reasons", "mask", "Clocks event reasons", 0.0, 2.0**53, ""),
        ("nvlink_tx_bytes_per_s", "bytes/s", "NVLink sent", 0.0, 1e13, ""),
        ("nvlink_rx_bytes_per_s", "bytes/s", "NVLink received", 0.0, 1e13, ""),
        ("pcie_tx_bytes_per_s", "bytes/s", "PCIe sent", 0.0, 1.4e11, ""),
        ("pcie_rx_bytes_per_s", "bytes/s", "PCIe received", 0.0, 1.4e11, ""),
        ("sm_active", "ratio", "SM active", 0.0, 1.0, ""),
        ("tensor_active", "ratio", "Tensor cores active", 0.0, 1.0, ""),
        ("dram_active", "ratio", "Memory interface active", 0.0, 1.0, ""),
        ("xid", "code", "Last XID error", 0.0, 1e6, ""),
        ("ecc_errors", "code", "Uncorrected ECC errors", 0.0, 2.0**53, ""),
    ),
    "node": (
        ("node_power_w", "W", "Node power, AC at the wall", 0.0, 1e5, "kW"),
        ("node_dc_power_w", "W", "Node power, DC behind the supplies", 0.0, 1e5, "kW"),
        ("node_inlet_c", "degC", "Node air inlet", -20.0, 80.0, ""),
        ("node_fan_hz", "Hz", "Node fan speed", 0.0, 1e3, "rpm"),
    ),
    "rack": (
        ("rack_power_w", "W", "Rack power", 0.0, 2e6, "kW"),
        ("rack_supply_c", "degC", "Rack coolant supply", -10.0, 90.0, ""),
        ("rack_return_c", "degC", "Rack coolant return", -10.0, 110.0, ""),
        ("rack_flow_kg_per_s", "kg/s", "Rack coolant flow", 0.0, 50.0, ""),
        ("rack_dp_pa", "Pa", "Rack pressure difference", -1e5, 1e6, ""),
        ("rack_leak", "code", "Rack leak detected", 0.0, 16.0, ""),
    ),
    "cdu": (
        ("cdu_tcs_supply_c", "degC", "TCS supply", -10.0, 90.0, ""),
        ("cdu_tcs_return_c", "degC", "TCS return", -10.0, 110.0, ""),
        ("cdu_fws_supply_c", "degC", "FWS supply at the CDU", -10.0, 90.0, ""),
        ("cdu_fws_return_c", "degC", "FWS return at the CDU", -10.0, 110.0, ""),
        ("cdu_heat_w", "W", "Heat through the CDU", -1e6, 1e7, "kW"),
        ("cdu_flow_kg_per_s", "kg/s", "TCS flow", 0.0, 200.0, ""),
        ("cdu_fws_flow_kg_per_s", "kg/s", "FWS flow through the CDU", 0.0, 200.0, ""),
        ("cdu_power_w", "W", "CDU pump power", 0.0, 2e5, "kW"),
        ("cdu_valve", "ratio", "CDU valve opening", 0.0, 1.0, ""),
        ("cdu_dp_pa", "Pa", "TCS pressure difference", -1e5, 2e6, ""),
    ),
    "plant": (
        ("fws_supply_c", "degC", "FWS supply", -10.0, 90.0, ""),
        ("fws_return_c", "degC", "FWS return", -10.0, 110.0, ""),
        ("fws_flow_kg_per_s", "kg/s", "FWS flow", 0.0, 2e4, ""),
        ("plant_power_w", "W", "Power of pumps, fans and chillers", 0.0, 5e8, "kW"),
        ("plant_heat_w", "W", "Heat rejected", -1e8, 5e9, "kW"),
    ),
    "power": (
        ("feed_power_w", "W", "Power into the feed", 0.0, 5e9, "kW"),
        ("feed_loss_w", "W", "Losses of the feed", 0.0, 5e8, "kW"),
        ("feed_live", "code", "Feed gives power", 0.0, 1.0, ""),
        ("feed_battery_j", "J", "Energy in the feed's battery", 0.0, 5e12, ""),
        ("feed_battery_w", "W", "Power out of the feed's battery", -5e9, 5e9, "kW"),
        ("feed_breaker_thermal", "ratio", "Thermal state of the feed's breaker", 0.0, 100.0, ""),
    ),
    "link": (
        ("link_tx_bytes_per_s", "bytes/s", "Link sent", 0.0, 1e13, ""),
        ("link_rx_bytes_per_s", "bytes/s", "Link received", 0.0, 1e13, ""),
        ("link_errors", "code", "Link symbol errors", 0.0, 2.0**53, ""),
        ("link_up", "code", "Link up", 0.0, 1.0, ""),
        ("collective_bytes", "bytes", "Buffer of a collective", 1.0, 1e15, ""),
        ("collective_s", "s", "Time of a collective", 0.0, 1e4, ""),
        ("collective_nodes", "code", "Nodes of a collective", 1.0, 1e6, ""),
        ("collective_gpus_per_node", "code", "GPUs a node of a collective", 1.0, 1e3, ""),
    ),
    "site": (
        ("it_power_w", "W", "IT power, into the racks", 0.0, 5e9, "MW"),
        ("facility_power_w", "W", "Facility power, at the utility meters", 0.0, 5e9, "MW"),
        ("pue", "ratio", "PUE", 0.9, 20.0, "plain"),
        ("water_kg_per_s", "kg/s", "Make-up water", 0.0, 1e4, ""),
    ),
    "weather": (
        ("dry_bulb_c", "degC", "Outdoor dry bulb", -60.0, 60.0, ""),
        ("wet_bulb_c", "degC", "Outdoor wet bulb", -60.0, 45.0, ""),
        ("dew_point_c", "degC", "Outdoor dew point", -80.0, 40.0, ""),
        ("relative_humidity", "ratio", "Outdoor relative humidity", 0.0, 1.1, ""),
        ("pressure_pa", "Pa", "Outdoor air pressure", 5e4, 1.1e5, ""),
    ),
    "job": (
        ("job_gpus", "code", "GPUs the job holds", 0.0, 1e6, ""),
        ("job_nodes", "code", "Nodes the job holds", 0.0, 1e6, ""),
        ("job_state", "code", "State of the job, Slurm's number", 0.0, 255.0, ""),
        ("job_power_w", "W", "Power of the job's GPUs", 0.0, 5e9, "kW"),
        ("job_energy_j", "J", "Energy of the job's GPUs", 0.0, 1e16, ""),
    ),
}

_COUNTERS = frozenset({"gpu_energy_j", "job_energy_j", "ecc_errors", "link_errors"})
_NARROW_CODES = frozenset({"xid", "rack_leak", "link_up", "job_gpus", "job_nodes", "job_state"})


def _kind(name: str, unit: str) -> Kind:
    if name in _COUNTERS:
        return "counter"
    kinds: Mapping[str, Kind] = {"K": "difference", "mask": "mask", "code": "code"}
    return kinds.get(unit, "level")


def _stored(name: str, unit: str) -> Stored:
    if unit in ("mask", "code"):
        return "int32" if name in _NARROW_CODES else "int64"
    return "float64" if unit in ("J", "bytes") else "float32"


def _signal(axis: str, row: _Row) -> Signal:
    name, unit, label, low, high, shown = row
    display_unit, display_scale = _SHOWN[shown or unit]
    return Signal(
        name=name,
        axis=axis,
        unit=unit,
        label=label,
        kind=_kind(name, unit),
        low=low,
        high=high,
        stored=_stored(name, unit),
        display_unit=display_unit,
        display_scale=display_scale,
    )


SIGNALS: Mapping[str, Signal] = MappingProxyType(
    {row[0]: _signal(axis, row) for axis, rows in _ROWS.items() for row in rows}
)
"""Every signal by name, grouped by axis in the order of `AXES`' folders."""


def on_axis(axis: str) -> tuple[Signal, ...]:
    """Return the signals of an axis in the table's order; none for an unknown axis."""
    return tuple(signal for signal in SIGNALS.values() if signal.axis == axis)
