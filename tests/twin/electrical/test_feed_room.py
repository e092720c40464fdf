"""Room of a plant's feeds: what flows is what the kernel says, and what binds is named."""

import numpy as np
import pytest

from site_models.plant import Plant
from tests.fakes.small_plant import small_plant, small_state
from twin.electrical.feed_room import (
    DEAD,
    LIVE,
    ON_BATTERY,
    TRIPPED,
    direct_power_w,
    feed_room,
    feed_standing,
)
from twin.physics.feed_tree import BELOW, Stages, tree_powers
from twin.start import first_state, idle_inputs, rated_inputs
from twin.state import State
from twin.step import step


@pytest.fixture(scope="module")
def idling(pilot: Plant) -> State:
    inputs = idle_inputs(pilot, 30.0, 20.0)
    return step(pilot, first_state(pilot, inputs, 0.0), inputs, 1.0)


def test_the_tree_adds_up_to_what_the_kernel_metered(pilot: Plant, idling: State) -> None:
    feeds = pilot.arrays.feeds
    stages = Stages(
        feeds.parent, feeds.rating_w, feeds.loss_fixed, feeds.loss_linear, feeds.loss_square
    )
    _, in_w = tree_powers(stages, direct_power_w(pilot, idling))
    np.testing.assert_allclose(in_w, idling.feed_power_w, rtol=1e-12)


def test_racks_at_their_rating_strand_the_rest_of_their_busway(pilot: Plant, idling: State) -> None:
    room = feed_room(pilot, idling)
    busway = pilot.feed_names.index("busway-1")
    racks = pilot.arrays.rack_feeds.rack[pilot.arrays.rack_feeds.feed == busway]
    left_w = (pilot.arrays.racks.rating_w - idling.rack_power_w)[racks].sum()
    assert room.usable_w[busway] == pytest.approx(left_w)
    assert room.bound_by[busway] == BELOW
    assert room.stranded_w[busway] == pytest.approx(room.unused_w[busway] - left_w)
    places = feed_room(pilot, idling, open_places=True)
    assert places.stranded_w[busway] == 0.0
    assert (places.usable_w >= room.usable_w - 1e-6).all()


def test_at_80_percent_of_its_rating_the_ups_strands_a_part_of_the_pdu(pilot: Plant) -> None:
    inputs = rated_inputs(pilot, 30.0, 20.0)
    full = step(pilot, first_state(pilot, inputs, 0.0), inputs, 1.0)
    room = feed_room(pilot, full, capacity_share=0.8, open_places=True)
    ups, pdu, busway = (pilot.feed_names.index(name) for name in ("ups", "pdu", "busway-1"))
    assert room.bound_by[ups] == ups
    assert room.bound_by[pdu] == ups
    assert 0.0 < room.usable_w[pdu] < room.usable_w[ups] < room.unused_w[pdu]
    assert room.unused_w[busway] < 0.0
    assert room.usable_w[busway] == 0.0
    np.testing.assert_allclose(
        room.usable_w + room.stranded_w, np.maximum(room.unused_w, 0.0), atol=1e-3
    )


def test_a_lost_feed_puts_all_of_a_rack_on_the_other() -> None:
    plant = small_plant()
    state = small_state(plant, 0.5)
    standing = feed_standing(plant, state)
    r0_w, r1_w, r2_w = state.rack_power_w
    np.testing.assert_allclose(standing.worst_load_w[2:4], [r0_w + r1_w, r0_w + r1_w + r2_w])
    assert standing.worst_loss[2:4].tolist() == [3, 2]
    assert standing.worst_loss[4] == -1


def test_what_is_left_in_a_battery_lasts_for_energy_over_load() -> None:
    plant = small_plant()
    half = 0.5 * plant.arrays.feeds.battery_j
    state = small_state(plant, 0.5)._replace(feed_battery_j=half)
    standing = feed_standing(plant, state)
    assert standing.battery_share[1] == 0.5
    assert standing.battery_left_s[1] == pytest.approx(half[1] * 0.97 / state.feed_power_w[1])
    assert np.isnan(standing.battery_left_s[[0, 2, 3, 4]]).all()
    assert np.isnan(standing.breaker_share).all()


def test_a_dead_feed_with_an_empty_battery_is_told_without_a_complaint(pilot: Plant) -> None:
    state = first_state(pilot, idle_inputs(pilot, 30.0, 20.0), 0.0)
    none = np.zeros_like(state.feed_power_w)
    dead = state._replace(feed_power_w=none, feed_battery_w=none, feed_battery_j=none)
    assert not np.isfinite(feed_standing(pilot, dead).battery_left_s).any()


def test_a_feed_says_in_one_word_how_it_stands() -> None:
    plant = small_plant()
    state = small_state(plant)._replace(
        feed_live=np.array([0.0, 1.0, 0.0, 1.0, 0.0]),
        feed_on_battery=np.array([0.0, 1.0, 0.0, 0.0, 0.0]),
        feed_open=np.array([0.0, 0.0, 1.0, 0.0, 0.0]),
    )
    assert feed_standing(plant, state).status == (DEAD, ON_BATTERY, TRIPPED, LIVE, DEAD)
    assert (feed_room(plant, state).usable_w < 1e-6).all()
