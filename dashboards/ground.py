"""The ground of placement at the newest tick, made once for all who ask about nodes."""

from dataclasses import dataclass

from controllers.allocations import Holdings
from controllers.placement.ground import Ground, ground_of
from controllers.placement.index import PlaceIndex, place_index
from dashboards.feed import Feed
from dashboards.summary import Summary


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """All that a question about nodes rests on."""

    index: PlaceIndex
    ground: Ground
    held: Holdings


def standing_now(feed: Feed) -> Standing:
    """Return the ground of this tick and these allocations; LookupError before the first tick."""
    index = place_index(feed.plant)
    held = feed.world.allocations.holdings(feed.now_s())

    def build(now: Summary) -> Ground:
        return ground_of(index, now.state, now.snapshot.inputs, held.expected_w)

    ground = feed.shared(("ground", held.version), build)
    if ground is None:
        raise LookupError("the first snapshot is not there yet")
    return Standing(index, ground, held)
