"""A braked stage stays below its limit, a burst meets caps before its breaker trips."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controllers.policies.brake import Brake
from controllers.power.pour import vessel_of
from controllers.power.stage_room import Room
from site_models.arrays import Floats
from site_models.plant import Plant
from tests.controllers.power.test_climb import drawing, seen
from tests.fakes.small_plant import small_arrays, small_inputs, small_plant, small_state
from twin.state import MODELLED
from twin.step import step

PDU = 2


def plant_of(rating_w: float, breaker_a: float = 100.0) -> Plant:
    """Return the small plant with another first distribution unit, alone for its racks."""
    arrays = small_arrays()
    ratings_w = arrays.feeds.rating_w.copy()
    ratings_w[PDU] = rating_w
    amperes = np.zeros(5)
    amperes[PDU] = breaker_a
    feeds = arrays.feeds._replace(
        rating_w=ratings_w, breaker_rating_a=amperes, breaker_trip_level=np.full(5, 1.25),
        breaker_magnetic=np.full(5, 7.0),
    )  # fmt: skip
    return small_plant(arrays._replace(feeds=feeds))


def output_w(plant: Plant, power_w: Floats) -> Floats:
    state = drawing(plant, power_w)
    free = Room(np.full(5, np.inf), np.inf)
    vessel = vessel_of(plant, state, free, 1.0)
    return vessel.tree.feed_powers_w(vessel.rack_power_w(power_w), vessel.fixed_w)[0]


def test_nothing_is_capped_below_the_limit() -> None:
    plant = plant_of(60_000.0)
    view = seen(plant, drawing(plant, plant.arrays.gpus.idle_power_w), ())
    decision, memory = Brake().decide(view, Brake().start(plant))
    np.testing.assert_array_equal(decision.gpu_cap_w, plant.arrays.gpus.power_max_w)
    assert decision.reason == "no stage over its limit"
    assert not memory.left_s.any()


@given(st.floats(12_000.0, 25_000.0), st.lists(st.floats(0.1, 1.0), min_size=48, max_size=48))
@settings(max_examples=40)
def test_a_braked_stage_keeps_its_limit_whatever_its_gpus_do(
    rating_w: float, loads: list[float]
) -> None:
    plant = plant_of(rating_w)
    gpus = plant.arrays.gpus
    state = drawing(plant, gpus.power_max_w * np.array(loads))
    decision, memory = Brake().decide(seen(plant, state, ()), Brake().start(plant))
    if memory.left_s[PDU] == 0.0:
        return
    free = Room(np.full(5, np.inf), np.inf)
    vessel = vessel_of(plant, state, free, 1.0)

    def drawn_w(cap_w: Floats) -> float:
        out_w, _ = vessel.tree.feed_powers_w(vessel.rack_power_w(cap_w), vessel.fixed_w)
        return float(out_w[PDU])

    least_w = drawn_w(gpus.power_min_w)
    assert drawn_w(decision.gpu_cap_w) <= max(0.98 * rating_w, least_w) + 1e-6


def test_the_worst_burst_does_not_trip_a_hot_breaker_and_without_a_brake_it_does() -> None:
    whole_w = output_w(plant_of(60_000.0), small_arrays().gpus.power_max_w)[PDU]
    tripped = {}
    for name, engage in (("brake", 1.0), ("nothing", np.inf)):
        plant = plant_of(whole_w / 1.6, 20.0)
        policy = Brake(engage=engage, guard=1.0 if name == "brake" else 1e9)
        state = small_state(plant)
        heat = state.feed_breaker_thermal.copy()
        heat[PDU] = 0.98
        state, memory = state._replace(feed_breaker_thermal=heat), policy.start(plant)
        cap_w = plant.arrays.gpus.power_max_w
        basis = np.full(48, MODELLED, dtype=np.int64)
        for _ in range(300):
            inputs = small_inputs(plant)._replace(
                gpu_power_w=plant.arrays.gpus.power_max_w, gpu_power_basis=basis, gpu_cap_w=cap_w
            )
            state = step(plant, state, inputs, 1.0)
            decision, memory = policy.decide(seen(plant, state, ()), memory)
            cap_w = decision.gpu_cap_w
        tripped[name] = state.feed_open[PDU] > 0.0
    assert tripped == {"brake": False, "nothing": True}


def test_the_brake_looks_ahead_by_the_breakers_own_law() -> None:
    """Idle now, hot breaker: a burst could trip it within the reaction time, so it is braked."""
    worst_w = output_w(plant_of(60_000.0), small_arrays().gpus.power_max_w)[PDU]
    plant = plant_of(worst_w / 2.0, 20.0)
    state = drawing(plant, plant.arrays.gpus.idle_power_w)
    heat = np.zeros(5)
    for thermal, braked in ((0.5, False), (1.18, True)):
        heat[PDU] = thermal
        view = seen(plant, state._replace(feed_breaker_thermal=heat.copy()), ())
        decision, _ = Brake(reaction_s=5.0).decide(view, Brake().start(plant))
        assert ("braked" in decision.reason) is braked


def test_a_brake_holds_for_its_time_and_lets_go() -> None:
    plant, policy = plant_of(60_000.0), Brake(hold_s=3.0)
    memory = policy.start(plant)._replace(left_s=np.array([0.0, 0.0, 3.0, 0.0, 0.0]))
    state = drawing(plant, plant.arrays.gpus.idle_power_w)
    reasons = []
    for _ in range(4):
        decision, memory = policy.decide(seen(plant, state, ()), memory)
        reasons.append("braked" in decision.reason)
    assert reasons == [True, True, False, False]
    assert memory.left_s.max() == pytest.approx(0.0)
