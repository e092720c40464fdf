"""How answers to the grid are judged, on runs made by hand."""

from dataclasses import replace

import numpy as np
import pytest

from controllers.experiments.demand_response.case import EQUAL, Case, Tried, beyond
from controllers.experiments.demand_response.judge import judged
from controllers.experiments.demand_response.play import (
    AFTER_S,
    DT_S,
    WARM_S,
    Event,
    Run,
)
from controllers.experiments.demand_response.report import asked_of, figures, left_alone, when_short
from controllers.scenario import Job

EVENT = Event(0.2, 60.0, 1500.0)
JOBS = tuple(
    Job(name=name, gpus=(name,), profile="decode", allowed_slowdown=tier)
    for name, tier in (("strict", 0.0), ("loose", 0.5))
)
BASE_W, TARGET_W = 100e3, 80e3
CASE = Case("case", EQUAL, EVENT)


def run_of(pace: dict[str, float], over_w: float = 0.0) -> Run:
    """Return a run at the target, its jobs at a pace while the event lasts.

    The first window of the event is over the target by so much.
    """
    time_s = np.arange(DT_S, EVENT.end_s + AFTER_S + DT_S / 2.0, DT_S)
    inside = (time_s > EVENT.start_s) & (time_s <= EVENT.end_s)
    site_w = np.where(inside, TARGET_W, BASE_W)
    site_w[inside & (time_s <= EVENT.start_s + 15.0)] += over_w
    units = {name: np.cumsum(np.where(inside, share, 1.0) * DT_S) for name, share in pace.items()}
    return Run(time_s, site_w, 0.8 * site_w, 0.1 * site_w, units, TARGET_W, ("below",))


ALONE = run_of({"strict": 1.0, "loose": 1.0})


def tried(strict: float, loose: float, over_w: float = 0.0, most: float = 0.25) -> Tried:
    """Return a run and its verdict."""
    run = run_of({"strict": strict, "loose": loose}, over_w)
    return Tried(judged(run, ALONE, JOBS, EVENT), run, most, most)


def test_a_target_kept_to_the_watt_is_met_and_no_tier_is_broken() -> None:
    verdict = tried(1.0, 0.5).verdict
    assert (verdict.met, verdict.over_w, verdict.jobs_broken) == (1.0, 0.0, 0)
    assert verdict.cut == pytest.approx(0.2)
    assert verdict.lost == pytest.approx({0.0: 0.0, 0.5: 0.5})
    assert verdict.reach_s == EVENT.notice_s + DT_S
    assert verdict.rebound == pytest.approx(0.0)


def test_one_window_over_the_target_and_one_job_beyond_its_tier_are_counted() -> None:
    one = tried(0.9, 0.9, over_w=500.0)
    assert one.verdict.met == pytest.approx(1.0 - 15.0 / EVENT.for_s)
    assert one.verdict.over_w == pytest.approx(500.0)
    assert one.verdict.jobs_broken == 1
    assert one.verdict.broken == pytest.approx(0.1)
    met, reach, unbroken, rebound, *shown = asked_of(CASE, (tried(1.0, 0.5), one))
    assert [f.status for f in (met, reach, unbroken, rebound)] == [
        "short", "short", "short", "reached",
    ]  # fmt: skip
    assert [f.ours for f in shown] == pytest.approx([25.0, 8.0])
    assert "0.50 kW over the target" in met.why
    assert met.name == "case: 15 s means of 0.416667 h at or below -20 %"
    assert unbroken.ours == pytest.approx(10.0)


def test_what_is_given_is_held_against_the_ceiling_where_that_is_less() -> None:
    case = replace(beyond(1.0)[0], event=replace(EVENT, cut=0.4))
    given, says, unbroken = when_short(case, (tried(1.0, 0.5, most=0.21),))
    assert given.ours == pytest.approx(100.0 * 0.2 / 0.21)
    assert given.status == "reached"
    assert says.status == "short"
    assert unbroken.status == "reached"
    within = when_short(replace(case, event=EVENT), (tried(1.0, 0.5, most=0.3),))
    assert [f.ours for f in within[:2]] == pytest.approx([100.0, 0.0])


def test_figures_of_several_seeds_say_how_sure_their_means_are() -> None:
    several = figures(CASE, (tried(1.0, 0.5), tried(0.9, 0.5)))
    assert several["jobs_beyond_tier"] == pytest.approx(0.5)
    assert several["jobs_beyond_tier_95"] > 0.5
    assert "cut_95" not in figures(CASE, (tried(1.0, 0.5),))


def test_jobs_left_alone_are_held_against_the_same_target() -> None:
    ours = tried(1.0, 0.5)
    flat = replace(ALONE, site_w=np.full_like(ALONE.site_w, BASE_W))
    assert left_alone(flat, CASE, ours)["met_share_min"] == 0.0
    assert left_alone(ALONE, CASE, ours)["met_share_min"] == 1.0
    assert ALONE.time_s[-1] > WARM_S
