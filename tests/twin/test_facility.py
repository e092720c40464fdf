"""Exchangers, chillers, circuits and the power tree against sums made another way."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from site_models.arrays import Floats
from site_models.compile import compile_site
from site_models.plant import AIR, FWS, GIVEN_FLOW, Plant
from site_models.site import Site, load_site
from tests.twin.driving import random_inputs, random_state
from twin.cooling.coolant import set_circuit_flows
from twin.cooling.loop_pressures import set_rack_flows
from twin.cooling.rejection import exchange, move_valves
from twin.electrical.chain import load_feeds
from twin.electrical.live import set_power
from twin.physics.converters import converter_input_w
from twin.scratch import scratch_for
from twin.start import first_state, idle_inputs, rated_inputs
from twin.state import Inputs, State
from twin.step import copied, step

SEEDS = st.integers(0, 100_000)
SITES = ("pilot", "edge", "hgx-b200", "superpod-h100", "frontier-like", "workstation")


def exchanged(plant: Plant, seed: int) -> tuple[State, Inputs, float]:
    """Return a state anywhere with its flows and exchanged heats set, and the water used."""
    inputs = random_inputs(plant, seed)
    state = copied(random_state(plant, inputs, seed))
    scratch = scratch_for(plant.arrays)
    set_rack_flows(plant.arrays, state, scratch, np.ones_like(state.circuit_dp_pa), 1.0)
    set_circuit_flows(plant.arrays, state, scratch)
    water_kg_per_s = exchange(plant.arrays, state, scratch, inputs)
    return state, inputs, water_kg_per_s


@pytest.mark.slow
@pytest.mark.parametrize("site", SITES)
@given(seed=SEEDS)
@settings(max_examples=15)
def test_streams_never_cross(site: str, seed: int) -> None:
    plant = compile_site(site)
    exchangers, circuits = plant.arrays.exchangers, plant.arrays.circuits
    state, inputs, _ = exchanged(plant, seed)
    for x, heat_w in enumerate(state.exchanger_heat_w):
        hot, cold = exchangers.hot_circuit[x], exchangers.cold_circuit[x]
        hot_c = state.circuit_arriving_c[hot]
        coldest_c = inputs.wet_bulb_c if cold < 0 else state.circuit_supply_c[cold]
        assert heat_w >= 0.0
        if heat_w == 0.0:
            continue
        share = exchangers.hot_flow_rated_kg_per_s[x] / sum(
            exchangers.hot_flow_rated_kg_per_s[exchangers.hot_circuit == hot]
        )
        hot_w_per_k = share * state.circuit_flow_kg_per_s[hot] * circuits.cp_j_per_kg_k[hot]
        cold_w_per_k = state.exchanger_cold_flow_kg_per_s[x] * exchangers.cold_cp_j_per_kg_k[x]
        assert hot_c - heat_w / hot_w_per_k >= coldest_c - 1e-9
        if exchangers.tower[x] < 0:
            assert coldest_c + heat_w / cold_w_per_k <= hot_c + 1e-9


@given(SEEDS)
@settings(max_examples=25)
def test_what_a_pad_evaporates_has_cooled_the_air(pilot: Plant, seed: int) -> None:
    """Water times its latent heat is the air stream times its drop, at most to the wet bulb."""
    state, inputs, water_kg_per_s = exchanged(pilot, seed)
    exchangers = pilot.arrays.exchangers
    pads = exchangers.adiabatic_effectiveness > 0.0
    air_w_per_k = state.exchanger_cold_flow_kg_per_s * exchangers.cold_cp_j_per_kg_k
    latent_j_per_kg = 2.501e6 - 2326.0 * inputs.wet_bulb_c
    depression_k = inputs.dry_bulb_c - inputs.wet_bulb_c
    most_w = (exchangers.adiabatic_effectiveness * air_w_per_k)[pads].sum() * depression_k
    assert 0.0 <= water_kg_per_s * latent_j_per_kg <= most_w * (1.0 + 1e-12)
    if np.all(state.exchanger_opening[pads] <= 0.8):
        assert water_kg_per_s == 0.0
    if np.all(state.exchanger_opening[pads] == 1.0):
        assert water_kg_per_s * latent_j_per_kg == pytest.approx(most_w)


@pytest.mark.parametrize("site", SITES)
@given(seed=SEEDS)
@settings(max_examples=8)
def test_the_meter_reads_what_all_consumers_draw(site: str, seed: int) -> None:
    """Racks, pumps, fans and chillers plus each stage's loss, added from the root down."""
    plant = compile_site(site)
    arrays, inputs = plant.arrays, random_inputs(plant, seed)
    state = step(plant, random_state(plant, inputs, seed), inputs, 1.0)

    def drawn_w(feed: int) -> float:
        links = arrays.rack_feeds
        mine = links.feed == feed
        out_w = float((links.share * state.rack_power_w[links.rack])[mine].sum())
        out_w += state.circuit_mover_power_w[arrays.circuits.mover_feed == feed].sum()
        out_w += state.exchanger_fan_power_w[arrays.exchangers.fan_feed == feed].sum()
        out_w += state.chiller_power_w[arrays.chillers.feed == feed].sum()
        out_w += sum(drawn_w(int(c)) for c in np.flatnonzero(arrays.feeds.parent == feed))
        rating_w = arrays.feeds.rating_w[feed]
        loss_w = arrays.feeds.loss_fixed[feed] * rating_w
        loss_w += arrays.feeds.loss_linear[feed] * out_w
        loss_w += arrays.feeds.loss_square[feed] * out_w**2 / rating_w
        in_w = out_w + loss_w
        assert state.feed_power_w[feed] == pytest.approx(in_w, rel=1e-11)
        return float(in_w)

    roots = np.flatnonzero(arrays.feeds.parent < 0)
    metered_w = sum(drawn_w(int(root)) for root in roots)
    assert state.ledger.energy_in_j == pytest.approx(metered_w, rel=1e-11)
    consumers_w = (
        state.rack_power_w.sum()
        + state.circuit_mover_power_w.sum()
        + state.exchanger_fan_power_w.sum()
        + state.chiller_power_w.sum()
    )
    assert consumers_w <= metered_w


