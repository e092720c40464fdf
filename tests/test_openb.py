"""The replay of openb drops what does not fit and keeps to the published protocol."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.openb_others import packing_alone
from benchmarks.openb_policies import typical
from benchmarks.openb_replay import (
    BEST_FIT,
    DESCENT,
    GPU_PACKING,
    OURS,
    RANDOM,
    replayed,
)
from benchmarks.openb_trace import ARRIVED, Cluster, arrivals, published, read_trace
from controllers.placement.mix import ANY_MODEL, Tasks, mix_of

POLICIES = (OURS, DESCENT, BEST_FIT, GPU_PACKING, RANDOM)
TASKS = Tasks(
    cpu_cores=np.array([1.0, 1.0, 1.0, 30.0]),
    memory_bytes=np.ones(4),
    gpus=np.array([1, 1, 2, 0]),
    share=np.array([0.6, 1.0, 1.0, 0.0]),
    models=np.full(4, ANY_MODEL),
)


def small_cluster() -> Cluster:
    return Cluster(
        cpu_cores=np.array([8.0, 32.0]),
        memory_bytes=np.array([64.0, 64.0]),
        model=np.array([0, 1]),
        gpus=np.array([2, 2]),
        free=np.array([[1.0, 1.0, 0.0, 0.0], [1.0, 1.0, 0.0, 0.0]]),
    )


@pytest.mark.parametrize("policy", POLICIES)
def test_what_does_not_fit_is_dropped_and_the_rest_stays(policy: int) -> None:
    cluster, mix = small_cluster(), mix_of(TASKS, np.ones(4))
    kinds = np.array([3, 2, 0, 0, 0, 1])
    arrived, allocated = replayed(cluster, mix, kinds, policy, packing_alone(cluster))
    np.testing.assert_allclose(arrived * 4.0, [0.0, 2.0, 2.6, 3.2, 3.8, 4.8])
    np.testing.assert_allclose(allocated * 4.0, [0.0, 2.0, 2.6, 3.2, 3.2, 3.2])
    assert cluster.free.sum() == 4.0, "the cluster itself stays as it was"


def test_the_node_short_of_cores_is_spared_for_what_needs_few() -> None:
    mix = mix_of(TASKS, np.array([0.0, 1.0, 1.0, 1.0]))
    cluster = small_cluster()
    _, allocated = replayed(cluster, mix, np.array([3, 1, 2, 1]), OURS, packing_alone(cluster))
    assert allocated[-1] == 1.0, "a single GPU breaks the node that is broken already"


def test_arrivals_are_the_trace_and_then_repeats_up_to_the_ratio(shared: Path) -> None:
    trace = read_trace(shared / "calibration_only" / "openb")
    kinds = arrivals(trace, 1)
    first = kinds[: len(trace.kind)]
    np.testing.assert_array_equal(np.sort(first), np.sort(trace.kind))
    wanted = (trace.tasks.gpus * trace.tasks.share)[kinds].sum()
    assert trace.cluster.gpus.sum() == 6212
    assert wanted == pytest.approx(ARRIVED * 6212, rel=1e-3)
    assert (arrivals(trace, 2)[:100] != first[:100]).any()


def test_the_published_figures_are_those_of_its_description(shared: Path) -> None:
    folder = shared / "calibration_only" / "openb"
    at_end = {name: published(name, folder).mean[130] for name in ("FGD", "BestFit", "Random")}
    assert at_end == {"FGD": 95.391, "BestFit": 93.076, "Random": 87.47}


def test_typical_kinds_are_the_frequent_ones() -> None:
    mix = typical(mix_of(TASKS, np.array([90.0, 6.0, 3.0, 1.0])))
    np.testing.assert_allclose(mix.weight, np.array([90.0, 6.0, 0.0, 0.0]) / 96.0)
