"""Curves of jobs against the catalog's own profiles, and the split of the watts among them."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controllers.jobs.job_curves import CLOCKS, job_curves, least_loss, lowest_allowed
from controllers.jobs.team import first_team
from controllers.policy import JobOn
from site_models.arrays import Floats
from site_models.compile import compile_site
from twin.workload import workload

PLANT = compile_site("hgx-h100")
FULL_W = np.full(8, 650.0)
shares = st.floats(0.0, 1.0)


def jobs_of(*compute: float) -> tuple[JobOn, ...]:
    """Return jobs of two GPUs each."""
    return tuple(
        JobOn(f"j{k}", np.array([2 * k, 2 * k + 1]), compute_share=share)
        for k, share in enumerate(compute)
    )


@pytest.mark.parametrize("name", ["finetuning", "prefill", "decode"])
@pytest.mark.parametrize("clock", [0.6, 0.75, 0.9])
def test_power_and_loss_are_those_of_the_profile(name: str, clock: float) -> None:
    places = np.arange(8)
    team = first_team(workload(name), PLANT, places)
    full, slow = (team.pace(np.full(8, share)) for share in (1.0, clock))
    full_w = team.power_w(PLANT, full, np.ones(8))
    half_s = team.pace(np.full(8, 0.5)).step_s.mean()
    job = JobOn(name, places, compute_share=min(half_s / full.step_s.mean() - 1.0, 1.0))
    core = float(workload(name).core_share)
    curves = job_curves(PLANT, (job,), full_w, core, 0.6)
    told = np.interp(clock, CLOCKS, curves.loss[0])
    assert told == pytest.approx(1.0 - team.units_per_s(slow) / team.units_per_s(full), abs=0.01)
    power_w = np.interp(clock, CLOCKS, curves.power_w[0])
    slow_w = team.power_w(PLANT, slow, np.full(8, clock)).sum()
    assert power_w == pytest.approx(slow_w, rel=0.04)


@given(shares, shares)
def test_the_lowest_clock_keeps_the_tier(compute: float, allowed: float) -> None:
    curves = job_curves(PLANT, jobs_of(compute), FULL_W, 0.7, 0.6)
    place = lowest_allowed(curves, np.array([allowed]))[0]
    assert curves.loss[0, place] <= allowed + 1e-9
    assert place == 0 or curves.loss[0, place - 1] > allowed


def test_memory_bound_work_gives_its_watts_for_nothing() -> None:
    curves = job_curves(PLANT, jobs_of(1.0, 0.0), FULL_W, 0.7, 0.6)
    lowest = lowest_allowed(curves, np.array([0.5, 0.0]))
    clocks = least_loss(curves, lowest, float(curves.power_w[:, -1].sum()) - 100.0)
    assert clocks[0] == pytest.approx(1.0)
    assert 0.6 - 1e-9 <= clocks[1] < 1.0


@given(st.tuples(shares, shares), st.floats(0.0, 1.1), st.tuples(shares, shares))
def test_the_watts_are_met_within_the_tiers(
    compute: tuple[float, float], part: float, allowed: tuple[float, float]
) -> None:
    curves = job_curves(PLANT, jobs_of(*compute), FULL_W, 0.7, 0.6)
    lowest = lowest_allowed(curves, np.array(allowed))
    least_w = float(curves.power_w[np.arange(2), lowest].sum())
    most_w = float(curves.power_w[:, -1].sum())
    wanted_w = least_w + part * (most_w - least_w)
    clocks = least_loss(curves, lowest, wanted_w)
    assert (clocks >= CLOCKS[lowest] - 1e-12).all()
    drawn_w = sum(_at(row, clock) for row, clock in zip(curves.power_w, clocks, strict=True))
    assert drawn_w == pytest.approx(min(wanted_w, most_w), abs=0.02 * most_w)


def test_no_other_combination_loses_less_work() -> None:
    curves = job_curves(PLANT, jobs_of(1.0, 0.6, 0.2), FULL_W, 0.7, 0.6)
    lowest = lowest_allowed(curves, np.array([0.5, 0.3, 0.2]))
    wanted_w = 0.75 * float(curves.power_w[:, -1].sum())
    clocks = least_loss(curves, lowest, wanted_w)
    ours = sum(_at(row, clock) for row, clock in zip(curves.loss, clocks, strict=True))
    grids = [range(int(low), len(CLOCKS), 3) for low in lowest]
    best = min(
        sum(curves.loss[j, place] for j, place in enumerate(places))
        for places in itertools.product(*grids)
        if sum(curves.power_w[j, place] for j, place in enumerate(places)) <= wanted_w
    )
    assert ours <= best + 0.01


def _at(row: Floats, clock: float) -> float:
    return float(np.interp(clock, CLOCKS, row))
