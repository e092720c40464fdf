"""Steady states of the shipped sites: they balance, rest, and look like machines."""

import itertools
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from site_models.arrays import Floats
from site_models.compile import compile_site
from site_models.plant import FWS, Plant, freeze
from site_models.site import load_site, shipped_sites
from tests.twin.driving import integrated
from twin.start import idle_inputs, rated_inputs
from twin.state import Inputs, State
from twin.steady import steady
from twin.step import step
from twin.unsolved import NotSettledError

QUICK = [site for site in shipped_sites() if site != "campus-100k"]
LOADS = {"idle": idle_inputs, "rated": rated_inputs}
WEATHER_C = ((-10.0, -12.0), (10.0, 7.0), (25.0, 18.0), (38.6, 23.9))


@cache
def at_rest(site: str, load: str) -> tuple[Plant, Inputs, State]:
    """Return a site's plant, inputs and rest on its design day."""
    location = load_site(site).location
    plant = compile_site(site)
    inputs = LOADS[load](plant, location.design_dry_bulb_c, location.design_wet_bulb_c)
    return plant, inputs, steady(plant, inputs)


def pue(state: State) -> float:
    return state.ledger.energy_in_j / state.ledger.it_energy_j


def turns_of(track: Floats) -> int:
    """Return how often a position turns round, sampled every 5 s, motion under 0.1 % aside."""
    moves = np.diff(track[::5])
    return int(np.count_nonzero(np.diff(np.sign(moves[np.abs(moves) > 0.001]))))


@pytest.mark.parametrize("load", LOADS)
@pytest.mark.parametrize("site", QUICK)
def test_energy_closes(site: str, load: str) -> None:
    _, _, state = at_rest(site, load)
    ledger = state.ledger
    assert ledger.balance_error <= 1e-9
    assert ledger.energy_in_j == pytest.approx(ledger.heat_out_j, rel=1e-9)


@pytest.mark.slow
def test_energy_closes_on_the_campus() -> None:
    _, _, state = at_rest("campus-100k", "rated")
    assert state.ledger.balance_error <= 1e-9
    assert state.ledger.energy_in_j == pytest.approx(state.ledger.heat_out_j, rel=1e-9)
    assert 1.0 < pue(state) < 1.25


@pytest.mark.parametrize("site", QUICK)
def test_the_real_plant_rests_there(site: str) -> None:
    """Ten minutes of the plant with all its water move nothing."""
    plant, inputs, state = at_rest(site, "rated")
    later = state
    for _ in range(10):
        later = step(plant, later, inputs, 60.0)
    for name, values in integrated(later).items():
        np.testing.assert_allclose(values, integrated(state)[name], atol=1e-5, err_msg=name)


@pytest.mark.parametrize("site", QUICK)
def test_the_heat_of_it_leaves_through_air_and_liquid(site: str) -> None:
    _, _, state = at_rest(site, "rated")
    given_w = state.rack_air_heat_w.sum() + state.rack_liquid_heat_w.sum()
    assert given_w == pytest.approx(state.rack_power_w.sum(), rel=1e-8)


@pytest.mark.parametrize("site", QUICK)
def test_what_goes_in_comes_out_by_an_independent_sum(site: str) -> None:
    """IT, movers, fans, compressors and losses against coolers, condensers and losses."""
    plant, _, state = at_rest(site, "rated")
    arrays = plant.arrays
    children_w = np.zeros(len(plant.feed_names))
    for f, parent in enumerate(arrays.feeds.parent):
        if parent >= 0:
            children_w[parent] += state.feed_power_w[f]
    own_w = np.bincount(
        arrays.rack_feeds.feed,
        weights=arrays.rack_feeds.share * state.rack_power_w[arrays.rack_feeds.rack],
        minlength=len(plant.feed_names),
    )
    for feeds, powers_w in (
        (arrays.circuits.mover_feed, state.circuit_mover_power_w),
        (arrays.exchangers.fan_feed, state.exchanger_fan_power_w),
        (arrays.chillers.feed, state.chiller_power_w),
    ):
        fed = feeds >= 0
        own_w += np.bincount(feeds[fed], weights=powers_w[fed], minlength=len(own_w))
    losses_w = state.feed_power_w - children_w - own_w
    outdoor_loss_w = losses_w[arrays.feeds.air_circuit < 0].sum()
    outdoors = arrays.exchangers.cold_circuit < 0
    air_cooled = arrays.chillers.condenser_circuit < 0
    out_w = (
        state.exchanger_heat_w[outdoors].sum()
        + state.exchanger_fan_power_w.sum()
        + (state.chiller_heat_w + state.chiller_power_w)[air_cooled].sum()
        + outdoor_loss_w
    )
    metered_w = state.feed_power_w[arrays.feeds.parent < 0].sum()
    assert out_w == pytest.approx(metered_w, rel=1e-8)
    assert (losses_w >= 0.0).all()


