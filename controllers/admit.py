"""Turn what was asked into what may be written: device limits and rates."""

from dataclasses import dataclass

import numpy as np

from site_models.arrays import Flags, Floats


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """What the devices accept, as read from them [W]. Each of shape (GPUs,)."""

    gpu_cap_min_w: Floats
    gpu_cap_max_w: Floats
    gpu_cap_default_w: Floats


@dataclass(frozen=True, slots=True)
class Rules:
    """What the supervisor holds every policy to."""

    stale_s: float = 10.0
    """Readings older than this are not acted on."""
    rise_w_per_s: float = 50.0
    """Fastest rise of a cap."""
    fall_w_per_s: float = 500.0
    """Fastest fall of a cap."""
    deadman_s: float = 30.0
    """Written caps that are not renewed for this long fall back to the device default."""


def admit(
    limits: Limits,
    rules: Rules,
    last_w: Floats,
    asked_w: Floats,
    fresh: Flags,
    dt_s: float,
) -> Floats:
    """Return the caps that may be written now [W].

    Within the device's limits, no further from `last_w` than the rates allow in `dt_s`, and
    unchanged for GPUs without a fresh reading. `last_w` and `asked_w` hold no NaN. Checked
    by hypothesis in ``tests/controllers/test_admit.py``.
    """
    wished_w = np.clip(asked_w, limits.gpu_cap_min_w, limits.gpu_cap_max_w)
    lowest_w = last_w - rules.fall_w_per_s * dt_s
    highest_w = last_w + rules.rise_w_per_s * dt_s
    moved_w = np.clip(wished_w, lowest_w, highest_w)
    return np.where(fresh, moved_w, last_w)
