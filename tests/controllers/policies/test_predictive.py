"""The predictive controller does no worse than it foresees, and says when it falls back."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controllers.cooling.reset_by_need import CoolantReset
from controllers.policies import predictive
from controllers.policies.predictive import Predictive
from controllers.policy import Decision, View
from tests.fakes.small_plant import small_inputs, small_plant, small_state
from tests.fakes.small_run import view_of
from twin.state import MODELLED
from twin.step import step

PLANT = small_plant()
UNHURRIED = Predictive(late_s=3600.0, horizon_s=900.0, every_s=900.0)


def seen(load: float, dry_c: float = 12.0, dt_s: float = 60.0) -> View:
    inputs = small_inputs(PLANT, load)._replace(
        dry_bulb_c=dry_c,
        wet_bulb_c=dry_c - 4.0,
        gpu_power_basis=np.full(48, MODELLED, np.int64),
    )
    return replace(view_of(PLANT, small_state(PLANT, load)), inputs=inputs, dt_s=dt_s)


def same(first: Decision, second: Decision) -> None:
    assert first.facility is not None
    assert second.facility is not None
    np.testing.assert_array_equal(first.gpu_cap_w, second.gpu_cap_w)
    for one, other in zip(first.facility, second.facility, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_reset_inside_has_the_parameters_given() -> None:
    policy = Predictive(margin_k=7.0, ready=0.4, it_weight=1.0)
    assert policy._rule() == CoolantReset(margin_k=7.0, ready=0.4, it_weight=1.0)
    shared = {part.name: part.default for part in fields(CoolantReset)}
    assert shared.items() <= {part.name: part.default for part in fields(Predictive)}.items()


def test_late_planning_leaves_the_reset_by_need_alone_and_says_so() -> None:
    view, hurried = seen(0.6), Predictive(late_s=0.0)
    decision, memory = hurried.decide(view, hurried.start(PLANT))
    alone, _ = CoolantReset().decide(view, CoolantReset().start(PLANT))
    same(decision, alone)
    assert "reset by need, planning was late" in decision.reason
    assert memory.fallback == predictive.LATE


def test_a_program_without_an_answer_falls_back_until_the_next_plan(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(predictive, "cheapest_step", lambda *parts: None)
    view = seen(0.6)
    decision, memory = UNHURRIED.decide(view, UNHURRIED.start(PLANT))
    alone, _ = CoolantReset().decide(view, CoolantReset().start(PLANT))
    same(decision, alone)
    assert "did not converge" in decision.reason
    monkeypatch.undo()
    still, memory = UNHURRIED.decide(seen(0.6), memory)
    assert "did not converge" in still.reason
    planned, _ = UNHURRIED.decide(seen(0.6, dt_s=900.0), memory)
    assert "as planned" in planned.reason


def test_a_plan_is_foreseen_to_cost_no_more_than_none() -> None:
    view = seen(0.7)
    start = UNHURRIED.start(PLANT)
    _, memory = UNHURRIED.decide(view, start)
    reset = CoolantReset().aimed(view, start.reset)
    none = UNHURRIED._seen(view, reset, np.zeros_like(start.move))
    planned = UNHURRIED._seen(view, reset, memory.move)
    assert memory.fallback == predictive.PLANNED
    assert planned.cost_j <= none.cost_j
    assert planned.closest_k >= UNHURRIED.margin_k


@settings(max_examples=5)
@given(st.floats(0.1, 1.0), st.floats(-5.0, 38.0))
def test_the_same_view_gives_the_same_plan_within_rates_and_caps(load: float, dry_c: float) -> None:
    view, start = seen(load, dry_c), UNHURRIED.start(PLANT)
    first, memory = UNHURRIED.decide(view, start)
    again, _ = UNHURRIED.decide(view, start)
    same(first, again)
    reach_k = CoolantReset().water_rate_k_per_min + 1e-9
    assert np.all(np.abs(memory.reset.setpoint_c - start.reset.setpoint_c) <= reach_k)
    gpus = PLANT.arrays.gpus
    assert np.all(first.gpu_cap_w >= gpus.power_min_w)
    assert np.all(first.gpu_cap_w <= gpus.power_max_w)


def test_closed_loop_keeps_the_margin() -> None:
    view, memory = seen(0.9, 30.0), UNHURRIED.start(PLANT)
    state, inputs = view.state, view.inputs
    for minute in range(40):
        now = replace(view, state=state, inputs=inputs, dt_s=60.0 * (minute > 0))
        decision, memory = UNHURRIED.decide(now, memory)
        assert decision.facility is not None
        inputs = inputs._replace(
            exchanger_setpoint_c=decision.facility.exchanger_setpoint_c,
            circuit_flow_share=decision.facility.circuit_flow_share,
            gpu_cap_w=decision.gpu_cap_w,
        )
        state = step(PLANT, state, inputs, 60.0)
        margin_k = float((PLANT.arrays.gpus.temp_limit_c - state.gpu_temp_c)[:32].min())
        assert margin_k >= UNHURRIED.margin_k
