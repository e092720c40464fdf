"""Fabrics of sites: their arrays, what a job crosses, and fair shares as jobs come and go."""

import numpy as np
import pytest

from site_models.arrays import Ints
from site_models.compile import compile_site
from site_models.errors import InputError
from site_models.fabric import CORE, LEAF, SPINE
from site_models.plant import Plant
from site_models.site import load_site
from twin.fabric.collective import predict
from twin.fabric.contention import Contention
from twin.fabric.span import first_gpus, gpus_of, joined, reach_s, span_of, trunk_rates, use_of


@pytest.fixture(scope="module")
def pod() -> Plant:
    return compile_site("superpod-h100")


@pytest.fixture(scope="module")
def pilot() -> Plant:
    return compile_site("pilot")


def nodes(plant: Plant, *numbers: int) -> Ints:
    """Return the GPUs of nodes by number."""
    first = plant.arrays.nodes.first_gpu[list(numbers)]
    return (first[:, None] + np.arange(8)).ravel()


def test_a_superpod_has_rail_leafs_of_32_nodes_and_no_oversubscription(pod: Plant) -> None:
    switches = pod.fabric.switches
    assert np.bincount(switches.tier).tolist() == [32, 16]
    behind = np.bincount(pod.fabric.gpu_leaf, minlength=len(switches.tier))
    assert behind[switches.tier == LEAF].tolist() == [32] * 24 + [31] * 8
    np.testing.assert_allclose(pod.fabric.leaf_uplink_bytes_per_s[:32], behind[:32] * 50e9)
    same_rail = switches.rail[pod.fabric.gpu_leaf] == pod.gpu_rail
    assert same_rail.all()


def test_links_join_what_they_say(pilot: Plant) -> None:
    fabric, links = pilot.fabric, pilot.fabric.links
    count = len(pilot.gpu_names)
    np.testing.assert_array_equal(links.upper[:count], fabric.gpu_leaf)
    tiers = fabric.switches.tier
    above = tiers[links.upper[count:]] - tiers[links.lower[count:]]
    assert (above == 1).all()
    assert (links.rate_bytes_per_s > 0.0).all()
    assert {LEAF, SPINE, CORE} == set(tiers.tolist())
    assert (links.power_w >= 0.0).all()


def test_no_switch_has_more_than_its_ports(pod: Plant, pilot: Plant) -> None:
    for plant in (pod, pilot):
        links = plant.fabric.links
        gpus = len(plant.gpu_names)
        into = np.bincount(links.upper, weights=links.rate_bytes_per_s)
        out = np.bincount(links.lower[gpus:], links.rate_bytes_per_s[gpus:], minlength=len(into))
        assert ((into + out) <= 64 * 50e9 * 1.001).all()


def test_a_job_behind_one_leaf_crosses_nothing(pod: Plant) -> None:
    assert len(use_of(pod, nodes(pod, 0, 31), "alltoall").trunk) == 0
    assert reach_s(pod, nodes(pod, 0, 31)) == 0.0
    assert reach_s(pod, nodes(pod, 0, 32)) > 0.0


def test_all_to_all_loads_uplinks_with_the_share_of_peers_beyond(pod: Plant) -> None:
    use = use_of(pod, nodes(pod, 0, 1, 2, 32), "alltoall")
    assert len(use.trunk) == 16
    # Three GPUs of a rail have 8 peers beyond their leaf; one has 24. Of 31 peers in all.
    np.testing.assert_allclose(use.weight, 24.0 / 31.0)


def test_rings_leave_a_leaf_once(pod: Plant) -> None:
    np.testing.assert_allclose(use_of(pod, nodes(pod, 0, 1, 32), "all_reduce").weight, 1.0)


def test_gpus_of_one_domain_need_no_network(pilot: Plant) -> None:
    span = span_of(pilot, first_gpus(pilot, 72), "alltoall")
    assert span.domains[0] == 1.0
    across = span_of(pilot, first_gpus(pilot, 144), "alltoall")
    ours = predict("alltoall", np.array([1e9]), span).time_s
    assert predict("alltoall", np.array([1e9]), across).time_s > 3.0 * ours


