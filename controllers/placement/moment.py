"""The site at one instant, kept for all requests of it."""

from dataclasses import replace
from functools import lru_cache

from controllers.jobs.allocation import Holdings
from controllers.placement.ahead import STILL, Air
from controllers.placement.free import free_of
from controllers.placement.ground import ground_of, warmed
from controllers.placement.index import PlaceIndex
from controllers.placement.near_limit import near_limit
from controllers.placement.offer import Stand
from controllers.placement.spare import Spare, fed_otherwise
from site_models.placing import Loss
from twin.state import Inputs, State


class Moment:
    """What a ground is made from; two are equal when they are of the same objects."""

    def __init__(self, index: PlaceIndex, state: State, inputs: Inputs, held: Holdings) -> None:
        self.parts = index, state, inputs, held

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Moment) and all(
            mine is its for mine, its in zip(self.parts, other.parts, strict=True)
        )

    def __hash__(self) -> int:
        return hash(tuple(id(part) for part in self.parts))


@lru_cache(maxsize=4)
def now_of(moment: Moment) -> Stand:
    """Return what placement rests on, kept for the other requests of the same tick."""
    index, state, inputs, held = moment.parts
    ground = ground_of(index, state, inputs, held.expected_w)
    free = free_of(index, held.free_share, ground.gpu_w, held.seen)
    return Stand(index, ground, free, near_limit(index, state.gpu_temp_c))


def stand_for(moment: Moment, air: Air, losses: tuple[Loss, ...]) -> Stand:
    """Return what a request rests on that sees this air and has to survive these losses."""
    feed_lost = "feed" in losses
    if air == STILL and not feed_lost:
        return now_of(moment)
    return ahead_of(moment, air, feed_lost)


@lru_cache(maxsize=4)
def spares_of(moment: Moment) -> tuple[Spare, ...]:
    """Return the site at each loss of a feed."""
    index, state, inputs, held = moment.parts
    return fed_otherwise(index, state, inputs, held.expected_w)


@lru_cache(maxsize=16)
def ahead_of(moment: Moment, air: Air, feed_lost: bool) -> Stand:
    """Return the same in warmer air, and with what is left at each loss of a feed."""
    stand = now_of(moment)
    ground = stand.ground
    if air != STILL:
        ground = warmed(stand.index, ground, air.dry_bulb_k, air.wet_bulb_k)
    spares = spares_of(moment) if feed_lost else ()
    return replace(stand, ground=ground, spares=spares)
