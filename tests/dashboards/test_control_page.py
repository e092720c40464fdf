"""The Control page says what is in force, who asked for it, and what nobody is asked for."""

import math
from dataclasses import replace

import numpy as np
import pytest

from controllers.actuators.order import default_order
from controllers.policy import Decision, LoadTarget
from controllers.supervision.journal import Entry
from dashboards.control_now import ControlNow, control_now
from dashboards.feed import Feed
from dashboards.findings import Severity
from dashboards.parts.control_view import (
    control_cards,
    entry_rows,
    policy_rows,
    report_panel,
    report_series,
)
from dashboards.summary import summarise
from site_models.arrays import Floats
from tests.fakes.small_plant import START_S
from tests.fakes.small_world import SmallWorld, small_snapshot

WORLD = SmallWorld()
GPUS = WORLD.plant.arrays.gpus
OWN_W = GPUS.power_max_w


def shown(feed: Feed, cap_w: Floats = OWN_W, racks_off: frozenset[str] = frozenset()) -> ControlNow:
    shot = small_snapshot(feed.plant, 3, 0.5, feed.world.supervisor)
    order = default_order(feed.plant, cap_w)._replace(racks_off=racks_off)
    shot = replace(shot, order=order, gpu_cap_w=order.gpu_cap_w)
    return control_now(feed, summarise(feed.index, shot, 0.0))


@pytest.fixture
def feed() -> Feed:
    return Feed(SmallWorld())


def test_caps_in_force_are_counted_and_averaged_over_their_racks(feed: Feed) -> None:
    cap_w = OWN_W.copy()
    cap_w[:4] = 0.5 * OWN_W[:4]
    now = shown(feed, cap_w)
    assert now.capped == 4
    assert now.lowest_cap_w == pytest.approx(cap_w[:4].min())
    rack = feed.index.rack_of_gpu
    for number, share in enumerate(now.rack_cap_share):
        mine = rack == number
        expected = (cap_w[mine] / OWN_W[mine]).mean() if mine.any() else math.nan
        assert share == pytest.approx(expected, nan_ok=True)
    assert now.would_cap == 0


def test_what_policies_come_to_is_told_apart_from_what_is_in_force(feed: Feed) -> None:
    shot = small_snapshot(feed.plant, 3, 0.5, feed.world.supervisor)
    wish = Decision(0.8 * OWN_W, "all of them", paused=frozenset({"tune"}))
    now = control_now(feed, summarise(feed.index, replace(shot, decision=wish), 0.0))
    cards = {card.title: card for card in control_cards(now, len(OWN_W))}
    assert cards["GPUs capped"].value == "0"
    assert cards["GPUs capped"].detail == f"policies would cap {len(OWN_W)}"
    assert cards["Jobs paused"].detail == "policies would pause 1"


def test_a_rack_shut_down_and_an_alarm_stand_out(feed: Feed) -> None:
    now = shown(feed, racks_off=frozenset({feed.plant.rack_names[0]}))
    ill = replace(now.standings[0], alarm="it raised ValueError")
    now = replace(now, standings=(ill, *now.standings[1:]))
    cards = {card.title: card for card in control_cards(now, len(OWN_W))}
    assert cards["Racks shut down"].severity is Severity.OVER
    assert cards["Policies armed"].severity is Severity.OVER
    rows = policy_rows(now)
    assert (rows[0]["alarm"], rows[0]["level"]) == ("it raised ValueError", 2)
    assert all(row["level"] == 0 for row in rows[1:])


def test_holds_and_modes_of_parts_say_how_long_they_last(feed: Feed) -> None:
    supervisor, rack = feed.world.supervisor, feed.plant.rack_names[0]
    time_s = START_S + 3.0
    supervisor.hold(rack, time_s, "ann", "pump change", time_s + 600.0)
    supervisor.set_mode("thermal_guard", "shadow", time_s, "ann", "", rack, time_s + 120.0)
    now = shown(feed)
    held = control_cards(now, len(OWN_W))[-1]
    assert held.detail == f"{rack}, by ann, 10 min left"
    row = next(row for row in policy_rows(now) if row["policy"] == "thermal_guard")
    assert row["where"].startswith(f"{rack} shadow for 2 min")


def test_the_journal_is_newest_first_in_the_sites_time(feed: Feed) -> None:
    journal = feed.world.supervisor.journal
    journal.write(Entry(START_S, "hold", "shadow", "one", "because"))
    journal.write(Entry(START_S + 60.0, "hold", "shadow", "two", "because"))
    rows = entry_rows(shown(feed), "America/Chicago")
    assert [row["what"] for row in rows[:2]] == ["two", "one"]
    assert rows[0]["time"] != entry_rows(shown(feed), "UTC")[0]["time"]
    assert len({row["row"] for row in rows}) == len(rows)


def test_the_report_has_a_target_only_while_one_is_in_force(feed: Feed) -> None:
    shot = small_snapshot(feed.plant, 0, 0.5, feed.world.supervisor)
    feed.grid.ask(LoadTarget(1e3, START_S + 20.0, START_S + 40.0), START_S)
    for second in range(60):
        state = shot.state._replace(time_s=START_S + second)
        feed.grid.look(replace(shot, state=state))
    drawn, baseline, target = report_series(shown(feed))
    there = target.time_s[np.isfinite(target.values)]
    assert there.min() >= START_S + 18.0
    assert there.max() <= START_S + 42.0
    assert np.isfinite(drawn.values).all()
    assert np.isfinite(baseline.values).all()
    assert report_panel(2e6).unit == "MW"
