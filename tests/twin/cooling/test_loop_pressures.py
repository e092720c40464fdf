"""Loops of racks: mass, pressures, the others when one shuts, pumps that trip, pipes, dew."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.validation.loop_pressures import apart_from_network, mean_c
from controllers.plant_edits import with_pumps, with_rack_valves, with_speed
from site_models.compile import compile_site
from site_models.errors import InputError
from site_models.plant import HOLDS_DP, HOLDS_FLOW, Plant
from site_models.site import Site, load_site
from tests.twin.driving import random_inputs, random_state
from twin.cooling.loop_pressures import set_rack_flows
from twin.scratch import scratch_for
from twin.start import idle_inputs, rated_inputs
from twin.state import State
from twin.steady import steady
from twin.step import copied, step

SEEDS = st.integers(0, 100_000)


@pytest.fixture(scope="module")
def rest(pilot: Plant) -> State:
    return steady(pilot, rated_inputs(pilot, 25.0, 18.0))


def loops(plant: Plant) -> list[int]:
    return [int(k) for k in np.flatnonzero(plant.arrays.circuits.pump_control > 0)]


def settled(plant: Plant, state: State, seconds: int = 1) -> State:
    """Return the state after the loops alone have moved on."""
    state, scratch = copied(state), scratch_for(plant.arrays)
    for _ in range(seconds):
        set_rack_flows(plant.arrays, state, scratch, np.ones_like(state.circuit_dp_pa), 1.0)
    return state


@pytest.mark.parametrize("site", ["pilot", "edge", "frontier-like"])
@given(seed=SEEDS)
@settings(max_examples=15)
def test_heads_and_losses_close_and_mass_adds_up_from_anywhere(site: str, seed: int) -> None:
    plant = compile_site(site)
    c, r = plant.arrays.circuits, plant.arrays.racks
    state = settled(plant, random_state(plant, random_inputs(plant, seed), seed))
    for k in loops(plant):
        flow, speed = state.circuit_flow_kg_per_s[k], state.circuit_pump_speed[k]
        mine = r.liquid_circuit == k
        assert flow == pytest.approx(state.rack_flow_kg_per_s[mine].sum(), rel=1e-14)
        head_pa = speed**2 * c.pump_rest_pa[k] + speed * c.pump_linear_pa_s_per_kg[k] * flow
        head_pa += c.pump_square_pa_s2_per_kg2[k] * flow**2
        assert state.circuit_dp_pa[k] == pytest.approx(head_pa, rel=1e-9, abs=1e-3)
    wet = (r.liquid_circuit >= 0) & (state.rack_valve > 1e-6)
    m, x = state.rack_flow_kg_per_s[wet], state.rack_valve[wet]
    whole = r.loss_square_pa_s2_per_kg2[wet] + r.valve_square_pa_s2_per_kg2[wet] / x**2
    lost_pa = whole * m**2 + r.loss_linear_pa_s_per_kg[wet] * m
    np.testing.assert_allclose(lost_pa, state.rack_dp_pa[wet], rtol=1e-9, atol=1e-3)


@given(SEEDS)
@settings(max_examples=10)
def test_flows_are_those_of_the_network_solver(pilot: Plant, seed: int) -> None:
    inputs = random_inputs(pilot, seed)
    state = random_state(pilot, inputs, seed)
    opening = np.random.default_rng(seed).uniform(0.02, 1.0, len(pilot.rack_names))
    assert apart_from_network(pilot, state, opening) < 1e-6


def test_a_rack_that_is_valved_off_gives_pressure_and_flow_to_the_others(
    pilot: Plant, rest: State
) -> None:
    shut = with_rack_valves(pilot, [0], 0.0)
    after = settled(shut, rest)
    assert after.rack_flow_kg_per_s[0] == 0.0
    assert (after.rack_flow_kg_per_s[1:4] > 1.04 * rest.rack_flow_kg_per_s[1:4]).all()
    assert after.rack_dp_pa[1] > rest.rack_dp_pa[1]
    np.testing.assert_allclose(after.rack_flow_kg_per_s[4:8], rest.rack_flow_kg_per_s[4:8], 1e-6)
    later = settled(shut, after, 200)
    np.testing.assert_allclose(later.rack_flow_kg_per_s[1:4], rest.rack_flow_kg_per_s[1:4], 1e-6)
    assert later.circuit_dp_pa[3] == pytest.approx(rest.circuit_dp_pa[3], rel=1e-6)
    assert later.circuit_pump_speed[3] < rest.circuit_pump_speed[3]


def test_stopped_pumps_starve_all_racks_of_their_loop_and_raise_the_alarm_late(
    pilot: Plant, rest: State
) -> None:
    still = with_speed(pilot, 3, 0.0)
    after = settled(still, rest, 99)
    np.testing.assert_array_equal(after.rack_flow_kg_per_s[:4], 0.0)
    assert after.circuit_low_flow_s[3] == 99.0
    assert after.circuit_low_flow_s[4] == 0.0
    assert settled(pilot, after, 60).circuit_low_flow_s[3] == 0.0


def test_half_the_pumps_still_hold_the_pressure_that_they_can(pilot: Plant, rest: State) -> None:
    after = settled(with_pumps(pilot, 3, 0.5), rest, 300)
    assert after.circuit_pump_speed[3] > rest.circuit_pump_speed[3]
    assert after.circuit_dp_pa[3] == pytest.approx(150e3, rel=1e-6)


def test_a_unit_that_holds_its_flow_gives_it_whatever_the_racks_draw() -> None:
    raw = load_site("pilot").model_dump()
    first, second = raw["halls"][0]["cdus"]
    first |= {"control": "flow", "flow_setpoint_m3_per_s": 500.0 / 6e4}
    raw["halls"][0]["cdus"] = [first, second]
    plant = compile_site(Site.model_validate(raw))
    assert plant.arrays.circuits.pump_control[3:].tolist() == [HOLDS_FLOW, HOLDS_DP]
    for make in (idle_inputs, rated_inputs):
        state = steady(plant, make(plant, 25.0, 18.0))
        litres_per_min = state.circuit_flow_kg_per_s[3] / 1007.2531 * 6e4
        assert litres_per_min == pytest.approx(500.0, rel=1e-4)
        np.testing.assert_allclose(state.rack_valve[:4], 1.0, atol=1e-9)


def test_rated_flow_and_head_take_the_rated_power() -> None:
    """The edge's only rack draws nearly what its unit is rated for."""
    plant = compile_site("edge")
    state = steady(plant, rated_inputs(plant, 25.0, 18.0))
    (k,) = loops(plant)
    part = state.circuit_flow_kg_per_s[k] / plant.arrays.circuits.flow_max_kg_per_s[k]
    assert 0.9 < part < 1.0
    assert part**3 * 875.0 < state.circuit_mover_power_w[k] < 875.0


