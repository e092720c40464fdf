"""Priorities and worth share the power of a tree; a linear program does little better."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from controllers.policies.power_budget import PowerBudget, Wanted
from controllers.policy import JobOn, View
from controllers.power.climb import climbed, gangs_of
from controllers.power.pour import Vessel, vessel_of
from controllers.power.power_tree import power_tree
from controllers.power.stage_room import room_of
from controllers.power.worth import ladder_of, pace_at
from site_models.arrays import Floats
from site_models.plant import Plant
from tests.fakes.small_plant import small_arrays, small_inputs, small_plant, small_state
from tests.fakes.small_run import view_of
from twin.state import MODELLED, State
from twin.step import step

PLANT = small_plant()
TIGHT = PowerBudget(margin=1.0, site_margin=1.0)


def drawing(plant: Plant, power_w: Floats) -> State:
    """Return a state in which modelled GPUs draw this at full clock."""
    inputs = small_inputs(plant)._replace(gpu_power_w=power_w)
    return step(plant, small_state(plant, 0.5), inputs, 1.0)


def seen(plant: Plant, state: State, jobs: tuple[JobOn, ...]) -> View:
    view = view_of(plant, state)
    basis = np.full(len(plant.gpu_names), MODELLED, dtype=np.int64)
    return replace(view, jobs=jobs, inputs=view.inputs._replace(gpu_power_basis=basis))


def vessel(plant: Plant, state: State, policy: PowerBudget) -> Vessel:
    limit_w = np.inf if policy.site_limit_w is None else policy.site_limit_w * policy.site_margin
    room = room_of(power_tree(plant), state, policy.margin, limit_w)
    return vessel_of(plant, state, room, policy.margin)


def job(name: str, first: int, end: int, priority: int = 0, compute: float = 1.0) -> JobOn:
    return JobOn(name, np.arange(first, end), priority, compute_share=compute)


def test_the_higher_priority_has_all_it_wants_before_the_lower_one() -> None:
    power_w = PLANT.arrays.gpus.power_max_w.copy()
    jobs = (job("low", 0, 24), job("high", 24, 48, 5))
    view = seen(PLANT, drawing(PLANT, power_w), jobs)
    policy = PowerBudget(site_limit_w=45_000.0)
    decision, _ = policy.decide(view, policy.start(PLANT))
    np.testing.assert_allclose(decision.gpu_cap_w[24:], power_w[24:])
    assert decision.gpu_cap_w[:24].max() < 0.7 * power_w[0]


def test_memory_bound_work_gives_its_power_to_arithmetic() -> None:
    power_w = PLANT.arrays.gpus.power_max_w.copy()
    jobs = (job("decode", 0, 16, compute=0.0), job("train", 16, 32))
    view = seen(PLANT, drawing(PLANT, power_w), jobs)
    policy = PowerBudget(site_limit_w=50_000.0)
    cap_w = policy.decide(view, policy.start(PLANT))[0].gpu_cap_w
    assert cap_w[:16].max() < 0.5 * power_w[0]
    assert cap_w[16:32].min() > 1.5 * cap_w[:16].max()


def test_the_gpus_of_a_job_over_two_racks_climb_together() -> None:
    arrays = small_arrays()
    power_w = PLANT.arrays.gpus.power_max_w.copy()
    racks = arrays.racks._replace(rating_w=np.array([15_000.0, 1e6, 1e6]))
    plant = small_plant(arrays._replace(racks=racks))
    ladder = ladder_of(plant, power_w, np.ones(48))
    jobs = (job("wide", 8, 32),)
    state = drawing(plant, power_w)
    cap_w = climbed(vessel(plant, state, TIGHT), ladder, gangs_of(plant, jobs),
                    plant.arrays.gpus.power_min_w)  # fmt: skip
    assert np.ptp(cap_w[8:32]) < 1e-9
    assert cap_w[8] < 0.9 * power_w[8]


@given(
    st.floats(30_000.0, 70_000.0),
    st.lists(st.floats(0.4, 1.5), min_size=5, max_size=5),
    st.lists(st.floats(0.0, 1.3), min_size=5, max_size=5),
    st.lists(st.tuples(st.integers(-3, 3), st.floats(0.0, 1.0)), min_size=4, max_size=4),
    st.lists(st.floats(0.15, 1.0), min_size=48, max_size=48),
)
@settings(max_examples=40)
def test_caps_keep_every_limit_whatever_runs(
    site_limit_w: float,
    scales: list[float],
    thermal: list[float],
    kinds: list[tuple[int, float]],
    loads: list[float],
) -> None:
    arrays = small_arrays()
    feeds = arrays.feeds._replace(
        rating_w=arrays.feeds.rating_w * np.array(scales),
        breaker_rating_a=np.full(5, 200.0), breaker_trip_level=np.full(5, 1.25),
        breaker_magnetic=np.full(5, 7.0),
    )  # fmt: skip
    plant = small_plant(arrays._replace(feeds=feeds))
    state = drawing(plant, plant.arrays.gpus.power_max_w * np.array(loads))
    state = state._replace(feed_breaker_thermal=np.array(thermal))
    jobs = tuple(
        job(str(k), 12 * k, 12 * k + 10, rank, share) for k, (rank, share) in enumerate(kinds)
    )
    policy = PowerBudget(site_limit_w=site_limit_w)
    decision, memory = policy.decide(seen(plant, state, jobs), policy.start(plant))
    cap_w, low_w = decision.gpu_cap_w, plant.arrays.gpus.power_min_w
    whole = vessel(plant, state, policy)
    out_w, in_w = whole.tree.feed_powers_w(whole.rack_power_w(cap_w), whole.fixed_w)
    least_out_w, least_in_w = whole.tree.feed_powers_w(whole.rack_power_w(low_w), whole.fixed_w)
    assert (out_w <= np.maximum(whole.room.out_w, least_out_w) + 1e-6).all()
    assert in_w[0] <= max(whole.room.meters_w, least_in_w[0]) + 1e-6
    assert (cap_w >= low_w).all()
    assert (cap_w <= plant.arrays.gpus.power_max_w).all()
    assert isinstance(memory, Wanted)


@pytest.mark.parametrize("limit_w", [34_000.0, 40_000.0, 46_000.0, 52_000.0])
def test_throughput_is_within_two_percent_of_the_linear_program(limit_w: float) -> None:
    """One job a rack or less: wants and compute shares of all kinds, one limit at the meter."""
    sizes = ((0, 8, 1.0, 1.0), (8, 16, 0.6, 0.5), (16, 32, 0.9, 0.0), (32, 48, 0.8, 0.8))
    gpus = PLANT.arrays.gpus
    power_w = gpus.power_max_w.copy()
    for first, end, load, _ in sizes:
        power_w[first:end] *= load
    jobs = tuple(job(str(k), s[0], s[1], compute=s[3]) for k, s in enumerate(sizes))
    share = gangs_of(PLANT, jobs).compute_share
    state = drawing(PLANT, power_w)
    policy = PowerBudget(margin=1.0, site_limit_w=limit_w, site_margin=1.0)
    decision, _ = policy.decide(seen(PLANT, state, jobs), policy.start(PLANT))
    ladder = ladder_of(PLANT, power_w, share)
    whole = vessel(PLANT, state, policy)
    rise_w = np.diff(ladder.power_w, axis=1)
    made_by = np.where(rise_w > 0.0, ladder.worth_per_w, 0.0) * rise_w

    def meter_w(gpu_w: Floats) -> float:
        return float(whole.tree.feed_powers_w(whole.rack_power_w(gpu_w), whole.fixed_w)[1][0])

    base_w = meter_w(ladder.power_w[:, 0])
    rows = []
    for first, end, _, _ in sizes:
        up = ladder.power_w[:, 0].copy()
        up[first:end] += 1.0
        rows.append(np.full(rise_w.shape[1], meter_w(up) - base_w) * rise_w[first])
    gains = np.concatenate([(s[1] - s[0]) * made_by[s[0]] for s in sizes])
    best = linprog(
        -gains, A_ub=np.concatenate(rows)[None, :], b_ub=[limit_w - base_w], bounds=(0, 1)
    )
    made = 0.0
    for first, end, _, _ in sizes:
        ends = np.r_[0.0, np.cumsum(made_by[first])]
        made += (end - first) * float(
            np.interp(decision.gpu_cap_w[first:end].min(), ladder.power_w[first], ends)
        )
    assert made >= 0.98 * -float(best.fun or 0.0)


def test_pace_of_work_that_waits_for_memory_falls_only_below_the_knee() -> None:
    clock = np.array([0.3, 0.6, 0.8, 1.0])
    np.testing.assert_allclose(pace_at(clock, np.zeros(4)), [0.5, 1.0, 1.0, 1.0])
    np.testing.assert_allclose(pace_at(clock, np.ones(4)), clock)
