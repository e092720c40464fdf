"""The ground of placement at the newest tick, made once for all who ask about nodes."""

from dataclasses import dataclass

from controllers.placement.free import free_of
from controllers.placement.ground import ground_of
from controllers.placement.index import PlaceIndex, place_index
from controllers.placement.offer import Stand
from controllers.placement.spare import Spare, fed_otherwise
from controllers.placement.traffic import Traffic, traffic_of
from dashboards.feed import Feed
from dashboards.summary import Summary


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """All that a question about nodes rests on."""

    index: PlaceIndex
    stand: Stand
    traffic: Traffic
    now_s: float


def standing_now(feed: Feed) -> Standing:
    """Return the ground of this tick and these allocations; LookupError before the first tick.

    It is that of the plant as it is now, which may have lost a unit.
    """
    now_s, allocations = feed.now_s(), feed.world.allocations
    held = allocations.holdings(now_s)

    def build(now: Summary) -> Stand:
        plant, state, inputs = now.snapshot.plant, now.state, now.snapshot.inputs
        index = place_index(plant)
        ground = ground_of(index, state, inputs, held.expected_w)
        spares: tuple[Spare, ...] = ()
        if "feed" in plant.placing.n_minus_1:
            spares = fed_otherwise(index, state, inputs, held.expected_w)
        return Stand(
            index, ground, free_of(index, held.free_share, ground.gpu_w, held.seen), spares
        )

    stand = feed.shared(("ground", held.version), build)
    if stand is None:
        raise LookupError("the first snapshot is not there yet")
    traffic = traffic_of(stand.index.plant, allocations, held.version, now_s)
    return Standing(stand.index, stand, traffic, now_s)
