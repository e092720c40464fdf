"""Nothing reaches a device that may not: modes, staleness, bad policies, dead-man."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controllers.actuators.admit import Limits, Rules
from controllers.actuators.nobody import Nobody
from controllers.actuators.order import Order
from controllers.policy import Decision, Mode, View
from controllers.supervision.journal import Journal
from controllers.supervision.supervisor import Supervisor
from site_models.arrays import Floats
from site_models.errors import InputError
from site_models.plant import Plant
from tests.fakes.small_plant import small_plant, small_state
from tests.fakes.small_run import view_of

PLANT = small_plant()
MOST_W = PLANT.arrays.gpus.power_max_w
STATE = small_state(PLANT, 0.8)


class Recorder:
    """An actuator that notes what it is told, and can be unreachable."""

    def __init__(self) -> None:
        self.written: list[tuple[Floats, float, float]] = []
        self.expired: list[float] = []
        self.reachable = True

    def limits(self) -> Limits:
        return Nobody(PLANT).limits()

    def apply(self, order: Order, time_s: float) -> None:
        if not self.reachable:
            raise OSError("no route")
        self.written.append((order.gpu_cap_w, time_s, order.until_s))

    def expire(self, time_s: float) -> None:
        if not self.reachable:
            raise OSError("no route")
        self.expired.append(time_s)

    def held(self) -> None:
        return None


@dataclass(frozen=True)
class Says:
    """A policy that answers what it was given, or raises it."""

    answer: Any

    def start(self, plant: Plant) -> tuple[()]:
        return ()

    def decide(self, view: View, memory: tuple[()]) -> tuple[Decision, tuple[()]]:
        if isinstance(self.answer, Exception):
            raise self.answer
        return Decision(self.answer, "because"), memory


def at(second: float, **changes: Any) -> View:
    view = view_of(PLANT, STATE._replace(time_s=second))
    return replace(view, **changes)


def supervised(mode: Mode, *answers: Any) -> tuple[Supervisor, Recorder]:
    device = Recorder()
    policies = {f"p{i}": Says(answer) for i, answer in enumerate(answers)}
    modes: dict[str, Mode] = dict.fromkeys(policies, mode)
    return Supervisor(PLANT, policies, device, modes), device


def test_nothing_is_armed_unless_asked_for() -> None:
    device = Recorder()
    supervisor = Supervisor(PLANT, {"p0": Says(MOST_W - 100.0)}, device)
    ruling = supervisor.rule(at(1.0))
    assert [s.mode for s in ruling.standings] == ["shadow"]
    assert (ruling.decision.gpu_cap_w < MOST_W).all()
    np.testing.assert_array_equal(ruling.gpu_cap_w, MOST_W)
    assert device.written == []


@pytest.mark.parametrize("mode", ["off", "shadow", "advise"])
def test_only_armed_policies_are_written(mode: Mode) -> None:
    supervisor, device = supervised(mode, MOST_W - 100.0)
    supervisor.rule(at(1.0))
    assert device.written == []
    supervisor.set_mode("p0", "armed", 1.0, "operator", "trial")
    supervisor.rule(at(2.0))
    ((cap_w, time_s, until_s),) = device.written
    np.testing.assert_array_equal(cap_w, MOST_W - 100.0)
    assert (time_s, until_s) == (2.0, 32.0)


@pytest.mark.parametrize("mode", ["shadow", "advise", "armed"])
def test_the_journal_says_whom_a_wish_was_shown_to(mode: Mode) -> None:
    supervisor, _ = supervised(mode, MOST_W - 100.0)
    supervisor.rule(at(1.0))
    told = [one.mode for one in supervisor.journal.latest() if "below" in one.what]
    assert told[0] == ("shadow" if mode == "shadow" else "advise")


def test_disarming_restores_the_defaults_at_the_next_tick() -> None:
    supervisor, device = supervised("armed", MOST_W - 100.0)
    supervisor.rule(at(1.0))
    supervisor.set_mode("p0", "shadow", 1.0, "operator")
    np.testing.assert_array_equal(supervisor.rule(at(2.0)).gpu_cap_w, MOST_W)
    assert device.expired == [2.0]


def test_stale_frames_are_not_acted_on_and_written_caps_run_out() -> None:
    supervisor, device = supervised("armed", MOST_W - 100.0)
    supervisor.rule(at(1.0))
    held = supervisor.rule(at(11.0, frame_age_s=60.0))
    assert len(device.written) == 1
    assert "stale" in held.decision.reason
    np.testing.assert_array_equal(held.gpu_cap_w, MOST_W - 100.0)
    later = supervisor.rule(at(40.0, frame_age_s=60.0))
    assert device.expired == [40.0]
    np.testing.assert_array_equal(later.gpu_cap_w, MOST_W)
    assert any("stale" in line for line in later.health)


@pytest.mark.parametrize("field", ["gpu_temp_c", "memory_temp_c", "gpu_power_w"])
def test_no_policy_is_asked_on_a_state_that_is_not_finite(field: str) -> None:
    broken = getattr(STATE, field).copy()
    broken[3] = np.nan
    supervisor, device = supervised("armed", ValueError("asked on NaN"))
    ruling = supervisor.rule(at(1.0, state=STATE._replace(**{field: broken})))
    assert device.written == []
    assert "not finite" in ruling.decision.reason
    assert ruling.standings[0].alarm == ""


def test_a_gpu_without_fresh_readings_keeps_its_cap() -> None:
    supervisor, _ = supervised("armed", MOST_W - 100.0)
    age_s = np.zeros(48)
    age_s[5] = 60.0
    ruling = supervisor.rule(at(1.0, gpu_age_s=age_s))
    assert ruling.gpu_cap_w[5] == MOST_W[5]
    assert (np.delete(ruling.gpu_cap_w, 5) == np.delete(MOST_W, 5) - 100.0).all()
    assert ruling.health == ("1 GPUs without a fresh reading: their caps are held",)


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (RuntimeError("boom"), "raised RuntimeError: boom"),
        (np.full(48, np.nan), "48 caps are not finite"),
        (np.full(3, 300.0), r"shape \(3,\)"),
        (np.full(48, 300), "int64"),
        (None, "shape"),
    ],
)
def test_a_bad_policy_is_taken_out_once_and_the_rest_go_on(answer: Any, fault: str) -> None:
    supervisor, device = supervised("armed", answer, MOST_W - 50.0)
    for second in (1.0, 2.0, 3.0):
        ruling = supervisor.rule(at(second))
    np.testing.assert_array_equal(ruling.gpu_cap_w, MOST_W - 50.0)
    assert len(device.written) == 3
    out = [entry for entry in supervisor.journal.latest() if entry.what == "taken out"]
    assert len(out) == 1
    assert re.search(fault, out[0].reason)
    assert re.search(fault, ruling.standings[0].alarm)
    assert any("taken out" in line for line in ruling.health)


def test_a_policy_that_was_taken_out_starts_afresh_when_its_mode_is_set() -> None:
    supervisor, _ = supervised("shadow", np.full(48, np.nan))
    supervisor.rule(at(1.0))
    supervisor.set_policy("p0", Says(MOST_W - 10.0), 2.0, "admin")
    ruling = supervisor.rule(at(2.0))
    assert ruling.standings[0].alarm == ""
    np.testing.assert_array_equal(ruling.decision.gpu_cap_w, MOST_W - 10.0)


def test_an_unreachable_actuator_is_told_once_and_nothing_is_assumed() -> None:
    supervisor, device = supervised("armed", MOST_W - 100.0)
    device.reachable = False
    for second in (1.0, 2.0, 3.0):
        ruling = supervisor.rule(at(second))
    np.testing.assert_array_equal(ruling.gpu_cap_w, MOST_W)
    assert any("unreachable" in line for line in ruling.health)
    device.reachable = True
    np.testing.assert_array_equal(supervisor.rule(at(4.0)).gpu_cap_w, MOST_W - 100.0)
    told = [e.what for e in supervisor.journal.latest() if "actuator" in e.what]
    assert told == ["actuator lost", "actuator recovered"]


def test_caps_move_no_faster_than_the_rules_allow() -> None:
    device = Recorder()
    rules = Rules(rise_w_per_s=10.0, fall_w_per_s=50.0)
    low = Supervisor(PLANT, {"p": Says(np.full(48, 200.0))}, device, {"p": "armed"}, rules)
    low.rule(at(1.0))
    np.testing.assert_array_equal(device.written[-1][0], MOST_W - 50.0)
    low.set_policy("p", Says(MOST_W), 1.0, "admin")
    low.rule(at(2.0))
    np.testing.assert_array_equal(device.written[-1][0], MOST_W - 40.0)


def test_the_journal_tells_changes_and_no_ticks(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    supervisor = Supervisor(
        PLANT, {"p": Says(MOST_W - 9.0)}, Recorder(), {"p": "armed"}, journal=Journal(path)
    )
    for second in range(1, 100):
        supervisor.rule(at(float(second)))
    lines = path.read_text().splitlines()
    assert len(lines) == len(supervisor.journal.latest()) == 2
    supervisor.set_mode("p", "off", 100.0, "operator", "done")
    assert '"who": "operator"' in path.read_text().splitlines()[-1]


def test_unknown_policies_and_modes_are_refused() -> None:
    supervisor, _ = supervised("shadow", MOST_W)
    with pytest.raises(InputError, match="policy: expected one of p0, got 'x'"):
        supervisor.set_mode("x", "off", 0.0, "me")
    with pytest.raises(InputError, match="mode: expected one of off"):
        supervisor.set_mode("p0", "on", 0.0, "me")
    with pytest.raises(InputError, match="policy"):
        Supervisor(PLANT, {}, Recorder(), {"ghost": "armed"})


odd = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([0.0, -1.0, 1e308, 350.0]),
)


@given(
    st.lists(st.tuples(odd, st.floats(0.0, 40.0), st.booleans(), st.integers(0, 47)), max_size=12)
)
def test_whatever_comes_writes_are_in_range_and_rate(
    ticks: list[tuple[float, float, bool, int]],
) -> None:
    supervisor, device = supervised("armed", MOST_W)
    second, last_w = 0.0, MOST_W
    gpus = PLANT.arrays.gpus
    for answer, age_s, broken, gpu in ticks:
        second += 1.0
        supervisor.set_policy("p0", Says(np.full(48, answer)), second, "test")
        hot_c = STATE.gpu_temp_c.copy()
        hot_c[gpu] = np.nan if broken else 50.0
        count = len(device.written)
        supervisor.rule(at(second, frame_age_s=age_s, state=STATE._replace(gpu_temp_c=hot_c)))
        if device.expired and device.expired[-1] == second:
            last_w = MOST_W
        if len(device.written) > count:
            cap_w = device.written[-1][0]
            assert age_s <= supervisor.rules.stale_s
            assert not broken
            assert np.isfinite(answer)
            assert (cap_w >= gpus.power_min_w).all()
            assert (cap_w <= gpus.power_max_w).all()
            assert (cap_w <= last_w + supervisor.rules.rise_w_per_s + 1e-9).all()
            assert (cap_w >= last_w - supervisor.rules.fall_w_per_s - 1e-9).all()
            last_w = cap_w
