"""Every shipped site compiles to a plant whose axes, indices and sums fit one another."""

from functools import cache
from typing import Any

import numpy as np
import pytest

from site_models.catalog import open_catalog
from site_models.compile import compile_site
from site_models.kinds.cdu import Cdu
from site_models.kinds.cooling_tower import CoolingTower
from site_models.kinds.dry_cooler import DryCooler
from site_models.kinds.gpu import Gpu
from site_models.kinds.node import Node
from site_models.kinds.rack import Rack
from site_models.lowering.chillers import chiller_model
from site_models.plant import AIR, FWS, TCS, Plant
from site_models.site import Site, load_site, shipped_sites

CATALOG = open_catalog()
SITES = shipped_sites()
QUICK = [site for site in SITES if site != "campus-100k"]


@cache
def plant_of(site: str) -> Plant:
    return compile_site(site)


def without(*names: str) -> Plant:
    """Return the pilot with equipment out of service."""
    return compile_site(load_site("pilot").model_copy(update={"out_of_service": names}))


def of_node(plant: Plant, node: str) -> slice:
    first = plant.arrays.nodes.first_gpu[plant.node_names.index(node)]
    return slice(first, first + plant.arrays.nodes.gpu_count[plant.node_names.index(node)])


def test_nine_sites_are_shipped() -> None:
    assert SITES == [
        "campus-100k",
        "edge",
        "frontier-like",
        "hgx-b200",
        "hgx-h100",
        "hgx-h200",
        "pilot",
        "superpod-h100",
        "workstation",
    ]


@pytest.mark.parametrize(
    ("site", "gpus", "nodes", "racks", "cdus"),
    [
        ("pilot", 576 + 256, 8 * 27 + 32, 8 + 8 + 4, 2),
        ("superpod-h100", 1016, 127, 36, 0),
        ("campus-100k", 100_800, 1_400 * 27, 1_400, 140),
        ("frontier-like", 0, 0, 74, 25),
        ("edge", 72, 27, 1, 1),
        ("hgx-h100", 8, 1, 1, 0),
        ("hgx-h200", 8, 1, 1, 0),
        ("hgx-b200", 8, 1, 1, 0),
        ("workstation", 0, 1, 1, 0),
    ],
)
def test_sites_have_what_they_promise(
    site: str, gpus: int, nodes: int, racks: int, cdus: int
) -> None:
    plant = plant_of(site)
    found = (len(plant.gpu_names), len(plant.node_names), len(plant.rack_names))
    assert found == (gpus, nodes, racks)
    assert len(plant.axis("cdu")) == cdus


def test_the_pilot_has_eight_nvl72_racks_and_eight_of_servers() -> None:
    plant = plant_of("pilot")
    assert plant.rack_model.count("gb200_nvl72") == 8
    assert plant.rack_model.count("hgx_h200_x4") == 8
    assert plant.gpu_model.count("gb200_gpu") == 576
    assert plant.gpu_model.count("h200_sxm") == 256
    assert plant.node_model.count("hgx_h200") == 32
    domains = np.bincount(plant.gpu_nvlink_domain)
    assert sorted(domains) == [8] * 32 + [72] * 8
    assert len(plant.pod_names) == 2


def test_frontier_hangs_three_cabinets_on_each_cdu_and_two_on_the_last() -> None:
    plant = plant_of("frontier-like")
    on_cdu = np.bincount(plant.arrays.racks.liquid_circuit)
    assert sorted(on_cdu[on_cdu > 0]) == [2] + [3] * 24
    last = plant.circuit_names.index("cdu-25-tcs")
    assert on_cdu[last] == 2
    assert plant.arrays.racks.lumped.all()


@pytest.mark.parametrize("site", ["hgx-h100", "hgx-h200", "hgx-b200"])
def test_single_servers_name_their_parts_as_recordings_do(site: str) -> None:
    plant = plant_of(site)
    assert plant.node_names == ("node0",)
    assert plant.gpu_names == tuple(f"gpu{i}" for i in range(8))
    assert plant.gpu_rail.tolist() == list(range(8))


