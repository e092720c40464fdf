"""An answer on the page: ranked, compared, drawn on the floor, copied as commands."""

import json
import shlex
import time
from collections.abc import Iterator

import pytest

from controllers.placement.models import Request
from dashboards.feed import Feed
from dashboards.parts.place_answer import answer_view, badges, racks_of
from dashboards.parts.place_asked import Kept, answer_of, asked, change_of, picked, place_of
from dashboards.parts.place_commands import as_sbatch
from dashboards.parts.place_compare import compare_view
from dashboards.parts.place_floor import VIEWS, place_colours, shown_of
from tests.fakes.small_world import SmallWorld


@pytest.fixture(scope="module")
def feed() -> Iterator[Feed]:
    """Return a feed with a tick."""
    feed = Feed(SmallWorld(interval_s=0.02, ticks=2))
    feed.start()
    end_s = time.monotonic() + 10.0
    while not feed.ended:
        assert time.monotonic() < end_s
        time.sleep(0.01)
    yield feed
    feed.stop()


@pytest.fixture(scope="module")
def kept(feed: Feed) -> Kept:
    """Return a question over two racks that was answered, as a browser would keep it."""
    found: Kept = json.loads(json.dumps(asked(feed, Request(job="j", gpus=4, limit=5))))
    return found


def test_the_table_has_a_line_for_each_place(feed: Feed, kept: Kept) -> None:
    answer = answer_of(kept)
    text = str(answer_view(feed.index, Request(job="j", gpus=4), answer, [0, 1]))
    assert text.count("className='where'") == len(answer.advice) == 5
    assert text.count("pick on") == 2
    none = asked(feed, Request(job="j", gpus=400))
    assert "No place for j as asked" in str(answer_view(feed.index, Request(job="j", gpus=400),
                                                  answer_of(none)))  # fmt: skip
    assert picked(none, [0, 1]) == []


def test_two_places_stand_side_by_side_with_the_change(feed: Feed, kept: Kept) -> None:
    text = str(compare_view(feed.index, kept, [0, 4]))
    for at in (0, 4):
        for reason in place_of(kept, at).reasons:
            assert reason in text
    assert "now " in text
    hottest_c = place_of(kept, 0).predicted.gpu_temp_max_c
    now_c = max(one.gpu_temp_now_c for one in change_of(kept, 0).racks)
    sign = "−" if hottest_c < now_c else "+"
    assert f"{sign}{abs(hottest_c - now_c):.1f} K" in text
    assert "better" not in str(compare_view(feed.index, kept, [0]))


def test_racks_are_marked_as_the_places_that_are_compared(feed: Feed, kept: Kept) -> None:
    answer = answer_of(kept)
    marks = badges(feed.index, answer, [1, 0])
    (first,), (second,) = (racks_of(feed.index, answer.advice[at]) for at in (1, 0))
    if first == second:
        assert marks[first] == "A B"
    else:
        assert (marks[first], marks[second]) == ("A", "B")
    assert badges(feed.index, answer, [2, 2])[racks_of(feed.index, answer.advice[2])[0]] == "A B"


def test_the_floor_shows_a_rack_as_it_would_be(feed: Feed, kept: Kept) -> None:
    summary = feed.summary
    assert summary is not None
    rack = racks_of(feed.index, place_of(kept, 0))[0]
    now = place_colours(feed.index, summary, shown_of(feed.index, kept, [0, 4], VIEWS[0]))
    then = place_colours(feed.index, summary, shown_of(feed.index, kept, [0, 4], VIEWS[1]))
    predicted_c = max(one.gpu_temp_c for one in change_of(kept, 0).racks)
    assert then.values[rack] == pytest.approx(max(predicted_c, now.values[rack]))
    assert then.title.endswith("with A")
    assert then.notes[rack].endswith(" K")
    assert "with the job" in then.tips[rack]
    assert list(now.notes) == list(feed.plant.rack_names)
    assert rack in now.marked
    others = [r for r in range(3) if r != rack]
    assert [then.values[r] for r in others] == [now.values[r] for r in others]
    assert shown_of(feed.index, None, [0, 1], VIEWS[1]).badges == ()


def test_the_submission_names_the_nodes_of_the_place(feed: Feed) -> None:
    request = Request(job="o'brien run", gpus=16, gpus_per_node=8, duration_s=90.0)
    place = place_of(asked(feed, request), 0)
    words = shlex.split(as_sbatch(feed.index, request, place).replace("\\\n", " "))
    assert words == [
        "sbatch", "--job-name=o'brien run", "--nodes=2", "--gpus-per-node=8", "--time=2",
        "--nodelist=node8,node9", "job.sh",
    ]  # fmt: skip
    odd = Request(job="j", gpus=6)
    told = as_sbatch(feed.index, odd, place_of(asked(feed, odd), 0))
    assert "--gpus=6" in told or "--gpus-per-node=6" in told