def test_indoor_stages_warm_their_hall_and_others_the_outdoors(pilot: Plant) -> None:
    state = first_state(pilot, idle_inputs(pilot, 20.0, 15.0), 0.0)
    state = state._replace(rack_power_w=np.full(len(pilot.rack_names), 50e3))
    to_air_w = np.zeros(len(pilot.circuit_names))
    metered_w, _, outdoors_w = load_feeds(
        pilot.arrays, state, scratch_for(pilot.arrays), to_air_w, 1.0
    )
    assert metered_w == pytest.approx(50e3 * len(pilot.rack_names) + to_air_w.sum() + outdoors_w)
    busway_w = converter_input_w(4 * 50e3, 0.6e6, 0.0, 0.0, 0.004) - 4 * 50e3
    pdu_w = converter_input_w(12 * 50e3, 0.5e6, 0.004, 0.0, 0.008) - 12 * 50e3
    assert to_air_w[pilot.circuit_names.index("hall")] == pytest.approx(2 * busway_w + pdu_w)
    assert np.count_nonzero(to_air_w) == 1


@pytest.mark.parametrize(("down", "share"), [((), 0.5), (("busway-1",), 1.0)])
def test_the_feed_that_is_left_carries_the_whole_rack(down: tuple[str, ...], share: float) -> None:
    raw = load_site("pilot").model_dump()
    raw["halls"][0]["rows"][0]["racks"][0]["feeds"] = ["busway-1", "busway-2"]
    raw["halls"][0]["feeds"][1]["rating_w"] = 1.2e6
    plant = compile_site(Site.model_validate(raw | {"out_of_service": down}))
    state = first_state(plant, idle_inputs(plant, 20.0, 15.0), 0.0)
    power_w = np.where(np.arange(len(plant.rack_names)) < 4, 50e3, 0.0)
    state = state._replace(rack_power_w=power_w)
    scratch = scratch_for(plant.arrays)
    set_power(plant.arrays, state, scratch, 1.0)
    load_feeds(plant.arrays, state, scratch, np.zeros(len(plant.circuit_names)), 1.0)
    out_w = share * 200e3
    second = state.feed_power_w[plant.feed_names.index("busway-2")]
    assert second == pytest.approx(out_w + 0.004 * out_w**2 / 1.2e6)


