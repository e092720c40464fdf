"""Aggregates are the sums and extremes that one computes by hand."""

from dataclasses import replace

import numpy as np
import pytest

from controllers.snapshot import Snapshot
from dashboards.index import Index, pick
from dashboards.summary import RACK_SIGNALS, SITE_SIGNALS, Summary, summarise
from tests.fakes.small_world import SmallWorld, small_snapshot

WORLD = SmallWorld()
INDEX = Index(WORLD.plant)


def snapshot(load: float = 0.5) -> Snapshot:
    return small_snapshot(WORLD.plant, 3, load, WORLD.supervisor)


def summary(load: float = 0.5) -> Summary:
    return summarise(INDEX, snapshot(load), 0.0)


def test_it_power_is_the_racks_and_facility_power_the_meter() -> None:
    now = summary()
    state = now.state
    assert now.site["site_it_power_w"] == pytest.approx(state.rack_power_w.sum())
    assert now.site["site_facility_power_w"] == state.feed_power_w[0]
    assert now.site["site_pue"] == pytest.approx(state.feed_power_w[0] / state.rack_power_w.sum())


def test_the_worst_gpu_is_the_one_with_the_least_margin_not_the_hottest() -> None:
    shot = snapshot()
    temp_c = np.full(48, 40.0)
    temp_c[2], temp_c[40] = 80.0, 79.5
    shot = replace(shot, state=shot.state._replace(gpu_temp_c=temp_c))
    now = summarise(INDEX, shot, 0.0)
    assert now.worst_gpu == 40
    assert now.site["gpu_margin_min_k"] == pytest.approx(7.5)


def test_a_rack_shows_its_hottest_gpu_and_an_air_rack_has_no_coolant() -> None:
    now = summary()
    hottest = [now.state.gpu_temp_c[gpus].max() for gpus in INDEX.gpus_by_rack]
    np.testing.assert_array_equal(now.rack["rack_gpu_temp_max_c"], hottest)
    assert np.isnan(now.rack["rack_return_c"][2])
    assert np.isnan(now.rack["rack_flow_kg_per_s"][2])
    assert now.rack["rack_supply_c"][0] == 40.0


def test_every_signal_of_the_lists_is_there() -> None:
    now = summary()
    assert tuple(now.site) == SITE_SIGNALS
    assert tuple(now.rack) == RACK_SIGNALS


def test_headroom_names_the_stage_that_is_loaded_most() -> None:
    now = summary()
    feeds = WORLD.plant.arrays.feeds
    load = now.state.feed_power_w / feeds.rating_w
    assert now.tightest_feed == int(load.argmax())
    assert now.site["feed_load_share"] == pytest.approx(load.max())


def test_the_first_tick_has_no_water_rate_rather_than_zero() -> None:
    shot = replace(snapshot(), dt_s=0.0)
    assert np.isnan(summarise(INDEX, shot, 0.0).site["site_water_kg_per_s"])


def test_racks_know_their_cdu_and_members() -> None:
    assert [INDEX.cdu_of_rack(rack) for rack in range(3)] == [0, 0, -1]
    assert [len(gpus) for gpus in INDEX.gpus_by_rack] == [16, 16, 16]
    assert [len(nodes) for nodes in INDEX.nodes_by_rack] == [4, 4, 2]


def test_picking_none_is_nan() -> None:
    np.testing.assert_array_equal(pick(np.array([5.0]), np.array([0, -1])), [5.0, np.nan])
    assert np.isnan(pick(np.array([]), np.array([-1]))).all()
