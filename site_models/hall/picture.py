"""A picture of a hall, for reports and for places without WebGL, by PyBullet's renderer."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from math import ceil, cos, pi, sin
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from site_models.arrays import Flags, Floats
from site_models.errors import InputError
from site_models.hall.bullet_world import Box, Colour, box_world
from site_models.hall.camera import camera
from site_models.hall.placed import Hall, Placed
from site_models.hall.png import write_png

KIND_COLOURS: dict[str, Colour] = {
    "rack": (0.27, 0.45, 0.66, 1.0),
    "cdu": (0.10, 0.62, 0.56, 1.0),
    "crah": (0.52, 0.74, 0.87, 1.0),
    "ups": (0.56, 0.46, 0.75, 1.0),
    "switchgear": (0.85, 0.55, 0.24, 1.0),
    "dry_cooler": (0.62, 0.69, 0.74, 1.0),
    "cooling_tower": (0.52, 0.66, 0.66, 1.0),
    "chiller": (0.36, 0.52, 0.60, 1.0),
}
OTHER_COLOUR: Colour = (0.66, 0.66, 0.64, 1.0)
FLOOR: Colour = (0.93, 0.94, 0.95, 1.0)
PLINTH: Colour = (0.70, 0.73, 0.77, 1.0)
GRID: Colour = (0.86, 0.875, 0.89, 1.0)
FRONT_ZONE: Colour = (0.77, 0.88, 0.97, 1.0)
REAR_ZONE: Colour = (0.98, 0.86, 0.79, 1.0)
SHADE: Colour = (0.74, 0.77, 0.80, 1.0)
FRONT_PANEL: Colour = (0.15, 0.18, 0.23, 1.0)
REAR_PANEL: Colour = (0.80, 0.82, 0.84, 1.0)

GRID_M = 5.0
SHADE_M = 0.08
"""Width of the dark rim on the floor around each item."""
PANEL_M = 0.04
"""Thickness of the panels that mark front and rear, half of it inside the body."""
AZIMUTH_RAD, ELEVATION_RAD = -0.395 * pi, 0.265 * pi
"""Where the camera stands, seen from the hall: to the south-south-east, 48 degrees up."""
FINENESS = 2
"""Pixels are drawn this many times finer each way, then averaged."""
OUTLINE = 0.62
"""Brightness of the line around each body, of the colour below it."""


def draw_hall(
    hall: Hall,
    items: Sequence[Placed],
    path: Path | str,
    colours: Mapping[str, Colour] | None = None,
    size: tuple[int, int] = (1600, 900),
) -> None:
    """Write a PNG of the hall, seen from above at an angle, all of it in view.

    Items have the colour of their kind, or the one given for their name. The front of an
    item is a dark panel, its rear a pale one; service zones lie on the floor, blue before
    fronts (where cold air comes from) and red behind rears. Grid lines are 5 m apart. A
    hall that is deeper than wide is looked at from its long side.
    `size` is (width, height) in pixels.

    Raises InputError if the size is out of bounds or the file cannot be written; the file
    appears whole or not at all.
    """
    if min(size) < 16 or max(size) > 4096:
        raise InputError(f"picture of {size[0]} x {size[1]}: expected 16 to 4096 pixels a side")
    width, height = size[0] * FINENESS, size[1] * FINENESS
    turned_rad = pi / 2.0 if hall.depth_m > hall.width_m else 0.0
    view, lens = camera(
        _corners(hall, items), AZIMUTH_RAD + turned_rad, ELEVATION_RAD, size[0] / size[1]
    )
    with box_world() as world:
        world.paint(*_apart(_floor(hall, items)))
        bodies = world.paint(*_apart(_equipment(items, colours or {})))
        seen = world.photograph((width, height), view, lens, light=np.array([0.5, -0.95, 1.7]))
    rgb = np.where((seen.body < 0)[..., None], _backdrop(height), seen.rgb)
    line = _outlines(seen.body, min(bodies, default=int(seen.body.max()) + 1))
    rgb[line] = (rgb[line] * OUTLINE).astype(np.uint8)
    write_png(Path(path), _averaged(rgb))


def _apart(painted: Iterable[tuple[Box, Colour]]) -> tuple[list[Box], list[Colour]]:
    pairs = list(painted)
    return [box for box, _ in pairs], [colour for _, colour in pairs]


def _floor(hall: Hall, items: Sequence[Placed]) -> Iterator[tuple[Box, Colour]]:
    """Yield plinth, slab, grid and service zones, each a little above the one before."""
    x_m, y_m = hall.x_m + hall.width_m / 2.0, hall.y_m + hall.depth_m / 2.0
    line_m = 0.0008 * (hall.width_m + hall.depth_m)
    rim_m = 8.0 * line_m
    yield Box(x_m, y_m, -0.16, hall.width_m + rim_m, hall.depth_m + rim_m, 0.3), PLINTH
    yield Box(x_m, y_m, -0.1, hall.width_m, hall.depth_m, 0.2), FLOOR
    for i in range(1, ceil(hall.width_m / GRID_M)):
        yield Box(hall.x_m + GRID_M * i, y_m, 0.0, line_m, hall.depth_m, 0.01), GRID
    for i in range(1, ceil(hall.depth_m / GRID_M)):
        yield Box(x_m, hall.y_m + GRID_M * i, 0.0, hall.width_m, line_m, 0.01), GRID
    for item in items:
        for length_m, sign, top_m, colour in (
            (item.rear_clearance_m, -1.0, 0.01, REAR_ZONE),
            (item.front_clearance_m, 1.0, 0.015, FRONT_ZONE),
        ):
            if length_m > 0.0:
                away_m = sign * (item.depth_m + length_m) / 2.0
                yield _beside(item, away_m, 0.0, (length_m, item.width_m, 2.0 * top_m)), colour
        shade_m = (item.depth_m + 2 * SHADE_M, item.width_m + 2 * SHADE_M, 0.04)
        yield _beside(item, 0.0, 0.0, shade_m), SHADE


def _equipment(
    items: Sequence[Placed], colours: Mapping[str, Colour]
) -> Iterator[tuple[Box, Colour]]:
    """Yield a body, a front panel and a rear panel for each item."""
    for item in items:
        middle_m, half_m = item.height_m / 2.0, item.depth_m / 2.0
        panel = (PANEL_M, 0.84 * item.width_m, 0.90 * item.height_m)
        colour = colours.get(item.name, KIND_COLOURS.get(item.kind, OTHER_COLOUR))
        yield _beside(item, 0.0, middle_m, (item.depth_m, item.width_m, item.height_m)), colour
        yield _beside(item, half_m, middle_m, panel), FRONT_PANEL
        yield _beside(item, -half_m, middle_m, panel), REAR_PANEL


def _beside(item: Placed, away_m: float, z_m: float, sides_m: tuple[float, float, float]) -> Box:
    """Return a box turned like the item, its centre `away_m` to the front of the item's."""
    x_m = item.x_m + away_m * cos(item.facing_rad)
    y_m = item.y_m + away_m * sin(item.facing_rad)
    return Box(x_m, y_m, z_m, *sides_m, item.facing_rad)


