"""The step: pure, repeatable, energy-closed, stable at any length."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from site_models.plant import Plant, freeze
from tests.twin.driving import arrays_of, random_inputs, random_state
from twin.start import first_state, idle_inputs, rated_inputs
from twin.state import Inputs, State
from twin.step import step

SEEDS = st.integers(0, 100_000)
LENGTHS = st.floats(0.1, 60.0)
LEAST_C, MOST_C = -60.0, 200.0


def same_bytes(one: State, other: State) -> bool:
    mine, theirs = arrays_of(one), arrays_of(other)
    return one.ledger == other.ledger and all(
        mine[name].tobytes() == theirs[name].tobytes() for name in mine
    )


def held_by_gpus_j(plant: Plant, state: State) -> float:
    """Return the heat in every GPU's chain, summed independently of the kernel."""
    groups, group = plant.arrays.groups, plant.arrays.gpus.group
    return float(
        (groups.die_capacity_j_per_k[group] * state.gpu_temp_c).sum()
        + (groups.body_capacity_j_per_k[group] * state.gpu_body_c).sum()
        + (groups.memory_capacity_j_per_k[group] * state.memory_temp_c).sum()
        + (groups.coolant_capacity_j_per_k[group] * state.gpu_coolant_c).sum()
    )


def walked(plant: Plant, state: State, inputs: Inputs, seconds: int) -> State:
    """Return the state after that many steps of a second."""
    for _ in range(seconds):
        state = step(plant, state, inputs, 1.0)
    return state


@given(SEEDS, LENGTHS)
@settings(max_examples=25)
def test_energy_closes_in_any_transient(pilot: Plant, seed: int, dt_s: float) -> None:
    """Typically to 1e-12; never worse than the promised 1e-6."""
    state = random_state(pilot, random_inputs(pilot, seed), seed)
    for turn in range(3):
        state = step(pilot, state, random_inputs(pilot, seed + turn), dt_s)
        assert state.ledger.balance_error <= 1e-9


@given(SEEDS, LENGTHS)
@settings(max_examples=25)
def test_energy_closes_on_a_single_server(hgx: Plant, seed: int, dt_s: float) -> None:
    inputs = random_inputs(hgx, seed)
    state = step(hgx, random_state(hgx, inputs, seed), inputs, dt_s)
    assert state.ledger.balance_error <= 1e-8


@given(SEEDS, LENGTHS)
@settings(max_examples=25)
def test_nothing_leaves_its_range(edge: Plant, seed: int, dt_s: float) -> None:
    inputs = random_inputs(edge, seed)
    state = random_state(edge, inputs, seed)
    for _ in range(5):
        state = step(edge, state, inputs, dt_s)
    for name, values in arrays_of(state).items():
        assert np.isfinite(values[~np.isnan(values)]).all(), name
        if name.endswith("_c") and name != "rack_return_c":
            assert values.min(initial=LEAST_C) >= LEAST_C, name
            assert values.max(initial=MOST_C) <= MOST_C, name
    for shares in (state.fan_speed, state.exchanger_opening, state.exchanger_integral):
        assert shares.min() >= 0.0
        assert shares.max() <= 1.0


@given(SEEDS)
@settings(max_examples=10)
def test_the_given_state_stays_as_it_was(pilot: Plant, seed: int) -> None:
    inputs = random_inputs(pilot, seed)
    state = random_state(pilot, inputs, seed)
    before = {name: values.tobytes() for name, values in arrays_of(state).items()}
    driven = [item.tobytes() for item in inputs if isinstance(item, np.ndarray)]
    step(pilot, state, inputs, 5.0)
    assert before == {name: values.tobytes() for name, values in arrays_of(state).items()}
    assert driven == [item.tobytes() for item in inputs if isinstance(item, np.ndarray)]


@given(SEEDS, LENGTHS)
@settings(max_examples=10)
def test_the_same_step_gives_the_same_bytes(pilot: Plant, seed: int, dt_s: float) -> None:
    inputs = random_inputs(pilot, seed)
    state = random_state(pilot, inputs, seed)
    assert same_bytes(step(pilot, state, inputs, dt_s), step(pilot, state, inputs, dt_s))


