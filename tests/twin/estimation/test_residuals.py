"""Residuals point to what is wrong, and to nothing where all is well."""

import numpy as np
import pytest

from site_models.arrays import Floats
from site_models.plant import Plant
from twin.estimation.residual_causes import Cause, causes, common_k
from twin.estimation.residuals import LEARNING_S, SUSPECT_K, Watch, watch_of, watched
from twin.estimation.sightings import Sighting
from twin.start import first_state, idle_inputs
from twin.state import MEASURED, Inputs, State
from twin.step import step

DT_S, WELL_S, LONG_S = 10.0, 900.0, 600.0


def driven(plant: Plant, time_s: float) -> Inputs:
    """Return inputs under loads that swing, each GPU's at its own phase."""
    phase = 2.0 * np.pi * time_s / 1500.0 + np.arange(len(plant.gpu_names))
    power_w = plant.arrays.gpus.power_max_w * (0.75 + 0.2 * np.sin(phase))
    basis = np.full(len(power_w), MEASURED, np.int64)
    return idle_inputs(plant, 20.0, 14.0)._replace(gpu_power_w=power_w, gpu_power_basis=basis)


class Sensors:
    """What is read of a true state; a fault sets in after WELL_S."""

    def __init__(self, fault: str = "") -> None:
        self.fault, self.before = fault, np.empty(0)

    def read(self, plant: Plant, state: State) -> Sighting:
        temp_c, memory_c = np.round(state.gpu_temp_c), np.round(state.memory_temp_c)
        if state.time_s <= WELL_S:
            self.before = temp_c
        elif self.fault == "plate":
            temp_c[2], memory_c[2] = temp_c[2] + 5.0, memory_c[2] + 5.0
        elif self.fault == "sensor":
            temp_c[2] += 5.0
        elif self.fault == "stuck":
            temp_c[2] = self.before[2]
        elif self.fault == "swapped":
            temp_c[[2, 5]] = temp_c[[5, 2]]
        elif self.fault == "airflow":
            temp_c, memory_c = temp_c + 6.0, memory_c + 6.0
        elif self.fault == "silent":
            temp_c[:] = np.nan
        return Sighting(temp_c, memory_c, np.full(len(plant.node_names), np.nan))


def after(plant: Plant, fault: str) -> tuple[Watch, State, tuple[Cause, ...]]:
    """Return what a watch has come to when a fault has lasted a while."""
    sensors, rise_k = Sensors(fault), np.zeros(len(plant.node_names))
    state = first_state(plant, driven(plant, 0.0), 0.0)
    watch = watch_of(plant, state)
    for _ in range(int((WELL_S + LONG_S) / DT_S)):
        inputs = driven(plant, state.time_s)
        state = step(plant, state, inputs, DT_S)
        seen = sensors.read(plant, state)
        watch = watched(plant, watch, state, rise_k, inputs, seen, DT_S)
        if state.time_s < LEARNING_S:
            assert causes(plant, watch, state.time_s) == ()
    return watch, state, causes(plant, watch, state.time_s)


@pytest.mark.parametrize("fault", ["plate", "sensor", "stuck"])
def test_a_fault_of_one_gpu_is_told_by_its_kind(hgx: Plant, fault: str) -> None:
    _, _, found = after(hgx, fault)
    assert [(cause.kind, cause.where) for cause in found] == [(fault, "gpu2")]
    assert "probably" in found[0].what


def test_two_gpus_that_tell_each_others_temperature_are_one_finding(hgx: Plant) -> None:
    _, _, found = after(hgx, "swapped")
    assert [(cause.kind, cause.where) for cause in found] == [("swapped", "gpu2")]
    assert "gpu5" in found[0].what


def test_a_warm_server_is_one_finding(hgx: Plant) -> None:
    _, _, found = after(hgx, "airflow")
    assert [(cause.kind, cause.where) for cause in found] == [("airflow", "node0")]


@pytest.mark.parametrize("fault", ["", "silent"])
def test_a_well_site_and_a_silent_one_have_no_finding(hgx: Plant, fault: str) -> None:
    watch, _, found = after(hgx, fault)
    assert found == ()
    assert np.abs(watch.off_k).max() < 0.5 * SUSPECT_K


def test_what_all_gpus_of_a_coolant_are_off_by_is_the_coolants(edge: Plant) -> None:
    state = first_state(edge, driven(edge, 0.0), 0.0)
    watch = watch_of(edge, state)
    off_k: Floats = np.full(len(edge.gpu_names), 3.0)
    off_k[7] = 9.0
    watch = watch._replace(off_k=off_k, watched_s=off_k)
    np.testing.assert_allclose(common_k(edge, watch), 3.0)
