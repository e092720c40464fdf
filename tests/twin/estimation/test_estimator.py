"""The estimator's gains are those of the Riccati equation; silence changes nothing."""

import numpy as np
import pytest
from scipy.linalg import solve_discrete_are

from site_models.plant import Plant
from telemetry.frame import Frame
from twin.estimation.estimator import (
    SENSOR_STD_K,
    WANDER_K_PER_ROOT_S,
    Estimator,
    alike,
    chain_and_inlet,
    risen,
    steady_gains,
)
from twin.estimation.sightings import corrected, sighting, taken_in_c
from twin.start import first_state, idle_inputs


@pytest.mark.parametrize("dt_s", [2.0, 10.0])
def test_gains_solve_the_riccati_equation(hgx: Plant, dt_s: float) -> None:
    step = chain_and_inlet(hgx, 0, dt_s)
    sees = np.eye(5)[:, :1]
    wander = np.diag(np.square(WANDER_K_PER_ROOT_S)) * dt_s
    spread = solve_discrete_are(step.T, sees, wander, [[SENSOR_STD_K**2]])
    gain = spread[:, 0] / (spread[0, 0] + SENSOR_STD_K**2)
    np.testing.assert_allclose(steady_gains(hgx, dt_s)[0], gain, rtol=1e-3, atol=1e-6)


def test_silent_gpus_stay_as_believed(hgx: Plant) -> None:
    state = first_state(hgx, idle_inputs(hgx, 20.0, 14.0), 0.0)
    readings = np.full(8, np.nan)
    none, rise_k = Estimator(hgx).corrected(state, np.zeros(1), readings, 1.0)
    assert none is state
    assert not rise_k.any()
    readings[3] = state.gpu_temp_c[3] + 4.0
    after, rise_k = Estimator(hgx).corrected(state, np.zeros(1), readings, 1.0)
    moved = after.gpu_temp_c - state.gpu_temp_c
    assert 0.0 < moved[3] < 4.0
    assert not np.delete(moved, 3).any()
    assert after.gpu_body_c[3] > state.gpu_body_c[3]
    assert rise_k[0] > 0.0


def test_a_risen_plant_breathes_warmer_air(hgx: Plant) -> None:
    assert risen(hgx, np.array([2.0])).arrays.nodes.inlet_rise_k[0] == 2.0


def test_a_rise_warms_air_or_coolant_as_the_node_has_it(edge: Plant) -> None:
    nodes = risen(edge, np.full(len(edge.node_names), 2.0)).arrays.nodes
    wet = nodes.liquid_circuit >= 0
    np.testing.assert_array_equal(nodes.coolant_rise_k, np.where(wet, 2.0, 0.0))
    np.testing.assert_array_equal(nodes.inlet_rise_k, np.where(wet, 0.0, 2.0))


def test_groups_of_one_kind_share_a_gain(pilot: Plant) -> None:
    first, like = alike(pilot)
    assert len(first) < len(pilot.arrays.groups.node)
    gains = steady_gains(pilot, 1.0)
    for kind in range(len(first)):
        assert np.ptp(gains[like == kind], axis=0).max() == 0.0


def test_circuits_and_inlets_follow_their_own_sensors(edge: Plant) -> None:
    state = first_state(edge, idle_inputs(edge, 20.0, 14.0), 0.0)
    rise_k = np.zeros(len(edge.node_names))
    supply_c = np.full(len(edge.rack_names), 30.0)
    at = edge.arrays.exchangers.hot_circuit[edge.cdu_exchangers]
    told = {
        "gpu_temp_c": state.gpu_temp_c,
        "rack_supply_c": supply_c,
        "cdu_tcs_supply_c": np.full(len(at), 30.0),
    }
    before_k = taken_in_c(edge, state, rise_k) - 30.0
    for k in range(30):
        frame = Frame(10.0 * k, told)
        seen = sighting(edge, state, rise_k, frame, 10.0)
        assert seen is not None
        state, rise_k = corrected(Estimator(edge), edge, state, rise_k, seen, frame, 10.0)
    wet = edge.arrays.nodes.liquid_circuit >= 0
    left_k = taken_in_c(edge, state, rise_k) - 30.0
    assert np.abs(left_k[wet]).max() < 0.01 * np.abs(before_k[wet]).max()
    np.testing.assert_allclose(state.circuit_supply_c[at], 30.0, atol=0.01)
