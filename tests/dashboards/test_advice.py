"""Advice that was given on a tick is given again to who asks alike, and to nobody else."""

import importlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from controllers.jobs.allocation import Allocation
from controllers.placement.models import Answer, Request, read_request
from controllers.wish import Wish
from controllers.worlds import open_world
from dashboards import advice
from dashboards.advice import advise, prepare
from dashboards.feed import Feed
from dashboards.recent import MOST_KEPT, Recent
from dashboards.summary import summarise
from tests.fakes.broker import until
from tests.fakes.small_world import SmallWorld, small_snapshot

ASKED = read_request({"job": "a-1", "gpus": 2, "duration_s": 600.0})


@pytest.fixture
def feed() -> Iterator[Feed]:
    one = Feed(SmallWorld(ticks=1))
    one.start()
    until(lambda: one.ready, "a tick")
    yield one
    one.stop()


@pytest.fixture
def ranked(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """List the requests that were worked out."""
    every: list[Request] = []
    own = advice.advised

    def noted(*words: object) -> Answer:
        every.append(words[4])  # type: ignore[arg-type]
        return own(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(advice, "advised", noted)
    return every


def test_jobs_of_an_array_are_answered_alike_from_one_ranking(
    feed: Feed, ranked: list[Request]
) -> None:
    first = advise(feed, ASKED)
    again = advise(feed, ASKED.model_copy(update={"job": "a-2"}))
    assert len(ranked) == 1
    assert again.advice == first.advice
    assert again.advice
    advise(feed, ASKED.model_copy(update={"gpus": 3}))
    assert len(ranked) == 2


def test_how_long_a_job_lasts_matters_where_weather_or_maintenance_does(
    feed: Feed, ranked: list[Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    longer, longest = (ASKED.model_copy(update={"duration_s": s}) for s in (1200.0, 7200.0))
    assert advise(feed, ASKED).advice == advise(feed, longer).advice
    assert len(ranked) == 1
    monkeypatch.setattr(feed.world, "outdoors", _warming, raising=False)
    assert advise(feed, ASKED).advice == advise(feed, longer).advice != advise(feed, longest).advice
    assert len(ranked) == 3


def _warming(time_s: float) -> tuple[float, float]:
    """Return dry and wet bulb that rise by a kelvin and a half an hour."""
    return 20.0 + time_s / 3600.0, 10.0 + time_s / 7200.0


def test_who_comes_after_an_allocation_is_told_of_what_is_left(
    feed: Feed, ranked: list[Request]
) -> None:
    first = advise(feed, ASKED)
    table = feed.world.allocations
    taken = table.indices(first.advice[0].gpus)
    table.put(Allocation("other", taken, 0.0), feed.now_s())
    after = advise(feed, ASKED)
    assert len(ranked) == 2
    assert not set(after.advice[0].gpus) & set(first.advice[0].gpus)


def test_who_cannot_use_what_is_old_is_never_given_it(
    feed: Feed, ranked: list[Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    advise(feed, ASKED)
    assert feed.summary is not None
    later_s = feed.summary.state.time_s + 9.0
    monkeypatch.setattr(feed, "now_s", lambda: later_s)
    assert advise(feed, ASKED).age_s == pytest.approx(9.0)
    assert len(ranked) == 1
    picky = ASKED.model_copy(update={"max_age_s": 5.0})
    assert not advise(feed, picky).advice
    monkeypatch.setattr(feed, "now_s", lambda: later_s + 60.0)
    stale = advise(feed, ASKED)
    assert any("stale" in reason for reason in stale.advice[0].reasons)


def test_a_tick_is_worked_out_before_it_is_shown_where_advice_is_asked_for(
    feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    grounds: list[object] = []
    moment = importlib.import_module("controllers.placement.moment")
    own = moment.ground_of

    def noted(*words: object) -> object:
        grounds.append(words)
        return own(*words)

    monkeypatch.setattr(moment, "ground_of", noted)
    snapshot = small_snapshot(feed.plant, 2, 0.5, feed.world.supervisor)
    coming = summarise(feed.index, snapshot, time.time())
    prepare(feed, coming)
    assert not grounds  # nobody asks
    advise(feed, ASKED)
    prepare(feed, coming)
    assert len(grounds) == 2
    monkeypatch.setattr(feed, "_summary", coming)
    assert advise(feed, ASKED.model_copy(update={"gpus": 3})).time_s == coming.state.time_s
    assert len(grounds) == 2


def test_the_loop_goes_on_where_a_tick_cannot_be_worked_out(
    feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert feed.summary is not None
    advise(feed, ASKED)
    monkeypatch.setattr(advice, "advised", lambda *_: 1 / 0)
    prepare(feed, feed.summary)
    assert feed.asked is None


def test_a_moment_that_is_over_leaves_nothing_and_many_answers_only_the_latest() -> None:
    kept: Recent[int] = Recent()
    now, then = object(), object()
    for k in range(MOST_KEPT + 10):
        kept.put(now, k, k)
    assert kept.get(now, 9) is None
    assert kept.get(now, 10) == 10
    assert kept.get(then, 10) is None
    kept.put(then, "a", 1)
    assert kept.get(now, 10) is None


SCENARIO = """
site: pilot
start: 2024-07-12T19:00:00Z
duration_s: 90
jobs:
  - {name: training, racks: ["a1"], share: 0.85}
events:
  - {at_s: 30, kind: cdu_loss, target: cdu-2}
"""


def test_racks_of_a_lost_unit_and_of_a_what_ifs_jobs_are_not_offered(tmp_path: Path) -> None:
    """Its events change the plant, its jobs run without a scheduler's word."""
    path = tmp_path / "lost.yaml"
    path.write_text(SCENARIO)
    feed = Feed(open_world(Wish("pilot", spec=f"scenario:{path}")))
    feed.start()
    until(lambda: feed.ended, "the end")
    whole = {f"a{n}" for n in range(1, 9)}
    asked = {"job": "b", "gpus": 72, "duration_s": 600.0, "required_level": "rack", "limit": 9}
    answer = advise(feed, read_request(asked))
    feed.stop()
    offered = {name.split("-")[0] for one in answer.advice for name in one.gpus}
    assert offered == whole - {"a1", "a5", "a6", "a7", "a8"}
