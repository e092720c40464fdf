"""What was over its limit stays on the page, and the work line says what is known."""

from dataclasses import replace

import pytest

from controllers.jobs.job_account import JobAccount
from dashboards.findings import Finding, Severity
from dashboards.index import Index
from dashboards.parts.past import SHOWN_S, Past, lines_of
from dashboards.parts.site_cards import site_cards
from dashboards.parts.work_card import work_card
from dashboards.parts.wrong import wrong_list
from dashboards.summary import summarise
from tests.fakes.small_world import SmallWorld, small_snapshot

HOT = Finding(Severity.OVER, "a1", "72 GPUs over the limit", "/rack?id=a1")
NEAR = replace(HOT, severity=Severity.NEAR)


def seen(*ticks: tuple[float, list[Finding]]) -> Past:
    past = Past()
    for time_s, found in ticks:
        past.look(found, time_s)
    return past


def test_what_was_over_is_told_with_its_times_once_it_ends() -> None:
    past = seen((0.0, []), (10.0, [HOT]), (20.0, [HOT]))
    assert list(past.recent) == []
    past.look([NEAR], 24.0)
    one = next(iter(past.recent))
    assert (one.where, one.start_s, one.end_s) == ("a1", 10.0, 24.0)
    (line,) = lines_of(past.recent, "UTC")
    assert line.what == "for 14 s until 00:00:24: 72 GPUs over the limit"
    text = str(wrong_list([], [line]))
    assert "Nothing is over or near a limit." in text
    assert "'Was'" in text
    past.look([], 24.0 + SHOWN_S + 1.0)
    assert list(past.recent) == []


def test_what_comes_back_at_once_is_the_same_event() -> None:
    past = seen((10.0, [HOT]), (20.0, []), (30.0, [HOT]))
    assert list(past.recent) == []
    past.look([], 40.0)
    assert [(one.start_s, one.end_s) for one in past.recent] == [(10.0, 40.0)]
    past.look([], 5.0)
    assert list(past.recent) == [], "the clock of a replay that begins anew forgets"


def test_one_event_in_many_racks_is_one_line() -> None:
    both = [HOT, replace(HOT, where="a2")]
    (line,) = lines_of(seen((10.0, both), (20.0, [])).recent, "UTC")
    assert "for 10 s until 00:00:20, 1 alike elsewhere" in line.what


def test_work_is_tokens_of_joules_and_litres_where_jobs_tell_them() -> None:
    world = SmallWorld()
    shot = small_snapshot(world.plant, 3, 0.5, world.supervisor)
    summary = summarise(Index(world.plant), shot, 0.0)
    silent = JobAccount("s", "", "none", 8, 0.0, 9.0, units=float("nan"), site_j=5e6)
    loud = JobAccount("t", "p", "token", 8, 0.0, 9.0, units=5e6, lost_units=1e6, site_j=2e6,
                      water_kg=4.0)  # fmt: skip
    card = work_card([silent, loud], summary)
    assert (card.title, card.value) == ("Tokens per joule", "2.00")
    assert card.detail == "1.00 M per litre"
    assert "4.00 M tokens so far" in card.about
    boards = work_card([silent], summary)
    part = summary.site["site_gpu_power_w"] / summary.site["site_facility_power_w"]
    assert float(boards.value) == pytest.approx(100.0 * part, abs=0.5)
    facility = next(one for one in site_cards(Index(world.plant), summary) if "Facil" in one.title)
    assert boards.detail.endswith(f" {facility.unit}"), "two powers of one site, one unit"
