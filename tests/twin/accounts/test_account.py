"""The account of a site: boundaries that add up, ratios by hand, the recording agrees."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from controllers.simulated.rig_readings import readings
from site_models.errors import InputError
from site_models.plant import Plant
from telemetry.files.tariffs import KG_PER_J, USD_PER_J, StepSeries
from telemetry.frame import Frame
from telemetry.recording import Recording, RecordingWriter
from tests.twin.driving import random_inputs
from twin.accounts.account import Account, Terms, account_of, account_of_step
from twin.accounts.account_report import report
from twin.start import first_state, idle_inputs
from twin.state import State
from twin.step import step

KWH_J = 3.6e6
DAY = Account(
    start_s=0.0,
    end_s=86_400.0,
    accounted_s=86_400.0,
    site_j=1200.0 * KWH_J,
    rack_j=1000.0 * KWH_J,
    node_j=990.0 * KWH_J,
    compute_j=800.0 * KWH_J,
    gpu_j=600.0 * KWH_J,
    cooling_j=120.0 * KWH_J,
    loss_j=80.0 * KWH_J,
    reused_j=300.0 * KWH_J,
    evaporated_kg=900.0,
    drift_kg=20.0,
    blowdown_kg=300.0,
    cost_usd=60.0,
    emissions_kg=420.0,
)
START_S = 1_700_000_000.0
"""22:13:20 UTC: a run of 3,000 s from here crosses an hour."""
HOURS_S = np.arange(START_S // 3600.0, START_S // 3600.0 + 4.0) * 3600.0
PRICE = StepSeries("price", HOURS_S, np.array([20.0, 300.0, -5.0]) * USD_PER_J)
CARBON = StepSeries("carbon", HOURS_S, np.array([400.0, 350.0, 200.0]) * KG_PER_J)
TERMS = Terms(PRICE, CARBON)


def run(plant: Plant, steps: int, dt_s: float) -> list[tuple[State, float]]:
    """Return a short run with loads that change from step to step."""
    state = first_state(plant, idle_inputs(plant, 30.0, 20.0), START_S)
    states = []
    for k in range(steps):
        inputs = random_inputs(plant, 11 + k % 3)._replace(dry_bulb_c=38.0, wet_bulb_c=22.0)
        state = step(plant, state, inputs, dt_s)
        states.append((state, dt_s))
    return states


def test_ratios_by_hand() -> None:
    assert DAY.pue == pytest.approx(1.2)
    assert DAY.ppue_cooling == pytest.approx(1.12)
    assert DAY.ppue_power == pytest.approx(1.08)
    assert DAY.water_kg == pytest.approx(1220.0)
    assert DAY.wue_kg_per_j * KWH_J == pytest.approx(1.22)
    assert DAY.cue_kg_per_j * KWH_J == pytest.approx(0.42)
    assert DAY.ere == pytest.approx(0.9)
    assert DAY.erf == pytest.approx(0.25)
    assert DAY.itue == pytest.approx(1.25)
    assert DAY.tue == pytest.approx(1.5)


def test_partial_figures_make_up_the_whole() -> None:
    assert DAY.ppue_cooling + DAY.ppue_power - 1.0 == pytest.approx(DAY.pue)
    assert DAY.tue == pytest.approx(DAY.site_j / DAY.compute_j)
    assert DAY.ere == pytest.approx((1.0 - DAY.erf) * DAY.pue)


def test_without_it_energy_no_ratio_is_made_up() -> None:
    empty = Account(0.0, 10.0)
    for ratio in (empty.pue, empty.wue_kg_per_j, empty.cue_kg_per_j, empty.erf, empty.tue):
        assert math.isnan(ratio)


def test_two_days_are_the_sum_of_both_and_one_day_is_not_counted_twice() -> None:
    later = replace(DAY, start_s=90_000.0, end_s=176_400.0, site_j=1400.0 * KWH_J)
    both = DAY + later
    assert (both.start_s, both.end_s, both.accounted_s) == (0.0, 176_400.0, 172_800.0)
    assert both.pue == pytest.approx(1.3)
    with pytest.raises(ValueError, match="expected a start after 86400"):
        DAY + DAY


def test_a_report_states_unit_and_boundary_of_every_line() -> None:
    lines = {line.name: line for line in report(DAY)}
    assert lines["PUE"].value == pytest.approx(1.2)
    assert lines["site energy"].value == pytest.approx(1200.0)
    assert lines["site energy"].unit == "kWh"
    assert lines["WUE"].value == pytest.approx(1.22)
    assert lines["WUE"].unit == "L/kWh"
    assert all(line.boundary for line in lines.values())


def test_boundaries_add_up_and_stand_inside_one_another(edge: Plant) -> None:
    found = account_of(edge, run(edge, 40, 1.0), TERMS)
    assert found.site_j == pytest.approx(found.rack_j + found.cooling_j + found.loss_j)
    assert found.site_j > found.rack_j >= found.node_j > found.compute_j > found.gpu_j > 0.0
    assert found.cooling_j > 0.0
    assert found.loss_j > 0.0
    assert found.blowdown_kg == pytest.approx(found.evaporated_kg / 3.0)
    assert (found.start_s, found.accounted_s) == (START_S, 40.0)


def test_cost_and_carbon_are_power_times_the_hour_it_fell_in(edge: Plant) -> None:
    states = run(edge, 30, 100.0)
    found = account_of(edge, states, TERMS)
    usd = kg = 0.0
    for state, dt_s in states:
        for hour, (dollars, grams) in enumerate(((20.0, 400.0), (300.0, 350.0), (-5.0, 200.0))):
            begun_s = max(state.time_s - dt_s, HOURS_S[hour])
            inside_s = max(min(state.time_s, HOURS_S[hour + 1]) - begun_s, 0.0)
            kwh = state.ledger.energy_in_j * inside_s / dt_s / KWH_J
            usd += kwh / 1000.0 * dollars
            kg += kwh / 1000.0 * grams
    assert found.cost_usd == pytest.approx(usd, rel=1e-12)
    assert found.emissions_kg == pytest.approx(kg, rel=1e-12)


def test_without_prices_the_cost_is_unknown_and_with_short_ones_refused(edge: Plant) -> None:
    (state, dt_s) = run(edge, 1, 1.0)[0]
    assert math.isnan(account_of_step(edge, state, dt_s, Terms()).cost_usd)
    late = state._replace(time_s=START_S + 1e6)
    with pytest.raises(InputError, match="price: covers 2023-11-14T22:00:00Z"):
        account_of_step(edge, late, dt_s, TERMS)
    with pytest.raises(ValueError, match="at least one"):
        account_of(edge, [], TERMS)


def test_the_recording_of_a_run_holds_the_same_energy(edge: Plant, tmp_path: Path) -> None:
    states = run(edge, 25, 1.0)
    axes = {axis: edge.axis(axis) for axis in ("gpu", "node", "rack", "power", "site")}
    with RecordingWriter(
        tmp_path / "run", source="test", axes=axes, site=edge.site, site_hash=edge.site_hash
    ) as writer:
        inputs = idle_inputs(edge, 30.0, 20.0)
        for state, _ in states:
            values = readings(edge, state, inputs, state.gpu_power_w)
            kept = ("facility_power_w", "it_power_w", "node_power_w", "gpu_power_w")
            writer.add(Frame(state.time_s, {name: values[name] for name in kept}))
    recorded = Recording(tmp_path / "run")

    def energy_j(signal: str, axis: str) -> float:
        return sum(float(recorded.series(signal, id)[1].sum()) for id in edge.axis(axis))

    found = account_of(edge, states, TERMS)
    assert energy_j("facility_power_w", "site") == pytest.approx(found.site_j, rel=1e-6)
    assert energy_j("it_power_w", "site") == pytest.approx(found.rack_j, rel=1e-6)
    assert energy_j("node_power_w", "node") == pytest.approx(found.node_j, rel=1e-6)
    assert energy_j("gpu_power_w", "gpu") == pytest.approx(found.gpu_j, rel=1e-6)
