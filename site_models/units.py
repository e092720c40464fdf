"""Units of the outside world and the base units that names carry.

The single table of conversions: the catalog uses it for equipment figures, telemetry for
foreign logs. Exact factors are from the SI brochure and NIST SP 811.
"""

from typing import NamedTuple


class Unit(NamedTuple):
    """A unit: base value = value * scale + offset."""

    suffix: str
    scale: float
    offset: float = 0.0


_GALLON_M3 = 3.785411784e-3
_FOOT_M = 0.3048
_PSI_PA = 6894.757293168

UNITS: dict[str, Unit] = {
    "W": Unit("_w", 1.0),
    "kW": Unit("_w", 1e3),
    "MW": Unit("_w", 1e6),
    "J": Unit("_j", 1.0),
    "kWh": Unit("_j", 3.6e6),
    "degC": Unit("_c", 1.0),
    "degF": Unit("_c", 5.0 / 9.0, -160.0 / 9.0),
    "K": Unit("_k", 1.0),
    "Pa": Unit("_pa", 1.0),
    "kPa": Unit("_pa", 1e3),
    "bar": Unit("_pa", 1e5),
    "psi": Unit("_pa", _PSI_PA),
    "kg/s": Unit("_kg_per_s", 1.0),
    "m3/s": Unit("_m3_per_s", 1.0),
    "L/min": Unit("_m3_per_s", 1e-3 / 60.0),
    "gpm": Unit("_m3_per_s", _GALLON_M3 / 60.0),
    "CFM": Unit("_m3_per_s", _FOOT_M**3 / 60.0),
    "m3": Unit("_m3", 1.0),
    "L": Unit("_m3", 1e-3),
    "m": Unit("_m", 1.0),
    "mm": Unit("_m", 1e-3),
    "kg": Unit("_kg", 1.0),
    "V": Unit("_v", 1.0),
    "s": Unit("_s", 1.0),
    "ms": Unit("_s", 1e-3),
    "Hz": Unit("_hz", 1.0),
    "MHz": Unit("_hz", 1e6),
    "bytes": Unit("_bytes", 1.0),
    "MiB": Unit("_bytes", 2.0**20),
    "GiB": Unit("_bytes", 2.0**30),
    "GB": Unit("_bytes", 1e9),
    "GB/s": Unit("_bytes_per_s", 1e9),
    "Gbit/s": Unit("_bytes_per_s", 1e9 / 8.0),
    "K/W": Unit("_k_per_w", 1.0),
    "W/K": Unit("_w_per_k", 1.0),
    "J/K": Unit("_j_per_k", 1.0),
}
"""Unit -> suffix of the names that carry its quantity, factor and offset to the base unit."""

SUFFIX_OF_UNIT = {name: unit.suffix for name, unit in UNITS.items()}


def to_base(value: float, unit: str) -> float:
    """Return a value in the base unit of its quantity; KeyError for an unknown unit."""
    return value * UNITS[unit].scale + UNITS[unit].offset
