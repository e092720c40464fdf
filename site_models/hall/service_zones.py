"""The box that an item fills, and the room before its faces that service needs."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import cos, pi, sin

from site_models.hall.bullet_world import Box
from site_models.hall.placed import Placed


@dataclass(frozen=True, slots=True)
class Zone:
    """Room before one face of an item that must be free of other bodies."""

    item: Placed
    side: str
    """front, rear, left, right, or path: the way of a rack that is pulled out."""
    heading_rad: float
    """From the item outwards."""
    start_m: float
    """From the centre of the item to the face."""
    span_m: float
    length_m: float

    def slab(self, start_m: float, length_m: float) -> Box:
        """Return the part of the zone's direction from `start_m` on, as wide as the face."""
        item, middle_m = self.item, start_m + length_m / 2.0
        return Box(
            item.x_m + middle_m * cos(self.heading_rad),
            item.y_m + middle_m * sin(self.heading_rad),
            item.height_m / 2.0,
            length_m,
            self.span_m,
            item.height_m,
            self.heading_rad,
        )


def body_of(item: Placed) -> Box:
    """Return the box that an item fills."""
    return Box(
        item.x_m,
        item.y_m,
        item.height_m / 2.0,
        item.depth_m,
        item.width_m,
        item.height_m,
        item.facing_rad,
    )


def zones_of(item: Placed) -> Iterator[Zone]:
    """Yield the zones of an item that have a length; a rack also needs its own depth in front."""
    ahead, half_depth, half_width = item.facing_rad, item.depth_m / 2.0, item.width_m / 2.0
    front, rear, side = item.front_clearance_m, item.rear_clearance_m, item.side_clearance_m
    pulled = item.depth_m if item.kind == "rack" else 0.0
    for zone in (
        Zone(item, "front", ahead, half_depth, item.width_m, front),
        Zone(item, "rear", ahead + pi, half_depth, item.width_m, rear),
        Zone(item, "left", ahead + pi / 2.0, half_width, item.depth_m, side),
        Zone(item, "right", ahead - pi / 2.0, half_width, item.depth_m, side),
        Zone(item, "path", ahead, half_depth, item.width_m, pulled),
    ):
        if zone.length_m > 0.0:
            yield zone
