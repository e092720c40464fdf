"""GPUs in their nodes against scipy, golden cases and measured ranges."""

from functools import cache
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from site_models.arrays import Floats
from site_models.catalog import open_catalog
from site_models.compile import compile_site
from site_models.kinds.gpu import Gpu, ThermalChain
from site_models.plant import Plant, freeze
from tests.twin.driving import random_inputs, random_state
from twin.cooling.loop_pressures import set_rack_flows
from twin.scratch import scratch_for
from twin.servers.gpu_rates import lanes
from twin.servers.gpus import advance_gpus
from twin.servers.nodes import set_fans
from twin.start import first_state, idle_inputs, rated_inputs
from twin.state import MODELLED, Inputs, State
from twin.steady import steady
from twin.step import copied, step

CATALOG = open_catalog()
L_PER_MIN = 1e-3 / 60.0
PG25_45_KG_PER_M3 = 1026.32 - 0.29827 * 45.0 - 0.0027875 * 45.0**2
AIR_CP = 1006.0


class Body(NamedTuple):
    """What the reference's equations need of one GPU, read from the catalog."""

    gpu: Gpu
    chain: ThermalChain
    stream_w_per_k: float
    body_k_per_w: float


def reference(
    body: Body, start: Floats, power_w: Floats, inlet_c: float, dt_s: float
) -> tuple[Floats, Floats]:
    """Integrate ENGINEERING 8.2 with a memory node for several GPUs.

    Returns temperatures, shape (4, GPUs), and heat given to the stream, shape (GPUs,) [J].
    """
    share = float(body.gpu.memory_share)
    memory_j = float(body.gpu.memory_capacity_j_per_k)
    plate_j = float(body.chain.body_capacity_j_per_k) - memory_j
    die_w_per_k = (1.0 - share) / float(body.chain.die_resistance_k_per_w)

    def slopes(_: float, flat: Floats) -> Floats:
        die, plate, memory, coolant = flat.reshape(5, -1)[:4]
        from_die = die_w_per_k * (die - plate)
        from_memory = (memory - plate) / float(body.gpu.memory_resistance_k_per_w)
        to_coolant = (plate - coolant) / body.body_k_per_w
        away = body.stream_w_per_k * (coolant - inlet_c)
        return np.concatenate(
            (
                ((1.0 - share) * power_w - from_die) / float(body.chain.die_capacity_j_per_k),
                (from_die + from_memory - to_coolant) / plate_j,
                (share * power_w - from_memory) / memory_j,
                (to_coolant - away) / float(body.chain.coolant_capacity_j_per_k),
                away,
            )
        )

    begin = np.concatenate((start.ravel(), np.zeros(start.shape[1])))
    solved = solve_ivp(slopes, (0.0, dt_s), begin, method="Radau", rtol=1e-11, atol=1e-9)
    end = solved.y[:, -1].reshape(5, -1)
    return end[:4], end[4]


def temperatures(state: State, gpus: slice) -> Floats:
    return np.stack(
        (
            state.gpu_temp_c[gpus],
            state.gpu_body_c[gpus],
            state.memory_temp_c[gpus],
            state.gpu_coolant_c[gpus],
        )
    )


def advanced(plant: Plant, state: State, inputs: Inputs, dt_s: float) -> tuple[State, Floats]:
    """Return the state after the GPUs' own step, all flows held, and mean heat by node [W]."""
    new = copied(state)
    to_coolant_w = np.zeros(len(plant.node_names))
    advance_gpus(plant.arrays, new, inputs, dt_s, to_coolant_w)
    return new, to_coolant_w


