"""From wishes to an order: who is heard, what is refused, how fast it moves, what restores it."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controllers.actuators.admit import Rules, catalog_limits
from controllers.actuators.order import default_order
from controllers.policy import Decision, Facility, JobOn, View
from controllers.simulated.rig import Rig
from controllers.supervision.orders import ordered, restrains, room_of
from controllers.supervision.stack import combined
from controllers.supervision.vetting import fault_of
from site_models.arrays import Floats
from site_models.plant import Plant
from tests.fakes.small_plant import START_S, small_inputs, small_plant, small_state
from tests.fakes.small_run import full_load, loop_of, rig_of, view_of

PLANT = small_plant()
GPUS, EXCHANGERS = len(PLANT.gpu_names), len(PLANT.exchanger_names)
CIRCUITS = len(PLANT.circuit_names)
LIMITS, RULES = catalog_limits(PLANT), Rules()
MOST_W = LIMITS.gpu_cap_default_w
TCS = int(np.flatnonzero(PLANT.arrays.circuits.pump_setpoint_pa)[0])
JOBS = (
    JobOn("rigid", np.arange(8, dtype=np.int64)),
    JobOn("loose", np.arange(8, 16, dtype=np.int64), preemptible=True),
)


def wish(setpoint_c: float = np.nan, flow: float = np.nan) -> Facility:
    return Facility(np.full(EXCHANGERS, setpoint_c), np.full(CIRCUITS, flow))


def asks(**parts: Any) -> Decision:
    return Decision(MOST_W, "because", **parts)


def view() -> View:
    return replace(view_of(PLANT, small_state(PLANT, 0.8)), jobs=JOBS)


def test_the_lowest_clock_wins_and_pauses_add_up() -> None:
    slow, slower = np.full(GPUS, 0.9), np.full(GPUS, 1.0)
    slower[3] = 0.5
    found = combined(
        [("a", asks(gpu_clock_share=slow, paused=frozenset({"x"}))),
         ("b", asks(gpu_clock_share=slower, paused=frozenset({"y"})))],
        MOST_W,
    )  # fmt: skip
    assert found.gpu_clock_share is not None
    assert found.gpu_clock_share[3] == 0.5
    assert (np.delete(found.gpu_clock_share, 3) == 0.9).all()
    assert found.paused == {"x", "y"}
    assert found.reason == (
        "a (47 clocks, 1 jobs paused): because; b (1 clocks, 1 jobs paused): because"
    )


def test_setpoints_go_by_priority_and_safety_comes_first() -> None:
    first, second = wish(30.0), wish(25.0, 1.2)
    asked = [("first", asks(facility=first)), ("second", asks(facility=second))]
    plain = combined(asked, MOST_W).facility
    safe = combined(asked, MOST_W, {"second"}).facility
    assert plain is not None
    assert safe is not None
    assert (plain.exchanger_setpoint_c == 30.0).all()
    assert (plain.circuit_flow_share == 1.2).all()
    assert (safe.exchanger_setpoint_c == 25.0).all()


@pytest.mark.parametrize(
    ("decision", "said"),
    [
        (asks(gpu_clock_share=np.ones(3)), "clocks of shape"),
        (asks(gpu_clock_share=np.full(GPUS, np.nan)), "48 clocks are not finite"),
        (asks(facility=wish(np.inf)), "setpoints are not finite"),
        (asks(facility=wish(flow=0.0)), "flow shares are not above 0"),
        (asks(facility=Facility(np.ones(2), np.ones(CIRCUITS))), "setpoints of shape"),
        (asks(facility=(np.ones(2), np.ones(2))), "instead of a Facility"),
        (asks(paused=frozenset({"ghost"})), "no job is called"),
        (asks(paused=frozenset({"rigid"})), "not preemptible"),
        (asks(paused={"loose"}), "instead of a frozenset"),
        (asks(paused=frozenset({"loose"}), facility=wish()), ""),
    ],
)
def test_what_a_policy_answers_is_looked_at(decision: Decision, said: str) -> None:
    fault = fault_of(decision, view())
    assert said in fault if said else fault == ""


anything = st.floats(allow_nan=True, allow_infinity=False)


@given(anything, anything, st.floats(0.0, 2.0), st.floats(0.0, 1000.0))
@settings(max_examples=60)
def test_an_order_keeps_to_its_limits_and_rates(
    setpoint_c: float, flow: float, clock: float, dt_s: float
) -> None:
    room, last = room_of(PLANT, RULES), default_order(PLANT, MOST_W)
    asked = asks(gpu_clock_share=np.full(GPUS, clock), facility=wish(setpoint_c, flow))
    fresh = np.ones(GPUS, dtype=np.bool_)
    fresh[7] = False
    found = ordered(PLANT, LIMITS, RULES, last, asked, JOBS, fresh, dt_s, dt_s)
    assert (found.gpu_clock_share >= LIMITS.gpu_clock_min_share).all()
    assert (found.gpu_clock_share <= 1.0).all()
    assert found.gpu_clock_share[7] == 1.0
    rates = (RULES.setpoint_rate_k_per_s, RULES.flow_rate_per_s)
    for part, built, low, high, rate in zip(
        found.facility, room.built, room.lowest, room.highest, rates, strict=True
    ):
        now: Floats = np.where(np.isnan(part), built, part)
        assert (now >= low).all()
        assert (now <= high).all()
        assert (np.abs(now - built) <= rate * dt_s + 1e-9).all()


def test_what_is_no_longer_wished_goes_back_at_the_same_pace() -> None:
    order, fresh = default_order(PLANT, MOST_W), np.ones(GPUS, dtype=np.bool_)
    shares = []
    for flow in (0.9, 0.9, 0.9, np.nan, np.nan, np.nan):
        asked = asks(facility=wish(flow=flow))
        order = ordered(PLANT, LIMITS, RULES, order, asked, (), fresh, 5.0, 0.0)
        shares.append(order.facility.circuit_flow_share[TCS])
    np.testing.assert_allclose(shares, [0.95, 0.9, 0.9, 0.95, np.nan, np.nan])
    assert not restrains(order, MOST_W)


def test_a_job_with_a_silent_gpu_stays_as_it_was() -> None:
    fresh, last = np.ones(GPUS, dtype=np.bool_), default_order(PLANT, MOST_W)
    fresh[9] = False
    asked = asks(paused=frozenset({"loose"}))
    assert not ordered(PLANT, LIMITS, RULES, last, asked, JOBS, fresh, 1.0, 0.0).paused
    fresh[9] = True
    assert ordered(PLANT, LIMITS, RULES, last, asked, JOBS, fresh, 1.0, 0.0).paused == {"loose"}


@dataclass(frozen=True)
class Wishes:
    """A policy that always asks for the same."""

    decision: Decision

    def start(self, plant: Plant) -> tuple[()]:
        return ()

    def decide(self, view: View, memory: tuple[()]) -> tuple[Decision, tuple[()]]:
        return self.decision, memory


def test_flow_and_setpoint_reach_the_simulated_plant() -> None:
    def ended(facility: Facility | None) -> Rig:
        rig = rig_of(PLANT, full_load(PLANT, 0.5), 400.0)
        policies = {"p": Wishes(asks(facility=facility))}
        for shot in loop_of(PLANT, rig, policies):
            assert shot.state.ledger.balance_error < 1e-9
        return rig

    cdu = int(PLANT.cdu_exchangers[0])
    built, less = ended(None), ended(wish(flow=0.8))
    warmer = ended(wish(float(PLANT.arrays.exchangers.setpoint_c[cdu]) + 3.0))
    for part in ("circuit_dp_pa", "circuit_mover_power_w"):
        assert getattr(less.state, part)[TCS] < getattr(built.state, part)[TCS]
    np.testing.assert_allclose(
        less.state.circuit_dp_pa[TCS], 0.64 * built.state.circuit_dp_pa[TCS], rtol=0.02
    )
    rise_k = warmer.state.circuit_supply_c[TCS] - built.state.circuit_supply_c[TCS]
    assert 2.0 < rise_k < 4.0


def test_locked_clocks_lower_power_until_the_dead_mans_time() -> None:
    rig = rig_of(PLANT, full_load(PLANT), 100.0)
    clock = np.full(GPUS, 0.6)
    rig.apply(rig.order._replace(gpu_clock_share=clock, until_s=START_S + 5.0), START_S)
    draws = []
    while (frame := rig.read()) is not None and frame.time_s <= START_S + 8.0:
        draws.append(float(rig.inputs.gpu_power_w.sum()))
    assert max(draws[:5]) < 0.8 * draws[7]
    assert (small_inputs(PLANT).circuit_flow_share == rig.inputs.circuit_flow_share).all()