def test_a_minute_is_sixty_seconds(pilot: Plant) -> None:
    inputs = random_inputs(pilot, 11)
    state = random_state(pilot, inputs, 11)
    long = step(pilot, state, inputs, 60.0)
    short = state
    energy_j, water_kg = 0.0, 0.0
    for _ in range(60):
        short = step(pilot, short, inputs, 1.0)
        energy_j += short.ledger.energy_in_j
        water_kg += short.ledger.water_kg
    for name, values in arrays_of(long).items():
        assert values.tobytes() == arrays_of(short)[name].tobytes(), name
    assert long.time_s == short.time_s == 60.0
    assert long.ledger.energy_in_j == pytest.approx(energy_j, rel=1e-12)
    assert long.ledger.water_kg == pytest.approx(water_kg, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("load", [0.0, 0.4, 1.0])
def test_finer_steps_change_little(pilot: Plant, load: float) -> None:
    """Heats between blocks are held for a second, as flows are: 1.1 K while all loads jump."""
    idle = idle_inputs(pilot, 33.0, 22.0)
    rated_w = pilot.arrays.gpus.power_max_w
    inputs = idle._replace(gpu_power_w=(1.0 - load) * idle.gpu_power_w + load * rated_w)
    coarse = fine = first_state(pilot, idle, 0.0)
    apart_k = 0.0
    for _ in range(60):
        coarse = step(pilot, coarse, inputs, 1.0)
        for _ in range(10):
            fine = step(pilot, fine, inputs, 0.1)
        apart_k = max(apart_k, float(np.abs(coarse.gpu_temp_c - fine.gpu_temp_c).max()))
    assert apart_k < 1.1
    coarse = walked(pilot, coarse, inputs, 600)
    fine = walked(pilot, fine, inputs, 600)
    np.testing.assert_allclose(coarse.gpu_temp_c, fine.gpu_temp_c, atol=0.01)


@pytest.mark.parametrize("dt_s", [0.0, -1.0, math.nan, math.inf, -math.inf])
def test_a_step_that_is_no_time_is_refused(hgx: Plant, dt_s: float) -> None:
    inputs = idle_inputs(hgx, 20.0, 15.0)
    with pytest.raises(ValueError, match="dt_s: expected a positive number of seconds"):
        step(hgx, first_state(hgx, inputs, 0.0), inputs, dt_s)


def test_time_goes_on_by_the_step(hgx: Plant) -> None:
    inputs = idle_inputs(hgx, 20.0, 15.0)
    state = first_state(hgx, inputs, 1.7e9)
    assert step(hgx, state, inputs, 2.5).time_s == 1.7e9 + 2.5


def test_read_only_inputs_are_inputs_too(hgx: Plant) -> None:
    inputs = rated_inputs(hgx, 20.0, 15.0)
    state = first_state(hgx, inputs, 0.0)
    spread = np.repeat(inputs.gpu_power_w, 2)[::2]
    locked = inputs._replace(gpu_power_w=spread)
    locked.rack_load_w.setflags(write=False)
    assert same_bytes(step(hgx, state, inputs, 1.0), step(hgx, state, locked, 1.0))


def test_a_site_without_power_comes_to_the_temperature_around_it(edge: Plant) -> None:
    """GPUs off, trays off: nothing is hotter than its coolant and all stays finite."""
    nodes = freeze(edge.arrays.nodes._replace(base_power_w=np.zeros(len(edge.node_names))))
    dark = replace(edge, arrays=edge.arrays._replace(nodes=nodes))
    inputs = idle_inputs(edge, 20.0, 15.0)
    off = inputs._replace(gpu_power_w=np.zeros(72))
    state = walked(dark, first_state(edge, inputs, 0.0), off, 1800)
    tcs = edge.arrays.racks.liquid_circuit[0]
    np.testing.assert_allclose(state.gpu_temp_c, state.circuit_supply_c[tcs], atol=0.2)
    assert state.gpu_power_w.sum() == 0.0
    assert state.ledger.balance_error < 1e-9


@pytest.mark.parametrize("power", [0.0, 1.0])
def test_standing_coolant_heats_up_and_stays_finite(edge: Plant, power: float) -> None:
    none = np.zeros(1)
    racks = freeze(edge.arrays.racks._replace(flow_min_kg_per_s=none, flow_max_kg_per_s=none))
    still = replace(edge, arrays=edge.arrays._replace(racks=racks))
    inputs = rated_inputs(edge, 20.0, 15.0)
    inputs = inputs._replace(gpu_power_w=power * inputs.gpu_power_w)
    start = first_state(edge, inputs, 0.0)._replace(rack_valve=none.copy())
    state = walked(still, start, inputs, 10)
    assert state.ledger.balance_error < 1e-9
    gained_j = held_by_gpus_j(edge, state) - held_by_gpus_j(edge, start)
    assert gained_j == pytest.approx(10.0 * inputs.gpu_power_w.sum(), rel=1e-9, abs=1e-3)


def test_standing_air_stays_finite(hgx: Plant) -> None:
    nodes = freeze(hgx.arrays.nodes._replace(airflow_max_kg_per_s=np.zeros(1)))
    still = replace(hgx, arrays=hgx.arrays._replace(nodes=nodes))
    inputs = rated_inputs(hgx, 20.0, 15.0)
    state = walked(still, first_state(hgx, inputs, 0.0), inputs, 10)
    assert state.ledger.balance_error < 1e-6
    assert np.isfinite(state.gpu_temp_c).all()


@given(SEEDS)
@settings(max_examples=15)
def test_the_heat_of_it_goes_to_air_to_liquid_or_stays(pilot: Plant, seed: int) -> None:
    inputs = random_inputs(pilot, seed)
    before = random_state(pilot, inputs, seed)
    state = step(pilot, before, inputs, 1.0)
    stored_j = held_by_gpus_j(pilot, state) - held_by_gpus_j(pilot, before)
    given_j = float(state.rack_air_heat_w.sum() + state.rack_liquid_heat_w.sum())
    it_j = float(state.rack_power_w.sum())
    scale_j = max(it_j, abs(stored_j), abs(given_j))
    assert it_j == pytest.approx(given_j + stored_j, abs=1e-9 * scale_j)
    assert state.ledger.it_energy_j == pytest.approx(it_j, rel=1e-12)