def _corners(hall: Hall, items: Sequence[Placed]) -> Floats:
    """Return the corners of the room that the picture must hold. Shape: (8, 3)"""
    top_m = max((item.height_m for item in items), default=0.0)
    x_m, y_m = (hall.x_m, hall.x_m + hall.width_m), (hall.y_m, hall.y_m + hall.depth_m)
    return np.array(list(product(x_m, y_m, (-0.3, top_m))))


def _outlines(body: NDArray[np.int32], first: int) -> Flags:
    """Return the pixels where a body from `first` on meets another one. Shape: as `body`."""
    line = np.zeros(body.shape, dtype=np.bool_)
    solid = body >= first
    line[:, 1:] |= (body[:, 1:] != body[:, :-1]) & (solid[:, 1:] | solid[:, :-1])
    line[1:, :] |= (body[1:, :] != body[:-1, :]) & (solid[1:, :] | solid[:-1, :])
    return line


def _backdrop(height: int) -> NDArray[np.uint8]:
    """Return a light background that darkens downwards. Shape: (height, 1, 3)"""
    share = np.linspace(0.0, 1.0, height)[:, None, None]
    light, dark = np.array([252.0, 253.0, 254.0]), np.array([232.0, 236.0, 241.0])
    shades: NDArray[np.uint8] = np.rint(light + (dark - light) * share).astype(np.uint8)
    return shades


def _averaged(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the means of blocks of FINENESS x FINENESS pixels."""
    every = range(FINENESS)
    total = np.full(rgb[::FINENESS, ::FINENESS].shape, FINENESS**2 // 2, dtype=np.uint16)
    for i, j in product(every, every):
        total += rgb[i::FINENESS, j::FINENESS]
    mean: NDArray[np.uint8] = (total // FINENESS**2).astype(np.uint8)
    return mean
