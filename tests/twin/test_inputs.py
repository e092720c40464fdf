"""What the twin takes for true of frames: measured first, never nothing, and it says why."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from site_models.arrays import Floats
from site_models.compile import compile_site
from site_models.plant import Plant
from telemetry.frame import Frame
from tests.twin.driving import random_inputs, random_state
from twin.inputs import Believer
from twin.physics.converters import converter_input_w
from twin.scratch import scratch_for
from twin.servers.nodes import advance_nodes, gather_racks
from twin.start import idle_inputs, rated_inputs
from twin.state import ASSUMED, HELD, INFERRED, MEASURED, Inputs, State
from twin.step import copied

SEEDS = st.integers(0, 100_000)
NAN = float("nan")


def outdoors(time_s: float) -> tuple[float, float]:
    return 20.0 + time_s / 100.0, 12.0


def believed(
    plant: Plant, values: dict[str, Any], before: Inputs, state: State, time_s: float = 0.0
) -> Inputs:
    frame = Frame(time_s, {name: np.asarray(v, dtype=np.float64) for name, v in values.items()})
    return Believer(plant, outdoors)(frame, before, state)


def metered(plant: Plant, inputs: Inputs, state: State) -> State:
    """Return the state with the meters as the step's own model reads them; fans held."""
    new = copied(state)
    advance_nodes(plant.arrays, new, inputs, np.zeros(len(plant.node_names)))
    gather_racks(plant.arrays, new, scratch_for(plant.arrays), inputs)
    return new


def equal_in_each(plant: Plant, of_gpu: Any, seed: int) -> Floats:
    """Return random powers from idle to the limit, equal for all GPUs behind a meter."""
    gpus = plant.arrays.gpus
    share = np.random.default_rng(seed).uniform(size=int(max(of_gpu)) + 1)[of_gpu]
    return np.asarray(gpus.idle_power_w + share * (gpus.power_max_w - gpus.idle_power_w))


def test_what_a_gpu_measures_wins_over_every_meter(hgx: Plant) -> None:
    before = idle_inputs(hgx, 20.0, 12.0)
    state = metered(hgx, before, random_state(hgx, before, 1))
    power_w = np.linspace(100.0, 700.0, 8)
    found = believed(
        hgx,
        {"gpu_power_w": power_w, "gpu_power_avg_w": np.full(8, 1.0), "node_power_w": [9e3]},
        before,
        state,
    )
    np.testing.assert_array_equal(found.gpu_power_w, power_w)
    assert set(found.gpu_power_basis) == {MEASURED}


def test_a_mean_stands_in_for_the_instant(hgx: Plant) -> None:
    before = idle_inputs(hgx, 20.0, 12.0)
    instant = np.array([500.0, NAN, 500.0, NAN, 500.0, NAN, 500.0, NAN])
    found = believed(
        hgx,
        {"gpu_power_w": instant, "gpu_power_avg_w": np.full(8, 300.0)},
        before,
        random_state(hgx, before, 1),
    )
    np.testing.assert_array_equal(found.gpu_power_w, [500.0, 300.0] * 4)
    assert set(found.gpu_power_basis) == {MEASURED}


@pytest.mark.parametrize("signal", ["node_power_w", "node_dc_power_w"])
@given(seed=SEEDS)
@settings(max_examples=25)
def test_inverting_a_node_s_meter_gives_its_model_back(
    pilot: Plant, signal: str, seed: int
) -> None:
    inputs = random_inputs(pilot, seed)
    inputs = inputs._replace(gpu_power_w=equal_in_each(pilot, pilot.arrays.gpus.node, seed))
    state = metered(pilot, inputs, random_state(pilot, inputs, seed))
    before = idle_inputs(pilot, 20.0, 12.0)
    found = believed(pilot, {signal: getattr(state, signal)}, before, state)
    np.testing.assert_allclose(found.gpu_power_w, inputs.gpu_power_w, rtol=1e-9)
    assert set(found.gpu_power_basis) == {INFERRED}
    again = metered(pilot, found, state)
    np.testing.assert_allclose(again.node_power_w, state.node_power_w, rtol=1e-9)