def test_warmer_racks_are_seen_by_the_unit_when_the_pipe_has_changed_over(
    pilot: Plant, rest: State
) -> None:
    """171 L at 464 L/min: the racks' jump in heat arrives 22 s later, and not before."""
    inputs = rated_inputs(pilot, 25.0, 18.0)
    low = steady(pilot, inputs._replace(gpu_power_w=0.5 * inputs.gpu_power_w))
    state, seen = low, []
    for _ in range(60):
        state = step(pilot, state, inputs, 1.0)
        seen.append(float(state.circuit_arriving_c[3] - low.circuit_arriving_c[3]))
        assert state.ledger.balance_error < 1e-9
    assert abs(seen[19]) < 0.3
    assert seen[40] > 2.0
    volumes_m3 = state.supply_pipe_m3[3:].sum(axis=1)
    np.testing.assert_allclose(volumes_m3, pilot.arrays.circuits.supply_pipe_m3[3:], rtol=1e-12)
    assert mean_c(pilot, state, 3) > mean_c(pilot, low, 3)


def test_no_unit_supplies_below_the_dew_point() -> None:
    raw = load_site("pilot").model_dump()
    raw["halls"][0]["air"]["dew_point_c"] = 41.0
    plant = compile_site(Site.model_validate(raw))
    state = steady(plant, rated_inputs(plant, 25.0, 18.0))
    np.testing.assert_allclose(state.circuit_supply_c[3:], 43.0, atol=1e-3)


@pytest.mark.parametrize("held_pa", [500.0, 4.9e5])
def test_a_pressure_that_the_pumps_cannot_hold_is_refused(held_pa: float) -> None:
    raw = load_site("pilot").model_dump()
    raw["halls"][0]["cdus"][1]["dp_setpoint_pa"] = held_pa
    with pytest.raises(InputError, match=r"cdu-2.dp_setpoint_pa: .*, expected 10000 to less than"):
        compile_site(Site.model_validate(raw))
