"""Headroom, stranded capacity and standing of a plant's feeds, from what flows through them."""

from dataclasses import dataclass

import numpy as np

from site_models.arrays import Floats, Ints
from site_models.plant import Plant
from twin.electrical.feed_users import other_w
from twin.physics.feed_tree import Headroom, Stages, headroom, worst_outputs_w
from twin.physics.storage import ride_through_s
from twin.physics.switching import shares_now
from twin.state import State

LIVE, ON_BATTERY, ON_GENERATOR, TRIPPED, DEAD = (
    "live",
    "on battery",
    "on generator",
    "tripped",
    "dead",
)


@dataclass(frozen=True, slots=True, eq=False)
class FeedStanding:
    """How every feed stands now. Shape (feeds,) each; NaN where a feed has no such part."""

    status: tuple[str, ...]
    load_w: Floats
    """Out of the stage."""
    worst_load_w: Floats
    """Out of it if any one stage is lost and racks go over to their other feeds."""
    worst_loss: Ints
    """The stage whose loss that is; -1: nothing lost."""
    battery_share: Floats
    """Of its energy that is left. 0..1"""
    battery_left_s: Floats
    """That what is left carries the present load."""
    breaker_share: Floats
    """Of the thermal state at which the breaker trips."""


def feed_standing(plant: Plant, state: State) -> FeedStanding:
    """Return how every feed stands.

    Checked by hand in ``tests/twin/electrical/test_feed_room.py``.
    """
    feeds, links = plant.arrays.feeds, plant.arrays.rack_feeds
    worst_w, worst = worst_outputs_w(
        _stages(plant), links.rack, links.feed, links.share, state.rack_power_w,
        other_w(plant, state),
    )  # fmt: skip
    input_w = state.feed_power_w + state.feed_battery_w
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(feeds.battery_j > 0.0, state.feed_battery_j / feeds.battery_j, np.nan)
        # Nothing left and nothing drawn, as behind a dead feed: how long is no number.
        left_s = ride_through_s(state.feed_battery_j, input_w, feeds.battery_efficiency)
    braked = feeds.breaker_rating_a > 0.0
    thermal = state.feed_breaker_thermal / feeds.breaker_trip_level
    return FeedStanding(
        status=feed_status(state),
        load_w=state.feed_output_w,
        worst_load_w=worst_w,
        worst_loss=worst,
        battery_share=share,
        battery_left_s=np.where(feeds.battery_j > 0.0, left_s, np.nan),
        breaker_share=np.where(braked, thermal, np.nan),
    )


def feed_status(state: State) -> tuple[str, ...]:
    """Return one word on every feed."""
    words = np.select(
        [
            state.feed_open > 0.0,
            state.feed_live == 0.0,
            state.feed_on_battery > 0.0,
            state.transfer_alternate > 0.0,
        ],
        [TRIPPED, DEAD, ON_BATTERY, ON_GENERATOR],
        LIVE,
    )
    return tuple(str(word) for word in words)


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
    Feeds of pumps, fans and chillers may always take more. Dead feeds have no room, nor has
    what hangs on a battery; behind a generator its rating counts. A connection's share stays
    as it is now; for the loss of another feed see :func:`feed_standing`. Checked by hand in
    ``tests/twin/electrical/test_feed_room.py``.
    """
    arrays = plant.arrays
    feeds, links = arrays.feeds, arrays.rack_feeds
    left_w = np.maximum(arrays.racks.rating_w - state.rack_power_w, 0.0)
    share = _shares(plant, state)
    room_w = _by_feed(links.feed, share * left_w[links.rack], len(feeds.parent))
    if open_places:
        room_w[links.feed] = np.inf
    for feed in (arrays.circuits.mover_feed, arrays.exchangers.fan_feed, arrays.chillers.feed):
        room_w[feed[feed >= 0]] = np.inf
    generated = state.transfer_alternate > 0.0
    stages = _stages(plant)
    stages = stages._replace(parent=np.where(generated, -1, stages.parent))
    most_w = np.where(generated, np.minimum(feeds.rating_w, feeds.generator_w), feeds.rating_w)
    capacity_w = np.where(state.feed_live > 0.0, capacity_share * most_w, 0.0)
    return headroom(stages, capacity_w, direct_power_w(plant, state), room_w)


def direct_power_w(plant: Plant, state: State) -> Floats:
    """Return what hangs on every feed itself, beside its children: racks, pumps, fans. [W]"""
    links = plant.arrays.rack_feeds
    drawn_w = _shares(plant, state) * state.rack_power_w[links.rack]
    return other_w(plant, state) + _by_feed(links.feed, drawn_w, len(plant.feed_names))


def _shares(plant: Plant, state: State) -> Floats:
    links = plant.arrays.rack_feeds
    return shares_now(links.rack, links.share, state.feed_live[links.feed] > 0.0)


def _stages(plant: Plant) -> Stages:
    feeds = plant.arrays.feeds
    return Stages(
        feeds.parent, feeds.rating_w, feeds.loss_fixed, feeds.loss_linear, feeds.loss_square
    )


def _by_feed(feed: Ints, power_w: Floats, count: int) -> Floats:
    return np.bincount(feed, power_w, count).astype(np.float64)
