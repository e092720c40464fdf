"""Where a camera must stand, and how far it must open, to hold a set of points."""

from math import cos, sin

import numpy as np

from site_models.arrays import Floats

FAR_AWAY = 3.0
"""Distance of the camera in diagonals of the scene: little perspective, as in an isometry."""
MARGIN = 0.035
"""Empty border on each side, in widths of the content."""


def camera(
    corners: Floats, azimuth_rad: float, elevation_rad: float, aspect: float
) -> tuple[Floats, Floats]:
    """Return the OpenGL view and projection matrices that just hold `corners`.

    `corners` are points in metres, shape (n, 3); azimuth and elevation say where the camera
    stands, seen from their middle; `aspect` is width over height of the picture. Shape of
    both results: (4, 4). Checked by the empty border of pictures of long, deep and square
    halls in ``tests/site_models/hall/test_hall_picture.py``.
    """
    flat = cos(elevation_rad)
    back = np.array([flat * cos(azimuth_rad), flat * sin(azimuth_rad), sin(elevation_rad)])
    right = np.array([-sin(azimuth_rad), cos(azimuth_rad), 0.0])
    eye = corners.mean(axis=0) + FAR_AWAY * np.linalg.norm(np.ptp(corners, axis=0)) * back
    view = np.eye(4)
    view[:3, :3] = [right, np.cross(back, right), back]
    view[:3, 3] = -view[:3, :3] @ eye
    return view, _lens(corners @ view[:3, :3].T + view[:3, 3], aspect)


def _lens(corners: Floats, aspect: float) -> Floats:
    """Return the perspective that fits `corners`, given as the camera sees them, centred."""
    away = -corners[:, 2]
    near, far = 0.9 * away.min(), 1.1 * away.max()
    flat = corners[:, :2] / away[:, None] * near
    low, high = flat.min(axis=0), flat.max(axis=0)
    centre = (low + high) / 2.0
    half_w = (0.5 + MARGIN) * max(high[0] - low[0], aspect * (high[1] - low[1]))
    half_h = half_w / aspect
    return np.array(
        [
            [near / half_w, 0.0, centre[0] / half_w, 0.0],
            [0.0, near / half_h, centre[1] / half_h, 0.0],
            [0.0, 0.0, -(far + near) / (far - near), -2.0 * far * near / (far - near)],
            [0.0, 0.0, -1.0, 0.0],
        ]
    )
