"""Coolers led apart take the same heat with less, where their pads wet, and are evened after."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controllers.cooling.coil_cost import Staging, coldest_c, led_c, may_be_staged
from controllers.cooling.rejection_cost import rejected
from controllers.cooling.reset_bounds import TRIM_SWING_K, accepted_c
from controllers.cooling.reset_by_need import CoolantReset
from controllers.cooling.staged_coolers import evened_c, led_apart_c, staging_of
from controllers.cooling.water_loops import waters_of
from controllers.policy import View
from site_models.compile import compile_site
from twin.start import idle_inputs
from twin.state import Inputs, State
from twin.steady import steady
from twin.step import step

PLANT = compile_site("frontier-like")
WATER = waters_of(PLANT)[0]
STAGING = Staging(0, 4.0, 3600.0)


def weather(dry_c: float, wet_c: float) -> Inputs:
    return idle_inputs(PLANT, dry_c, wet_c)


def seen(inputs: Inputs, state: State, dt_s: float = 60.0) -> View:
    return View(PLANT, state, inputs, 0.0, dt_s, 0.0, np.zeros(0))


@pytest.mark.parametrize(("dry_c", "wet_c"), [(35.6, 24.8), (33.9, 25.0), (31.7, 24.1)])
def test_in_the_heat_some_at_the_full_draw_less_than_all_half_wet(
    dry_c: float, wet_c: float
) -> None:
    water_c, heat_w, flow = np.array([32.0]), np.array([17.6e6]), np.array([417.0])
    inputs = weather(dry_c, wet_c)
    alike = rejected(PLANT, inputs, WATER, water_c, heat_w, flow)
    apart = rejected(PLANT, inputs, WATER, water_c, heat_w, flow, STAGING)
    assert 0 < apart.full[0] < len(WATER.holders)
    assert apart.cooling_w[0] < 0.97 * alike.cooling_w[0]
    assert alike.short_w[0] == apart.short_w[0] == 0.0


def test_where_no_pad_is_wet_all_coolers_are_alike() -> None:
    water_c, heat_w, flow = np.array([30.0]), np.array([16e6]), np.array([417.0])
    inputs = weather(15.0, 10.0)
    alike = rejected(PLANT, inputs, WATER, water_c, heat_w, flow)
    apart = rejected(PLANT, inputs, WATER, water_c, heat_w, flow, STAGING)
    assert apart.full[0] == 0
    np.testing.assert_allclose(apart.cooling_w, alike.cooling_w, rtol=1e-3)


def test_a_count_stands_unless_another_is_worth_it() -> None:
    water_c, heat_w, flow = np.array([32.0]), np.array([17.6e6]), np.array([417.0])
    inputs = weather(33.9, 25.0)
    best = int(rejected(PLANT, inputs, WATER, water_c, heat_w, flow, STAGING).full[0])
    again = rejected(PLANT, inputs, WATER, water_c, heat_w, flow, STAGING._replace(now=best))
    assert again.full[0] == best


@settings(max_examples=50)
@given(st.floats(-10.0, 42.0), st.floats(0.0, 15.0), st.floats(15.0, 35.0), st.floats(0.1, 8.0))
def test_led_coolers_are_asked_for_nothing_colder_than_their_air(
    dry_c: float, depression_k: float, water_c: float, led_k: float
) -> None:
    inputs = weather(dry_c, dry_c - depression_k)
    led = led_c(PLANT, inputs, WATER.holders, water_c, led_k)
    assert np.all(led <= water_c)
    assert np.all(led >= np.minimum(coldest_c(PLANT, inputs, WATER.holders), water_c))
    assert np.all(led >= water_c - led_k - 1e-12)


def test_coolers_beside_chillers_are_never_led_apart() -> None:
    pilot = compile_site("pilot")
    assert may_be_staged(PLANT, WATER.holders, WATER.chillers)
    for water in waters_of(pilot):
        assert not may_be_staged(pilot, np.repeat(water.holders, 2), water.chillers)


def test_what_is_led_apart_is_counted_and_the_others_are_evened() -> None:
    inputs = weather(33.0, 24.0)
    state = steady(PLANT, inputs)
    opening = state.exchanger_opening.copy()
    opening[WATER.holders] = 0.4
    opening[WATER.holders[[0, 5]]] = 0.9
    view = seen(inputs, state._replace(exchanger_opening=opening))
    aim_c = PLANT.arrays.exchangers.setpoint_c
    apart_c = led_apart_c(view, WATER, aim_c, 3, 4.0, 8.0)
    staging = staging_of(PLANT, WATER, apart_c, 4.0, 3600.0)
    assert staging is not None
    assert staging.now == 3
    even_c = evened_c(view, apart_c)
    np.testing.assert_array_equal(even_c[WATER.holders[:3]], apart_c[WATER.holders[:3]])
    rest = WATER.holders[3:]
    assert even_c[WATER.holders[5]] > even_c[rest].mean() + 1.0
    np.testing.assert_allclose(even_c[rest].mean(), apart_c[rest].mean())


def test_supplies_that_chillers_trim_stay_below_what_is_accepted() -> None:
    pilot = compile_site("pilot")
    accepted, limit_c = accepted_c(pilot, 0.5), pilot.arrays.circuits.supply_limit_c
    chilled = {int(k) for k in pilot.arrays.chillers.circuit}
    for k in range(len(limit_c)):
        below_k = 1.0 + TRIM_SWING_K if k in chilled else 0.5
        np.testing.assert_allclose(limit_c[k] - accepted[k], below_k)


def test_two_hot_hours_take_less_with_coolers_led_apart_and_stay_within_limits() -> None:
    drawn_j, over_k = [], []
    for led_k in (0.0, 4.0):
        policy = replace(CoolantReset(), led_k=led_k)
        inputs = weather(33.9, 25.0)
        inputs = inputs._replace(rack_load_w=0.75 * PLANT.arrays.racks.lumped_power_w)
        state, memory, total_j = steady(PLANT, inputs), policy.start(PLANT), 0.0
        worst_k = -np.inf
        for minute in range(120):
            view = seen(inputs, state, 60.0 * (minute > 0))
            decision, memory = policy.decide(view, memory)
            assert decision.facility is not None
            inputs = inputs._replace(
                exchanger_setpoint_c=decision.facility.exchanger_setpoint_c,
                circuit_flow_share=decision.facility.circuit_flow_share,
            )
            state = step(PLANT, state, inputs, 60.0)
            if minute >= 60:
                total_j += 60.0 * float(state.exchanger_fan_power_w.sum())
                above_k = state.circuit_supply_c - PLANT.arrays.circuits.supply_limit_c
                worst_k = max(worst_k, float(above_k.max()))
        drawn_j.append(total_j)
        over_k.append(worst_k)
    assert drawn_j[1] < 0.95 * drawn_j[0]
    assert max(over_k) <= 0.0