@given(SEEDS, st.lists(st.booleans(), min_size=8, max_size=8))
@settings(max_examples=40)
def test_a_meter_s_rest_goes_to_the_gpus_that_are_silent(
    hgx: Plant, seed: int, speaks: list[bool]
) -> None:
    """Some GPUs measured, from idle up; the others share equally what the meter leaves."""
    rng = np.random.default_rng(seed)
    power_w = np.where(speaks, rng.uniform(50.0, 700.0, 8), rng.uniform(200.0, 700.0))
    inputs = rated_inputs(hgx, 20.0, 12.0)._replace(gpu_power_w=power_w)
    state = metered(hgx, inputs, random_state(hgx, inputs, seed))
    found = believed(
        hgx,
        {"gpu_power_w": np.where(speaks, power_w, NAN), "node_power_w": state.node_power_w},
        idle_inputs(hgx, 20.0, 12.0),
        state,
    )
    np.testing.assert_allclose(found.gpu_power_w, power_w, rtol=1e-9)
    np.testing.assert_array_equal(found.gpu_power_basis, np.where(speaks, MEASURED, INFERRED))


def test_gpus_below_idle_are_inferred_too(hgx: Plant) -> None:
    inputs = idle_inputs(hgx, 20.0, 12.0)._replace(gpu_power_w=np.full(8, 40.0))
    state = metered(hgx, inputs, random_state(hgx, inputs, 5))
    found = believed(
        hgx, {"node_power_w": state.node_power_w}, rated_inputs(hgx, 20.0, 12.0), state
    )
    np.testing.assert_allclose(found.gpu_power_w, 40.0, rtol=1e-9)


@pytest.mark.parametrize("reading_w", [0.0, 1.0, 300.0])
def test_a_server_that_is_off_has_gpus_without_power(hgx: Plant, reading_w: float) -> None:
    before = idle_inputs(hgx, 20.0, 12.0)
    found = believed(hgx, {"node_power_w": [reading_w]}, before, random_state(hgx, before, 2))
    np.testing.assert_array_equal(found.gpu_power_w, 0.0)


@given(SEEDS)
@settings(max_examples=25)
def test_a_rack_s_meter_speaks_for_trays_on_its_bus_bar(pilot: Plant, seed: int) -> None:
    """NVL72 racks only: servers with supplies of their own share no bus bar."""
    arrays = pilot.arrays
    rack_of_gpu = arrays.nodes.rack[arrays.gpus.node]
    trays = np.char.startswith(np.array(pilot.rack_model)[rack_of_gpu], "gb200")
    inputs = random_inputs(pilot, seed)
    inputs = inputs._replace(gpu_power_w=equal_in_each(pilot, rack_of_gpu, seed))
    state = metered(pilot, inputs, random_state(pilot, inputs, seed))
    before = rated_inputs(pilot, 20.0, 12.0)
    found = believed(pilot, {"rack_power_w": state.rack_power_w}, before, state)
    np.testing.assert_allclose(found.gpu_power_w[trays], inputs.gpu_power_w[trays], rtol=1e-9)
    assert set(found.gpu_power_basis[trays]) == {INFERRED}
    np.testing.assert_array_equal(found.gpu_power_w[~trays], before.gpu_power_w[~trays])
    assert set(found.gpu_power_basis[~trays]) == {ASSUMED}
    assert trays.sum() == 576


def test_the_nearer_meter_goes_first(pilot: Plant) -> None:
    inputs = rated_inputs(pilot, 20.0, 12.0)
    state = metered(pilot, inputs, random_state(pilot, inputs, 4))
    nodes_w = state.node_power_w.copy()
    nodes_w[1:] = NAN
    found = believed(
        pilot,
        {"node_power_w": nodes_w, "rack_power_w": 0.5 * state.rack_power_w},
        idle_inputs(pilot, 20.0, 12.0),
        state,
    )
    np.testing.assert_allclose(found.gpu_power_w[:4], inputs.gpu_power_w[:4], rtol=1e-9)
    assert found.gpu_power_w[4] < 0.6 * inputs.gpu_power_w[4]


def test_a_lumped_rack_draws_what_its_meter_says() -> None:
    plant = compile_site("frontier-like")
    racks = plant.arrays.racks
    before = idle_inputs(plant, 20.0, 12.0)
    state = random_state(plant, before, 1)
    load_w = 0.7 * racks.lumped_power_w
    meter_w = converter_input_w(
        load_w,
        racks.shelf_rating_w,
        racks.shelf_loss_fixed,
        racks.shelf_loss_linear,
        racks.shelf_loss_square,
    )
    meter_w = np.asarray(meter_w)
    meter_w[3] = NAN
    found = believed(plant, {"rack_power_w": meter_w}, before, state)
    load_w[3] = before.rack_load_w[3]
    np.testing.assert_allclose(found.rack_load_w, load_w, rtol=1e-9)


