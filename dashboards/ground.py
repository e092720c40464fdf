"""The ground of placement at the newest tick, for all who ask about nodes."""

from dataclasses import dataclass

from controllers.placement.ahead import rise_of
from controllers.placement.index import PlaceIndex, place_index
from controllers.placement.models import Request
from controllers.placement.moment import Moment, now_of, stand_for
from controllers.placement.offer import Stand
from controllers.placement.traffic import Traffic, traffic_of
from controllers.placement.wish import losses_of
from dashboards.feed import Feed
from twin.inputs import Outdoors


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """All that a question about nodes rests on."""

    index: PlaceIndex
    stand: Stand
    traffic: Traffic
    now_s: float


def standing_now(feed: Feed, request: Request | None = None) -> Standing:
    """Return the ground of this tick and these allocations; LookupError before the first tick.

    It is that of the plant as it is now, which may have lost a unit, and the one that advice on
    the request rests on: in the air of its time, with what it has to survive lost.
    """
    summary = feed.summary
    if summary is None:
        raise LookupError("the first snapshot is not there yet")
    shot, now_s, allocations = summary.snapshot, feed.now_s(), feed.world.allocations
    index, held = place_index(shot.plant), allocations.holdings(now_s)
    moment = Moment(index, shot.state, shot.inputs, held)
    if request is None:
        stand = now_of(moment)
    else:
        air = rise_of(outdoors_of(feed), shot.state.time_s, request.duration_s)
        stand = stand_for(moment, air, losses_of(shot.plant.placing, request))
    traffic = traffic_of(stand.index.plant, allocations, held.version, now_s)
    return Standing(stand.index, stand, traffic, now_s)


def outdoors_of(feed: Feed) -> Outdoors | None:
    """Return the weather that the site stands in; none where a recording is only looked at."""
    return getattr(feed.world, "outdoors", None)
