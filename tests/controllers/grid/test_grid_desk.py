"""The desk's baseline, phases and report on power made by hand; the life of a breach."""

import math
from dataclasses import replace

import numpy as np
import pytest

from controllers.actuators.nobody import Nobody
from controllers.grid.grid_breach import Breach, look
from controllers.grid.grid_desk import BASE_S, GridDesk, Second
from controllers.grid.targets import Targets
from controllers.policies.hold import Hold
from controllers.policy import LoadTarget
from controllers.supervision.supervisor import Supervisor
from site_models.errors import InputError
from telemetry.frame import Frame
from tests.fakes.small_plant import START_S, small_plant
from tests.fakes.small_world import small_snapshot

PLANT = small_plant()
SHOT = small_snapshot(PLANT, 0, 0.5, Supervisor(PLANT, {"hold": Hold()}, Nobody(PLANT)))


def seen(desk: GridDesk, power_w: float, from_s: int, to_s: int, metered: bool = True) -> None:
    """Let the desk see a constant power, a second at a time."""
    for k in range(from_s, to_s):
        time_s = START_S + k
        values = {"facility_power_w": np.array([power_w])} if metered else {}
        state = SHOT.state._replace(time_s=time_s)
        desk.look(replace(SHOT, frame=Frame(time_s, values), state=state, dt_s=1.0))


def asked(power_w: float, start_s: float, end_s: float) -> LoadTarget:
    return LoadTarget(power_w, START_S + start_s, START_S + end_s)


def test_an_event_is_reported_against_the_ten_minutes_before_it_was_told() -> None:
    desk = GridDesk(Targets())
    seen(desk, 1000.0, 0, 700)
    desk.ask(asked(800.0, 760.0, 1000.0), START_S + 700)
    seen(desk, 950.0, 700, 760)
    seen(desk, 790.0, 760, 1000)
    rows = desk.report()
    now = rows[-1]
    assert now.baseline_w == pytest.approx(1000.0, rel=1e-3)
    assert now.delivered_w == pytest.approx(210.0, rel=1e-3)
    assert (now.target_w, now.phase, now.compliant, now.metered) == (800.0, "held", True, True)
    assert [row.phase for row in rows if row.time_s == START_S + 720] == ["down"]
    assert len(rows) == 1000


def test_coming_down_does_not_lower_the_baseline() -> None:
    desk = GridDesk(Targets())
    seen(desk, 1000.0, 0, 400)
    desk.ask(asked(500.0, 800.0, 2000.0), START_S + 10)
    seen(desk, 1000.0, 400, 740)
    seen(desk, 500.0, 740, 1900)
    assert desk.report()[-1].baseline_w == 1000.0


def test_after_the_event_the_phases_end_and_the_baseline_lives_again() -> None:
    desk = GridDesk(Targets())
    seen(desk, 1000.0, 0, 100)
    desk.ask(asked(800.0, 100.0, 200.0), START_S + 100)
    seen(desk, 790.0, 100, 200)
    seen(desk, 790.0, 200, 205)
    assert desk.report()[-1].phase == "up"
    assert math.isnan(desk.report()[-1].target_w)
    seen(desk, 990.0, 205, 220)
    assert desk.report()[-1].phase == "rest"
    seen(desk, 900.0, 220, 220 + 1900 + int(BASE_S))
    assert desk.report()[-1].baseline_w == pytest.approx(900.0)


def test_without_a_meter_the_belief_is_reported_and_says_so() -> None:
    desk = GridDesk(Targets())
    seen(desk, 0.0, 0, 3, metered=False)
    roots = PLANT.arrays.feeds.parent < 0
    row = desk.report()[-1]
    assert not row.metered
    assert row.site_w == pytest.approx(float(SHOT.state.feed_power_w[roots].sum()))


def test_a_meter_that_falls_silent_does_not_move_what_is_delivered() -> None:
    desk = GridDesk(Targets())
    seen(desk, 1000.0, 0, 700)
    desk.ask(asked(990.0, 760.0, 1000.0), START_S + 700)
    seen(desk, 0.0, 700, 900, metered=False)
    now = desk.report()[-1]
    assert not now.metered
    assert now.site_w == pytest.approx(1000.0)
    assert now.delivered_w == pytest.approx(0.0, abs=1e-6)


def test_a_reading_held_for_long_is_no_reading() -> None:
    desk = GridDesk(Targets())
    frame = Frame(
        START_S, {"facility_power_w": np.array([1000.0])}, {"facility_power_w": np.array([60.0])}
    )
    desk.look(replace(SHOT, frame=frame, dt_s=1.0))
    assert not desk.report()[-1].metered


def test_targets_are_set_listed_and_taken_back() -> None:
    targets = Targets()
    desk = GridDesk(targets)
    key = desk.ask(asked(800.0, 10.0, 100.0), START_S).key
    assert targets.at(START_S) is not None
    assert desk.cancel(key)
    assert targets.at(START_S) is None
    assert not desk.cancel(key)
    assert [one.cancelled for one in desk.asked(START_S)] == [True]
    with pytest.raises(InputError, match="end_s"):
        desk.ask(asked(800.0, 100.0, 10.0), START_S)
    assert len(desk.asked(START_S)) == 1


def test_a_recording_that_starts_again_begins_a_new_report() -> None:
    desk = GridDesk(Targets())
    seen(desk, 1000.0, 0, 50)
    seen(desk, 900.0, 0, 2)
    assert len(desk.report()) == 2


def row(time_s: float, mean_w: float, target_w: float = 100.0) -> Second:
    return Second(time_s, mean_w, mean_w, 120.0, target_w, "held", True)


def test_a_breach_is_told_made_worse_and_resolved_once_each() -> None:
    breach, told = Breach(), []
    course = [(0, 90), (20, 100.5), (30, 103), (40, 105), (50, 125), (60, 110), (70, 99), (80, 99)]
    for time_s, mean_w in course:
        before, breach = breach, look(breach, row(time_s, mean_w))
        if breach.status != before.status and breach.status:
            told.append((time_s, breach.status, breach.critical))
    assert told == [(30, "active", False), (50, "escalated", True), (70, "resolved", False)]


def test_the_first_seconds_of_a_target_are_no_breach_and_a_long_one_is_escalated() -> None:
    breach = Breach()
    for time_s in range(10):
        breach = look(breach, row(time_s, 150.0))
    assert breach.status == ""
    for time_s in range(15, 330):
        breach = look(breach, row(time_s, 110.0))
    assert breach.status == "escalated"
    assert look(breach, row(331, 110.0, math.nan)).status == "resolved"