def test_gpus_without_a_common_fabric_are_refused() -> None:
    plant = compile_site("frontier-like")
    count = len(plant.gpu_names)
    if not count:
        plant = compile_site("hgx-h100")
    assert not joined(plant, np.arange(min(len(plant.gpu_names), 2)))
    span = span_of(plant, np.arange(2), "all_reduce")
    apart = span._replace(domains=np.array([2.0]), per_domain=np.array([1.0]))
    with pytest.raises(InputError, match="in no common fabric"):
        predict("all_reduce", np.array([1.0]), apart)


def test_names_of_gpus_and_nodes_are_understood(pod: Plant) -> None:
    assert len(gpus_of(pod, [pod.node_names[0], pod.gpu_names[9]])) == 9
    with pytest.raises(InputError, match="no GPU or node 'x'"):
        gpus_of(pod, ["x"])
    with pytest.raises(InputError, match="named twice"):
        gpus_of(pod, [pod.node_names[0], pod.gpu_names[0]])
    with pytest.raises(InputError, match="expected at most the 1016"):
        first_gpus(pod, 5000)


def test_shares_kept_step_by_step_equal_those_solved_at_once(pilot: Plant) -> None:
    random = np.random.default_rng(4)
    with_gpus = np.flatnonzero(pilot.arrays.nodes.gpu_count == 4)
    contention = Contention(trunk_rates(pilot))
    uses = {}
    for number in range(12):
        chosen = random.choice(with_gpus, 12, replace=False)
        first = pilot.arrays.nodes.first_gpu[chosen]
        gpus = (first[:, None] + np.arange(4)).ravel()
        uses[f"j{number}"] = use_of(pilot, gpus, ("alltoall", "all_reduce")[number % 2])
        contention.start(f"j{number}", uses[f"j{number}"])
    for gone in ("j3", "j8", "j0"):
        contention.end(gone)
        del uses[gone]
    fresh = Contention(trunk_rates(pilot))
    for job in reversed(uses):
        fresh.start(job, uses[job])
    assert fresh.rates.keys() == contention.rates.keys()
    for job, rate in fresh.rates.items():
        assert contention.rate(job) == pytest.approx(rate, rel=1e-9)
    probe = contention.probe(uses["j1"])
    contention.start("again", uses["j1"])
    assert contention.rate("again") == pytest.approx(probe)


def test_a_job_that_runs_or_does_not_is_refused(pod: Plant) -> None:
    contention = Contention(trunk_rates(pod))
    contention.start("a", use_of(pod, nodes(pod, 0, 1), "alltoall"))
    assert contention.rate("a") == 50e9
    with pytest.raises(InputError, match="runs already"):
        contention.start("a", use_of(pod, nodes(pod, 0, 1), "alltoall"))
    with pytest.raises(InputError, match="does not run"):
        contention.end("b")


def broken(**changes: object) -> str:
    """Return what compiling the superpod with another fabric pod says."""
    site = load_site("superpod-h100")
    assert site.fabric is not None
    pod = site.fabric.pods[0].model_copy(update=changes)
    fabric = site.fabric.model_copy(update={"pods": (pod, *changes.pop("more", ()))})  # type: ignore[misc]
    with pytest.raises(InputError) as error:
        compile_site(site.model_copy(update={"fabric": fabric}))
    return str(error.value)


def test_a_bad_fabric_is_named() -> None:
    pod = load_site("superpod-h100").fabric
    assert pod is not None
    assert "fabric.pods.0.pods: no pod 'su9', expected one of: su1" in broken(pods=("su9",))
    assert "fabric.pods.1.pods: 'su' is in two fabric pods" in broken(more=(pod.pods[0],))
    assert "nodes_per_leaf: 64 GPUs and their uplinks need" in broken(nodes_per_leaf=64)
    leaf = pod.pods[0].leaf.model_copy(update={"switch": "none"})
    assert "catalog/switch/none.yaml: no such model" in broken(leaf=leaf)
