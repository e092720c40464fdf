"""Does the equipment fit: overlaps, the hall's walls, service clearances, racks pulled out.

Bodies are upright boxes in a PyBullet world. Its broad phase finds the few neighbours of
each box and its narrow phase the gaps, so that a hall of 1,700 items takes under a second.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import cos, sin

from site_models.errors import InputError
from site_models.hall.bullet_world import Box, BoxWorld, box_world
from site_models.hall.picture import draw_hall
from site_models.hall.placed import Hall, Placed
from site_models.hall.service_zones import Zone, body_of, zones_of

__all__ = ["LayoutIssue", "check_layout", "draw_hall"]

TOLERANCE_M = 1e-3
"""Bodies that touch, and clearances met to the millimetre, are no issue."""

FACE_M = 2e-3
"""Thickness of the plate just inside a face from which distances are taken."""


@dataclass(frozen=True, slots=True)
class LayoutIssue:
    """One thing wrong with a layout."""

    check: str
    """overlap, hall, clearance or extraction."""
    item: str
    other: str
    """The name of the other item, or the part of the hall: `the east wall`, `the ceiling`."""
    distance_m: float
    """overlap, hall: by how much. clearance, extraction: how far away the blocker stands."""
    message: str
    """The line for a person."""


def check_layout(hall: Hall, items: Sequence[Placed]) -> list[LayoutIssue]:
    """Return what is wrong with the places of `items`; an empty list if nothing is.

    - *hall*: a body passes through a wall or the ceiling.
    - *overlap*: two bodies share space; the distance is the smallest shift that parts them.
    - *clearance*: a wall or another body stands in the service zone before the front, the
      rear or a side. A zone is as wide and as high as its face. Zones may overlap one
      another, so facing rows share their aisle. The nearest blocker is named.
    - *extraction*: a rack cannot be pulled straight out of its front by its own depth.
      Turning it in the aisle, and the way from there to the door, are not examined.

    Bodies that touch do not overlap (1 mm). Raises InputError if two items share a name.
    Checked against the separating axes of random boxes, and for indifference to where the
    hall lies, in ``tests/site_models/hall/test_layout.py``.
    """
    _refuse_equal_names(items)
    bodies = [body_of(item) for item in items]
    issues = [issue for item in items for issue in _outside(hall, item)]
    with box_world() as world:
        index = {identity: i for i, identity in enumerate(world.stand(bodies))}
        touched: dict[int, set[int]] = defaultdict(set)
        for i, j, by_m in _overlaps(world, bodies, index):
            issues.append(_overlap_issue(items[i], items[j], by_m))
            touched[i].add(j)
            touched[j].add(i)
        for i, item in enumerate(items):
            for zone in zones_of(item):
                found = _nearest_blocker(world, hall, items, index, zone, {i} | touched[i])
                if found is not None:
                    issues.append(_zone_issue(zone, *found))
    return issues


def _refuse_equal_names(items: Sequence[Placed]) -> None:
    for name, count in Counter(item.name for item in items).items():
        if count > 1:
            raise InputError(f"{name}: {count} items have this name, expected one")


def _walls(hall: Hall) -> tuple[tuple[str, int, float, float], ...]:
    """Return each wall's name, axis, outward sign and place on that axis."""
    return (
        ("the west wall", 0, -1.0, hall.x_m),
        ("the east wall", 0, 1.0, hall.x_m + hall.width_m),
        ("the south wall", 1, -1.0, hall.y_m),
        ("the north wall", 1, 1.0, hall.y_m + hall.depth_m),
    )


def _outside(hall: Hall, item: Placed) -> Iterator[LayoutIssue]:
    """Yield an issue for each wall, and the ceiling, that a body passes through."""
    low, high = body_of(item).bounds_m()
    excess_m = [
        (name, float(high[axis] - at_m if sign > 0 else at_m - low[axis]))
        for name, axis, sign, at_m in _walls(hall)
    ]
    excess_m.append(("the ceiling", item.height_m - hall.height_m))
    for part, by_m in excess_m:
        if by_m > TOLERANCE_M:
            line = f"{item.label} passes through {part} by {by_m:.2f} m"
            yield LayoutIssue("hall", item.name, part, by_m, line)


def _overlaps(
    world: BoxWorld, bodies: Sequence[Box], index: dict[int, int]
) -> Iterator[tuple[int, int, float]]:
    """Yield each pair of overlapping bodies once, and by how much."""
    for i, body in enumerate(bodies):
        for identity in world.near(body):
            if index[identity] > i:
                by_m = -world.gap_m(body, identity)
                if by_m > TOLERANCE_M:
                    yield i, index[identity], by_m


def _overlap_issue(item: Placed, other: Placed, by_m: float) -> LayoutIssue:
    line = f"{item.label} overlaps {other.label} by {by_m:.2f} m"
    return LayoutIssue("overlap", item.name, other.name, by_m, line)


def _nearest_blocker(
    world: BoxWorld,
    hall: Hall,
    items: Sequence[Placed],
    index: dict[int, int],
    zone: Zone,
    ignored: set[int],
) -> tuple[str, str, float] | None:
    """Return name, label and distance of what stands first in a zone, None if it is free."""
    found = [(part, part, at_m) for part, at_m in _walls_within(hall, zone)]
    box = zone.slab(zone.start_m, zone.length_m)
    for identity in world.near(box):
        other = items[index[identity]]
        if index[identity] not in ignored and world.gap_m(box, identity) < -TOLERANCE_M:
            face = zone.slab(zone.start_m - FACE_M, FACE_M)
            at_m = max(world.gap_m(face, identity, reach_m=2.0 * zone.length_m), 0.0)
            found.append((other.name, other.label, at_m))
    return min(found, key=lambda blocker: blocker[2], default=None)


def _walls_within(hall: Hall, zone: Zone) -> Iterator[tuple[str, float]]:
    """Yield the walls that cut into a zone and their distance from its face, along the zone."""
    low, high = zone.slab(zone.start_m, zone.length_m).bounds_m()
    outwards = (cos(zone.heading_rad), sin(zone.heading_rad))
    for part, axis, sign, at_m in _walls(hall):
        beyond_m = float(high[axis] - at_m if sign > 0 else at_m - low[axis])
        slope = sign * outwards[axis]
        if beyond_m > TOLERANCE_M and slope > 1e-6:
            yield part, max(zone.length_m - beyond_m / slope, 0.0)


def _zone_issue(zone: Zone, name: str, label: str, at_m: float) -> LayoutIssue:
    item = zone.item
    if zone.side == "path":
        line = (
            f"{item.label} ({item.depth_m:.2f} m deep) cannot be pulled out: "
            f"{label} is {at_m:.2f} m before its front"
        )
        return LayoutIssue("extraction", item.name, name, at_m, line)
    line = (
        f"{zone.side} clearance of {item.label} ({zone.length_m:.2f} m) "
        f"is blocked by {label} at {at_m:.2f} m"
    )
    return LayoutIssue("clearance", item.name, name, at_m, line)