@pytest.mark.parametrize("site", SITES)
def test_arrays_are_read_only_and_of_one_length(site: str) -> None:
    plant = plant_of(site)
    for axis in plant.arrays:
        sizes = {array.size for array in axis}
        assert len(sizes) == 1, type(axis).__name__
        for array in axis:
            assert not array.flags.writeable
            assert array.flags.c_contiguous
            assert array.dtype in (np.float64, np.int64, np.bool_)
            if array.dtype == np.float64:
                assert np.isfinite(array).all()


@pytest.mark.parametrize("site", SITES)
def test_names_are_unique_and_as_many_as_entries(site: str) -> None:
    plant = plant_of(site)
    arrays = plant.arrays
    for names, axis in (
        (plant.gpu_names, arrays.gpus),
        (plant.node_names, arrays.nodes),
        (plant.rack_names, arrays.racks),
        (plant.circuit_names, arrays.circuits),
        (plant.exchanger_names, arrays.exchangers),
        (plant.chiller_names, arrays.chillers),
        (plant.feed_names, arrays.feeds),
    ):
        assert len(set(names)) == len(names) == len(axis[0])
    assert len(plant.gpu_model) == len(plant.gpu_rail) == len(plant.gpu_names)
    assert len(plant.node_model) == len(plant.node_names)
    assert len(plant.rack_model) == len(plant.rack_place_m) == len(plant.rack_names)


def assert_index(indices: Any, size: int, none: bool = False) -> None:
    assert indices.min(initial=0) >= (-1 if none else 0)
    assert indices.max(initial=-1) < size


@pytest.mark.parametrize("site", SITES)
def test_indices_point_at_something_of_the_right_kind(site: str) -> None:
    plant = plant_of(site)
    arrays = plant.arrays
    circuits, feeds = len(plant.circuit_names), len(plant.feed_names)
    assert_index(arrays.gpus.node, len(plant.node_names))
    assert_index(arrays.gpus.group, len(arrays.groups.node))
    assert_index(arrays.nodes.rack, len(plant.rack_names))
    assert_index(arrays.racks.row, len(plant.row_names))
    assert_index(arrays.racks.pod, len(plant.pod_names))
    assert_index(arrays.exchangers.hot_circuit, circuits)
    assert_index(arrays.exchangers.cold_circuit, circuits, none=True)
    assert_index(arrays.exchangers.fan_feed, feeds, none=True)
    assert_index(arrays.circuits.mover_feed, feeds)
    assert_index(arrays.exchangers.tower, len(arrays.towers.law), none=True)
    assert_index(arrays.chillers.feed, feeds)
    assert_index(arrays.chillers.condenser_circuit, circuits, none=True)
    assert_index(arrays.chillers.load_curve, len(arrays.curves.c0), none=True)
    assert_index(arrays.rack_feeds.feed, feeds)
    assert_index(plant.gpu_nvlink_domain, len(plant.nvlink_domain_names))
    kind = arrays.circuits.kind
    assert np.all(kind[arrays.racks.air_circuit] == AIR)
    assert np.all(kind[arrays.nodes.air_circuit] == AIR)
    assert np.all(kind[arrays.racks.liquid_circuit[arrays.racks.liquid_circuit >= 0]] == TCS)
    assert np.all(kind[arrays.chillers.circuit] == FWS)
    assert np.all(kind[plant.facility_circuits] == FWS)
    assert np.all(kind[arrays.exchangers.hot_circuit[plant.cdu_exchangers]] == TCS)
    cold = arrays.exchangers.cold_circuit
    assert np.all(kind[cold[cold >= 0]] == FWS)
    assert np.all((arrays.exchangers.fan_feed >= 0) == (cold < 0))


@pytest.mark.parametrize("site", SITES)
def test_parents_stand_before_their_children(site: str) -> None:
    parent = plant_of(site).arrays.feeds.parent
    assert np.all(parent < np.arange(len(parent)))
    assert np.count_nonzero(parent < 0) >= 1


