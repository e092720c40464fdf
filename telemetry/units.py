"""Units that logs use, and how each becomes a base unit: converted once, at the door."""

from collections.abc import Mapping
from typing import NamedTuple

from site_models.arrays import Floats
from site_models.errors import InputError
from telemetry.signals import Signal

WATER_DENSITY_KG_PER_M3 = 997.0
"""Water at 25 C. A volume flow of another coolant states its own density: 25 % propylene
glycol is 2 to 3 % denser."""


class Unit(NamedTuple):
    """base = reading * scale + offset."""

    quantity: str
    scale: float
    offset: float = 0.0


GALLON_M3 = 3.785411784e-3
"""US liquid gallon, exact."""

PSI_PA = 6894.757293168361
"""Pound-force per square inch."""

UNITS: Mapping[str, Unit] = {
    "W": Unit("power", 1.0),
    "kW": Unit("power", 1e3),
    "mW": Unit("power", 1e-3),
    "J": Unit("energy", 1.0),
    "mJ": Unit("energy", 1e-3),
    "kWh": Unit("energy", 3.6e6),
    "degC": Unit("temperature", 1.0),
    "degF": Unit("temperature", 5.0 / 9.0, -160.0 / 9.0),
    "K": Unit("temperature", 1.0, -273.15),
    "percent": Unit("ratio", 0.01),
    "ratio": Unit("ratio", 1.0),
    "Hz": Unit("frequency", 1.0),
    "MHz": Unit("frequency", 1e6),
    "rpm": Unit("frequency", 1.0 / 60.0),
    "bytes": Unit("bytes", 1.0),
    "KiB": Unit("bytes", 1024.0),
    "MiB": Unit("bytes", 1024.0**2),
    "bytes/s": Unit("byte rate", 1.0),
    "KiB/s": Unit("byte rate", 1024.0),
    "MiB/s": Unit("byte rate", 1024.0**2),
    "MB/s": Unit("byte rate", 1e6),
    "kg/s": Unit("coolant flow", 1.0),
    "L/min": Unit("coolant flow", 1e-3 / 60.0),
    "gpm": Unit("coolant flow", GALLON_M3 / 60.0),
    "Pa": Unit("pressure", 1.0),
    "kPa": Unit("pressure", 1e3),
    "psi": Unit("pressure", PSI_PA),
    "bar": Unit("pressure", 1e5),
    "s": Unit("time", 1.0),
    "ms": Unit("time", 1e-3),
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
