"""Where equipment stands: a hall and the upright boxes in it, without any geometry library.

Coordinates are metres on the hall's floor plan, x to the east and y to the north; headings
are radians, counter-clockwise from east. Everything stands on the floor.
"""

import math
from dataclasses import dataclass, fields

from site_models.errors import InputError


@dataclass(frozen=True, slots=True)
class Hall:
    """A rectangular room with its south-west corner at `x_m`, `y_m`.

    Raises InputError if a measure is not a number, or a size not above zero.
    """

    width_m: float
    """West to east."""
    depth_m: float
    """South to north."""
    height_m: float
    """Floor to the lowest obstruction of the ceiling."""
    x_m: float = 0.0
    y_m: float = 0.0

    def __post_init__(self) -> None:
        _refuse_odd_measures("hall", self, ("width_m", "depth_m", "height_m"))


@dataclass(frozen=True, slots=True)
class Placed:
    """One piece of equipment at its place: its body and the room that service needs.

    Raises InputError if a measure is not a number, a size not above zero, or a clearance or
    the mass below zero.
    """

    name: str
    kind: str
    """rack, cdu, crah, ups, switchgear, dry_cooler, cooling_tower, chiller, ..."""
    x_m: float
    """Centre of the footprint."""
    y_m: float
    width_m: float
    """Across its front."""
    depth_m: float
    """Front to rear."""
    height_m: float
    facing_rad: float
    """Direction that its front looks in: 0 east, pi/2 north."""
    front_clearance_m: float = 0.0
    rear_clearance_m: float = 0.0
    side_clearance_m: float = 0.0
    """On either side."""
    mass_kg: float = 0.0

    def __post_init__(self) -> None:
        _refuse_odd_measures(f"{self.kind} {self.name}", self, ("width_m", "depth_m", "height_m"))
        for key in ("front_clearance_m", "rear_clearance_m", "side_clearance_m", "mass_kg"):
            if getattr(self, key) < 0.0:
                value = getattr(self, key)
                raise InputError(f"{self.label}: {key} is {value:g}, expected 0 or more")

    @property
    def label(self) -> str:
        """What people call it: `rack r07`, but `cdu1` and not `cdu cdu1`."""
        named_by_kind = self.name.lower().startswith(self.kind.lower())
        return self.name if named_by_kind else f"{self.kind} {self.name}"


def _refuse_odd_measures(label: str, thing: Hall | Placed, sizes: tuple[str, ...]) -> None:
    """Stop what a collision library would hang or crash on."""
    for field in fields(thing):
        value = getattr(thing, field.name)
        if isinstance(value, str):
            continue
        if not math.isfinite(value):
            raise InputError(f"{label}: {field.name} is {value}, expected a finite number")
        if field.name in sizes and value <= 0.0:
            raise InputError(f"{label}: {field.name} is {value:g}, expected more than 0")
