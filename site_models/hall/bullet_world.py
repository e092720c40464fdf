"""PyBullet behind a small typed door: upright boxes, gaps between them, and a camera.

PyBullet keeps its worlds in global C state and is not meant for several threads: one world
is open at a time in a process, the next caller waits. It writes a line about its build when
imported, which is kept away from the terminal.
"""

import os
import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from math import cos, sin
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from site_models.arrays import Floats

Colour = tuple[float, float, float, float]
"""Red, green, blue, opacity. 0..1"""

_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True, slots=True)
class Box:
    """An upright box around its centre, turned about the vertical."""

    x_m: float
    y_m: float
    z_m: float
    length_m: float
    """Along the heading."""
    width_m: float
    height_m: float
    heading_rad: float = 0.0

    @property
    def halves_m(self) -> tuple[float, float, float]:
        """Half the length, width and height."""
        return (self.length_m / 2.0, self.width_m / 2.0, self.height_m / 2.0)

    @property
    def turn(self) -> tuple[float, float, float, float]:
        """The heading as a quaternion x, y, z, w."""
        return (0.0, 0.0, sin(self.heading_rad / 2.0), cos(self.heading_rad / 2.0))

    def bounds_m(self) -> tuple[Floats, Floats]:
        """Return the lowest and the highest corner of the axis-aligned box around it."""
        c, s = abs(cos(self.heading_rad)), abs(sin(self.heading_rad))
        a, b, h = self.halves_m
        reach = np.array([a * c + b * s, a * s + b * c, h])
        centre = np.array([self.x_m, self.y_m, self.z_m])
        return centre - reach, centre + reach


class Photograph(NamedTuple):
    """What the camera saw. Shape of each: (height, width), `rgb` (height, width, 3)."""

    rgb: NDArray[np.uint8]
    body: NDArray[np.int32]
    """Identity of the body seen in each pixel; -1 where there is none."""


class BoxWorld:
    """Boxes in one PyBullet client; made by `box_world`, which also takes it down."""

    def __init__(self, bullet: Any, client: int) -> None:
        self._bullet, self._client = bullet, client
        self._shapes: dict[tuple[float, float, float], int] = {}

    def stand(self, boxes: Sequence[Box]) -> list[int]:
        """Put solid boxes into the world and return their identities, in the same order."""
        shapes = [self._shape(box) for box in boxes]
        return self._create(boxes, [(shape, -1) for shape in shapes])

    def paint(self, boxes: Sequence[Box], colours: Sequence[Colour]) -> list[int]:
        """Put boxes that are only seen into the world and return their identities."""
        looks: dict[tuple[tuple[float, float, float], Colour], int] = {}
        for key in {(b.halves_m, c): None for b, c in zip(boxes, colours, strict=True)}:
            looks[key] = self._bullet.createVisualShape(
                self._bullet.GEOM_BOX,
                halfExtents=key[0],
                rgbaColor=key[1],
                specularColor=(0.0, 0.0, 0.0),
                physicsClientId=self._client,
            )
        pairs = zip(boxes, colours, strict=True)
        return self._create(boxes, [(-1, looks[b.halves_m, c]) for b, c in pairs])

    def near(self, box: Box) -> list[int]:
        """Return the solid bodies whose bounding boxes meet that of `box`, in rising order."""
        low, high = box.bounds_m()
        found = self._bullet.getOverlappingObjects(
            low.tolist(), high.tolist(), physicsClientId=self._client
        )
        return sorted({body for body, _ in found or ()})

    def gap_m(self, box: Box, body: int, reach_m: float = 0.0) -> float:
        """Return the gap between `box` and a solid body, negative by as much as they overlap.

        Infinite where the gap is over `reach_m`. Good to 1 mm: Bullet rounds the edges of
        separate boxes by that much.
        """
        points = self._bullet.getClosestPoints(
            bodyA=-1,
            bodyB=body,
            distance=reach_m,
            collisionShapeA=self._shape(box),
            collisionShapePositionA=(box.x_m, box.y_m, box.z_m),
            collisionShapeOrientationA=box.turn,
            physicsClientId=self._client,
        )
        return min((float(point[8]) for point in points), default=float("inf"))

    def photograph(
        self, size: tuple[int, int], view: Floats, lens: Floats, light: Floats
    ) -> Photograph:
        """Return a picture of `size` (width, height) by the software renderer.

        `view` and `lens` are the 4x4 matrices of OpenGL; `light` points towards the light.
        """
        width, height = size
        _, _, rgba, _, body = self._bullet.getCameraImage(
            width,
            height,
            view.T.ravel().tolist(),
            lens.T.ravel().tolist(),
            lightDirection=light.tolist(),
            lightAmbientCoeff=0.62,
            lightDiffuseCoeff=0.42,
            lightSpecularCoeff=0.0,
            shadow=0,
            renderer=self._bullet.ER_TINY_RENDERER,
            physicsClientId=self._client,
        )
        pixels = np.asarray(rgba, dtype=np.uint8).reshape(height, width, 4)
        return Photograph(pixels[..., :3], np.asarray(body, dtype=np.int32).reshape(height, width))

    def _shape(self, box: Box) -> int:
        """Return the collision shape of that size, made once."""
        if box.halves_m not in self._shapes:
            self._shapes[box.halves_m] = self._bullet.createCollisionShape(
                self._bullet.GEOM_BOX, halfExtents=box.halves_m, physicsClientId=self._client
            )
        return self._shapes[box.halves_m]

    def _create(self, boxes: Sequence[Box], shapes: Sequence[tuple[int, int]]) -> list[int]:
        """Create bodies; those alike in shape and heading in one call, ten times as fast."""
        alike = defaultdict(list)
        for index, (box, shape) in enumerate(zip(boxes, shapes, strict=True)):
            alike[shape, box.turn].append(index)
        bodies = [-1] * len(boxes)
        for ((solid, look), turn), members in alike.items():
            made = self._bullet.createMultiBody(
                baseMass=0.0,
                baseCollisionShapeIndex=solid,
                baseVisualShapeIndex=look,
                baseOrientation=turn,
                batchPositions=[(boxes[i].x_m, boxes[i].y_m, boxes[i].z_m) for i in members],
                physicsClientId=self._client,
            )
            for index, body in zip(members, made, strict=True):
                bodies[index] = body
        return bodies


@contextmanager
def box_world() -> Iterator[BoxWorld]:
    """Open an empty world without a window; it is gone when the block ends, come what may."""
    bullet = _quiet_bullet()
    with _ONE_AT_A_TIME:
        client = bullet.connect(bullet.DIRECT)
        try:
            yield BoxWorld(bullet, client)
        finally:
            bullet.disconnect(physicsClientId=client)


@cache
def _quiet_bullet() -> Any:
    """Import PyBullet with the process's error stream closed to its C code."""
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        import pybullet
    finally:
        os.dup2(kept, 2)
        os.close(kept)
    return pybullet
