"""How a job is cut over its GPUs, and what that costs on a fabric."""

from dataclasses import replace

import numpy as np
import pytest

from site_models.arrays import Ints
from site_models.compile import compile_site
from site_models.errors import InputError
from site_models.kinds.workload import Workload
from site_models.plant import Plant
from twin.fabric.collective import predict
from twin.fabric.parallel import alone, exchange_of, fitting, groups_of, job_use, members_of
from twin.fabric.span import lone_rate, span_of
from twin.workload import workload


@pytest.fixture(scope="module")
def pod() -> Plant:
    return compile_site("superpod-h100")


def cut(tensor: int = 1, pipeline: int = 1, expert: int = 1, together: str = "job") -> Workload:
    """Return the pre-training profile cut otherwise."""
    change = {"tensor": tensor, "pipeline": pipeline, "expert": expert, "together": together}
    return workload("pretraining").model_copy(update=change)


def lists(groups: list[Ints]) -> list[list[int]]:
    """Return groups as plain lists."""
    return [group.tolist() for group in groups]


def test_tensor_groups_are_neighbours_and_stages_are_outermost() -> None:
    gpus, profile = np.arange(8), cut(tensor=2, pipeline=2)
    assert lists(groups_of(profile, gpus, "tensor")) == [[0, 1], [2, 3], [4, 5], [6, 7]]
    assert lists(groups_of(profile, gpus, "data")) == [[0, 2], [1, 3], [4, 6], [5, 7]]
    assert lists(groups_of(profile, gpus, "pipeline")) == [[0, 4], [1, 5], [2, 6], [3, 7]]
    assert members_of(cut(2, 2, together="replica"), gpus).tolist() == [0, 0, 1, 1, 0, 0, 1, 1]


def test_experts_are_shared_by_neighbouring_replicas() -> None:
    groups = groups_of(cut(expert=2), np.arange(8), "expert")
    assert lists(groups) == [[0, 1], [2, 3], [4, 5], [6, 7]]
    assert groups_of(cut(tensor=1), np.arange(4), "tensor") == []


def test_every_gpu_is_once_in_each_kind_of_group() -> None:
    gpus, profile = np.arange(100, 148), cut(tensor=4, pipeline=3, expert=2)
    for kind in ("tensor", "data", "expert"):
        members = np.concatenate(groups_of(profile, gpus, kind))
        np.testing.assert_array_equal(np.sort(members), gpus)


def test_gpus_that_make_no_whole_replicas_are_refused_or_left_out() -> None:
    profile = cut(tensor=4, pipeline=2)
    assert fitting(profile, np.arange(19)).tolist() == list(range(16))
    with pytest.raises(InputError, match="19, expected a multiple of tensor x pipeline x expert"):
        groups_of(profile, np.arange(19), "data")


def test_an_exchange_is_that_of_the_slowest_group(pod: Plant) -> None:
    profile, gpus = workload("finetuning"), np.arange(32)
    (traffic,) = profile.phases[0].traffic
    size = np.array([float(traffic.size_bytes)])
    expected = predict("all_reduce", size, span_of(pod, gpus, "all_reduce")).time_s[0]
    assert exchange_of(profile, pod, gpus).time_s.tolist() == [pytest.approx(expected)]


def test_inside_a_node_the_network_is_not_used(pod: Plant) -> None:
    assert job_use(workload("finetuning"), pod, np.arange(8)) is None
    assert job_use(workload("prefill"), pod, np.arange(64)) is None
    assert alone(pod, None) is None


def test_groups_of_a_kind_load_the_network_together(pod: Plant) -> None:
    gpus = np.arange(8 * 64)  # two groups of leafs
    whole = job_use(workload("finetuning"), pod, gpus)
    parts = job_use(cut(tensor=8), pod, gpus)
    assert whole is not None
    assert parts is not None
    assert alone(pod, whole) == pytest.approx(lone_rate(pod, gpus, "all_reduce"))
    assert parts.weight.sum() >= whole.weight.sum() - 1e-9


def test_half_the_network_takes_longer(pod: Plant) -> None:
    gpus, profile = np.arange(8 * 8), cut(tensor=8)
    rate = alone(pod, job_use(profile, pod, gpus))
    assert rate is not None
    full = exchange_of(profile, pod, gpus, rate).time_s[2]
    half = exchange_of(profile, pod, gpus, 0.5 * rate).time_s[2]
    assert 1.7 * full < half < 2.1 * full


def test_gpus_in_no_common_fabric_are_refused(pod: Plant) -> None:
    unplugged = pod.fabric._replace(gpu_leaf=np.full_like(pod.fabric.gpu_leaf, -1))
    with pytest.raises(InputError, match="in no common fabric"):
        job_use(workload("finetuning"), replace(pod, fabric=unplugged), np.arange(16))