@pytest.mark.parametrize("site", SITES)
def test_gpus_of_a_node_and_nodes_of_a_rack_are_neighbours(site: str) -> None:
    arrays = plant_of(site).arrays
    nodes = arrays.nodes
    np.testing.assert_array_equal(
        arrays.gpus.node, np.repeat(np.arange(len(nodes.rack)), nodes.gpu_count)
    )
    np.testing.assert_array_equal(nodes.first_gpu, np.cumsum(nodes.gpu_count) - nodes.gpu_count)
    assert np.all(np.diff(nodes.rack) >= 0)


@pytest.mark.parametrize("site", SITES)
def test_shares_add_up_to_one(site: str) -> None:
    arrays = plant_of(site).arrays
    racks = len(arrays.racks.row)
    fed = np.bincount(arrays.rack_feeds.rack, arrays.rack_feeds.share, racks)
    np.testing.assert_allclose(fed, 1.0, rtol=1e-12)
    flow = np.bincount(arrays.nodes.rack, arrays.nodes.liquid_flow_share, racks)
    liquid = np.bincount(arrays.nodes.rack, arrays.nodes.liquid_circuit >= 0, racks) > 0
    np.testing.assert_allclose(flow[liquid], 1.0, rtol=1e-12)
    np.testing.assert_array_equal(flow[~liquid], 0.0)


@pytest.mark.parametrize("site", SITES)
def test_rated_power_is_the_sum_from_the_catalog(site: str) -> None:
    """Counted from the site's racks and the catalog, one rack after the other."""
    plant = plant_of(site)
    rating_w = gpus_w = 0.0
    for hall in load_site(site).halls:
        for group in (group for row in hall.rows for group in row.racks):
            model = CATALOG.get(Rack, group.model)
            rating_w += group.count * float(model.rating_w)
            for entry in model.nodes:
                node = CATALOG.get(Node, entry.model)
                board_w = float(CATALOG.get(Gpu, node.gpu).power_max_w) if node.gpu else 0.0
                gpus_w += group.count * entry.count * node.gpu_count * board_w
    assert plant.arrays.racks.rating_w.sum() == pytest.approx(rating_w, rel=1e-12)
    assert plant.arrays.gpus.power_max_w.sum() == pytest.approx(gpus_w, rel=1e-12)


@pytest.mark.parametrize("site", SITES)
def test_cooling_is_the_sum_from_the_catalog(site: str) -> None:
    plant, read = plant_of(site), load_site(site)
    coolers_w = chillers_w = 0.0
    for system in read.all_facility_water():
        coolers_w += sum(
            c.count * float(CATALOG.get(DryCooler, c.model).capacity_w) for c in system.coolers
        )
        coolers_w += sum(
            c.count * float(CATALOG.get(CoolingTower, c.model).capacity_w) for c in system.towers
        )
        chillers_w += sum(
            c.count * float(chiller_model(CATALOG, c.model).capacity_w) for c in system.chillers
        )
    cdus_w = sum(float(CATALOG.get(Cdu, c.model).capacity_w) for h in read.halls for c in h.cdus)
    exchangers = plant.arrays.exchangers
    outdoors = exchangers.cold_circuit < 0
    assert exchangers.capacity_w[outdoors].sum() == pytest.approx(coolers_w)
    assert plant.arrays.chillers.capacity_w.sum() == pytest.approx(chillers_w)
    assert exchangers.capacity_w[plant.cdu_exchangers].sum() == pytest.approx(cdus_w)


@pytest.mark.parametrize("site", SITES)
def test_limits_of_gpus_are_ordered(site: str) -> None:
    gpus = plant_of(site).arrays.gpus
    assert np.all(gpus.idle_power_w < gpus.power_max_w)
    assert np.all(gpus.power_min_w <= gpus.power_max_w)
    assert np.all(gpus.temp_limit_c < gpus.shutdown_c)


@pytest.mark.parametrize("site", SITES)
def test_the_same_site_gives_the_same_plant(site: str) -> None:
    one, other = plant_of(site), compile_site(site)
    assert one.site_hash == other.site_hash
    for mine, theirs in zip(one.arrays, other.arrays, strict=True):
        for a, b in zip(mine, theirs, strict=True):
            assert a.tobytes() == b.tobytes()
    assert one.gpu_names == other.gpu_names
    assert one.rack_place_m.tobytes() == other.rack_place_m.tobytes()


