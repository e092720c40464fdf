"""The loop guard acts on flow, not on heat, and gives up a rack only when no cap is left."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controllers.policies.loop_guard import LoopGuard, LoopMemory
from controllers.policy import Decision
from site_models.plant import Plant
from tests.fakes.small_plant import small_plant, small_state
from tests.fakes.small_run import full_load, view_of
from twin.state import State

PLANT = small_plant()
GPUS = PLANT.arrays.gpus
RACK = PLANT.arrays.nodes.rack[GPUS.node]
LOOP = PLANT.arrays.racks.liquid_circuit[RACK]
LIQUID = int(LOOP.max())


def asked(state: State, memory: LoopMemory | None = None) -> tuple[Decision, LoopMemory]:
    """Return what the guard makes of a state, having seen the loops whole."""
    guard = LoopGuard()
    if memory is None:
        _, memory = guard.decide(view_of(PLANT, small_state(PLANT)), guard.start(PLANT))
    return guard.decide(view_of(PLANT, state), memory)


def short_of_flow(left: float, gpu_temp_c: float = 60.0, gpu_power_w: float = 500.0) -> State:
    """Return a state whose coolant loop has a part of its flow left."""
    state = small_state(PLANT)
    flow, low_s = state.circuit_flow_kg_per_s.copy(), state.circuit_low_flow_s.copy()
    flow[LIQUID] *= left
    low_s[LIQUID] = 1.0
    count = len(PLANT.gpu_names)
    return state._replace(
        circuit_flow_kg_per_s=flow,
        circuit_low_flow_s=low_s,
        gpu_temp_c=np.full(count, gpu_temp_c),
        gpu_power_w=np.full(count, gpu_power_w),
    )


def test_with_its_flow_a_loop_is_left_alone() -> None:
    decision, _ = asked(small_state(PLANT))
    np.testing.assert_array_equal(decision.gpu_cap_w, full_load(PLANT))
    assert decision.racks_off == frozenset()


@given(left=st.floats(0.0, 0.6), less=st.floats(0.0, 1.0))
def test_caps_fall_with_the_flow_and_never_below_what_devices_take(
    left: float, less: float
) -> None:
    more_w = asked(short_of_flow(left))[0].gpu_cap_w
    less_w = asked(short_of_flow(left * less))[0].gpu_cap_w
    assert (less_w <= more_w).all()
    assert (less_w >= GPUS.power_min_w).all()
    np.testing.assert_array_equal(less_w[LOOP != LIQUID], GPUS.power_max_w[LOOP != LIQUID])
    expected_w = GPUS.power_min_w + left / 0.6 * (GPUS.power_max_w - GPUS.power_min_w)
    np.testing.assert_allclose(more_w[LOOP == LIQUID], expected_w[LOOP == LIQUID])


@pytest.mark.parametrize(
    ("below_k", "power_w", "risen", "gone"),
    [
        (1.0, 210.0, True, True),
        (1.0, 210.0, False, False),
        (1.0, 600.0, True, False),
        (9.0, 210.0, True, False),
    ],
    ids=["hot, rising, nothing left", "hot but falling", "a cap can still help", "not hot yet"],
)  # fmt: skip
def test_a_rack_is_given_up_only_when_no_cap_can_hold_it(
    below_k: float, power_w: float, risen: bool, gone: bool
) -> None:
    guard = LoopGuard()
    hot = short_of_flow(0.0, float(GPUS.shutdown_c.min()) - below_k, power_w)
    before_c = hot.gpu_temp_c + (-1.0 if risen else 1.0)
    memory = guard.start(PLANT)._replace(gpu_temp_c=before_c)
    assert bool(guard.decide(view_of(PLANT, hot), memory)[0].racks_off) is gone


def test_the_guard_is_a_safety_policy() -> None:
    assert LoopGuard().safety


def test_plant_without_coolant_loops_has_nothing_to_guard() -> None:
    racks = PLANT.arrays.racks
    dry = racks._replace(liquid_circuit=np.full_like(racks.liquid_circuit, -1))
    plant: Plant = small_plant(PLANT.arrays._replace(racks=dry))
    guard = LoopGuard()
    view = view_of(plant, short_of_flow(0.0))
    decision, _ = guard.decide(view, guard.start(plant))
    np.testing.assert_array_equal(decision.gpu_cap_w, GPUS.power_max_w)
