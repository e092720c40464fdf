"""What the site draws from the utility: as its meters show it, else as the twin believes."""

import math
from typing import NamedTuple

import numpy as np

from site_models.arrays import Ints
from site_models.plant import Plant
from telemetry.frame import Frame
from twin.state import State

METER_S = 5.0
"""An older reading says too little of the 15 s that the grid judges."""
LEARN_S = 60.0
"""Mean of what the meters show over what is believed."""


class SitePower(NamedTuple):
    """What counts as the site's power at one instant. NaN before anything was seen."""

    power_w: float = math.nan
    """At the utility meters, cooling included."""
    metered: bool = False
    """It was read there just now."""
    over: float = math.nan
    """What meters have shown over what was believed, a mean [-]; NaN: they never spoke."""


def metered_site_w(plant: Plant, frame: Frame) -> float:
    """Return what the utility meters show [W]: the site's, else all of its feeds' together.

    NaN where there are none, one is silent, or a reading is older than METER_S.
    """
    site_w = _fresh_w(frame, "facility_power_w", np.zeros(1, dtype=np.int64))
    if math.isfinite(site_w):
        return site_w
    return _fresh_w(frame, "feed_power_w", np.flatnonzero(plant.arrays.feeds.parent < 0))


def believed_site_w(plant: Plant, state: State) -> float:
    """Return what the twin believes that the site draws from the utility [W]."""
    return float(state.feed_power_w[plant.arrays.feeds.parent < 0].sum())


def site_power(before: SitePower, metered_w: float, believed_w: float, dt_s: float) -> SitePower:
    """Return what counts now: what the meters show; while they are silent what is believed,
    by as much more or less as they showed when they spoke.

    So power does not jump when a meter falls silent, and a baseline from before stays good. A
    meter that shows nothing at all is a silent one.
    Checked in ``tests/controllers/test_site_power.py``.
    """
    if not 0.0 < metered_w < math.inf:
        over = 1.0 if math.isnan(before.over) else before.over
        return SitePower(believed_w * over, False, before.over)
    ratio = metered_w / believed_w if believed_w > 0.0 else 1.0
    over = ratio if math.isnan(before.over) else before.over
    part = 1.0 - math.exp(-dt_s / LEARN_S)
    return SitePower(metered_w, True, over + part * (ratio - over))


def _fresh_w(frame: Frame, name: str, places: Ints) -> float:
    read = frame.values.get(name)
    if read is None or not len(places) or len(read) <= int(places.max()):
        return math.nan
    age_s = frame.age_s.get(name, np.zeros(len(read)))[places]
    return float(read[places].sum()) if bool((age_s <= METER_S).all()) else math.nan