@pytest.mark.parametrize("site", SITES)
@given(seed=SEEDS)
@settings(max_examples=8)
def test_flows_stay_within_what_movers_give(site: str, seed: int) -> None:
    plant = compile_site(site)
    circuits, exchangers = plant.arrays.circuits, plant.arrays.exchangers
    state, _, _ = exchanged(plant, seed)
    given = circuits.pump_control == GIVEN_FLOW
    most = np.where(given, circuits.flow_max_kg_per_s, highest_flows(plant))
    assert np.all(state.circuit_flow_kg_per_s <= most * (1.0 + 1e-12))
    assert np.all(state.circuit_flow_kg_per_s >= circuits.flow_min_kg_per_s * (1.0 - 1e-12))
    for k in np.flatnonzero(circuits.kind == FWS):
        drawn = state.exchanger_cold_flow_kg_per_s[exchangers.cold_circuit == k].sum()
        assert drawn <= state.circuit_flow_kg_per_s[k] * (1.0 + 1e-12)
    assert np.all((state.circuit_mover_power_w <= circuits.mover_power_max_w * 1.000001)[given])


def highest_flows(plant: Plant) -> Floats:
    """Return where the pumps of each loop have no head left [kg/s]."""
    c = plant.arrays.circuits
    fall = np.where(c.pump_control == GIVEN_FLOW, 1.0, -c.pump_square_pa_s2_per_kg2)
    linear = c.pump_linear_pa_s_per_kg
    return (linear + np.sqrt(linear**2 + 4.0 * fall * c.pump_rest_pa)) / (2.0 * fall)


@given(SEEDS, st.floats(0.1, 60.0))
@settings(max_examples=25)
def test_valves_open_where_it_is_too_warm(pilot: Plant, seed: int, h_s: float) -> None:
    """The opening follows the error and the integral stays where the valve can follow."""
    inputs = random_inputs(pilot, seed)
    state = copied(random_state(pilot, inputs, seed))
    before = copied(state)
    move_valves(pilot.arrays, state, inputs, h_s)
    exchangers = pilot.arrays.exchangers
    supply_c = state.circuit_supply_c[exchangers.hot_circuit]
    warm = supply_c > inputs.exchanger_setpoint_c
    moved = state.exchanger_integral - before.exchanger_integral
    assert np.all(moved[warm] >= 0.0)
    assert np.all(moved[~warm] <= 0.0)
    assert np.all(state.exchanger_integral >= 0.0)
    assert np.all(state.exchanger_integral <= 1.0)
    assert np.all(state.exchanger_opening >= exchangers.opening_min)
    assert np.all(state.exchanger_opening <= 1.0)


def test_outdoor_fans_rest_where_the_air_is_warmer_than_the_water(pilot: Plant) -> None:
    inputs = idle_inputs(pilot, 60.0, 45.0)
    state = first_state(pilot, inputs, 0.0)
    state = state._replace(circuit_supply_c=state.circuit_supply_c + 5.0)
    move_valves(pilot.arrays, state, inputs, 1.0)
    dry = (pilot.arrays.exchangers.cold_circuit < 0) & (
        pilot.arrays.exchangers.adiabatic_effectiveness == 0.0
    )
    np.testing.assert_array_equal(
        state.exchanger_opening[dry], pilot.arrays.exchangers.opening_min[dry]
    )


def test_equipment_out_of_service_moves_no_heat() -> None:
    site = load_site("pilot").model_copy(
        update={"out_of_service": ("cdu-1", "fws-chiller1", "chw-cooler1")}
    )
    plant = compile_site(site)
    inputs = rated_inputs(plant, 38.0, 24.0)
    state = step(plant, first_state(plant, inputs, 0.0), inputs, 30.0)
    assert state.exchanger_heat_w[plant.exchanger_names.index("cdu-1")] == 0.0
    assert state.exchanger_heat_w[plant.exchanger_names.index("chw-cooler1")] == 0.0
    assert state.chiller_power_w[plant.chiller_names.index("fws-chiller1")] == 0.0
    assert state.exchanger_heat_w[plant.exchanger_names.index("cdu-2")] > 0.0
    assert state.ledger.balance_error < 1e-9


def test_hall_air_carries_the_heat_that_it_takes(pilot: Plant) -> None:
    """The air stream does not carry many times the IT power, as it does in some twins."""
    inputs = rated_inputs(pilot, 30.0, 20.0)
    state = first_state(pilot, inputs, 0.0)
    for _ in range(3600):
        state = step(pilot, state, inputs, 1.0)
    (hall,) = np.flatnonzero(pilot.arrays.circuits.kind == AIR)
    carried_w = (
        state.circuit_flow_kg_per_s[hall]
        * pilot.arrays.circuits.cp_j_per_kg_k[hall]
        * (state.circuit_return_c[hall] - state.circuit_supply_c[hall])
    )
    assert carried_w == pytest.approx(state.rack_air_heat_w.sum(), rel=0.06)
