"""Identification gives back what a recording was made with; score tells how well it fits."""

import numpy as np
import pytest

from site_models.errors import InputError
from site_models.plant import Plant
from twin.estimation.free_run import free_run
from twin.estimation.identify import Fit, identify
from twin.estimation.node_course import node_course, node_model
from twin.estimation.overlay import PARAMETERS, Estimate, Overlay, applied
from twin.estimation.score import scored
from twin.estimation.track import Track, counted_power_w, held

HASH = "0" * 64
TRUE = {
    "die_resistance_k_per_w": {"gpu0": 0.024, "gpu3": 0.015},
    "body_resistance_k_per_w": {"gpu0": 0.030, "gpu5": 0.019},
    "body_capacity_j_per_k": {"gpu1": 1150.0},
    "fan_lag_s": {"node0": 25.0},
    "inlet_rise_k": {"node0": 1.5},
}


def outdoors(time_s: float) -> tuple[float, float]:
    return 20.0, 14.0


def laid(plant: Plant) -> Plant:
    parameters = {
        name: {who: Estimate(value=value, std=0.0) for who, value in values.items()}
        for name, values in TRUE.items()
    }
    return applied(plant, Overlay(recording_sha256=HASH, site=plant.site, parameters=parameters))


def blank_track(plant: Plant, power_w: np.ndarray) -> Track:
    n = len(power_w)
    return Track(
        time_s=1000.0 + np.arange(float(n)),
        gpu_power_w=power_w,
        gpu_temp_c=np.full(power_w.shape, np.nan),
        node_power_w=np.full((n, len(plant.node_names)), np.nan),
        node_inlet_c=np.full((n, len(plant.node_names)), np.nan),
    )


@pytest.fixture(scope="module")
def recorded(hgx: Plant) -> Track:
    """A made recording of 400 s: idle, full, half, idle, with whole degrees."""
    levels = np.repeat([120.0, 680.0, 350.0, 700.0, 120.0], 80)
    power_w = levels[:, None] * np.linspace(0.95, 1.0, 8)
    blank = blank_track(hgx, power_w)
    course = free_run(laid(hgx), blank, outdoors)
    return Track(
        blank.time_s,
        power_w,
        np.rint(course.gpu_temp_c),
        course.node_power_w.copy(),
        blank.node_inlet_c,
    )


@pytest.fixture(scope="module")
def fit(hgx: Plant, recorded: Track) -> Fit:
    return identify(hgx, recorded, HASH, outdoors)


def test_a_node_by_itself_runs_as_in_the_whole_kernel(hgx: Plant, recorded: Track) -> None:
    plant = laid(hgx)
    course = free_run(plant, recorded, outdoors)
    model = node_model(plant, 0)
    air_c = course.node_inlet_c[:, 0] - model.inlet_rise_k
    first_c = course.gpu_temp_c[0]
    temps_c, _ = node_course(model, recorded.gpu_power_w, air_c, first_c, 0.0, 1.0, 1)
    assert np.abs(temps_c - course.gpu_temp_c)[5:].max() < 0.5


@pytest.mark.slow
def test_it_gives_back_what_the_recording_was_made_with(hgx: Plant, fit: Fit) -> None:
    catalog = node_model(hgx, 0)
    for name, parameter in fit.overlay.parameters.items():
        if PARAMETERS[name].axis == "node":
            continue
        for who, estimate in parameter.items():
            place = hgx.gpu_names.index(who)
            fields = {
                "die_resistance_k_per_w": catalog.die_k_per_w,
                "body_resistance_k_per_w": catalog.body_k_per_w,
                "die_capacity_j_per_k": catalog.die_j_per_k,
                "body_capacity_j_per_k": catalog.body_j_per_k,
            }
            true = TRUE.get(name, {}).get(who, fields[name][place])
            assert abs(estimate.value - true) < 3.0 * estimate.std, (name, who)


def test_it_repeats_the_recording_to_the_sensors_last_digit(
    hgx: Plant, recorded: Track, fit: Fit
) -> None:
    assert fit.rmse["gpu_temp_c"] < 0.5
    learned = scored(applied(hgx, fit.overlay), recorded, outdoors)["gpu_temp_c"]
    plain = scored(hgx, recorded, outdoors)["gpu_temp_c"]
    assert learned.rmse < 0.6 < plain.rmse < learned.persistence_rmse


def test_a_meter_tells_the_nodes_overhead(hgx: Plant, fit: Fit) -> None:
    base = fit.overlay.parameters["base_power_w"]["node0"]
    assert abs(base.value - hgx.arrays.nodes.base_power_w[0]) < 3.0 * base.std + 20.0


def test_the_same_recording_gives_the_same_overlay(hgx: Plant, recorded: Track, fit: Fit) -> None:
    short = recorded.cut(-np.inf, recorded.time_s[60])
    first = identify(hgx, short, HASH, outdoors)
    assert identify(hgx, short, HASH, outdoors).overlay == first.overlay


def test_the_estimator_helps_a_plain_catalog_to_look_ahead(hgx: Plant, recorded: Track) -> None:
    free = scored(hgx, recorded, outdoors)["gpu_temp_c"]
    ahead = scored(hgx, recorded, outdoors, horizon_s=10.0)["gpu_temp_c"]
    assert ahead.rmse < 0.7 * free.rmse
    assert ahead.rmse < ahead.persistence_rmse


def test_readings_missing_for_a_while_do_no_harm(hgx: Plant, recorded: Track) -> None:
    holes = recorded.gpu_temp_c.copy()
    holes[50:120, 2] = np.nan
    track = Track(recorded.time_s, recorded.gpu_power_w, holes, recorded.node_power_w,
                  recorded.node_inlet_c)  # fmt: skip
    score = scored(laid(hgx), track, outdoors, horizon_s=10.0)["gpu_temp_c"]
    assert score.rmse < 0.6


def test_without_temperatures_there_is_nothing_to_learn(hgx: Plant, recorded: Track) -> None:
    blind = blank_track(hgx, recorded.gpu_power_w)
    with pytest.raises(InputError, match="gpu_temp_c"):
        identify(hgx, blind, HASH, outdoors)
    with pytest.raises(InputError, match="gpu_temp_c"):
        scored(hgx, blind, outdoors)


def test_a_counter_that_beats_with_its_readings_tells_the_power() -> None:
    time_s = np.arange(0.0, 10.0, 0.1)
    energy_j = 500.0 * (time_s - 0.1 * ((np.arange(100) % 25) > 12))
    power_w = counted_power_w(time_s, energy_j[:, None])[1:, 0]
    np.testing.assert_allclose(power_w, 500.0, rtol=1e-9)


def test_a_counter_that_seldom_moves_is_left_alone() -> None:
    time_s = np.arange(0.0, 10.0, 0.1)
    energy_j = 500.0 * np.floor(time_s)
    assert np.isnan(counted_power_w(time_s, energy_j[:, None])).all()


def test_power_is_held_over_gaps() -> None:
    rows = np.array([[np.nan], [1.0], [np.nan], [3.0]])
    assert held(rows)[:, 0].tolist() == [1.0, 1.0, 1.0, 3.0]
