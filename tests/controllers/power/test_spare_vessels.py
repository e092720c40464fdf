"""Caps laid out for the loss of any one stage: the plant itself says that none is overloaded."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controllers.plant_edits import without_feeds
from controllers.policies.power_budget import PowerBudget
from controllers.policy import View
from controllers.power.power_tree import shared_stages
from controllers.trials.pod_unit import unit
from site_models.arrays import Floats
from site_models.plant import Plant
from tests.fakes.small_plant import small_arrays, small_inputs, small_plant, small_state
from tests.fakes.small_run import view_of
from twin.start import idle_inputs
from twin.state import Inputs, State
from twin.steady import rest_or_first
from twin.step import step

PDU_A, PDU_B = 2, 3


def rated(pdu_a_w: float, pdu_b_w: float) -> Plant:
    """Return the small plant, whose first two racks hang on both of its distribution units."""
    arrays = small_arrays()
    rating_w = arrays.feeds.rating_w.copy()
    rating_w[[PDU_A, PDU_B]] = pdu_a_w, pdu_b_w
    return small_plant(arrays._replace(feeds=arrays.feeds._replace(rating_w=rating_w)))


def caps_w(plant: Plant, state: State, keeps: bool) -> Floats:
    """Return the budget's caps."""
    policy = PowerBudget(n_minus_1=keeps)
    return policy.decide(view_of(plant, state), policy.start(plant))[0].gpu_cap_w


def after_each_loss(plant: Plant, state: State, inputs: Inputs, s: float) -> Iterator[Floats]:
    """Yield what every stage gives some time after one that others stand in for has opened."""
    for feed in shared_stages(plant).tolist():
        lost = step(without_feeds(plant, [feed]), state, inputs, s)
        assert lost.feed_live[feed] == 0.0
        yield lost.feed_output_w


def test_stages_that_others_stand_in_for_are_the_distribution_units() -> None:
    np.testing.assert_array_equal(shared_stages(small_plant()), [PDU_A, PDU_B])
    names = unit()[1].feed_names
    assert {names[f] for f in shared_stages(unit()[1])} == {"ups-a", "ups-b", "pdu-a1", "pdu-b1"}


@given(st.floats(0.0, 1.0), st.floats(25_000.0, 90_000.0), st.floats(25_000.0, 90_000.0))
@settings(max_examples=40)
def test_no_stage_passes_its_rating_whichever_one_is_lost(
    load: float, pdu_a_w: float, pdu_b_w: float
) -> None:
    plant = rated(pdu_a_w, pdu_b_w)
    gpus = plant.arrays.gpus
    state = step(plant, small_state(plant, load), small_inputs(plant, load), 5.0)
    full = small_inputs(plant)._replace(gpu_power_w=caps_w(plant, state, True))
    least = full._replace(gpu_power_w=gpus.power_min_w.copy())
    pairs = zip(
        after_each_loss(plant, state, full, 2.0),
        after_each_loss(plant, state, least, 2.0),
        strict=True,
    )
    for out_w, least_w in pairs:
        assert (out_w <= np.maximum(plant.arrays.feeds.rating_w, least_w + 1e-6)).all()


def test_without_it_the_loss_of_one_overloads_the_other() -> None:
    plant = rated(45_000.0, 60_000.0)
    state = step(plant, small_state(plant, 1.0), small_inputs(plant, 1.0), 5.0)
    loose, tight = caps_w(plant, state, False), caps_w(plant, state, True)
    inputs = small_inputs(plant)._replace(gpu_power_w=loose)
    rating_w = plant.arrays.feeds.rating_w
    assert any((out_w > rating_w).any() for out_w in after_each_loss(plant, state, inputs, 2.0))
    assert tight.sum() < loose.sum()
    assert (tight >= plant.arrays.gpus.power_min_w).all()


def test_room_enough_for_any_loss_costs_nothing() -> None:
    plant = small_plant()
    state = small_state(plant, 0.1)
    np.testing.assert_array_equal(
        caps_w(rated(1e6, 1e6), state, True), plant.arrays.gpus.power_max_w
    )


def test_once_a_stage_is_lost_the_rest_is_kept_and_there_is_no_other_to_lose() -> None:
    plant = rated(45_000.0, 60_000.0)
    lost = without_feeds(plant, [PDU_A])
    state = step(lost, small_state(plant, 1.0), small_inputs(plant, 1.0), 5.0)
    assert not len(shared_stages(lost))
    np.testing.assert_array_equal(caps_w(lost, state, True), caps_w(lost, state, False))
    np.testing.assert_allclose(caps_w(plant, state, True), caps_w(lost, state, False))


def test_the_reason_says_what_it_is_laid_out_for() -> None:
    plant = rated(45_000.0, 60_000.0)
    state = step(plant, small_state(plant, 1.0), small_inputs(plant, 1.0), 5.0)
    policy = PowerBudget(n_minus_1=True)
    decision, _ = policy.decide(view_of(plant, state), policy.start(plant))
    assert ", any one stage lost, lowest" in decision.reason


@pytest.mark.parametrize("rating_w", [175_000.0, 210_000.0])
def test_a_unit_of_the_pod_survives_the_loss_of_any_feed(rating_w: float) -> None:
    site, plant = unit(pdu_w=rating_w)
    air = (site.location.design_dry_bulb_c, site.location.design_wet_bulb_c)
    full = idle_inputs(plant, *air)._replace(gpu_power_w=plant.arrays.gpus.power_max_w.copy())
    state = rest_or_first(plant, full)
    policy = PowerBudget(n_minus_1=True)
    count = len(plant.gpu_names)
    view = View(plant, state, full, state.time_s, 1.0, 0.0, np.zeros(count))
    capped = full._replace(gpu_power_w=policy.decide(view, policy.start(plant))[0].gpu_cap_w)
    for out_w in after_each_loss(plant, state, capped, 60.0):
        assert (out_w <= plant.arrays.feeds.rating_w).all()
