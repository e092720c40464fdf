"""What a place changes agrees with what it was advised for."""

import numpy as np
import pytest

from controllers.jobs.allocations import Allocations
from controllers.placement.change import changes
from controllers.placement.models import Request
from controllers.placement.rank import rank
from tests.fakes.small_plant import small_inputs, small_plant, small_state
from tests.fakes.standing import standing

PLANT = small_plant()
STATE, INPUTS = small_state(PLANT, 0.2), small_inputs(PLANT, 0.2)


@pytest.mark.parametrize("gpus", [1, 4, 8, 16, 24])
def test_the_hottest_rack_is_the_one_advised(gpus: int) -> None:
    table = Allocations(PLANT)
    request = Request(job="j", gpus=gpus, gpu_power_w=500.0)
    answer = rank(PLANT, STATE, INPUTS, table, request, STATE.time_s)
    places = [table.indices(advice.gpus) for advice in answer.advice]
    stand, traffic = standing(PLANT, STATE, INPUTS, table)
    found = changes(stand, traffic, request, places, STATE.time_s)
    for advice, place, change in zip(answer.advice, places, found, strict=True):
        racks = set(PLANT.arrays.nodes.rack[PLANT.arrays.gpus.node[place]].tolist())
        assert {one.rack for one in change.racks} == racks
        hottest_c = max(one.gpu_temp_c for one in change.racks)
        assert hottest_c == pytest.approx(advice.predicted.gpu_temp_max_c, abs=1.0)
        added_w = float(np.maximum(500.0 - STATE.gpu_power_w[place], 0.0).sum())
        assert sum(one.added_w for one in change.racks) == pytest.approx(added_w)
        assert change.rack_headroom_now_w >= advice.predicted.rack_headroom_w - 1.0
        assert change.site_headroom_now_w >= advice.predicted.site_headroom_w - 1.0


def test_no_place_changes_nothing() -> None:
    stand, traffic = standing(PLANT, STATE, INPUTS)
    assert changes(stand, traffic, Request(job="j", gpus=1), [], STATE.time_s) == []
