"""Towers, water-cooled chillers and economisers in the kernel: bounds, order, water, delays."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controllers.plant_edits import stopped, with_arrays, with_cells, without_chillers
from site_models.compile import compile_site
from site_models.plant import Plant
from site_models.site import Site, load_site
from tests.twin.driving import random_inputs, random_state
from twin.cooling.coolant import set_circuit_flows
from twin.cooling.refrigeration import capacity_w, chill, power_w, waters_c
from twin.cooling.rejection import exchange
from twin.cooling.towers import tower_heat_w
from twin.scratch import scratch_for
from twin.start import first_state, idle_inputs, rated_inputs
from twin.state import Inputs, State
from twin.steady import steady
from twin.step import copied, step

LAWS = ("tower_1mw", "tower_1mw_merkel")
DALLAS_HOT_C, DALLAS_COOL_C = (38.6, 23.9), (5.0, 3.0)


@cache
def pod(tower: str = "tower_1mw") -> Plant:
    raw = load_site("superpod-h100").model_dump()
    raw["facility_water"][0]["towers"][0]["model"] = tower
    return compile_site(Site.model_validate(raw))


@cache
def at_rest(air_c: tuple[float, float], tower: str = "tower_1mw") -> State:
    return steady(pod(tower), rated_inputs(pod(tower), *air_c))


def pue(state: State) -> float:
    return state.ledger.energy_in_j / state.ledger.it_energy_j


def anywhere(plant: Plant, seed: int) -> tuple[State, Inputs]:
    """Return a state anywhere with its flows set."""
    inputs = random_inputs(plant, seed)
    state = copied(random_state(plant, inputs, seed))
    set_circuit_flows(plant.arrays, state, scratch_for(plant.arrays))
    return state, inputs


@pytest.mark.parametrize("tower", LAWS)
@given(seed=st.integers(0, 100_000), water=st.floats(0.0, 3.0))
@settings(max_examples=40)
def test_a_tower_cools_to_the_wet_bulb_at_most_and_more_with_faster_fans(
    tower: str, seed: int, water: float
) -> None:
    plant = pod(tower)
    state, inputs = anywhere(plant, seed)
    x = plant.exchanger_names.index("cw-tower1")
    cw = plant.circuit_names.index("cw")
    exchangers, cp = plant.arrays.exchangers, float(plant.arrays.circuits.cp_j_per_kg_k[cw])
    flow = water * float(exchangers.hot_flow_rated_kg_per_s[x])
    at_c = (float(state.circuit_return_c[cw]), inputs.wet_bulb_c)
    heats_w = np.array(
        [
            tower_heat_w(exchangers, plant.arrays.towers, x, at_c, cp, flow, air)
            for air in (0.0, 0.1, 0.3, 0.34, 0.5, 0.8, 1.0)
        ]
    )
    above_k = max(float(state.circuit_return_c[cw]) - inputs.wet_bulb_c, 0.0)
    most_w = flow * cp * above_k
    assert heats_w[0] == 0.0
    assert np.all(np.diff(heats_w) >= -1e-6 * most_w)
    assert heats_w[-1] <= most_w * (1.0 + 1e-9)


@pytest.mark.parametrize("tower", LAWS)
@given(seed=st.integers(0, 100_000))
@settings(max_examples=20)
def test_energy_closes_and_everything_is_finite_from_anywhere(tower: str, seed: int) -> None:
    plant = pod(tower)
    inputs = random_inputs(plant, seed)
    state = step(plant, random_state(plant, inputs, seed), inputs, 10.0)
    assert state.ledger.balance_error <= 1e-9
    assert np.isfinite(state.exchanger_heat_w).all()
    assert np.isfinite(state.chiller_power_w).all()
    assert state.ledger.water_kg >= state.ledger.evaporated_kg + state.ledger.drift_kg - 1e-9


def test_without_flow_or_load_all_is_finite_and_nothing_is_used() -> None:
    plant = pod()
    idle = idle_inputs(plant, 20.0, 15.0)
    inputs = idle._replace(gpu_power_w=np.zeros_like(idle.gpu_power_w))
    still = stopped(plant, first_state(plant, inputs, 0.0), [1, 2])
    state = first_state(plant, inputs, 0.0)
    for _ in range(5):
        state = step(still, state, inputs, 60.0)
    assert state.ledger.balance_error <= 1e-9
    for name in ("circuit_supply_c", "exchanger_heat_w", "chiller_power_w"):
        assert np.isfinite(getattr(state, name)).all()


@pytest.mark.parametrize("tower", LAWS)
def test_a_cool_day_needs_no_chiller_and_a_hot_one_no_economiser(tower: str) -> None:
    plant = pod(tower)
    economisers = plant.arrays.exchangers.economiser
    cool, hot = at_rest(DALLAS_COOL_C, tower), at_rest(DALLAS_HOT_C, tower)
    assert np.all(cool.chiller_power_w == 0.0)
    assert cool.exchanger_heat_w[economisers].sum() > 0.9 * cool.rack_power_w.sum()
    assert 1.04 < pue(cool) < 1.10
    np.testing.assert_allclose(hot.exchanger_heat_w[economisers], 0.0, atol=1.0)
    assert 1.15 < pue(hot) < 1.30
    assert 4.5 < hot.chiller_heat_w.sum() / hot.chiller_power_w.sum() < 7.0


def test_between_both_the_economiser_goes_first_and_chillers_trim() -> None:
    plant, state = pod(), at_rest((14.0, 10.0))
    economised_w = state.exchanger_heat_w[plant.arrays.exchangers.economiser].sum()
    chw = plant.circuit_names.index("chw")
    assert economised_w > state.chiller_heat_w.sum() > 0.0
    assert state.circuit_supply_c[chw] == pytest.approx(12.5, abs=1e-3)


def test_both_laws_of_one_cell_agree_on_a_design_day() -> None:
    cw = pod().circuit_names.index("cw")
    york, merkel = (at_rest((35.0, 25.56), tower).circuit_supply_c[cw] for tower in LAWS)
    assert york == pytest.approx(merkel, abs=0.5)


def test_a_weather_extreme_closes_and_keeps_the_hall_cold() -> None:
    plant = pod()
    state = steady(plant, rated_inputs(plant, 48.0, 31.0))
    assert state.ledger.balance_error <= 1e-9
    assert np.all(state.circuit_supply_c <= plant.arrays.circuits.supply_limit_c + 1e-6)


def test_water_is_heat_by_latent_heat_with_bleed_and_drift() -> None:
    plant, state = pod(), at_rest(DALLAS_HOT_C)
    tower = plant.arrays.exchangers.tower >= 0
    evaporated = state.exchanger_heat_w[tower].sum() * 1.47 / 3.6e6
    drifted = state.circuit_flow_kg_per_s[plant.circuit_names.index("cw")] * 2e-5
    assert state.ledger.evaporated_kg == pytest.approx(evaporated)
    assert state.ledger.drift_kg == pytest.approx(drifted)
    assert state.ledger.water_kg == pytest.approx(evaporated * 4.0 / 3.0 + drifted)
    assert np.all(state.exchanger_make_up_kg_per_s[~tower] == 0.0)


def test_wetted_pads_bleed_a_third_of_what_evaporates(pilot: Plant) -> None:
    state = steady(pilot, rated_inputs(pilot, 38.0, 24.0))
    assert state.ledger.evaporated_kg > 0.0
    assert state.ledger.water_kg == pytest.approx(state.ledger.evaporated_kg * 4.0 / 3.0)
    assert state.ledger.drift_kg == 0.0


def test_as_few_chillers_run_as_carry_the_load() -> None:
    plant, state = pod(), at_rest(DALLAS_HOT_C)
    chillers, curves = plant.arrays.chillers, plant.arrays.curves
    able_w = []
    for c in range(4):
        at_c = waters_c(
            chillers, c, chillers.trim_setpoint_c[c], state.circuit_supply_c, DALLAS_HOT_C[0]
        )
        able_w.append(capacity_w(chillers, curves, c, at_c))
    running = int(state.chiller_running.sum())
    np.testing.assert_array_equal(state.chiller_running, np.arange(4) < running)
    assert sum(able_w[: running - 1]) < state.chiller_heat_w.sum() <= sum(able_w[:running])


def test_a_chiller_that_lost_its_power_waits_two_minutes_and_another_takes_over() -> None:
    plant, inputs = pod(), rated_inputs(pod(), *DALLAS_HOT_C)
    lost = without_chillers(plant, [0])
    state = step(lost, at_rest(DALLAS_HOT_C), inputs, 30.0)
    assert state.chiller_power_w[0] == 0.0
    assert state.chiller_power_w[3] > 0.0
    rest_w = state.chiller_heat_w.sum()
    assert rest_w == pytest.approx(at_rest(DALLAS_HOT_C).chiller_heat_w.sum(), rel=0.1)
    both = without_chillers(plant, [0, 1, 2, 3])
    state = step(both, state, inputs, 10.0)
    assert state.chiller_power_w.sum() == 0.0
    state = step(plant, state, inputs, 119.0)
    assert state.chiller_power_w.sum() == 0.0
    state = step(plant, state, inputs, 10.0)
    assert state.chiller_power_w.sum() > 0.0
    assert state.ledger.balance_error <= 1e-9


def test_chillers_trip_without_condenser_water_and_when_it_is_too_warm() -> None:
    plant, inputs, rest = pod(), rated_inputs(pod(), *DALLAS_HOT_C), at_rest(DALLAS_HOT_C)
    dry = step(stopped(plant, rest, [plant.circuit_names.index("cw")]), rest, inputs, 2.0)
    assert dry.chiller_power_w.sum() == 0.0
    assert np.all(dry.chiller_ready_s[:3] > 115.0)
    towers = [int(i) for i in np.flatnonzero(plant.arrays.exchangers.tower >= 0)]
    hot = with_cells(plant, towers, 0.0)
    state = rest
    for _ in range(30):
        state = step(hot, state, inputs, 60.0)
        assert state.ledger.balance_error <= 1e-9
    cw = plant.circuit_names.index("cw")
    assert state.circuit_supply_c[cw] < 52.0


def test_beyond_its_curves_a_chiller_keeps_its_share_of_carnot_without_a_jump() -> None:
    """COP over the entering water: no step at the curves' end, falling beyond it."""
    chillers, curves = pod().arrays.chillers, pod().arrays.curves
    cops = []
    for entering_c in (26.66, 26.68, 30.0, 35.0, 40.0):
        able_w = capacity_w(chillers, curves, 0, (12.5, entering_c))
        cops.append(able_w / power_w(chillers, curves, 0, (12.5, entering_c), able_w))
    assert cops[1] == pytest.approx(cops[0], rel=1e-3)
    assert np.all(np.diff(cops) < 0.0)
    carnot = (273.15 + 12.5) / (40.0 + 8.0 - 12.5)
    assert 0.4 < cops[-1] / carnot < 0.7


def test_a_chiller_out_of_service_takes_nothing() -> None:
    plant = pod()
    c = plant.arrays.chillers
    off = c.in_service.copy()
    off[:2] = False
    plant = with_arrays(plant, chillers=c._replace(in_service=off))
    state, inputs = anywhere(plant, 3)
    scratch = scratch_for(plant.arrays)
    exchange(plant.arrays, state, scratch, inputs)
    chill(plant.arrays, state, scratch, inputs, 1.0)
    np.testing.assert_array_equal(state.chiller_heat_w[:2], 0.0)
