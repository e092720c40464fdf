"""A wish for supply temperatures is bounded, moded, withdrawn and checked against what is held."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controllers.actuators.nobody import Nobody
from controllers.actuators.setpoint_actuator import SetpointStanding
from controllers.supervision.journal import Journal
from controllers.supervision.setpoints import SetpointDesk, SetpointRules
from controllers.supervision.supervisor import Supervisor
from site_models.arrays import Floats
from site_models.errors import InputError
from tests.fakes.small_plant import small_plant, small_state
from tests.fakes.small_run import view_of

PLANT = small_plant()
BUILT_C = PLANT.arrays.exchangers.setpoint_c[PLANT.cdu_exchangers]
T_S = 1000.0


class Facility:
    """An actuator that notes what it is asked, and holds what it wants."""

    def __init__(self) -> None:
        self.asked: list[tuple[Floats, float, float]] = []
        self.expired: list[float] = []
        self.held_c: Floats | None = None
        self.reachable = True

    def request(self, setpoint_c: Floats, time_s: float, until_s: float) -> None:
        if not self.reachable:
            raise OSError("no route")
        self.asked.append((setpoint_c.copy(), time_s, until_s))

    def expire(self, time_s: float) -> None:
        if not self.reachable:
            raise OSError("no route")
        self.expired.append(time_s)

    def standing(self) -> SetpointStanding:
        held_c = self.asked[-1][0] if self.held_c is None else self.held_c
        return SetpointStanding(held_c, np.ones(len(held_c), bool))


@pytest.fixture
def facility() -> Facility:
    return Facility()


@pytest.fixture
def desk(facility: Facility) -> SetpointDesk:
    return SetpointDesk(PLANT, facility, Journal(), mode="armed")


def wished(desk: SetpointDesk, value_c: float, time_s: float) -> float:
    return float(desk.wish(np.full(len(BUILT_C), value_c), time_s, "test", "colder")[0])


@pytest.mark.parametrize("mode", ["off", "shadow", "advise"])
def test_nothing_is_written_unless_armed(facility: Facility, mode: str) -> None:
    desk = SetpointDesk(PLANT, facility, Journal())
    desk.set_mode(mode, T_S, "test")
    for k in range(10):
        wished(desk, 20.0, T_S + k)
        desk.tick(T_S + k)
    assert facility.asked == []
    assert facility.expired == []


@given(st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), min_size=1, max_size=30))
def test_what_is_asked_keeps_range_and_rate_whatever_is_wished(wishes: list[float]) -> None:
    facility, rules = Facility(), SetpointRules()
    desk = SetpointDesk(PLANT, facility, Journal(), rules, "armed")
    last_c = BUILT_C
    for k, wish_c in enumerate(wishes):
        admitted_c = desk.wish(np.full(len(BUILT_C), wish_c), T_S + k, "test", "")
        assert np.all(admitted_c >= np.minimum(rules.lowest_c, BUILT_C))
        assert np.all(np.abs(admitted_c - last_c) <= rules.rate_k_per_s * 60.0 + 1e-9)
        asked_c = facility.asked[-1][0]
        assert np.array_equal(np.isnan(asked_c), np.isnan(np.full(len(BUILT_C), wish_c)))
        last_c = admitted_c


def test_a_wish_is_reached_at_the_rate_allowed(desk: SetpointDesk) -> None:
    first_c = wished(desk, BUILT_C[0] - 5.0, T_S)
    assert first_c == pytest.approx(BUILT_C[0] - 1.0)
    assert wished(desk, BUILT_C[0] - 5.0, T_S + 30.0) == pytest.approx(BUILT_C[0] - 1.5)
    assert wished(desk, BUILT_C[0] - 5.0, T_S + 9e5) == pytest.approx(BUILT_C[0] - 2.5)


def test_wishes_that_stop_are_withdrawn(desk: SetpointDesk, facility: Facility) -> None:
    wished(desk, 30.0, T_S)
    until_s = facility.asked[-1][2]
    assert desk.tick(until_s - 1.0) == ()
    assert facility.expired == []
    desk.tick(until_s)
    desk.tick(until_s + 1.0)
    assert facility.expired == [until_s]


def test_leaving_armed_withdraws(desk: SetpointDesk, facility: Facility) -> None:
    wished(desk, 30.0, T_S)
    desk.set_mode("shadow", T_S + 1.0, "operator", "enough")
    assert facility.expired == [T_S + 1.0]
    with pytest.raises(InputError, match="mode"):
        desk.set_mode("on", T_S, "operator")


def test_what_the_building_does_not_do_is_said_after_a_while_and_once(facility: Facility) -> None:
    journal = Journal()
    desk = SetpointDesk(PLANT, facility, journal, mode="armed")
    facility.held_c = BUILT_C
    asked_c = wished(desk, BUILT_C[0] - 1.0, T_S)
    for k in range(120):
        lines = desk.tick(T_S + k)
        assert bool(lines) == (k >= desk.rules.verify_s)
    assert "the building system holds" in lines[0]
    assert sum(entry.what == "not verified" for entry in journal.latest()) == len(BUILT_C)
    facility.held_c = np.full(len(BUILT_C), asked_c)
    assert desk.tick(T_S + 121.0) == ()


def test_a_facility_out_of_reach_is_said_once_and_its_return_once(facility: Facility) -> None:
    journal = Journal()
    desk = SetpointDesk(PLANT, facility, journal, mode="armed")
    facility.reachable = False
    for k in range(5):
        wished(desk, 30.0, T_S + k)
        assert desk.tick(T_S + k) == ("facility unreachable: no route",)
    facility.reachable = True
    wished(desk, 30.0, T_S + 5.0)
    assert desk.tick(T_S + 5.0) == ()
    told = [entry.what for entry in journal.latest() if entry.what.startswith("facility")]
    assert told == ["facility lost", "facility recovered"]


def test_a_wish_of_another_shape_is_refused(desk: SetpointDesk) -> None:
    with pytest.raises(InputError, match="CDUs"):
        desk.wish(np.zeros(99), T_S, "test", "")


def test_the_supervisor_looks_after_its_desk(desk: SetpointDesk, facility: Facility) -> None:
    supervisor = Supervisor(PLANT, {}, Nobody(PLANT), setpoints=desk)
    view = view_of(PLANT, small_state(PLANT, 0.8))
    facility.reachable = False
    wished(desk, 30.0, view.time_s)
    assert "facility unreachable: no route" in supervisor.rule(view).health


def test_the_journal_says_who_asked_for_what_and_why(tmp_path: Path, facility: Facility) -> None:
    journal = Journal(tmp_path / "journal")
    desk = SetpointDesk(PLANT, facility, journal, mode="shadow")
    desk.wish(np.full(len(BUILT_C), BUILT_C[0] - 0.5), T_S, "reset policy", "mild night")
    (entry,) = journal.latest()
    assert (entry.who, entry.reason, entry.mode) == ("reset policy", "mild night", "shadow")
    assert "°C of" in entry.what
