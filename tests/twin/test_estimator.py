"""The estimator's gains are those of the Riccati equation; silence changes nothing."""

import numpy as np
import pytest
from scipy.linalg import solve_discrete_are

from site_models.plant import Plant
from twin.estimator import (
    SENSOR_STD_K,
    WANDER_K_PER_ROOT_S,
    Estimator,
    chain_and_inlet,
    risen,
    steady_gains,
)
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
