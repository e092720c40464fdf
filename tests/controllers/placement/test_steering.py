"""What a batch scheduler steers by: what can never run, and what to leave out."""

import numpy as np
import pytest

from controllers.jobs.allocation import Allocation
from controllers.jobs.allocations import Allocations
from controllers.placement.index import place_index
from controllers.placement.models import Request
from controllers.placement.steering import possible, to_avoid, why_not
from site_models.errors import InputError
from site_models.plant import Plant
from tests.fakes.small_plant import small_arrays, small_inputs, small_plant, small_state
from tests.fakes.standing import standing


def avoided(
    plant: Plant, request: Request, temps: dict[int, float] | None = None
) -> dict[str, str]:
    state = small_state(plant)
    temp_c = state.gpu_temp_c.copy()
    for gpu, value_c in (temps or {}).items():
        temp_c[gpu] = value_c
    warm = state._replace(gpu_temp_c=temp_c)
    return to_avoid(*standing(plant, warm, small_inputs(plant)), request, 0.0)


def test_a_cool_site_has_nothing_to_avoid() -> None:
    plant = small_plant()
    assert avoided(plant, Request(job="j", gpus=4)) == {}
    assert avoided(plant, Request(job="j", gpus=0.5)) == {}


def test_a_node_with_one_hot_gpu_is_to_be_avoided() -> None:
    found = avoided(small_plant(), Request(job="j", gpus=8, gpus_per_node=4), {17: 89.0, 3: 86.0})
    assert found == {
        "node0": "a GPU is 2 K below its limit",
        "node4": "a GPU is 1 K over its limit",
    }


def test_a_node_out_of_service_is_too_but_not_one_that_is_too_small() -> None:
    arrays = small_arrays()
    arrays.nodes.in_service[9] = False
    found = avoided(small_plant(arrays), Request(job="j", gpus=16, gpus_per_node=8))
    assert found == {"node9": "8 of 8 GPUs are out of service"}


def test_a_rack_without_power_for_the_job_is_to_be_avoided() -> None:
    arrays = small_arrays()
    arrays.racks.rating_w[0] = 7_000.0
    plant = small_plant(arrays)
    found = avoided(plant, Request(job="j", gpus=4, gpus_per_node=4))
    assert set(found) == {"node0", "node1", "node2", "node3"}
    assert "rack r0" in found["node0"]


def test_busy_gpus_are_the_schedulers_own_affair() -> None:
    plant = small_plant()
    table = Allocations(plant)
    table.put(Allocation("other", np.arange(48), 0.0), 0.0)
    now = standing(plant, small_state(plant), small_inputs(plant), table)
    assert to_avoid(*now, Request(job="j", gpus=4), 0.0) == {}


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        ({"gpus": 48}, ""),
        ({"gpus": 49}, "the site has 48 GPUs in service, 49 wanted"),
        ({"gpus": 17, "gpu_model": "h200-sxm"}, "16 GPUs of model h200-sxm in service"),
        ({"gpus": 16, "gpus_per_node": 8}, ""),
        ({"gpus": 24, "gpus_per_node": 8}, "2 nodes have 8 GPUs in service, 3 wanted"),
    ],
)
def test_what_can_never_run_is_said(wish: dict[str, object], why: str) -> None:
    said = possible(place_index(small_plant()), Request.model_validate({"job": "j", **wish}))
    assert why in said
    assert bool(said) == bool(why)


def test_an_unknown_model_is_refused_and_counts_come_in_words() -> None:
    with pytest.raises(InputError, match="gpu_model"):
        possible(place_index(small_plant()), Request(job="j", gpus=1, gpu_model="h900"))
    assert why_not({"busy": 3, "temperature": 40}) == "40 × temperature; 3 × busy"
    assert why_not({}) == "no place was found"