@pytest.mark.parametrize("dt_s", [0.1, 1.0, 10.0, 60.0])
def test_cold_plates_follow_the_integrator_at_any_step(edge: Plant, dt_s: float) -> None:
    gpu = CATALOG.get(Gpu, "gb200_gpu")
    assert gpu.liquid is not None
    assert gpu.liquid.flow_reference_m3_per_s is not None
    inputs = random_inputs(edge, 7)._replace(gpu_power_w=np.linspace(0.0, 1400.0, 72))
    state = random_state(edge, inputs, 7)
    flow = state.rack_flow_kg_per_s[0] * edge.arrays.nodes.liquid_flow_share[0] / 4.0
    ratio = flow / (float(gpu.liquid.flow_reference_m3_per_s) * PG25_45_KG_PER_M3)
    body_k_per_w = float(gpu.liquid.body_resistance_k_per_w) * ratio ** float(
        gpu.liquid.flow_exponent
    )
    tcs = edge.arrays.racks.liquid_circuit[0]
    stream_w_per_k = 2.0 * flow * edge.arrays.circuits.cp_j_per_kg_k[tcs]
    wanted, heat_j = reference(
        Body(gpu, gpu.liquid, float(stream_w_per_k), float(body_k_per_w)),
        temperatures(state, slice(0, 4)),
        inputs.gpu_power_w[:4],
        float(state.circuit_delivered_c[tcs]),
        dt_s,
    )
    found, to_coolant_w = advanced(edge, state, inputs, dt_s)
    np.testing.assert_allclose(temperatures(found, slice(0, 4)), wanted, atol=1e-6)
    assert to_coolant_w[0] * dt_s == pytest.approx(heat_j.sum(), rel=1e-7, abs=1e-3)


@pytest.mark.parametrize("dt_s", [0.1, 1.0, 10.0, 60.0])
def test_heat_sinks_follow_the_integrator_at_any_step(hgx: Plant, dt_s: float) -> None:
    """The second bank breathes what the first has warmed, on the mean over the step."""
    gpu = CATALOG.get(Gpu, "h200_sxm")
    assert gpu.air is not None
    inputs = random_inputs(hgx, 3)._replace(gpu_power_w=np.linspace(50.0, 750.0, 8))
    state = random_state(hgx, inputs, 3)
    state = state._replace(node_airflow_kg_per_s=0.6 * hgx.arrays.nodes.airflow_max_kg_per_s)
    lane = float(state.node_airflow_kg_per_s[0]) / 4.0
    body_k_per_w = float(gpu.air.body_resistance_k_per_w) * 0.6 ** float(gpu.air.flow_exponent)
    body = Body(gpu, gpu.air, 2.0 * lane * AIR_CP, body_k_per_w)
    first = hgx.arrays.gpus.upstream
    start, inlet_c = temperatures(state, slice(0, 8)), float(state.node_inlet_c[0])
    wanted = np.empty((4, 8))
    wanted[:, first], first_j = reference(
        body, start[:, first], inputs.gpu_power_w[first], inlet_c, dt_s
    )
    warmed_c = inlet_c + float(first_j.sum()) / dt_s / (4.0 * lane * AIR_CP)
    wanted[:, ~first], second_j = reference(
        body, start[:, ~first], inputs.gpu_power_w[~first], warmed_c, dt_s
    )
    found, to_coolant_w = advanced(hgx, state, inputs, dt_s)
    np.testing.assert_allclose(temperatures(found, slice(0, 8)), wanted, atol=1e-6)
    assert to_coolant_w[0] * dt_s == pytest.approx(first_j.sum() + second_j.sum(), rel=1e-7)


@given(st.integers(0, 10_000), st.floats(0.05, 60.0))
@settings(max_examples=20)
def test_two_half_steps_of_held_flow_equal_one(edge: Plant, seed: int, dt_s: float) -> None:
    inputs = random_inputs(edge, seed)
    state = random_state(edge, inputs, seed)
    once, once_w = advanced(edge, state, inputs, dt_s)
    half, first_w = advanced(edge, state, inputs, dt_s / 2.0)
    again, second_w = advanced(edge, half, inputs, dt_s / 2.0)
    gpus = slice(0, 72)
    np.testing.assert_allclose(temperatures(again, gpus), temperatures(once, gpus), atol=1e-10)
    np.testing.assert_allclose((first_w + second_w) / 2.0, once_w, rtol=1e-9, atol=1e-6)


