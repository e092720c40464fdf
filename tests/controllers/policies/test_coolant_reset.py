"""The coolant reset keeps bounds and rates, turns the right way, and saves in closed loop."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from controllers.cooling.loop_need import flow_share, needed_flow_kg_per_s, warmest_supply_c
from controllers.cooling.reset_by_need import CoolantReset, Reset
from controllers.cooling.water_loops import pumped_loops, waters_of
from controllers.policy import View
from site_models.compile import compile_site
from site_models.plant import AIR, Plant
from tests.fakes.small_plant import LIQUID_GPUS, small_inputs, small_plant, small_state
from tests.fakes.small_run import view_of
from twin.state import State
from twin.step import step

PLANT = small_plant()
RESET = CoolantReset()
LOOP = 1
CDU, CRAH = 0, 1


def seen(state: State, load: float, dry_c: float = 25.0, dt_s: float = 60.0) -> View:
    inputs = small_inputs(PLANT, load)._replace(dry_bulb_c=dry_c, wet_bulb_c=dry_c - 6.0)
    return replace(view_of(PLANT, state), inputs=inputs, dt_s=dt_s)


def warmer(state: State, by_k: float) -> State:
    return state._replace(
        gpu_temp_c=state.gpu_temp_c + by_k, memory_temp_c=state.memory_temp_c + by_k
    )


def test_water_and_loops_of_the_small_plant() -> None:
    assert [int(water.circuit) for water in waters_of(PLANT)] == [2, 3]
    assert [water.apart_k.tolist() for water in waters_of(PLANT)] == [[6.0], [8.0]]
    assert {k: racks.tolist() for k, racks in pumped_loops(PLANT).items()} == {LOOP: [0, 1]}


@settings(max_examples=40)
@given(
    st.floats(0.0, 1.0), st.floats(-20.0, 40.0), st.floats(-15.0, 42.0),
    st.floats(-20.0, 25.0), st.floats(0.3, 1.0), st.floats(1.0, 600.0),
)  # fmt: skip
def test_never_outside_bounds_and_never_faster_than_the_rates(
    load: float, by_k: float, dry_c: float, off_k: float, share: float, dt_s: float
) -> None:
    before = RESET.start(PLANT)
    before = before._replace(setpoint_c=before.setpoint_c + off_k, share=share * before.share)
    view = seen(warmer(small_state(PLANT, load), by_k), load, dry_c, dt_s)
    decision, _after = RESET.decide(view, before)
    assert decision.facility is not None
    setpoint_c, flow = decision.facility
    minutes = min(dt_s, 60.0) / 60.0
    x, circuits = PLANT.arrays.exchangers, PLANT.arrays.circuits
    air = circuits.kind[x.hot_circuit] == AIR
    reach_k = minutes * np.where(air, RESET.air_rate_k_per_min, RESET.water_rate_k_per_min)
    assert np.all(np.abs(setpoint_c - before.setpoint_c) <= reach_k + 1e-9)
    assert np.all(flow - before.share <= minutes * RESET.more_flow_per_min + 1e-9)
    assert np.all(before.share - flow <= minutes * RESET.less_flow_per_min + 1e-9)
    limit_c = circuits.supply_limit_c[x.hot_circuit] - RESET.reserve_k
    assert np.all(setpoint_c <= np.maximum(limit_c, before.setpoint_c) + 1e-9)
    least_c = np.minimum(x.setpoint_least_c, before.setpoint_c)
    assert np.all(setpoint_c >= least_c - 1e-9)
    assert not np.isnan(setpoint_c).any()
    assert not np.isnan(flow).any()
    np.testing.assert_array_equal(decision.gpu_cap_w, PLANT.arrays.gpus.power_max_w)


@settings(max_examples=30)
@given(st.floats(0.0, 1.0), st.floats(0.0, 30.0), st.floats(0.5, 15.0), st.floats(-5.0, 38.0))
def test_a_hotter_loop_is_never_given_warmer_coolant_or_less_of_it(
    load: float, by_k: float, more_k: float, dry_c: float
) -> None:
    cold = warmer(small_state(PLANT, load), by_k)
    start = RESET.start(PLANT)._replace(share=np.full(4, 0.6))
    less, _ = RESET.decide(seen(cold, load, dry_c), start)
    more, _ = RESET.decide(seen(warmer(cold, more_k), load, dry_c), start)
    assert less.facility is not None
    assert more.facility is not None
    assert more.facility.exchanger_setpoint_c[CDU] <= less.facility.exchanger_setpoint_c[CDU] + 1e-9
    assert more.facility.circuit_flow_share[LOOP] >= less.facility.circuit_flow_share[LOOP] - 1e-9


def test_a_gpu_within_its_margin_draws_cold_and_flow() -> None:
    state = small_state(PLANT, 0.8)
    hot_c = state.gpu_temp_c.copy()
    hot_c[3] = PLANT.arrays.gpus.temp_limit_c[3] - 1.0
    start = RESET.start(PLANT)._replace(share=np.full(4, 0.6))
    decision, _ = RESET.decide(seen(state._replace(gpu_temp_c=hot_c), 0.8), start)
    assert decision.facility is not None
    assert decision.facility.exchanger_setpoint_c[CDU] == 40.0 - RESET.water_rate_k_per_min
    assert decision.facility.circuit_flow_share[LOOP] == 1.0


def test_the_first_decision_moves_nothing_and_no_decision_changes_its_memory() -> None:
    start = RESET.start(PLANT)
    kept = Reset._make(np.copy(part) for part in start)
    decision, after = RESET.decide(seen(small_state(PLANT, 0.5), 0.5, dt_s=0.0), start)
    assert decision.facility is not None
    np.testing.assert_array_equal(decision.facility.exchanger_setpoint_c, start.setpoint_c)
    for part, was in zip(start, kept, strict=True):
        np.testing.assert_array_equal(part, was)
    assert after.waited_s == 0.0
    assert after.searched_w > 0.0


def test_the_flow_asked_for_passes_what_the_racks_need() -> None:
    racks = pumped_loops(PLANT)[LOOP]
    sized_w = np.array([20e3, 25e3])
    flow = needed_flow_kg_per_s(PLANT, racks, sized_w, 40.0)
    np.testing.assert_allclose(flow, sized_w / (3970.0 * 15.0))
    share = flow_share(PLANT, LOOP, racks, flow)
    r, circuits = PLANT.arrays.racks, PLANT.arrays.circuits
    held_pa = float(share) ** 2 * circuits.pump_setpoint_pa[LOOP]
    held_pa -= circuits.loss_square_pa_s2_per_kg2[LOOP] * flow.sum() ** 2
    opening = 0.95
    square = r.loss_square_pa_s2_per_kg2[1] + r.valve_square_pa_s2_per_kg2[1] / opening**2
    np.testing.assert_allclose(square * flow[1] ** 2 + 1e4 * flow[1], held_pa)


def test_the_warmest_supply_is_where_gpus_come_to_rest_at_their_limit() -> None:
    """ENGINEERING 1.5: 1200 W, 1.5 L/min at 40 degC come to rest at 74.8 degC, limit 88."""
    pilot: Plant = compile_site("pilot")
    flow_kg_per_s = 1.5 / 60e3 * 1007.0
    nodes, gpus = pilot.arrays.nodes, pilot.arrays.gpus
    first = int(np.flatnonzero(nodes.liquid_circuit[gpus.node] >= 0)[0])
    n = gpus.node[first]
    flow = np.full(len(pilot.rack_names), flow_kg_per_s * nodes.gpu_count[n])
    flow /= nodes.liquid_flow_share[n]
    left_c = warmest_supply_c(pilot, np.full(len(gpus.node), 1200.0), flow)
    assert abs(left_c[first] - (88.0 - 34.8)) < 0.3
    assert np.isinf(left_c[-1])


def test_closed_loop_saves_and_keeps_every_margin() -> None:
    """Two hours at 80 % load and 12 degC outdoors, against the setpoints of the site."""
    inputs = small_inputs(PLANT, 0.8)._replace(dry_bulb_c=12.0, wet_bulb_c=9.0)
    ended, closest_k = [], np.inf
    for led in (False, True):
        state, memory, driven = small_state(PLANT, 0.8), RESET.start(PLANT), inputs
        for minute in range(120):
            view = replace(view_of(PLANT, state), inputs=driven, dt_s=60.0 * (minute > 0))
            decision, memory = RESET.decide(view, memory)
            assert decision.facility is not None
            if led:
                driven = driven._replace(
                    exchanger_setpoint_c=decision.facility.exchanger_setpoint_c,
                    circuit_flow_share=decision.facility.circuit_flow_share,
                )
            state = step(PLANT, state, driven, 60.0)
            if led:
                margin_k = PLANT.arrays.gpus.temp_limit_c - state.gpu_temp_c
                closest_k = min(closest_k, float(margin_k[:LIQUID_GPUS].min()))
        cooling_w = state.circuit_mover_power_w.sum() + state.exchanger_fan_power_w.sum()
        ended.append(float(cooling_w + state.chiller_power_w.sum()))
    assert ended[1] < 0.8 * ended[0]
    assert closest_k >= RESET.margin_k
