"""Modelled GPUs: leakage, power cap, thermal control and the differences between boards."""

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from benchmarks.gpu_kernel import KernelPlates, plates
from site_models.arrays import Floats
from site_models.compile import compile_site
from site_models.plant import Plant, freeze
from site_models.site import Site, load_site
from tests.twin.driving import random_inputs, random_state
from twin.physics.clocks import (
    HW_SLOWDOWN,
    HW_THERMAL,
    IDLE,
    SW_POWER_CAP,
    SW_THERMAL,
    switching_share,
    thermal_clock,
)
from twin.state import MEASURED, MODELLED, Inputs, State
from twin.step import step

SEEDS, LENGTHS = st.integers(0, 100_000), st.floats(0.1, 60.0)
GPUS = 72


@cache
def kernel(controlled: bool = True) -> KernelPlates:
    return plates(controlled)


def modelled(inputs: Inputs) -> Inputs:
    """Return the inputs with every power a demand."""
    return inputs._replace(gpu_power_basis=np.full(len(inputs.gpu_power_w), MODELLED))


def level(die_c: float) -> Floats:
    """Return one temperature for the whole of every chain."""
    return np.full((4, GPUS), die_c)


def spread_of(plant: Plant, seed: int) -> Plant:
    """Return the plant with GPUs that differ in rise and leakage."""
    rng, gpus = np.random.default_rng(seed), plant.arrays.gpus
    count = len(plant.gpu_names)
    mixed = gpus._replace(
        rise_factor=rng.uniform(0.7, 1.4, count),
        leakage_w=gpus.leakage_w * rng.uniform(0.5, 1.5, count),
    )
    return replace(plant, arrays=plant.arrays._replace(gpus=freeze(mixed)))


def settled(plate: KernelPlates, demand_w: float, inlet_c: float, cap_w: float) -> State:
    """Return the GPUs at rest at the reference flow."""
    state = plate.state(level(inlet_c), 1.0, inlet_c)
    inputs = plate.inputs(np.array([demand_w]))._replace(gpu_cap_w=np.full(GPUS, cap_w))
    plate.step(state, inputs, 400.0)
    return state


def rise_k_per_w(plate: KernelPlates) -> float:
    """Return what a GPU's die rises over the inlet per watt of board power at rest."""
    groups = plate.plant.arrays.groups
    chain = groups.die_resistance_k_per_w[0] + groups.body_resistance_k_per_w[0]
    return float(chain + 1.0 / plate.stream_w_per_k(1.0))


@pytest.mark.parametrize("site", ["edge", "hgx-h200"])
@pytest.mark.parametrize("idle", [True, False])
def test_a_demand_is_drawn_as_asked_at_the_temperature_it_is_stated_at(
    site: str, idle: bool
) -> None:
    plant = compile_site(site)
    gpus, groups = plant.arrays.gpus, plant.arrays.groups
    power_w = gpus.idle_power_w if idle else gpus.power_max_w
    die_c = (groups.idle_temp_c if idle else groups.working_temp_c)[gpus.group]
    state = random_state(plant, random_inputs(plant, 1), 1)
    rise_k = groups.die_resistance_k_per_w[gpus.group] * power_w
    state = state._replace(
        gpu_temp_c=die_c.copy(),
        gpu_body_c=die_c - rise_k,
        memory_temp_c=die_c.copy(),
        gpu_coolant_c=die_c - rise_k,
    )
    inputs = modelled(random_inputs(plant, 1)._replace(gpu_power_w=power_w.copy()))
    found = step(plant, state, inputs, 1e-3)
    np.testing.assert_allclose(found.gpu_power_w, power_w, rtol=1e-3)
    assert (found.gpu_event_reasons == (IDLE if idle else 0)).all() or not idle


@given(st.floats(0.0, 1200.0), st.floats(20.0, 55.0))
@settings(max_examples=20)
def test_at_rest_power_and_leakage_agree_with_the_solved_equation(
    demand_w: float, inlet_c: float
) -> None:
    plate = kernel(controlled=False)
    rise = rise_k_per_w(plate)

    def gap_k(die_c: float) -> float:
        return die_c - inlet_c - rise * plate.power_w(demand_w, die_c)

    state = settled(plate, demand_w, inlet_c, math.inf)
    wanted_c = brentq(gap_k, inlet_c - 5.0, inlet_c + 100.0, xtol=1e-12)
    np.testing.assert_allclose(state.gpu_temp_c, wanted_c, atol=1e-5)
    np.testing.assert_allclose(state.gpu_power_w, plate.power_w(demand_w, wanted_c), atol=1e-4)


