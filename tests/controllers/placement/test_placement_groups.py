"""Tensor groups stay within an NVLink domain wherever the site has room for that."""

import numpy as np
import pytest

from controllers.jobs.allocation import Allocation
from controllers.jobs.allocations import Allocations
from controllers.placement.models import read_request
from controllers.placement.rank import rank
from site_models.arrays import Ints
from site_models.compile import compile_site
from site_models.plant import Plant
from twin.start import idle_inputs
from twin.steady import steady
from twin.workload import workload

TENSOR = workload("pretraining").tensor


@pytest.fixture(scope="module")
def plant() -> Plant:
    return compile_site("pilot")


def split_groups(plant: Plant, gpus: Ints) -> int:
    """Return how many tensor groups of a job lie in several NVLink domains."""
    domain = plant.gpu_nvlink_domain[np.sort(gpus)].reshape(-1, TENSOR)
    return int((domain != domain[:, :1]).any(axis=1).sum())


def offered(plant: Plant, busy: Ints, model: str, gpus: int) -> list[Ints]:
    """Return the GPUs of each place that a pre-training job is offered beside busy GPUs."""
    inputs, table = idle_inputs(plant, 20.0, 15.0), Allocations(plant)
    state = steady(plant, inputs)
    table.put(Allocation("other", busy, 0.0), state.time_s)
    asked = {"job": "j", "gpus": gpus, "duration_s": 600.0, "profile": "pretraining"}
    request = read_request(asked | {"gpu_model": model, "limit": 4})
    answer = rank(plant, state, inputs, table, request, state.time_s)
    return [table.indices(one.gpus) for one in answer.advice]


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(("model", "gpus"), [("gb200_gpu", 128), ("h200_sxm", 64)])
def test_groups_are_not_split_between_busy_gpus(
    plant: Plant, model: str, gpus: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    mine = np.flatnonzero(np.array(plant.gpu_model) == model)
    busy = np.sort(rng.choice(mine, len(mine) // 8, replace=False))
    places = offered(plant, busy, model, gpus)
    assert places
    assert [split_groups(plant, place) for place in places] == [0] * len(places)


def test_a_split_group_is_better_than_no_place(plant: Plant) -> None:
    mine = np.flatnonzero(np.array(plant.gpu_model) == "h200_sxm")
    node = plant.arrays.gpus.node[mine]
    first = plant.arrays.nodes.first_gpu[node]
    busy = mine[mine - first >= TENSOR - 1]  # one fewer is free than a group has
    (place, *_) = offered(plant, busy, "h200_sxm", 16)
    assert split_groups(plant, place) > 0
