"""What a question about nodes rests on, for a state made by hand."""

from controllers.jobs.allocations import Allocations
from controllers.placement.free import free_of
from controllers.placement.ground import ground_of
from controllers.placement.index import place_index
from controllers.placement.near_limit import near_limit
from controllers.placement.offer import Stand
from controllers.placement.traffic import Traffic, traffic_of
from site_models.plant import Plant
from twin.state import Inputs, State


def standing(
    plant: Plant, state: State, inputs: Inputs, table: Allocations | None = None
) -> tuple[Stand, Traffic]:
    """Return the site at one instant with what the table holds."""
    table = Allocations(plant) if table is None else table
    index, held = place_index(plant), table.holdings(state.time_s)
    ground = ground_of(index, state, inputs, held.expected_w)
    free = free_of(index, held.free_share, ground.gpu_w, held.seen)
    stand = Stand(index, ground, free, near_limit(index, state.gpu_temp_c))
    return stand, traffic_of(plant, table, held.version, state.time_s)