def test_measured_power_stays_as_it_is() -> None:
    plate = kernel()
    state = plate.state(level(99.0), 1.0, 45.0)
    inputs = plate.inputs(np.array([1300.0]), MEASURED)
    plate.step(state, inputs._replace(gpu_cap_w=np.full(GPUS, 300.0)), 1.0)
    np.testing.assert_array_equal(state.gpu_power_w, 1300.0)
    np.testing.assert_array_equal(state.gpu_clock_ratio, 1.0)
    assert not state.gpu_off.any()


@given(SEEDS, st.floats(0.1, 30.0))
@settings(max_examples=20)
def test_no_gpu_draws_more_than_its_cap_and_says_so(seed: int, dt_s: float) -> None:
    plate = kernel(controlled=False)
    rng = np.random.default_rng(seed)
    cap_w, demand_w = rng.uniform(350.0, 1200.0, GPUS), rng.uniform(0.0, 1300.0, GPUS)
    state = plate.state(rng.uniform(20.0, 80.0, (4, GPUS)), 1.0, 35.0)
    plate.step(state, plate.inputs(demand_w)._replace(gpu_cap_w=cap_w), dt_s)
    assert (state.gpu_power_w <= cap_w * (1.0 + 1e-12)).all()
    held = (state.gpu_event_reasons & SW_POWER_CAP).astype(bool)
    far = np.abs(demand_w - cap_w) > 60.0
    np.testing.assert_array_equal(held[far], (demand_w > cap_w)[far])
    np.testing.assert_array_equal(state.gpu_clock_ratio[held] < 1.0, True)
    np.testing.assert_allclose(state.gpu_power_w[held & far], cap_w[held & far], rtol=1e-9)


def test_a_cap_lowers_the_clock_by_the_voltage_law() -> None:
    plate = kernel()
    arrays = plate.plant.arrays
    gpus, groups = arrays.gpus, arrays.groups
    state = settled(plate, 1200.0, 40.0, 700.0)
    rate, working_c = groups.leakage_rate_per_k[0], groups.working_temp_c[0]

    def leaks_w(die_c: float) -> float:
        return float(gpus.leakage_w[0] * math.exp(rate * (die_c - working_c)))

    still_w = gpus.idle_power_w[0] - leaks_w(float(groups.idle_temp_c[0]))
    switching_w = 1200.0 - still_w - gpus.leakage_w[0]
    share = (700.0 - still_w - leaks_w(state.gpu_temp_c[0])) / switching_w
    flat, floor = groups.voltage_flat[0], groups.voltage_floor[0]
    clock = brentq(lambda c: switching_share(c, flat, floor) - share, 0.0, 1.0)
    assert state.gpu_clock_ratio[0] == pytest.approx(clock, abs=1e-6)
    assert state.gpu_event_reasons[0] == SW_POWER_CAP


@pytest.mark.parametrize(
    ("inlet_c", "reasons"),
    [
        (45.0, 0),
        (60.0, SW_THERMAL),
        (79.0, SW_THERMAL | HW_THERMAL | HW_SLOWDOWN),
    ],
)
def test_a_hot_gpu_settles_where_its_clock_and_its_cooling_agree(
    inlet_c: float, reasons: int
) -> None:
    plate = kernel()
    arrays, rise = plate.plant.arrays, rise_k_per_w(plate)
    gpus, groups = arrays.gpus, arrays.groups
    limit_c = gpus.temp_limit_c[0]
    slow_k, shut_k = gpus.slowdown_c[0] - limit_c, gpus.shutdown_c[0] - limit_c
    still_w = gpus.idle_power_w[0] - gpus.leakage_w[0] * math.exp(
        groups.leakage_rate_per_k[0] * (groups.idle_temp_c[0] - groups.working_temp_c[0])
    )
    switching_w = 1200.0 - still_w - gpus.leakage_w[0]

    def gap_k(die_c: float) -> float:
        clock = float(thermal_clock(die_c - limit_c, slow_k, shut_k, groups.clock_min[0]))
        share = float(switching_share(clock, groups.voltage_flat[0], groups.voltage_floor[0]))
        free_w = plate.power_w(1200.0, die_c)
        return float(die_c - inlet_c - rise * (free_w - (1.0 - share) * switching_w))

    state = settled(plate, 1200.0, inlet_c, math.inf)
    die_c = brentq(gap_k, inlet_c, inlet_c + 60.0, xtol=1e-12)
    assert state.gpu_temp_c[0] == pytest.approx(die_c, abs=1e-4)
    assert state.gpu_event_reasons[0] == reasons
    assert not state.gpu_off.any()
    assert (state.gpu_clock_ratio[0] < 1.0) == (reasons != 0)


