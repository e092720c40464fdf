"""The look-ahead is the step with held inputs, inside bands no narrower than the sensor."""

import numpy as np
import pytest

from site_models.compile import compile_site
from site_models.plant import Plant
from twin.estimation.estimator import SENSOR_STD_K
from twin.forecast import forecast
from twin.start import first_state, idle_inputs, rated_inputs
from twin.step import step


def test_the_middle_is_the_step_itself_and_bands_hold_it(hgx: Plant) -> None:
    inputs = rated_inputs(hgx, 20.0, 14.0)
    state = first_state(hgx, idle_inputs(hgx, 20.0, 14.0), 100.0)
    ahead = forecast(hgx, state, inputs, minutes=2.0, every_s=30.0)
    assert ahead.time_s.tolist() == [130.0, 160.0, 190.0, 220.0]
    for k in range(4):
        state = step(hgx, state, inputs, 30.0)
        np.testing.assert_array_equal(ahead.gpu_temp_c[k], state.gpu_temp_c)
    assert (ahead.gpu_temp_low_c < ahead.gpu_temp_c).all()
    width_k = ahead.gpu_temp_high_c - ahead.gpu_temp_low_c
    assert (width_k > 2.0 * SENSOR_STD_K).all()
    assert (ahead.facility_power_w > inputs.gpu_power_w.sum()).all()


def test_a_little_more_power_stays_inside_the_band(hgx: Plant) -> None:
    inputs = rated_inputs(hgx, 20.0, 14.0)
    state = first_state(hgx, inputs, 0.0)
    ahead = forecast(hgx, state, inputs, minutes=2.0)
    more = inputs._replace(gpu_power_w=inputs.gpu_power_w * 1.05)
    for k in range(12):
        state = step(hgx, state, more, 10.0)
        assert (state.gpu_temp_c < ahead.gpu_temp_high_c[k]).all()


@pytest.mark.parametrize(("minutes", "every_s"), [(0.0, 10.0), (1.0, 0.0)])
def test_no_span_is_no_forecast(hgx: Plant, minutes: float, every_s: float) -> None:
    inputs = idle_inputs(hgx, 20.0, 14.0)
    with pytest.raises(ValueError, match="positive"):
        forecast(hgx, first_state(hgx, inputs, 0.0), inputs, minutes, every_s)


def test_a_site_without_gpus_is_looked_ahead_too() -> None:
    plant = compile_site("workstation")
    inputs = idle_inputs(plant, 20.0, 15.0)
    told = forecast(plant, first_state(plant, inputs, 0.0), inputs, 1.0, 30.0)
    assert told.gpu_temp_c.shape == (2, 0)
    assert np.isfinite(told.facility_power_w).all()
