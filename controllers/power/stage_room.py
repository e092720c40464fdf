"""What every stage of a power chain may give now, by rating, breaker and source."""

from typing import NamedTuple

import numpy as np

from controllers.gather import applied
from controllers.power.power_tree import PowerTree
from site_models.arrays import Floats
from site_models.plant import Feeds
from twin.electrical.live import generator_limit_w
from twin.physics.breakers import breaker_tau_s, seconds_to_trip
from twin.state import State


class Room(NamedTuple):
    """Limits of a chain [W]; inf where there is none."""

    out_w: Floats
    """Out of each stage. Shape (feeds,)"""
    meters_w: float
    """Through the utility's meters of all stages that carry racks, together."""


def cooling_ratio(thermal: Floats, kept: float, tau_s: Floats, within_s: float) -> Floats:
    r"""Return the load over rating that brings breakers to a thermal state within a time [-].

    From :math:`\tau\,d\theta/dt = r^2 - \theta` (``twin.physics.breakers``):
    :math:`r^2 = (\theta_k - \theta e^{-t/\tau}) / (1 - e^{-t/\tau})`. Above `kept` it lies
    below :math:`\sqrt{\theta_k}`, so a breaker that was overloaded cools down; 0 where
    even no load cools it in time. Checked in ``tests/controllers/power/test_stage_room.py``.
    """
    fade = np.exp(-within_s / tau_s)
    return np.asarray(np.sqrt(np.maximum((kept - thermal * fade) / (1.0 - fade), 0.0)))


def breaker_taus_s(feeds: Feeds) -> Floats:
    """Return the time constant of each stage's breaker [s]; inf where there is none."""
    tau_s = applied(breaker_tau_s, feeds.breaker_rating_a)
    return np.where(feeds.breaker_rating_a > 0.0, tau_s, np.inf)


def room_of(
    tree: PowerTree, state: State, share: float, meters_w: float = np.inf, cool_s: float = 300.0
) -> Room:
    """Return what the stages may give at a state.

    Parameters
    ----------
    share
        Of every limit that may be used. 0..1
    meters_w
        Limit at the meters; taken as it is. [W]
    cool_s
        A breaker hotter than a load of `share` makes it for ever cools to that in this time.

    Notes
    -----
    The least of the rating, what lets the breaker cool, what a battery gives its stage, so
    that the loss of its source is survived, and what a generator gives: its rating, or what
    it accepts so far while it carries the stage. Stages without power have no limit.
    """
    feeds = tree.plant.arrays.feeds
    live = state.feed_live > 0.0
    out_w = np.where(feeds.rating_w > 0.0, share * feeds.rating_w, np.inf)
    has = feeds.breaker_rating_a > 0.0
    if has.any():
        tau_s = np.where(has, breaker_taus_s(feeds), 1.0)
        ratio = cooling_ratio(state.feed_breaker_thermal, share * share, tau_s, cool_s)
        out_w = np.where(has, np.minimum(out_w, ratio * feeds.rating_w), out_w)
    source_w = np.where(feeds.battery_j > 0.0, share * feeds.battery_power_w, np.inf)
    for f in np.flatnonzero(feeds.generator_w > 0.0).tolist():
        accepts_w = float(feeds.generator_w[f])
        if state.transfer_alternate[f] > 0.0:
            accepts_w = min(accepts_w, generator_limit_w(feeds, state, f))
        source_w[f] = min(source_w[f], share * accepts_w)
    limited = np.isfinite(source_w)
    from_source_w = tree.stage_output_w(np.where(limited, source_w, 0.0))
    out_w = np.where(limited, np.minimum(out_w, from_source_w), out_w)
    return Room(np.where(live, out_w, np.inf), meters_w)


def overload_s(
    thermal: Floats, ratio: Floats, tau_s: Floats, trip_level: Floats, magnetic: Floats
) -> Floats:
    """Return after how long a held load trips breakers [s]; inf: never, or no breaker."""
    has = np.isfinite(tau_s)
    at_s = np.where(has, tau_s, 1.0)
    after_s = applied(seconds_to_trip, thermal, ratio, at_s, trip_level, magnetic)
    return np.where(has, after_s, np.inf)
