"""Shifting takes each job's cheapest course to its deadline, and no deadline is missed."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controllers.accounts.charges import Charges
from controllers.jobs.shift_plan import Ahead, Holding, choices
from controllers.policies.price_shift import PriceShift, ahead_of
from controllers.policy import JobOn, Outlook, View
from controllers.scenario import scenario_of
from controllers.simulated.what_if import staged_from
from controllers.supervision.vetting import fault_of
from controllers.worlds import looped
from site_models.compile import compile_site
from site_models.plant import Plant
from telemetry.files.tariffs import StepSeries
from tests.fakes.small_plant import START_S, small_plant, small_state
from tests.fakes.small_run import view_of
from twin.accounts.account import Terms

HOUR_S = 3600.0
PLANT = small_plant()
USD_PER_J = 1.0 / 3.6e9


def cost_of(
    course: tuple[bool, ...], ahead: Ahead, left: int, holding: Holding, held: bool
) -> float:
    """Return what a course of holding and running costs, step by step."""
    total = 0.0
    for hold, cost, quanta in zip(course, ahead.cost, ahead.quanta, strict=True):
        if left > 0 and hold:
            total += float(cost) * holding.drawn * int(quanta)
            left = max(left - int(holding.pace * int(quanta) + 1e-9), 0)
        elif left > 0:
            resume = holding.resume if held else 0
            total += float(cost) * min(left + resume, int(quanta))
            left = max(left - max(int(quanta) - resume, 0), 0)
        held = hold
    return total + left * ahead.beyond if left <= ahead.room else np.inf


@settings(max_examples=150)
@given(
    cost=st.lists(st.floats(-5.0, 50.0), min_size=1, max_size=6),
    left=st.integers(0, 24),
    holding=st.builds(
        Holding, st.sampled_from([0.0, 0.5, 0.75]), st.floats(0.0, 0.9), st.integers(0, 3)
    ),
    held=st.booleans(),
    room=st.integers(0, 6),
)
def test_the_course_is_the_cheapest_of_all(
    cost: list[float], left: int, holding: Holding, held: bool, room: int
) -> None:
    quanta = np.full(len(cost), 4, dtype=np.int64)
    quanta[0] = 3
    ahead = Ahead(np.array(cost), quanta, 10.0, room)
    told = choices(ahead, left, holding, held)
    for first, ours in ((True, told.held), (False, told.running)):
        courses = [c for c in product((True, False), repeat=len(cost)) if c[0] is first]
        best = min(cost_of(course, ahead, left, holding, held) for course in courses)
        np.testing.assert_allclose(ours, best, rtol=1e-9, atol=1e-9)


def outlook_of(prices: list[float], time_s: float) -> Outlook:
    """Return prices [USD/MWh] of the hours from a time on, told."""
    hours_s = np.floor(time_s / HOUR_S) * HOUR_S + HOUR_S * np.arange(float(len(prices)))
    still = np.zeros(len(prices))
    return Outlook(hours_s, still, still, np.array(prices) * USD_PER_J, None)


def at(view: View, time_s: float, job: JobOn, prices: list[float]) -> View:
    return replace(view, time_s=time_s, jobs=(job,), outlook=outlook_of(prices, time_s))


def lived(
    plant: Plant, policy: PriceShift, prices: list[float], job: JobOn, begin_s: float = START_S
) -> tuple[list[bool], float]:
    """Return in which ticks a job stood, and when it was done, restarts paid."""
    view, memory = view_of(plant, small_state(plant)), policy.start(plant)
    time_s, left_s, stood = begin_s, job.left_s, list[bool]()
    restart_s, tick_s = 0.0, 600.0
    while left_s > 0.0:
        hour = int((time_s - START_S) / HOUR_S)
        seen = replace(job, left_s=left_s, paused=bool(stood and stood[-1]))
        decision, memory = policy.decide(at(view, time_s, seen, prices[hour:]), memory)
        assert fault_of(decision, at(view, time_s, seen, prices[hour:])) == ""
        stands = job.name in decision.paused
        if stood and stood[-1] and not stands:
            restart_s = job.resume_s
        stood.append(stands)
        if not stands:
            worked_s = tick_s - min(restart_s, tick_s)
            restart_s -= tick_s - worked_s
            left_s -= worked_s
        time_s += tick_s
    return stood, time_s


def test_dear_hours_are_stood_out_and_the_deadline_is_kept() -> None:
    prices = [26.0] * 4 + [400.0] * 3 + [25.0] * 40
    job = JobOn("batch", np.arange(8), preemptible=True, finish_by_s=START_S + 10 * HOUR_S,
                left_s=5 * HOUR_S, resume_s=300.0)  # fmt: skip
    stood, done_s = lived(PLANT, PriceShift(), prices, job)
    hours = np.array(stood[: 10 * 6]).reshape(-1)
    assert not hours[: 4 * 6].any()
    assert hours[4 * 6 : 7 * 6].all()
    assert done_s <= job.finish_by_s


@settings(max_examples=40)
@given(
    prices=st.lists(st.floats(-50.0, 3000.0), min_size=60, max_size=60),
    left_h=st.floats(0.5, 20.0),
    spare_h=st.floats(0.0, 20.0),
    resume_s=st.floats(0.0, 900.0),
    after_s=st.sampled_from([0.0, 600.0, 1800.0, 3000.0]),
)
def test_no_deadline_is_missed_and_no_pause_is_short(
    prices: list[float], left_h: float, spare_h: float, resume_s: float, after_s: float
) -> None:
    finish_by_s = START_S + after_s + (left_h + spare_h) * HOUR_S
    job = JobOn("batch", np.arange(8), preemptible=True, finish_by_s=finish_by_s,
                left_s=left_h * HOUR_S, resume_s=resume_s)  # fmt: skip
    stood, done_s = lived(PLANT, PriceShift(), prices, job, START_S + after_s)
    assert done_s <= finish_by_s + 600.0  # the last tick is a whole one
    turns = np.flatnonzero(np.diff([0, *stood, 0]))
    assert all(np.diff(turns)[::2] >= 6)  # of ten minutes each


def test_who_gave_no_time_or_no_leave_is_left_alone() -> None:
    view = view_of(PLANT, small_state(PLANT))
    prices = [500.0] + [10.0] * 40
    by_s = START_S + 20 * HOUR_S
    for job in (
        JobOn("endless", np.arange(4), preemptible=True),
        JobOn("late", np.arange(4), preemptible=True, finish_by_s=START_S, left_s=HOUR_S),
        JobOn("strict", np.arange(4), allowed_slowdown=0.0, finish_by_s=by_s, left_s=4 * HOUR_S),
    ):
        decision, _ = PriceShift().decide(at(view, START_S, job, prices), PriceShift().start(PLANT))
        assert decision.paused == frozenset()
        assert decision.gpu_clock_share is not None
        assert (decision.gpu_clock_share == 1.0).all()


def test_jobs_that_may_not_be_paused_are_slowed_within_what_they_allow() -> None:
    view = view_of(PLANT, small_state(PLANT))
    job = JobOn("steady", np.arange(4), allowed_slowdown=0.25,
                finish_by_s=START_S + 20 * HOUR_S, left_s=4 * HOUR_S)  # fmt: skip
    decision, _ = PriceShift().decide(
        at(view, START_S, job, [500.0] + [10.0] * 40), PriceShift().start(PLANT)
    )
    clock = decision.gpu_clock_share
    assert clock is not None
    assert decision.paused == frozenset()
    assert 0.75 <= clock[:4].min() == clock[:4].max() < 0.8
    assert (clock[4:] == 1.0).all()


def test_hours_that_are_not_told_cost_what_they_cost_on_the_days_before() -> None:
    policy, memory = PriceShift(), PriceShift().start(PLANT)
    view = view_of(PLANT, small_state(PLANT))
    day = [20.0] * 17 + [300.0] * 3 + [20.0] * 4
    offset = int(START_S / HOUR_S) % 24
    for hour in range(48):
        time_s = START_S + HOUR_S * hour
        now = [day[(offset + hour) % 24]] + [np.nan] * 23
        idle = replace(view, time_s=time_s, outlook=outlook_of(now, time_s))
        _, memory = policy.decide(idle, memory)
    begin_s = START_S + HOUR_S * (48 + (16 - offset) % 24)
    job = JobOn("batch", np.arange(8), preemptible=True, left_s=4 * HOUR_S, resume_s=60.0,
                finish_by_s=begin_s + 12 * HOUR_S)  # fmt: skip
    decision, memory = policy.decide(at(view, begin_s, job, [20.0] + [np.nan] * 23), memory)
    assert decision.paused == frozenset()
    dear_s = begin_s + HOUR_S
    left = replace(job, left_s=3 * HOUR_S)
    decision, _ = policy.decide(at(view, dear_s, left, [300.0] + [np.nan] * 23), memory)
    assert decision.paused == frozenset({"batch"})


def test_a_deadline_beyond_the_horizon_leaves_room_after_it() -> None:
    ahead = ahead_of(np.ones(5), 1800.0, 10 * HOUR_S)
    assert ahead.quanta.tolist() == [10, 20, 20, 20, 20]
    assert ahead.room == 100
    assert ahead_of(np.ones(5), 1800.0, 5400.0).quanta.tolist() == [10, 10]


def test_armed_on_a_scenario_it_saves_money_and_loses_no_work() -> None:
    plant, spent, units = compile_site("hgx-h200"), [], []
    raw = {
        "site": "hgx-h200", "start": "2023-07-10T18:00:00Z", "duration_s": 4.5 * HOUR_S,
        "weather": {"dry_bulb_c": 25.0, "wet_bulb_c": 18.0},
        "jobs": [{"name": "batch", "gpus": ["*"], "profile": "finetuning", "end_s": 1.2 * HOUR_S,
                  "finish_by_s": 4.4 * HOUR_S, "preemptible": True}],
    }  # fmt: skip
    path = Path("scenario")
    for mode in ("shadow", "armed"):
        what_if = staged_from(
            scenario_of(dict(raw), path), path, plant, lambda time_s: (25.0, 18.0), 300.0
        )
        start_s = what_if.rig.state.time_s
        edges_s = start_s + HOUR_S * np.arange(-24.0, 49.0)
        dear = (edges_s[:-1] >= start_s) & (edges_s[:-1] < start_s + 2 * HOUR_S)
        price = np.where(dear, 500.0, 20.0) * USD_PER_J
        charges = Charges(Terms(StepSeries("price", edges_s, price), None))
        what_if.around.charges = what_if.work.charges = charges
        for _ in looped(what_if, plant, [f"price_shift={mode}"]):
            pass
        told = what_if.work.records[0]
        assert told.end_s <= start_s + 4.4 * HOUR_S
        spent.append(told.cost_usd)
        units.append(told.kept_units)
    assert units[1] == pytest.approx(units[0], rel=1e-3)
    assert spent[1] < 0.75 * spent[0]  # a server that idles still costs a third
