"""What placement expects is what the step comes to rest at with the job running."""

import numpy as np
import pytest

from controllers.jobs.allocation import Allocation
from controllers.jobs.allocations import Allocations
from controllers.placement.models import Request
from controllers.placement.rank import rank
from site_models.compile import compile_site
from tests.fakes.small_plant import small_arrays, small_inputs, small_plant
from twin.start import idle_inputs
from twin.state import Inputs
from twin.steady import steady

PLANT = small_plant()
GPUS = PLANT.arrays.gpus


def loaded(seed: int) -> tuple[Inputs, Allocations]:
    """Return inputs with some nodes busy, and who holds them."""
    rng = np.random.default_rng(seed)
    held = (rng.random(10) < 0.5)[GPUS.node]
    span_w = GPUS.power_max_w - GPUS.idle_power_w
    power_w = GPUS.idle_power_w + held * rng.uniform(0.3, 1.0, 48) * span_w
    table = Allocations(PLANT)
    if held.any():
        table.put(Allocation("held", np.flatnonzero(held), 0.0), 0.0)
    return small_inputs(PLANT)._replace(gpu_power_w=power_w), table


@pytest.mark.parametrize("seed", range(8))
def test_expected_temperature_power_and_return_are_those_at_rest(seed: int) -> None:
    inputs, table = loaded(seed)
    power_w = 400.0 + 90.0 * seed
    before = steady(PLANT, inputs)
    request = Request(job="j", gpus=(1, 4, 8, 12)[seed % 4], gpu_power_w=power_w, limit=3)
    answer = rank(PLANT, before, inputs, table, request, 0.0)
    assert answer.advice
    for advice in answer.advice:
        mine = table.indices(advice.gpus)
        drawn_w = inputs.gpu_power_w.copy()
        drawn_w[mine] = np.minimum(power_w, GPUS.power_max_w[mine])
        after = steady(PLANT, inputs._replace(gpu_power_w=drawn_w))
        racks = np.unique(PLANT.arrays.nodes.rack[GPUS.node[mine]])
        told = advice.predicted
        assert told.gpu_temp_max_c == pytest.approx(after.gpu_temp_c[mine].max(), abs=0.3)
        left_w = (PLANT.arrays.racks.rating_w - after.rack_power_w)[racks].min()
        assert told.rack_headroom_w == pytest.approx(
            left_w, abs=0.01 * PLANT.arrays.racks.rating_w[0]
        )
        rise_w = after.feed_power_w[0] - before.feed_power_w[0]
        assert told.facility_power_w == pytest.approx(rise_w, rel=0.15)
        if told.tcs_return_c is not None:
            assert told.tcs_return_c == pytest.approx(
                np.nanmax(after.rack_return_c[racks]), abs=0.1
            )


def test_a_cdu_that_cannot_follow_is_seen_in_the_temperature() -> None:
    """Warm facility water: the coolant floats up with the load, and the advice says so."""
    warm = small_inputs(PLANT)._replace(
        dry_bulb_c=36.0, wet_bulb_c=30.0,
        exchanger_setpoint_c=np.array([40.0, 23.0, 44.0, 15.0]),
    )  # fmt: skip
    before = steady(PLANT, warm)
    request = Request(job="j", gpus=16, gpu_model="gb200", gpu_power_w=900.0)
    advice = rank(PLANT, before, warm, Allocations(PLANT), request, 0.0).advice[0]
    mine = Allocations(PLANT).indices(advice.gpus)
    drawn_w = warm.gpu_power_w.copy()
    drawn_w[mine] = 900.0
    after = steady(PLANT, warm._replace(gpu_power_w=drawn_w))
    assert after.circuit_supply_c[1] > 42.0
    assert advice.predicted.gpu_temp_max_c == pytest.approx(after.gpu_temp_c[mine].max(), abs=1.5)


@pytest.mark.parametrize("gpus", [1, 4, 8, 16])
def test_a_busy_tray_among_idle_ones_gets_the_coolant_that_it_needs(gpus: int) -> None:
    plant = compile_site("pilot")
    inputs = idle_inputs(plant, 25.0, 18.0)
    before = steady(plant, inputs)
    request = Request(job="j", gpus=gpus, gpu_model="gb200_gpu", required_level="rack", limit=1)
    answer = rank(plant, before, inputs, Allocations(plant), request, 0.0)
    mine = Allocations(plant).indices(answer.advice[0].gpus)
    drawn_w = inputs.gpu_power_w.copy()
    drawn_w[mine] = plant.arrays.gpus.power_max_w[mine]
    after = steady(plant, inputs._replace(gpu_power_w=drawn_w))
    told = answer.advice[0].predicted
    rack = plant.arrays.nodes.rack[plant.arrays.gpus.node[mine[0]]]
    assert told.gpu_temp_max_c == pytest.approx(after.gpu_temp_c[mine].max(), abs=0.3)
    assert told.tcs_return_c == pytest.approx(after.rack_return_c[rack], abs=0.1)
    assert told.gpu_temp_max_c < plant.arrays.gpus.temp_limit_c[mine].min()


@pytest.mark.parametrize("gpus", [4, 16])
def test_pumps_that_cannot_give_what_the_racks_ask_leave_the_job_warmer(gpus: int) -> None:
    """The other rack of the circuit is busy: it takes its part of what there is."""
    arrays = small_arrays()
    slow = arrays.circuits._replace(pump_speed_max=np.array([1.0, 0.4, 1.0, 1.0]))
    plant = small_plant(arrays._replace(circuits=slow))
    drawn_w = GPUS.idle_power_w.copy()
    drawn_w[:16] = 900.0
    inputs = small_inputs(plant)._replace(gpu_power_w=drawn_w)
    table = Allocations(plant)
    table.put(Allocation("held", np.arange(16), 0.0), 0.0)
    request = Request(job="j", gpus=gpus, gpu_model="gb200", gpu_power_w=800.0)
    advice = rank(plant, steady(plant, inputs), inputs, table, request, 0.0).advice[0]
    mine = table.indices(advice.gpus)
    drawn_w = drawn_w.copy()
    drawn_w[mine] = 800.0
    after = steady(plant, inputs._replace(gpu_power_w=drawn_w))
    assert after.circuit_pump_speed[1] == pytest.approx(0.4)
    assert after.rack_valve[0] == pytest.approx(1.0)
    assert advice.predicted.gpu_temp_max_c == pytest.approx(after.gpu_temp_c[mine].max(), abs=0.3)
    assert advice.predicted.tcs_return_c == pytest.approx(after.rack_return_c[1], abs=0.1)
