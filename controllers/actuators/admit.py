"""Turn what was asked into what may be written: device limits and rates."""

from dataclasses import dataclass

import numpy as np

from site_models.arrays import Flags, Floats
from site_models.plant import Plant


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """What the devices accept, as read from them. Each of shape (GPUs,)."""

    gpu_cap_min_w: Floats
    gpu_cap_max_w: Floats
    gpu_cap_default_w: Floats
    gpu_clock_min_share: Floats
    """Lowest clock that a GPU can be locked to, over its full clock. 0..1"""


def catalog_limits(plant: Plant) -> Limits:
    """Return the limits of the catalog, where no device is asked."""
    gpus = plant.arrays.gpus
    least = plant.arrays.groups.clock_min[gpus.group]
    return Limits(gpus.power_min_w, gpus.power_max_w, gpus.power_max_w, least)


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
    """What was written and is not renewed for this long falls back to the defaults."""
    clock_rise_per_s: float = 0.1
    """Fastest rise of a locked clock, a share of the full one."""
    clock_fall_per_s: float = 1.0
    setpoint_rate_k_per_s: float = 1.0 / 60.0
    """Fastest move of a supply setpoint: units and chillers follow within minutes."""
    setpoint_lowest_c: float = 5.0
    """No water is asked for colder, near frost. The dew point of a hall is the plant's own."""
    flow_rate_per_s: float = 0.01
    """Fastest move of a loop's flow share: pumps answer within some 10 s."""
    flow_least: float = 0.3
    flow_most: float = 1.5
    """A loop's flow over the one it was built to hold."""
    decide_s: float = 60.0
    """A policy that has not answered by then is taken out. A live site allows less; where
    nothing waits, infinity spares the change of threads."""
    verify_s: float = 5.0
    """So long a device may take until it says that it holds what was written."""
    predict_s: float = 0.0
    """How far the twin foretells temperatures after a write, before it begins anew; 0: it does
    not, as where the plant is a twin itself."""
    moves_most: int = 2
    """Jobs that are on their way at a time."""
    move_s: float = 600.0
    """So long a job may take to be there: a scheduler has to start it again."""
    move_rest_s: float = 1800.0
    """A job that was moved is left where it is for so long, whoever asks."""
    depart_k: float = 8.0
    depart_share: float = 0.1
    depart_s: float = 15.0
    """Warmer than foretold by so much, or over the caps by that share, for that long: the
    defaults are restored and what was armed is advise."""


LIVE_RULES = Rules(decide_s=5.0, predict_s=120.0)
"""Those of a real site."""


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
    by hypothesis in ``tests/controllers/actuators/test_admit.py``.
    """
    wished_w = np.clip(asked_w, limits.gpu_cap_min_w, limits.gpu_cap_max_w)
    lowest_w = last_w - rules.fall_w_per_s * dt_s
    highest_w = last_w + rules.rise_w_per_s * dt_s
    moved_w = np.clip(wished_w, lowest_w, highest_w)
    return np.where(fresh, moved_w, last_w)


def admit_clocks(
    limits: Limits, rules: Rules, last: Floats, asked: Floats, fresh: Flags, dt_s: float
) -> Floats:
    """Return the clocks that GPUs may be locked to now, shares of full clock: as `admit`."""
    wished = np.clip(asked, limits.gpu_clock_min_share, 1.0)
    lowest, highest = last - rules.clock_fall_per_s * dt_s, last + rules.clock_rise_per_s * dt_s
    return np.where(fresh, np.clip(wished, lowest, highest), last)


def admit_wishes(
    built: Floats, lowest: Floats, highest: Floats, last: Floats, asked: Floats, reach: float
) -> Floats:
    """Return settings of a facility that may be asked for now; NaN: as built.

    No further than `reach` from `last`; where nothing is asked any more they go back to what
    was built at the same pace. `last` and `asked` may hold NaN, the rest does not.
    """
    aim = np.clip(np.where(np.isnan(asked), built, asked), lowest, highest)
    was = np.where(np.isnan(last), built, last)
    moved = np.clip(aim, was - reach, was + reach)
    return np.where(np.isnan(asked) & (moved == built), np.nan, moved)