@given(st.integers(0, 10_000), st.floats(0.05, 60.0))
@settings(max_examples=20)
def test_at_held_flow_more_power_leaves_no_gpu_colder(edge: Plant, seed: int, dt_s: float) -> None:
    inputs = random_inputs(edge, seed)
    more_w = np.random.default_rng(seed).uniform(0.0, 300.0, 72)
    state = random_state(edge, inputs, seed)
    less, _ = advanced(edge, state, inputs, dt_s)
    more, _ = advanced(edge, state, inputs._replace(gpu_power_w=inputs.gpu_power_w + more_w), dt_s)
    assert np.all(temperatures(more, slice(0, 72)) >= temperatures(less, slice(0, 72)) - 1e-10)


def test_golden_gb200_case(edge: Plant) -> None:
    """1200 W, 40 C, 1.5 L/min of rho 1009.9 and cp 3969 (ENGINEERING 1.5, lumped_check.py)."""
    flow = 1.5 * L_PER_MIN * 1009.9
    arrays = edge.arrays
    groups = freeze(
        arrays.groups._replace(
            coolant_cp_j_per_kg_k=np.array([3969.0]), flow_reference_kg_per_s=np.array([flow])
        )
    )
    inputs = rated_inputs(edge, 30.0, 20.0)
    state = first_state(edge, inputs, 0.0)
    supply_c = state.circuit_supply_c.copy()
    supply_c[arrays.racks.liquid_circuit[0]] = 40.0
    whole = flow * 4.0 / arrays.nodes.liquid_flow_share[:1]
    state = state._replace(circuit_delivered_c=supply_c, rack_flow_kg_per_s=whole)
    advance_gpus(arrays._replace(groups=groups), state, inputs, 3600.0, np.zeros(27))
    np.testing.assert_allclose(state.gpu_temp_c, 74.79, atol=0.02)
    np.testing.assert_allclose(state.gpu_body_c, 60.39, atol=0.02)
    np.testing.assert_allclose(state.gpu_coolant_c, 45.99, atol=0.02)


@cache
def at_rest(site: str, load: float) -> tuple[Plant, State]:
    plant = compile_site(site)
    idle, rated = (make(plant, 25.0, 18.0) for make in (idle_inputs, rated_inputs))
    power_w = idle.gpu_power_w + load * (rated.gpu_power_w - idle.gpu_power_w)
    return plant, steady(plant, idle._replace(gpu_power_w=power_w))


@pytest.mark.parametrize(("load", "coldest_c", "warmest_c"), [(0.0, 25.0, 38.0), (1.0, 54.0, 72.0)])
def test_h100_in_air_is_as_warm_as_measured(
    load: float, coldest_c: float, warmest_c: float
) -> None:
    """54-72 C under load (ENGINEERING 1.5, S15); about 30 C reported at idle (S2)."""
    _, state = at_rest("hgx-h100", load)
    assert coldest_c < state.gpu_temp_c.min()
    assert state.gpu_temp_c.max() < warmest_c


def test_the_second_bank_runs_warmer(hgx: Plant) -> None:
    plant, state = at_rest("hgx-h200", 1.0)
    first = plant.arrays.gpus.upstream
    assert lanes(first, 0, 8) == 4
    warmer_k = state.gpu_temp_c[~first].min() - state.gpu_temp_c[first].max()
    assert 2.0 < warmer_k < 15.0


@pytest.mark.parametrize(
    ("site", "load", "low_w", "high_w"),
    [
        ("hgx-h100", 1.0, 8.0e3, 8.6e3),
        ("hgx-h200", 0.0, 0.92 * 2.36e3, 1.08 * 2.36e3),
        ("hgx-b200", 1.0, 11.0e3, 14.3e3),
        ("edge", 1.0, 120e3, 132.5e3),
    ],
)
def test_rack_power_is_that_of_published_machines(
    site: str, load: float, low_w: float, high_w: float
) -> None:
    """8 x H100 8.4 kW, 8 x H200 idle 2.36 kW, DGX B200 14.3 kW at most, NVL72 120-132 kW."""
    _, state = at_rest(site, load)
    assert low_w <= state.rack_power_w[0] <= high_w