@pytest.mark.parametrize("site", QUICK)
def test_equipment_is_within_its_limits_on_the_design_day(site: str) -> None:
    plant, _, state = at_rest(site, "rated")
    arrays = plant.arrays
    assert np.all(state.gpu_temp_c < arrays.gpus.temp_limit_c)
    assert np.all(state.memory_temp_c < arrays.gpus.memory_limit_c)
    assert np.all(state.circuit_supply_c <= arrays.circuits.supply_limit_c + 1e-6)
    assert np.all(state.rack_power_w <= arrays.racks.rating_w * 1.001)
    assert np.all(state.feed_power_w <= arrays.feeds.rating_w)
    # By their curves chillers take a little more than rated where their condenser water is cold.
    most = np.where(arrays.chillers.capacity_curve >= 0, 1.05, 1.0 + 1e-9)
    assert np.all(state.chiller_heat_w <= arrays.chillers.capacity_w * most)


@pytest.mark.parametrize("site", QUICK)
def test_a_design_day_has_a_plausible_pue(site: str) -> None:
    """Warm water 1.03 to 1.15, air and chillers up to 1.35 on the hottest day."""
    _, _, state = at_rest(site, "rated")
    assert 1.02 < pue(state) < 1.35


@pytest.mark.parametrize("site", ["pilot", "edge", "superpod-h100", "frontier-like", "hgx-h100"])
def test_warmer_weather_costs_no_less_at_full_load(site: str) -> None:
    plant = compile_site(site)
    powers_w = [
        steady(plant, rated_inputs(plant, dry_c, wet_c)).ledger.energy_in_j
        for dry_c, wet_c in WEATHER_C
    ]
    assert all(a <= b * (1.0 + 1e-9) for a, b in itertools.pairwise(powers_w))


@pytest.mark.parametrize("site", ["edge", "hgx-h200"])
def test_more_power_for_all_leaves_no_gpu_colder(site: str) -> None:
    plant = compile_site(site)
    idle, rated = idle_inputs(plant, 25.0, 18.0), rated_inputs(plant, 25.0, 18.0)
    hottest = np.full(len(plant.gpu_names), -np.inf)
    for load in np.linspace(0.0, 1.0, 6):
        power_w = (1.0 - load) * idle.gpu_power_w + load * rated.gpu_power_w
        state = steady(plant, idle._replace(gpu_power_w=power_w))
        assert np.all(state.gpu_temp_c >= hottest - 1e-6)
        hottest = state.gpu_temp_c


def test_a_rest_does_not_depend_on_the_clock(edge: Plant) -> None:
    inputs = rated_inputs(edge, 25.0, 18.0)
    then, now = steady(edge, inputs), steady(edge, inputs, 1.7e9)
    assert now.time_s == 1.7e9
    np.testing.assert_array_equal(now.gpu_temp_c, then.gpu_temp_c)


def test_a_site_without_cooling_finds_no_rest(hgx: Plant) -> None:
    dead = hgx.arrays.exchangers._replace(in_service=np.zeros(1, dtype=np.bool_))
    broken = replace(hgx, arrays=hgx.arrays._replace(exchangers=freeze(dead)))
    with pytest.raises(NotSettledError, match="still moving by"):
        steady(broken, rated_inputs(hgx, 25.0, 18.0))


def test_a_load_step_on_the_pilot_settles_without_hunting(pilot: Plant) -> None:
    """Idle to full and back, half an hour each: one swing, a small overshoot, then rest."""
    location = load_site("pilot").location
    weather = (location.design_dry_bulb_c, location.design_wet_bulb_c)
    idle, rated = idle_inputs(pilot, *weather), rated_inputs(pilot, *weather)
    tcs = [pilot.circuit_names.index(name) for name in ("cdu-1-tcs", "cdu-2-tcs")]
    state = steady(pilot, idle)
    for inputs in (rated, idle):
        supplies, openings = [], []
        for _ in range(1800):
            state = step(pilot, state, inputs, 1.0)
            assert state.ledger.balance_error <= 1e-9
            supplies.append(state.circuit_supply_c.copy())
            openings.append(state.exchanger_opening.copy())
        off_k = np.abs(np.array(supplies)[:, tcs] - 40.0)
        assert off_k.max() < 2.0
        assert off_k[600:].max() < 0.02
        assert max(turns_of(track) for track in np.array(openings).T) <= 3
        assert np.abs(np.diff(openings[-300:], axis=0)).max() < 1e-4
    facility = pilot.arrays.circuits.kind == FWS
    assert np.all(state.circuit_supply_c[facility] < pilot.arrays.circuits.supply_limit_c[facility])
