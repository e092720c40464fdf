"""Units that foreign logs use, and the quantity that each measures.

Factors that the catalog also uses come from its table, so that there is one of each.
"""

from collections.abc import Mapping
from typing import NamedTuple

from site_models.arrays import Floats
from site_models.errors import InputError
from site_models.units import UNITS as CATALOG_UNITS
from telemetry.signals import Signal

WATER_DENSITY_KG_PER_M3 = 997.0
"""Water at 25 C. A volume flow of another coolant states its own density: 25 % propylene
glycol is 2 to 3 % denser."""


class Unit(NamedTuple):
    """base = reading * scale + offset."""

    quantity: str
    scale: float
    offset: float = 0.0


UNITS: Mapping[str, Unit] = {
    "W": Unit("power", 1.0),
    "kW": Unit("power", CATALOG_UNITS["kW"].scale),
    "mW": Unit("power", 1e-3),
    "J": Unit("energy", 1.0),
    "mJ": Unit("energy", 1e-3),
    "kWh": Unit("energy", CATALOG_UNITS["kWh"].scale),
    "degC": Unit("temperature", 1.0),
    "degF": Unit("temperature", CATALOG_UNITS["degF"].scale, CATALOG_UNITS["degF"].offset),
    "K": Unit("temperature", 1.0, -273.15),
    "percent": Unit("ratio", 0.01),
    "ratio": Unit("ratio", 1.0),
    "Hz": Unit("frequency", 1.0),
    "MHz": Unit("frequency", CATALOG_UNITS["MHz"].scale),
    "rpm": Unit("frequency", 1.0 / 60.0),
    "bytes": Unit("bytes", 1.0),
    "KiB": Unit("bytes", 1024.0),
    "MiB": Unit("bytes", CATALOG_UNITS["MiB"].scale),
    "bytes/s": Unit("byte rate", 1.0),
    "KiB/s": Unit("byte rate", 1024.0),
    "MiB/s": Unit("byte rate", 1024.0**2),
    "MB/s": Unit("byte rate", 1e6),
    "kg/s": Unit("coolant flow", 1.0),
    "L/min": Unit("coolant flow", CATALOG_UNITS["L/min"].scale),
    "gpm": Unit("coolant flow", CATALOG_UNITS["gpm"].scale),
    "Pa": Unit("pressure", 1.0),
    "kPa": Unit("pressure", CATALOG_UNITS["kPa"].scale),
    "psi": Unit("pressure", CATALOG_UNITS["psi"].scale),
    "bar": Unit("pressure", CATALOG_UNITS["bar"].scale),
    "s": Unit("time", 1.0),
    "ms": Unit("time", CATALOG_UNITS["ms"].scale),
    "ns": Unit("time", 1e-9),
    "mask": Unit("mask", 1.0),
    "code": Unit("code", 1.0),
}
"""Units by name. L/min and gpm are volumes: `to_base` multiplies them by a density."""

VOLUME_FLOWS = frozenset({"L/min", "gpm"})


def quantity_of(unit: str) -> str:
    """Return the quantity a unit measures; KeyError for a unit that is not in the table."""
    return UNITS[unit].quantity


def to_base(
    signal: Signal,
    readings: Floats,
    unit: str,
    where: str,
    density_kg_per_m3: float = WATER_DENSITY_KG_PER_M3,
) -> Floats:
    """Return readings of a signal in its base unit. Shape: as given.

    `where` begins the message (file and key). A difference of temperatures takes a unit's
    scale and not its offset. Raises InputError for an unknown unit or one of another
    quantity than the signal's. Checked against handbook values in
    ``tests/telemetry/test_units.py``.
    """
    if unit not in UNITS:
        raise InputError(f"{where}: unknown unit {unit!r}, expected one of {' '.join(UNITS)}")
    quantity, scale, offset = UNITS[unit]
    wanted = quantity_of(signal.unit)
    if quantity != wanted:
        fitting = " ".join(name for name, known in UNITS.items() if known.quantity == wanted)
        raise InputError(
            f"{where}: {unit} is a unit of {quantity}, but {signal.name} is a {wanted}: "
            f"expected one of {fitting}"
        )
    if unit in VOLUME_FLOWS:
        scale *= density_kg_per_m3
    if signal.kind == "difference":
        offset = 0.0
    return readings * scale + offset