def test_an_nvl72_rack_splits_its_heat_as_its_maker_says() -> None:
    """115 kW to liquid and 17 kW to air of 132 kW (ENGINEERING 2)."""
    _, state = at_rest("edge", 1.0)
    assert state.rack_liquid_heat_w[0] / state.rack_power_w[0] == pytest.approx(115 / 132, abs=0.03)


def test_nodes_breathe_some_of_what_they_blew_out(pilot: Plant) -> None:
    state = first_state(pilot, idle_inputs(pilot, 20.0, 15.0), 0.0)
    hall = pilot.circuit_names.index("hall")
    state.circuit_supply_c[hall], state.circuit_return_c[hall] = 20.0, 40.0
    set_fans(pilot.arrays, state, 1.0)
    assert pilot.arrays.circuits.recirculation[hall] == 0.04
    np.testing.assert_allclose(state.node_inlet_c, 0.96 * 20.0 + 0.04 * 40.0)


def test_trays_blow_as_much_air_as_holds_its_rise() -> None:
    """15 K, where the fans do not run at their least or most."""
    plant, state = at_rest("edge", 1.0)
    least = plant.arrays.nodes.fan_speed_min
    free = (state.fan_speed > least + 1e-6) & (state.fan_speed < 1.0 - 1e-6)
    rise_k = (state.node_outlet_c - state.node_inlet_c)[free]
    assert free.any()
    np.testing.assert_allclose(rise_k, 15.0, atol=1e-6)


@pytest.mark.parametrize("load", [0.0, 0.5, 1.0])
def test_servers_fan_their_hottest_gpu_towards_its_target(load: float) -> None:
    """Speed runs from least to full over 20 K, centred on the target."""
    plant, state = at_rest("hgx-h200", load)
    nodes = plant.arrays.nodes
    least, target_c = nodes.fan_speed_min[0], nodes.fan_target_c[0]
    along = np.clip((state.gpu_temp_c.max() - target_c) / 20.0 + 0.5, 0.0, 1.0)
    assert state.fan_speed[0] == pytest.approx(least + (1.0 - least) * along, abs=1e-8)


def test_a_rack_s_valve_holds_its_return_temperature() -> None:
    plant, state = at_rest("edge", 1.0)
    setpoint_c = plant.arrays.racks.return_setpoint_c[0]
    assert state.rack_return_c[0] == pytest.approx(setpoint_c, abs=0.01)
    litres_per_min = state.rack_flow_kg_per_s[0] / PG25_45_KG_PER_M3 / L_PER_MIN
    assert 105.0 < litres_per_min < 125.0


def test_racks_share_pumps_that_are_too_small(pilot: Plant) -> None:
    """Four racks at full flow ask more of each CDU than its pumps give at half speed."""
    circuits = pilot.arrays.circuits
    small = freeze(circuits._replace(pump_speed_max=0.5 * circuits.pump_speed_max))
    arrays = pilot.arrays._replace(circuits=small)
    state = first_state(pilot, idle_inputs(pilot, 20.0, 15.0), 0.0)
    state = state._replace(node_liquid_heat_w=np.full(len(pilot.node_names), 1e6))
    for _ in range(120):
        as_built = np.ones(len(pilot.circuit_names))
        set_rack_flows(arrays, state, scratch_for(arrays), as_built, 1.0)
    for k in set(pilot.arrays.racks.liquid_circuit.tolist()) - {-1}:
        members = pilot.arrays.racks.liquid_circuit == k
        given = state.rack_flow_kg_per_s[members]
        assert state.circuit_flow_kg_per_s[k] == pytest.approx(given.sum(), rel=1e-15)
        assert np.all(given < pilot.arrays.racks.flow_max_kg_per_s[members])
        assert np.all(state.rack_valve[members] > 0.99)
        assert np.ptp(given) < 1e-12
        assert state.circuit_low_flow_s[k] > 100.0


