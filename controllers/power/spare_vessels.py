"""The power chain with one stage lost, for each stage whose loss moves load to others."""

from functools import lru_cache

import numpy as np

from controllers.plant_edits import without_feeds
from controllers.power.pour import Vessel, vessel_of
from controllers.power.power_tree import power_tree, shared_stages
from controllers.power.stage_room import room_of
from site_models.arrays import Ints
from site_models.plant import Plant
from twin.state import State


def spares_of(
    plant: Plant, state: State, share: float, meters_w: float, cool_s: float
) -> tuple[Vessel, ...]:
    """Return the tree as it would be fed with one stage lost, in turn, with limits as now.

    What a lost stage leaves in the dark has no limit and draws nothing; what hangs on a battery
    or a generator behind it goes on. Stages that are lost already have nothing to move.
    `share`, `meters_w` and `cool_s` as in `controllers.power.stage_room.room_of`.

    Checked in ``tests/controllers/power/test_spare_vessels.py``: whatever single stage of the
    simulated plant opens, no other passes its rating.
    """
    found = []
    for feed, lost in _losses(plant):
        if state.feed_live[feed] <= 0.0:
            continue
        tree = power_tree(lost)
        after = state._replace(feed_live=np.where(tree.live, state.feed_live, 0.0))
        found.append(vessel_of(lost, after, room_of(tree, after, share, meters_w, cool_s), share))
    return tuple(found)


@lru_cache(maxsize=4)
def _losses(plant: Plant) -> tuple[tuple[int, Plant], ...]:
    stages: Ints = shared_stages(plant)
    return tuple((feed, without_feeds(plant, [feed])) for feed in stages.tolist())