def test_another_site_has_another_hash() -> None:
    hashes = {plant_of(site).site_hash for site in SITES}
    assert len(hashes) == len(SITES)
    assert without("a1").site_hash != plant_of("pilot").site_hash


def test_a_site_read_before_compiles_to_the_same_plant() -> None:
    read = load_site("pilot")
    assert isinstance(read, Site)
    assert compile_site(read).site_hash == plant_of("pilot").site_hash


def test_a_rack_out_of_service_takes_what_is_in_it_along() -> None:
    plant = without("a1")
    arrays = plant.arrays
    assert not arrays.racks.in_service[plant.rack_names.index("a1")]
    inside = arrays.nodes.rack == plant.rack_names.index("a1")
    np.testing.assert_array_equal(arrays.nodes.in_service, ~inside)
    np.testing.assert_array_equal(arrays.gpus.in_service, ~inside[arrays.gpus.node])
    assert np.count_nonzero(~arrays.gpus.in_service) == 72


def test_a_cdu_out_of_service_takes_its_racks_along() -> None:
    plant = without("cdu-2")
    on = plant.arrays.racks.in_service
    down = {name for r, name in enumerate(plant.rack_names) if not on[r]}
    assert down == {"a5", "a6", "a7", "a8"}
    assert not plant.arrays.exchangers.in_service[plant.exchanger_names.index("cdu-2")]


@pytest.mark.parametrize(
    ("feed", "racks"), [("busway-1", 4), ("pdu", 12), ("ups", 20), ("utility", 20)]
)
def test_a_feed_out_of_service_takes_what_hangs_below_along(feed: str, racks: int) -> None:
    plant = without(feed)
    assert np.count_nonzero(~plant.arrays.racks.in_service) == racks
    parent, on = plant.arrays.feeds.parent, plant.arrays.feeds.in_service
    assert not on[plant.feed_names.index(feed)]
    below = parent >= 0
    assert not np.any(on[below] & ~on[parent[below]])


def test_a_rack_with_a_second_feed_stays_in_service() -> None:
    raw = load_site("pilot").model_dump()
    raw["halls"][0]["rows"][0]["racks"][0]["feeds"] = ["busway-1", "busway-2"]
    raw["halls"][0]["feeds"][1]["rating_w"] = 0.9e6
    raw["out_of_service"] = ["busway-1"]
    plant = compile_site(Site.model_validate(raw))
    assert plant.arrays.racks.in_service.all()


def test_a_node_or_a_gpu_out_of_service_is_out_alone() -> None:
    last = plant_of("pilot").gpu_names[-1]
    plant = without("a1-tray0", last)
    tray = of_node(plant, "a1-tray0")
    down = np.flatnonzero(~plant.arrays.gpus.in_service)
    assert down.tolist() == [*range(tray.start, tray.stop), len(plant.gpu_names) - 1]
    assert np.count_nonzero(~plant.arrays.nodes.in_service) == 1
    assert plant.arrays.racks.in_service.all()


def test_room_units_out_of_service_blow_no_air() -> None:
    whole, half = plant_of("pilot"), without("crah-1", "crah-2")
    hall = whole.circuit_names.index("hall")
    flows = [plant.arrays.circuits.flow_max_kg_per_s[hall] for plant in (half, whole)]
    assert flows[0] == pytest.approx(0.5 * flows[1])


def test_racks_stand_along_their_row() -> None:
    """Slots run to the right of the fronts: row a looks north and runs east."""
    plant = plant_of("pilot")
    places = dict(zip(plant.rack_names, plant.rack_place_m, strict=True))
    np.testing.assert_allclose(places["a1"][:2], [5.0, 4.2])
    np.testing.assert_allclose(places["a8"][:2], [5.0 + 7 * 0.6, 4.2])
    np.testing.assert_allclose(places["b1"][:2], [12.0, 6.9])
    np.testing.assert_allclose(places["b12"][:2], [12.0 - 11 * 0.6, 6.9], atol=1e-12)
