"""No feasible place is an empty list, and what is in the way is said and counted."""

from typing import Any

import numpy as np
import pytest

from controllers.jobs.allocations import Allocations
from controllers.placement.models import Answer, Request
from controllers.placement.rank import rank
from site_models.plant import Plant
from tests.fakes.small_plant import small_arrays, small_inputs, small_plant, small_state

PLANT = small_plant()


def ask(plant: Plant, **wish: Any) -> Answer:
    state = small_state(plant)
    request = Request(job="j", **wish)
    return rank(plant, state, small_inputs(plant), Allocations(plant), request, state.time_s)


def fed(**rating_w: float) -> Plant:
    """Return the small plant with feeds of other ratings."""
    arrays = small_arrays()
    names = {"ups": 1, "pdu_a": 2, "pdu_b": 3}
    ratings_w = arrays.feeds.rating_w.copy()
    for name, watts in rating_w.items():
        ratings_w[names[name]] = watts
    return small_plant(arrays._replace(feeds=arrays.feeds._replace(rating_w=ratings_w)))


@pytest.mark.parametrize("gpus", [9, 16, 48])
def test_more_gpus_than_any_node_has_are_too_few_within_one_node(gpus: int) -> None:
    answer = ask(PLANT, gpus=gpus, required_level="node")
    assert answer.advice == ()
    assert answer.rejected == {"too few free within one node": 48}


@pytest.mark.parametrize("level", [None, "row", "pod", "site"])
def test_a_limit_that_racks_share_is_named_where_only_together_they_break_it(
    level: str | None,
) -> None:
    # the UPS carries sixteen more GPUs, those of either rack, and some of the other's
    answer = ask(
        fed(ups=50e3), gpus=32, gpu_model="gb200", required_level=level, gpu_power_w=1200.0
    )
    assert answer.advice == ()
    assert set(answer.rejected) == {"other model", "feed ups rating"}
    assert 0 < answer.rejected["feed ups rating"] < 16
    assert ask(fed(ups=50e3), gpus=24, gpu_model="gb200", required_level=level).advice


def test_a_reason_without_a_gpu_is_none() -> None:
    answer = ask(PLANT, gpus=9, required_level="rail", exclude=PLANT.node_names)
    assert answer.advice == ()
    assert answer.rejected == {"excluded": 48}


def test_a_place_is_refused_for_what_its_own_gpus_draw_more() -> None:
    # one tray idles in a rack whose others draw their most, untold: a GPU of the rack rises by
    # little on average, those four by all of it
    plant = fed(pdu_b=19_000.0)
    state, inputs = small_state(plant), small_inputs(plant)
    watts = state.gpu_power_w.copy()
    watts[4:16] = plant.arrays.gpus.power_max_w[4:16]
    busy_w = np.bincount(plant.arrays.gpus.node, watts - state.gpu_power_w, 10)
    dc_w = state.node_dc_power_w + (1.0 + plant.arrays.nodes.load_power_per_gpu_w) * busy_w
    state = state._replace(gpu_power_w=watts, node_dc_power_w=dc_w)
    wish = Request(job="j", gpus=4, gpu_model="gb200", exclude=tuple(PLANT.node_names[4:8]))
    answer = rank(plant, state, inputs, Allocations(plant), wish, state.time_s)
    assert all("node0" not in one.nodes for one in answer.advice)
    assert answer.rejected["feed pdu-b rating"] >= 4


@pytest.mark.parametrize("gpus", [1, 8, 0.5])
def test_a_node_with_a_gpu_near_its_limit_gets_no_further_work(gpus: float) -> None:
    state, inputs = small_state(PLANT), small_inputs(PLANT)
    temp_c = state.gpu_temp_c.copy()
    temp_c[[33, 3]] = PLANT.arrays.gpus.temp_limit_c[[33, 3]] - [2.0, 4.0]
    state = state._replace(gpu_temp_c=temp_c)
    wish = Request(job="j", gpus=gpus, limit=20)
    answer = rank(PLANT, state, inputs, Allocations(PLANT), wish, state.time_s)
    offered = {node for one in answer.advice for node in one.nodes}
    assert "node8" not in offered
    assert answer.rejected["a GPU near its limit"] == 8, "4 K below are enough"