def test_warm_memory_throttles_as_software_would() -> None:
    plate = kernel()
    gpus = plate.plant.arrays.gpus
    cool = freeze(gpus._replace(memory_limit_c=np.full(GPUS, 60.0)))
    plate = KernelPlates(replace(plate.plant, arrays=plate.plant.arrays._replace(gpus=cool)))
    state = settled(plate, 1200.0, 40.0, math.inf)
    assert (state.gpu_event_reasons == SW_THERMAL).all()
    assert (state.gpu_clock_ratio < 1.0).all()
    assert (state.memory_temp_c > 60.0).all()
    assert (state.gpu_temp_c < 88.0).all()


def test_a_gpu_at_its_shutdown_temperature_stays_off() -> None:
    plate = kernel()
    state = plate.state(level(40.0), 1.0, 95.0)
    inputs = plate.inputs(np.array([1200.0]))
    plate.step(state, inputs, 120.0)
    assert state.gpu_off.all()
    np.testing.assert_array_equal(state.gpu_power_w, 0.0)
    cooler = state._replace(circuit_delivered_c=np.full_like(state.circuit_supply_c, 20.0))
    plate.step(cooler, inputs, 300.0)
    assert cooler.gpu_off.all()
    np.testing.assert_allclose(cooler.gpu_temp_c, 20.0, atol=1e-3)


@given(SEEDS, LENGTHS)
@settings(max_examples=20)
def test_energy_closes_with_leakage_control_and_spread(
    pilot: Plant, seed: int, dt_s: float
) -> None:
    plant = spread_of(pilot, seed)
    state = random_state(plant, random_inputs(plant, seed), seed)
    for turn in range(3):
        state = step(plant, state, modelled(random_inputs(plant, seed + turn)), dt_s)
        assert state.ledger.balance_error <= 1e-9
        assert np.isfinite(state.gpu_temp_c).all()


@given(SEEDS, st.floats(0.05, 60.0))
@settings(max_examples=20)
def test_more_demand_leaves_no_gpu_colder_and_more_flow_none_warmer(seed: int, dt_s: float) -> None:
    plate, rng = kernel(controlled=False), np.random.default_rng(seed)
    demand_w, ratio = rng.uniform(0.0, 1200.0, GPUS), rng.uniform(0.05, 1.5)
    start = level(rng.uniform(30.0, 80.0))
    found = []
    for more_w, more in ((0.0, 0.0), (rng.uniform(0.0, 300.0, GPUS), 0.0), (0.0, 0.5)):
        state = plate.state(start, ratio + more, 30.0)
        plate.step(state, plate.inputs(demand_w + more_w), dt_s)
        found.append(state)
    base, loaded, flooded = found
    assert (loaded.gpu_temp_c >= base.gpu_temp_c - 1e-9).all()
    assert (loaded.gpu_power_w >= base.gpu_power_w - 1e-6).all()
    assert (flooded.gpu_temp_c <= base.gpu_temp_c + 1e-9).all()


@given(st.floats(40.0, 80.0))
@settings(max_examples=10)
def test_at_rest_control_keeps_the_order_of_demands(inlet_c: float) -> None:
    plate = kernel()
    state = plate.state(level(inlet_c), 1.0, inlet_c)
    plate.step(state, plate.inputs(np.linspace(0.0, 1300.0, GPUS)), 400.0)
    assert (np.diff(state.gpu_temp_c) >= -1e-4).all()
    assert (np.diff(state.gpu_power_w) >= -1e-3).all()


