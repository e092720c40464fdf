"""Faults of the fabric: what they leave of it, and who is suspected of them."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.validation.fabric_health import campaign, slowed
from site_models.compile import compile_site
from site_models.errors import InputError
from site_models.plant import Plant
from twin.fabric.counters import ill_links, odd_gpus
from twin.fabric.health import slow_parts
from twin.fabric.links import Running, link_load, with_links
from twin.fabric.pairs import Pairs, read_pairs
from twin.fabric.span import lone_rate


@pytest.fixture(scope="module")
def pod() -> Plant:
    return compile_site("superpod-h100")


def test_links_have_names_of_their_own(pod: Plant, pilot: Plant) -> None:
    for plant in (pod, pilot):
        names = plant.axis("link")
        assert len(set(names)) == len(names) == len(plant.fabric.links.upper)
        assert names[0].startswith(plant.gpu_names[0] + ":")


def test_trunks_are_the_sum_of_their_links(pod: Plant, pilot: Plant) -> None:
    for plant in (pod, pilot):
        same = with_links(plant, np.zeros(0, dtype=np.int64), 0.0).fabric
        np.testing.assert_allclose(
            same.leaf_uplink_bytes_per_s, plant.fabric.leaf_uplink_bytes_per_s
        )
        np.testing.assert_allclose(same.pod_uplink_bytes_per_s, plant.fabric.pod_uplink_bytes_per_s)


def test_a_gpu_without_its_link_has_no_network_and_stops_its_job_alone(pod: Plant) -> None:
    cut = with_links(pod, np.array([3]), 0.0)
    assert lone_rate(cut, np.arange(16), "all_reduce") == 0.0
    jobs = (Running("cut", np.arange(16)), Running("whole", np.arange(16, 64)))
    load = link_load(cut, jobs)
    assert load.rates["cut"] == 0.0
    assert load.rates["whole"] == link_load(pod, jobs).rates["whole"]


def test_a_lost_spine_leaves_an_oversubscribed_leaf(pod: Plant) -> None:
    names, spines = pod.axis("link"), pod.fabric.switch_names[32:]
    lost = [k for k, name in enumerate(names) if name.endswith(f":{spines[0]}")]
    ill = with_links(pod, np.array(lost), 0.0)
    left = ill.fabric.leaf_uplink_bytes_per_s[:32] / pod.fabric.leaf_uplink_bytes_per_s[:32]
    np.testing.assert_allclose(left, 1.0 - 1.0 / len(spines))


@pytest.mark.parametrize("share", [0.5, 0.75])
def test_one_slow_gpu_link_is_named_alone(pod: Plant, share: float) -> None:
    pairs = campaign(pod, np.random.default_rng(1))
    hit = np.flatnonzero((pairs.first == 77) | (pairs.second == 77))
    suspects = slow_parts(pod, slowed(pairs, hit, share))
    assert [s.name for s in suspects] == [pod.gpu_names[77]]
    assert suspects[0].slow == pytest.approx(1.0 - share, abs=0.03)


def test_two_faults_are_both_named_the_surer_one_first(pod: Plant) -> None:
    pairs = campaign(pod, np.random.default_rng(2))
    node = pod.arrays.gpus.node
    slow_node = (node[pairs.first] == 20) | (node[pairs.second] == 20)
    link = (pairs.first == 5) | (pairs.second == 5)
    both = slowed(slowed(pairs, np.flatnonzero(slow_node), 0.7), np.flatnonzero(link), 0.5)
    assert {s.name for s in slow_parts(pod, both)} == {pod.node_names[20], pod.gpu_names[5]}


def test_a_sound_fabric_is_not_suspected(pod: Plant, pilot: Plant) -> None:
    for plant in (pod, pilot):
        for seed in range(5):
            assert slow_parts(plant, campaign(plant, np.random.default_rng(seed))) == ()


def test_counters_tell_links_that_are_down_faulty_or_idle(pod: Plant) -> None:
    names, rate = pod.axis("link"), pod.fabric.links.rate_bytes_per_s
    random = np.random.default_rng(0)
    up, errors = np.ones(len(names)), random.poisson(3.0, len(names)).astype(np.float64)
    sent = 0.5 * rate * np.exp(0.02 * random.standard_normal(len(names)))
    assert ill_links(pod, {"link_up": up, "link_errors": errors, "link_tx_bytes_per_s": sent}) == ()
    up[4], errors[9], sent[1100] = 0.0, 400.0, 0.5 * sent[1100]
    suspects = ill_links(pod, {"link_up": up, "link_errors": errors, "link_tx_bytes_per_s": sent})
    assert [s.name for s in suspects] == [names[4], names[9], names[1100]]


def test_the_one_slow_gpu_of_a_job_is_told_by_its_clock(pod: Plant) -> None:
    clock_hz = 1.8e9 * np.exp(0.005 * np.random.default_rng(0).standard_normal(64))
    assert odd_gpus(pod, np.arange(64), clock_hz, "sm_clock_hz") == ()
    clock_hz[7] *= 0.5
    clock_hz[9] = np.nan
    (suspect,) = odd_gpus(pod, np.arange(64), clock_hz, "sm_clock_hz")
    assert suspect.name == pod.gpu_names[7]
    assert suspect.slow == pytest.approx(0.5, abs=0.02)


def test_measurements_that_cannot_be_are_refused(pod: Plant, tmp_path: Path) -> None:
    for pairs, said in (
        (Pairs(np.array([1]), np.array([1]), np.array([1e9])), "two different GPUs"),
        (Pairs(np.array([1]), np.array([9]), np.array([0.0])), "a rate above 0"),
        (Pairs(np.array([1]), np.array([99999]), np.array([1e9])), "two different GPUs"),
    ):
        with pytest.raises(InputError, match=said):
            slow_parts(pod, pairs)
    with pytest.raises(InputError, match=r"expected 0\.\.1"):
        with_links(pod, np.array([0]), 2.0)
    with pytest.raises(InputError, match=r"link_up: 3 values, expected \d+ links"):
        ill_links(pod, {"link_up": np.ones(3)})
    path = tmp_path / "pairs.csv"
    for text, said in (
        ("first,second,bytes_per_s\nnobody,x,1\n", "row 2: first: 'nobody', expected a GPU of"),
        (
            f"first,second,bytes_per_s\n{pod.gpu_names[0]},{pod.gpu_names[8]},fast\n",
            "expected a number",
        ),
    ):
        path.write_text(text)
        with pytest.raises(InputError, match=said):
            read_pairs(path, pod)
    path.write_text(f"first,second,bytes_per_s\n{pod.gpu_names[0]},{pod.gpu_names[8]},4e10\n")
    assert read_pairs(path, pod).bytes_per_s.tolist() == [4e10]
