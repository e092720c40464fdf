"""What is left with one thing lost: a pump of each CDU, or one stage of the power chain.

A loop without one of its pumps has nothing to do with the others, so that one look at the
plant with every CDU a pump short tells what each loss alone does to a job. Of stages those
count whose loss moves load to others: racks with no other way to power go dark and overload
nothing.
"""

from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from controllers.placement.cooling import cooling_of
from controllers.placement.ground import Ground, ground_of
from controllers.placement.index import PlaceIndex, place_index
from controllers.plant_edits import with_arrays, without_feeds
from controllers.power.power_tree import power_tree, shared_stages
from site_models.arrays import Floats
from site_models.plant import GIVEN_FLOW, TCS, Plant
from twin.physics.heat_exchange import ua_off_design
from twin.state import Inputs, State


class Spare(NamedTuple):
    """The site with one stage of the power chain lost."""

    feed: str
    places: PlaceIndex
    ground: Ground
    rack_fit_w: Floats
    """GPU power that each rack can take more; infinite for those that go dark. (racks,)"""

    @property
    def words(self) -> str:
        """Return why a place is refused that does not hold then."""
        return f"power at N-1, feed {self.feed} lost"


def fed_otherwise(
    index: PlaceIndex, state: State, inputs: Inputs, promised_w: Floats
) -> tuple[Spare, ...]:
    """Return the site with each stage lost that moves load to others."""
    found = []
    for feed, lost in _losses(index.plant):
        ground = ground_of(lost, state, inputs, promised_w)
        tree = power_tree(lost.plant)
        carried = np.bincount(tree.rack, tree.share, len(index.plant.rack_names)) > 0.0
        fit_w = np.where(carried, ground.rack_fit_w, np.inf)
        found.append(Spare(index.plant.feed_names[feed], lost, ground, fit_w))
    return tuple(found)


@lru_cache(maxsize=4)
def _losses(plant: Plant) -> tuple[tuple[int, PlaceIndex], ...]:
    return tuple(
        (feed, place_index.__wrapped__(without_feeds(plant, [feed])))
        for feed in shared_stages(plant).tolist()
    )


def a_pump_short(index: PlaceIndex, ground: Ground, pumps: int) -> Ground:
    """Return the ground with every CDU one of its pumps short, its exchanger at what is left."""
    plant = _short_of_pumps(index.plant, pumps)
    return replace(
        ground, plant=plant, cooling=cooling_of(plant, ground.state, ground.inputs)
    )  # fmt: skip


@lru_cache(maxsize=4)
def _short_of_pumps(plant: Plant, pumps: int) -> Plant:
    left = (pumps - 1.0) / pumps
    c, x = plant.arrays.circuits, plant.arrays.exchangers
    hit = (c.kind == TCS) & (c.pump_control != GIVEN_FLOW)
    part = np.where(hit, left, 1.0)
    circuits = c._replace(
        pump_linear_pa_s_per_kg=c.pump_linear_pa_s_per_kg / part,
        pump_square_pa_s2_per_kg2=c.pump_square_pa_s2_per_kg2 / part**2,
    )
    hot = part[x.hot_circuit]
    ua = np.array(
        [
            ua_off_design(float(ua), float(share), float(ratio), 1.0)
            for ua, share, ratio in zip(x.ua_rated_w_per_k, x.hot_share, hot, strict=True)
        ]
    )
    exchangers = x._replace(
        hot_flow_rated_kg_per_s=x.hot_flow_rated_kg_per_s * hot, ua_rated_w_per_k=ua
    )
    return with_arrays(plant, circuits=circuits, exchangers=exchangers)


def darkened(plant: Plant, racks: Floats) -> tuple[str, ...]:
    """Return the stages whose loss leaves one of some racks without power, meters aside."""
    tree = power_tree(plant)
    mine = np.isin(tree.rack, racks)
    total = np.bincount(tree.rack[mine], tree.share[mine], len(plant.rack_names))
    found = []
    for carrier in tree.ancestors[1:]:
        for feed in np.unique(carrier[mine & (carrier >= 0)]).tolist():
            behind = mine & (carrier == feed)
            lost = np.bincount(tree.rack[behind], tree.share[behind], len(plant.rack_names))
            if (lost[racks] >= total[racks] - 1e-9).any():
                found.append(plant.feed_names[feed])
    return tuple(found)
