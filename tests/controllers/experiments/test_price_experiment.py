"""What the price experiment is played on: weeks, what is known of them, jobs and rules."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from controllers.experiments.price_shift import SCORED, SETTLED_ON, cases
from controllers.experiments.price_shift.rules import RESERVE_S, Rule, above, by_the_clock
from controllers.experiments.price_shift.stream import SERVING, SLOTS, stream
from controllers.experiments.price_shift.weeks import (
    HOUR_S,
    TEXAS,
    WEEK_S,
    Week,
    day_ahead,
    present,
    weeks,
    year,
)
from controllers.policy import Decision, JobOn
from telemetry.files.tariffs import StepSeries
from tests.fakes.small_plant import small_plant, small_state
from tests.fakes.small_run import view_of


@pytest.fixture
def july(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Week]:
    """The shipped month, as where no shared folder is."""
    monkeypatch.setenv("TWIN_SHARED", str(tmp_path))
    prices, carbon, _ = year(None)
    return weeks(prices, carbon)


def test_weeks_begin_on_local_mondays_and_are_covered(july: list[Week]) -> None:
    assert [week.number for week in july] == [27, 28, 29, 30]
    for week in july:
        begin = datetime.fromtimestamp(week.start_s, UTC).astimezone(TEXAS)
        assert (begin.weekday(), begin.hour) == (0, 0)
        assert np.isfinite(week.at(week.start_s + WEEK_S - 1.0)).all()


def test_the_weeks_that_are_scored_are_not_those_that_settled_anything() -> None:
    assert not set(SCORED) & set(SETTLED_ON)
    assert len(SCORED) >= 5


def test_nothing_is_told_before_it_is_published(july: list[Week]) -> None:
    week = july[1]
    for told in (cases()["day-ahead prices"].told, cases()["prices of now alone"].told):
        for hour in range(0, 168, 5):
            now_s = week.start_s + HOUR_S * hour
            outlook = week.outlook(now_s, told.price(now_s), told.carbon(now_s), told.hours)
            assert outlook.price_per_j is not None
            assert outlook.carbon_kg_per_j is not None
            known_s = outlook.time_s[np.isfinite(outlook.price_per_j)]
            local = datetime.fromtimestamp(now_s, UTC).astimezone(TEXAS)
            days = 2 if local.hour >= 14 else 1
            limit_h = 24 * days - local.hour if told.price is day_ahead else 1
            assert known_s.max() < now_s + HOUR_S * limit_h
            assert np.isfinite(outlook.carbon_kg_per_j).sum() == 1
    assert present(week.start_s + 10.0) == week.start_s + HOUR_S


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_jobs_have_their_gpus_to_themselves_until_their_deadlines(seed: int) -> None:
    jobs = stream(seed, 0.0)
    assert sum(slot.gpus for slot in SLOTS) + sum(gpus for _, gpus in SERVING) == 256
    ends = [job for job in jobs if np.isfinite(job.finish_by_s)]
    assert all(0.0 <= job.start_s < job.end_s < job.finish_by_s <= WEEK_S for job in ends)
    for gpu in range(64, 256):
        mine = sorted((job.start_s, job.finish_by_s) for job in ends if gpu in job.gpus)
        assert all(one[1] <= other[0] for one, other in pairwise(mine))
    assert [job.name for job in stream(seed, 0.0)] == [job.name for job in jobs]


PLANT = small_plant()
FIVE_S = datetime(2023, 7, 10, 17, tzinfo=TEXAS).timestamp()
"""Five in the afternoon, when the price is ten times what it is at all other hours."""


def asked(rule: Rule, hours: int, jobs: tuple[JobOn, ...]) -> Decision:
    """Return what a rule asks some hours after five, two days after it began to look."""
    hours_s = FIVE_S + HOUR_S * np.arange(-200.0, 200.0)
    prices = StepSeries("x", hours_s, np.where(hours_s[:-1] == FIVE_S, 100.0, 10.0))
    week, memory = Week(28, FIVE_S, prices, prices), rule.start(PLANT)
    view = view_of(PLANT, small_state(PLANT))
    for hour in range(-48, hours + 1):
        now_s = FIVE_S + HOUR_S * hour
        outlook = week.outlook(now_s, present(now_s), present(now_s), 24)
        decision, memory = rule.decide(
            replace(view, time_s=now_s, outlook=outlook, jobs=jobs), memory
        )
    return decision


@pytest.mark.parametrize(
    ("rule", "hours", "dear"),
    [
        (by_the_clock(16, 22), 0, True),
        (by_the_clock(16, 22), 4, True),
        (by_the_clock(16, 22), 5, False),
        (above(1.2), 0, True),
        (above(1.2), 1, False),
    ],
)
def test_rules_hold_back_who_has_the_time_in_hours_that_they_call_dear(
    rule: Rule, hours: int, dear: bool
) -> None:
    by_s = FIVE_S + 12 * HOUR_S
    now_s = FIVE_S + hours * HOUR_S
    jobs = (
        JobOn("loose", np.arange(4), preemptible=True, finish_by_s=by_s, left_s=HOUR_S),
        JobOn("tight", np.arange(4, 8), preemptible=True, finish_by_s=by_s,
              left_s=by_s - now_s - RESERVE_S - HOUR_S),
        JobOn("slowed", np.arange(8, 12), allowed_slowdown=0.25, finish_by_s=by_s, left_s=HOUR_S),
        JobOn("endless", np.arange(12, 16), preemptible=True),
    )  # fmt: skip
    decision = asked(rule, hours, jobs)
    assert decision.paused == ({"loose"} if dear else set())
    assert decision.gpu_clock_share is not None
    slowed = np.flatnonzero(decision.gpu_clock_share < 1.0)
    assert slowed.tolist() == ([8, 9, 10, 11] if dear else [])