@given(SEEDS, st.floats(0.1, 20.0))
@settings(max_examples=15)
def test_permuted_gpus_give_the_permuted_answer(seed: int, dt_s: float) -> None:
    rng = np.random.default_rng(seed)
    order, straight = rng.permutation(GPUS), spread_of(kernel().plant, seed)
    gpus = straight.arrays.gpus
    other = gpus._replace(rise_factor=gpus.rise_factor[order], leakage_w=gpus.leakage_w[order])
    turned = replace(straight, arrays=straight.arrays._replace(gpus=freeze(other)))
    start, demand_w = rng.uniform(30.0, 95.0, (4, GPUS)), rng.uniform(0.0, 1300.0, GPUS)
    one, two = KernelPlates(straight), KernelPlates(turned)
    mine, theirs = one.state(start, 0.7, 40.0), two.state(start[:, order], 0.7, 40.0)
    one.step(mine, one.inputs(demand_w), dt_s)
    two.step(theirs, two.inputs(demand_w[order]), dt_s)
    for name in ("gpu_temp_c", "gpu_power_w", "gpu_clock_ratio", "gpu_event_reasons", "gpu_off"):
        np.testing.assert_array_equal(getattr(theirs, name), getattr(mine, name)[order])


@pytest.mark.parametrize("demand_w", [0.0, 1e-6, 1200.0])
@pytest.mark.parametrize("controlled", [True, False])
def test_without_flow_everything_stays_finite(demand_w: float, controlled: bool) -> None:
    """With control the GPUs turn themselves off; without it leakage is held at 150 C."""
    plate = kernel(controlled)
    state = plate.state(level(60.0), 0.0, 60.0)
    plate.step(state, plate.inputs(np.array([demand_w])), 600.0)
    assert np.isfinite(state.gpu_temp_c).all()
    assert np.isfinite(state.gpu_power_w).all()
    assert state.gpu_off.all() == (controlled and demand_w == 1200.0)
    if demand_w == 0.0:
        np.testing.assert_allclose(state.gpu_temp_c, 60.0, atol=1e-9)


def test_a_rise_factor_scales_every_rise_and_no_heat() -> None:
    plate = kernel()
    factors = np.linspace(0.7, 1.3, GPUS)
    gpus = freeze(plate.plant.arrays.gpus._replace(rise_factor=factors))
    mixed = KernelPlates(replace(plate.plant, arrays=plate.plant.arrays._replace(gpus=gpus)))
    alike = plate.state(level(40.0), 1.0, 40.0)
    apart = mixed.state(level(40.0), 1.0, 40.0)
    for one, state in ((plate, alike), (mixed, apart)):
        one.step(state, one.inputs(np.array([800.0]), MEASURED), 7.0)
    rise_k = alike.gpu_temp_c - 40.0
    np.testing.assert_allclose(apart.gpu_temp_c - 40.0, factors * rise_k, rtol=1e-12)
    np.testing.assert_array_equal(apart.gpu_power_w, alike.gpu_power_w)


def with_spread(seed: int) -> Plant:
    raw = load_site("edge").model_dump()
    raw["spread"] = {"seed": seed, "rise": 0.04, "leakage": 0.2}
    return compile_site(Site.model_validate(raw))


def test_a_site_s_spread_is_drawn_from_its_seed_alone() -> None:
    one, again, other = with_spread(3).arrays.gpus, with_spread(3).arrays.gpus, with_spread(4)
    np.testing.assert_array_equal(one.rise_factor, again.rise_factor)
    np.testing.assert_array_equal(one.leakage_w, again.leakage_w)
    assert (one.rise_factor != other.arrays.gpus.rise_factor).any()
    assert one.rise_factor.std() == pytest.approx(0.04, rel=0.3)
    assert (one.leakage_w > 0.0).all()
    plain = compile_site("edge").arrays.gpus
    assert (plain.rise_factor == 1.0).all()
    assert np.ptp(plain.leakage_w) == 0.0