def test_a_rack_with_nodes_is_no_lumped_load(pilot: Plant) -> None:
    before = idle_inputs(pilot, 20.0, 12.0)
    state = random_state(pilot, before, 1)
    found = believed(pilot, {"rack_power_w": np.full(20, 12e3)}, before, state)
    lumped = pilot.arrays.racks.lumped
    assert np.all(found.rack_load_w[lumped] > 11e3)
    np.testing.assert_array_equal(found.rack_load_w[~lumped], before.rack_load_w[~lumped])


def test_a_silent_gpu_holds_its_last_value_and_then_says_so(hgx: Plant) -> None:
    before = idle_inputs(hgx, 20.0, 12.0)
    state = random_state(hgx, before, 1)
    never = believed(hgx, {}, before, state)
    assert set(never.gpu_power_basis) == {ASSUMED}
    np.testing.assert_array_equal(never.gpu_power_w, hgx.arrays.gpus.idle_power_w)
    once = believed(hgx, {"gpu_power_w": np.full(8, 555.0)}, never, state)
    later = believed(hgx, {"gpu_power_w": np.full(8, NAN)}, once, state)
    assert set(later.gpu_power_basis) == {HELD}
    np.testing.assert_array_equal(later.gpu_power_w, 555.0)
    still = believed(hgx, {}, later, state)
    assert set(still.gpu_power_basis) == {HELD}


def test_weather_is_the_frame_s_and_else_the_file_s(hgx: Plant) -> None:
    before = idle_inputs(hgx, 1.0, 1.0)
    state = random_state(hgx, before, 1)
    silent = believed(hgx, {"dry_bulb_c": [NAN]}, before, state, time_s=500.0)
    assert (silent.dry_bulb_c, silent.wet_bulb_c) == (25.0, 12.0)
    spoken = believed(hgx, {"dry_bulb_c": [31.0]}, before, state)
    assert (spoken.dry_bulb_c, spoken.wet_bulb_c) == (31.0, 12.0)


@given(SEEDS, st.floats(0.0, 1.0))
@settings(max_examples=60)
def test_no_pattern_of_gaps_lets_a_nan_through(pilot: Plant, seed: int, gaps: float) -> None:
    rng = np.random.default_rng(seed)
    sizes = {
        "gpu_power_w": 832,
        "gpu_power_avg_w": 832,
        "node_power_w": 248,
        "node_dc_power_w": 248,
        "rack_power_w": 20,
        "dry_bulb_c": 1,
        "wet_bulb_c": 1,
    }
    values = {}
    for name, size in sizes.items():
        if rng.uniform() < 0.7:
            readings = (
                rng.uniform(0.0, 30.0, size)
                if name.endswith("_c")
                else rng.uniform(0.0, 15e3, size)
            )
            values[name] = np.where(rng.uniform(size=size) < gaps, NAN, readings)
    before = random_inputs(pilot, seed)
    found = believed(pilot, values, before, random_state(pilot, before, seed))
    for item in found:
        assert np.isfinite(item).all()
    assert np.all(found.gpu_power_w >= 0.0)
    silent = np.full(832, NAN)
    own = values.get("gpu_power_w", silent)
    own = np.where(np.isnan(own), values.get("gpu_power_avg_w", silent), own)
    measured = ~np.isnan(own)
    np.testing.assert_array_equal(found.gpu_power_basis == MEASURED, measured)
    np.testing.assert_array_equal(found.gpu_power_w[measured], own[measured])
    rest = found.gpu_power_basis >= HELD
    np.testing.assert_array_equal(found.gpu_power_w[rest], before.gpu_power_w[rest])


def test_a_site_without_gpus_takes_frames() -> None:
    plant = compile_site("workstation")
    before = idle_inputs(plant, 20.0, 12.0)
    found = believed(plant, {"node_power_w": [90.0]}, before, random_state(plant, before, 1))
    assert found.gpu_power_w.shape == (0,)
