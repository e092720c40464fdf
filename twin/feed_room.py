"""Headroom and stranded capacity of a plant's feeds, from what flows through them."""

import numpy as np

from site_models.arrays import Floats, Ints
from site_models.plant import Plant
from twin.physics.feed_tree import Headroom, Stages, headroom
from twin.state import State


def feed_room(
    plant: Plant, state: State, capacity_share: float = 1.0, open_places: bool = False
) -> Headroom:
    """Return the room of every feed. Shape (feeds,) each, watts at its output.

    Parameters
    ----------
    capacity_share
        Of a feed's rating that may be used: 0.8 under a standard breaker. 0..1
    open_places
        Racks may be added to the feeds that already carry some. Otherwise only the racks
        that stand there can draw more, each up to its rating.

    Notes
    -----
    Feeds of pumps, fans and chillers may always take more. Feeds out of service have none.
    A connection's share stays as it is, also when the other feed is lost; for that, see
    `twin.physics.switching.worst_load_w`. Checked by hand in ``tests/twin/test_feed_room.py``.
    """
    arrays = plant.arrays
    feeds, links = arrays.feeds, arrays.rack_feeds
    stages = Stages(
        feeds.parent, feeds.rating_w, feeds.loss_fixed, feeds.loss_linear, feeds.loss_square
    )
    left_w = np.maximum(arrays.racks.rating_w - state.rack_power_w, 0.0)
    room_w = _by_feed(links.feed, links.share * left_w[links.rack], len(feeds.parent))
    if open_places:
        room_w[links.feed] = np.inf
    for feed in (arrays.circuits.mover_feed, arrays.exchangers.fan_feed, arrays.chillers.feed):
        room_w[feed[feed >= 0]] = np.inf
    capacity_w = np.where(feeds.in_service, capacity_share * feeds.rating_w, 0.0)
    return headroom(stages, capacity_w, direct_power_w(plant, state), room_w)


def direct_power_w(plant: Plant, state: State) -> Floats:
    """Return what hangs on every feed itself, beside its children: racks, pumps, fans. [W]"""
    arrays = plant.arrays
    links = arrays.rack_feeds
    count = len(arrays.feeds.parent)
    total_w = _by_feed(links.feed, links.share * state.rack_power_w[links.rack], count)
    for feed, power_w in (
        (arrays.circuits.mover_feed, state.circuit_mover_power_w),
        (arrays.exchangers.fan_feed, state.exchanger_fan_power_w),
        (arrays.chillers.feed, state.chiller_power_w),
    ):
        fed = feed >= 0
        total_w += _by_feed(feed[fed], power_w[fed], count)
    return total_w


def _by_feed(feed: Ints, power_w: Floats, count: int) -> Floats:
    return np.bincount(feed, power_w, count).astype(np.float64)