def test_a_lone_busy_tray_does_not_starve_beside_idle_ones(edge: Plant) -> None:
    """The rack's valve follows the tray whose coolant would leave warmest."""
    inputs = idle_inputs(edge, 20.0, 15.0)
    power_w = inputs.gpu_power_w.copy()
    power_w[:4] = 1200.0
    lone = steady(edge, inputs._replace(gpu_power_w=power_w))
    _, full = at_rest("edge", 1.0)
    np.testing.assert_allclose(lone.gpu_temp_c[:4], full.gpu_temp_c[:4], atol=0.5)
    assert lone.gpu_temp_c[4:].max() < lone.gpu_temp_c[0] - 15.0


@given(st.integers(0, 10_000))
@settings(max_examples=15)
def test_permuted_trays_and_plates_give_the_permuted_answer(edge: Plant, seed: int) -> None:
    """Trays change places in the rack and GPUs in their tray."""
    rng = np.random.default_rng(seed)
    trays = rng.permutation(18)
    order = (4 * trays[:, None] + rng.permuted(np.tile(np.arange(4), (18, 1)), axis=1)).ravel()
    nodes = np.concatenate((trays, np.arange(18, 27)))
    inputs = random_inputs(edge, seed)
    other = inputs._replace(gpu_power_w=inputs.gpu_power_w[order])
    straight = random_state(edge, inputs, seed)
    turned = straight._replace(
        gpu_temp_c=straight.gpu_temp_c[order],
        gpu_body_c=straight.gpu_body_c[order],
        memory_temp_c=straight.memory_temp_c[order],
        gpu_coolant_c=straight.gpu_coolant_c[order],
        fan_speed=straight.fan_speed[nodes],
    )
    for _ in range(5):
        straight, turned = step(edge, straight, inputs, 2.0), step(edge, turned, other, 2.0)
    np.testing.assert_allclose(turned.gpu_temp_c, straight.gpu_temp_c[order], atol=1e-9)
    np.testing.assert_allclose(turned.memory_temp_c, straight.memory_temp_c[order], atol=1e-9)
    np.testing.assert_allclose(turned.node_power_w, straight.node_power_w[nodes], rtol=1e-12)
    np.testing.assert_allclose(turned.rack_power_w, straight.rack_power_w, rtol=1e-12)


@pytest.mark.parametrize(
    ("load_w", "cap_w", "die_c"),
    [(1100.0, 1200.0, 55.0), (1100.0, 800.0, 55.0), (1200.0, 1200.0, 90.0)],
    ids=["free", "capped", "throttled"],
)
@pytest.mark.parametrize("apart", ["gpu_temp_c", "memory_temp_c", "gpu_cap_w"])
def test_a_gpu_alike_its_neighbour_moves_as_it_does_beside_another(
    edge: Plant, load_w: float, cap_w: float, die_c: float, apart: str
) -> None:
    count = len(edge.gpu_names)
    inputs = rated_inputs(edge, 30.0, 20.0)._replace(
        gpu_power_w=np.full(count, load_w),
        gpu_power_basis=np.full(count, MODELLED, dtype=np.int64),
        gpu_cap_w=np.full(count, cap_w),
    )
    state = first_state(edge, inputs, 0.0)._replace(gpu_temp_c=np.full(count, die_c))
    among, given = copied(state), inputs
    if apart == "gpu_cap_w":
        given = inputs._replace(gpu_cap_w=inputs.gpu_cap_w.copy())
        given.gpu_cap_w[1::2] -= 150.0
    else:
        getattr(among, apart)[1::2] += 1.0
    alike, mixed = advanced(edge, state, inputs, 1.0)[0], advanced(edge, among, given, 1.0)[0]
    for one, other in zip(
        (*temperatures(alike, slice(None)), alike.gpu_power_w, alike.gpu_clock_ratio),
        (*temperatures(mixed, slice(None)), mixed.gpu_power_w, mixed.gpu_clock_ratio),
        strict=True,
    ):
        np.testing.assert_array_equal(one[::2], other[::2])
        np.testing.assert_array_equal(one, one[0])
    assert (mixed.gpu_temp_c[1::2] != mixed.gpu_temp_c[::2]).all()
