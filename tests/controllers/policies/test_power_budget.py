"""With every GPU at its cap no stage passes its limit, and no power is wasted on a tree."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from controllers.gather import sum_by
from controllers.policies.power_budget import PowerBudget, Wanted
from controllers.power.power_tree import power_tree
from controllers.power.water_fill import fill_level
from site_models.arrays import Floats
from site_models.plant import Plant, RackFeeds
from tests.fakes.small_plant import small_arrays, small_inputs, small_plant, small_state
from tests.fakes.small_run import view_of
from twin.state import State
from twin.step import step

PLANT = small_plant()


def flows_at_caps_w(plant: Plant, cap_w: Floats, load: float) -> tuple[Floats, Floats]:
    """Return the power out of and into every stage if every GPU rose to its cap."""
    state, tree, nodes = small_state(plant, load), power_tree(plant), plant.arrays.nodes
    change_w = np.bincount(plant.arrays.gpus.node, cap_w - state.gpu_power_w)
    dc_w = state.node_dc_power_w + (1.0 + nodes.load_power_per_gpu_w) * change_w
    inside_w = sum_by(nodes.rack, tree.node_power_w(dc_w), len(plant.rack_names))
    return tree.feed_powers_w(tree.rack_power_w(inside_w), tree.other_w(state))


def feeds_at_caps_w(plant: Plant, cap_w: Floats, load: float) -> Floats:
    """Return the power into every stage if every GPU rose to its cap."""
    return flows_at_caps_w(plant, cap_w, load)[1]


def caps_w(plant: Plant, policy: PowerBudget, load: float) -> Floats:
    decision, _ = policy.decide(view_of(plant, small_state(plant, load)), policy.start(plant))
    return decision.gpu_cap_w


def test_the_tree_sums_as_the_step_does() -> None:
    state = step(PLANT, small_state(PLANT, 0.5), small_inputs(PLANT, 0.7), 5.0)
    tree = power_tree(PLANT)
    _, in_w = tree.feed_powers_w(state.rack_power_w, tree.other_w(state))
    np.testing.assert_allclose(in_w, state.feed_power_w, rtol=1e-12)


def test_ample_ratings_cap_nothing() -> None:
    np.testing.assert_array_equal(caps_w(PLANT, PowerBudget(), 0.9), PLANT.arrays.gpus.power_max_w)


@given(
    st.floats(0.0, 1.0),
    st.floats(30_000.0, 120_000.0),
    st.lists(st.floats(0.35, 1.5), min_size=5, max_size=5),
)
@settings(max_examples=60)
def test_no_stage_passes_its_limit_even_with_every_gpu_at_its_cap(
    load: float, site_limit_w: float, scales: list[float]
) -> None:
    arrays = small_arrays()
    rating_w = arrays.feeds.rating_w * np.array(scales)
    plant = small_plant(arrays._replace(feeds=arrays.feeds._replace(rating_w=rating_w)))
    policy = PowerBudget(site_limit_w=site_limit_w)
    cap_w = caps_w(plant, policy, load)
    out_w, in_w = flows_at_caps_w(plant, cap_w, load)
    least_out_w, least_in_w = flows_at_caps_w(plant, plant.arrays.gpus.power_min_w, load)
    assert (out_w <= np.maximum(rating_w * policy.margin, least_out_w) + 1e-6).all()
    assert in_w[0] <= max(site_limit_w * policy.site_margin, least_in_w[0]) + 1e-6
    assert (cap_w >= plant.arrays.gpus.power_min_w).all()
    assert (cap_w <= plant.arrays.gpus.power_max_w).all()


@pytest.mark.parametrize("limit_w", [50_000.0, 58_000.0, 65_000.0])
def test_a_binding_limit_is_used_to_within_half_a_percent(limit_w: float) -> None:
    cap_w = caps_w(PLANT, PowerBudget(site_limit_w=limit_w, site_margin=1.0), 0.9)
    used_w = feeds_at_caps_w(PLANT, cap_w, 0.9)[0]
    assert 0.995 * limit_w <= used_w <= limit_w


def drawing(gpu_power_w: Floats) -> State:
    """Return a state in which the GPUs draw this."""
    inputs = small_inputs(PLANT)._replace(gpu_power_w=gpu_power_w)
    return step(PLANT, small_state(PLANT, 0.5), inputs, 1.0)


def test_power_follows_work_and_comes_back_with_it() -> None:
    policy = PowerBudget(site_limit_w=50_000.0, forget_s=5.0)
    gpus = PLANT.arrays.gpus
    asleep = np.where(np.arange(48) < 16, gpus.power_max_w, gpus.idle_power_w)
    memory: Wanted = policy.start(PLANT)
    decision, memory = policy.decide(view_of(PLANT, drawing(gpus.power_max_w)), memory)
    equal_w = decision.gpu_cap_w
    for _ in range(60):
        drawn_w = np.minimum(asleep, decision.gpu_cap_w)
        decision, memory = policy.decide(view_of(PLANT, drawing(drawn_w)), memory)
    assert decision.gpu_cap_w[0] > equal_w[0] + 100.0
    assert decision.gpu_cap_w[20] < equal_w[20]
    for _ in range(3):
        decision, memory = policy.decide(view_of(PLANT, drawing(decision.gpu_cap_w)), memory)
    np.testing.assert_allclose(decision.gpu_cap_w, equal_w, rtol=0.02)


def test_the_reason_names_the_stage() -> None:
    arrays = small_arrays()
    rating_w = np.array([150_000.0, 110_000.0, 15_000.0, 60_000.0, 30_000.0])
    plant = small_plant(arrays._replace(feeds=arrays.feeds._replace(rating_w=rating_w)))
    decision, _ = PowerBudget().decide(
        view_of(plant, small_state(plant, 1.0)), PowerBudget().start(plant)
    )
    assert decision.reason.startswith("32 GPUs capped for pdu-a, lowest")
    lost, _ = PowerBudget(site_limit_w=1.0).decide(
        view_of(plant, small_state(plant, 1.0)), PowerBudget().start(plant)
    )
    assert lost.reason.endswith("at the lowest caps")
    np.testing.assert_array_equal(lost.gpu_cap_w, plant.arrays.gpus.power_min_w)


@given(
    st.lists(st.tuples(st.floats(0.0, 100.0), st.floats(0.0, 1.0)), max_size=20),
    st.floats(-10.0, 500.0),
)
def test_the_level_is_the_highest_that_the_room_allows(
    members: list[tuple[float, float]], room_w: float
) -> None:
    gain_w = np.array([m[0] for m in members], dtype=np.float64)
    bound = np.array([m[1] for m in members], dtype=np.float64)
    level = fill_level(gain_w, bound, len(members), room_w)
    used_w = float((gain_w * np.minimum(level, bound)).sum())
    if np.isinf(level):
        assert used_w <= max(room_w, 0.0) + 1e-6
    else:
        assert used_w == pytest.approx(max(room_w, 0.0), abs=1e-6)


def test_on_a_tree_the_total_is_that_of_the_linear_program() -> None:
    """Equal caps and one feed a rack: the water level uses all that an optimiser would."""
    arrays = small_arrays()
    links = RackFeeds(np.arange(3), np.array([2, 2, 3]), np.ones(3))
    rating_w = np.array([150_000.0, 110_000.0, 26_000.0, 12_000.0, 30_000.0])
    square = np.zeros(5)
    feeds = arrays.feeds._replace(rating_w=rating_w, loss_square=square)
    racks = arrays.racks._replace(shelf_loss_square=np.zeros(3))
    nodes = arrays.nodes._replace(supply_loss_square=np.zeros(10))
    plant = small_plant(arrays._replace(feeds=feeds, rack_feeds=links, racks=racks, nodes=nodes))
    policy = PowerBudget(margin=1.0)
    cap_w = caps_w(plant, policy, 1.0)
    low_w, most_w = plant.arrays.gpus.power_min_w, plant.arrays.gpus.power_max_w
    base_w = flows_at_caps_w(plant, low_w, 1.0)[0]
    rows = []
    for rack in range(3):
        up = low_w + (plant.arrays.nodes.rack[plant.arrays.gpus.node] == rack) * (most_w - low_w)
        rows.append(flows_at_caps_w(plant, up, 1.0)[0] - base_w)
    worth = [float((most_w - low_w)[:16].sum())] * 2 + [float((most_w - low_w)[32:].sum())]
    best = linprog(
        -np.array(worth), A_ub=np.array(rows).T, b_ub=rating_w - base_w, bounds=(0.0, 1.0)
    )
    assert float((cap_w - low_w).sum()) == pytest.approx(-float(best.fun or 0.0), rel=1e-9)
