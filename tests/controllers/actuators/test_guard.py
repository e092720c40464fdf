"""The guard of a host's GPUs: within limits, audited, restored whatever happens and whenever."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from controllers.actuators.guard import CAP, LOCK, Guard, Owed, Setting
from controllers.actuators.ledger import Ledger
from controllers.actuators.nvml_door import DryDoor, milliwatts
from tests.fakes.fake_door import FakeDoor, Killed

ALL = ("GPU-0", "GPU-1", "GPU-2")


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.s = 1000.0

    def __call__(self) -> float:
        return self.s


def guard_of(door: FakeDoor, clock: Clock, owed: Owed | None = None, **more: object) -> Guard:
    return Guard(
        door, Ledger(), owed, longest_s=30.0, now_s=clock, steady_s=clock, lanes=False, **more
    )


def capped(cap_w: float, clock_hz: float | None = None) -> dict[str, Setting]:
    return dict.fromkeys(ALL, Setting(cap_w, clock_hz))


def test_an_order_is_written_once_read_back_and_over_in_its_time() -> None:
    door, clock = FakeDoor(), Clock()
    guard = guard_of(door, clock)
    outcome = guard.apply(capped(400.0, 1.2e9), clock.s + 10.0)
    assert outcome.refused == {}
    assert outcome.held == dict.fromkeys(ALL, 400.0)
    count = len(door.writes)
    clock.s += 9.0
    guard.apply(capped(400.0, 1.2e9), clock.s + 10.0)
    assert len(door.writes) == count  # nothing changed: nothing is written
    clock.s += 9.9
    guard.look()
    assert not door.restored
    clock.s += 0.2
    guard.look()
    assert door.restored
    assert guard.owed.uuids == set()


def test_no_order_is_owed_for_longer_than_the_dead_mans_time() -> None:
    door, clock = FakeDoor(), Clock()
    guard = guard_of(door, clock)
    guard.apply(capped(400.0), clock.s + 1e9)
    clock.s += 30.1
    guard.look()
    assert door.restored


def test_an_order_that_is_over_is_not_written() -> None:
    door, clock = FakeDoor(), Clock()
    outcome = guard_of(door, clock).apply(capped(400.0), clock.s - 1.0)
    assert set(outcome.refused) == set(ALL)
    assert door.writes == []


@pytest.mark.parametrize(
    "setting",
    [Setting(199.0, None), Setting(701.0, None), Setting(math.nan, None), Setting(math.inf, None),
     Setting(400.0, 0.0), Setting(400.0, 3e9), Setting(400.0, math.nan)],
)  # fmt: skip
def test_nothing_outside_the_limits_of_a_device_is_written(setting: Setting) -> None:
    door, clock = FakeDoor(), Clock()
    outcome = guard_of(door, clock).apply({"GPU-1": setting}, clock.s + 10.0)
    assert "outside" in outcome.refused["GPU-1"]
    assert door.writes == []


def test_a_gpu_that_is_not_to_be_held_keeps_what_somebody_else_set() -> None:
    door, clock = FakeDoor(), Clock()
    door.caps["GPU-1"] = 500.0
    outcome = guard_of(door, clock).apply(capped(700.0), clock.s + 10.0)
    assert outcome.refused == {}
    assert door.writes == []


def test_what_a_device_does_not_hold_is_said() -> None:
    door, clock = FakeDoor(), Clock()
    door.deaf, door.silent = {"GPU-0"}, {"GPU-1"}
    guard = guard_of(door, clock)
    outcome = guard.apply(capped(400.0), clock.s + 10.0)
    assert outcome.refused == {
        "GPU-0": "holds 700 W, 400 W asked",
        "GPU-1": "no such GPU",
    }
    door.may_write = False
    refused = guard.apply({"GPU-2": Setting(300.0, None)}, clock.s + 10.0).refused
    assert refused["GPU-2"] == "no permission"


def test_a_gpu_that_was_lost_is_restored_when_it_is_back() -> None:
    door, clock = FakeDoor(), Clock()
    guard = guard_of(door, clock)
    guard.apply(capped(400.0), clock.s + 5.0)
    door.silent = {"GPU-1"}
    clock.s += 6.0
    assert set(guard.look()) == {"GPU-1"}
    door.silent = set()
    clock.s += 1.0
    assert guard.look() == {}
    assert door.restored


def test_every_write_is_in_the_ledger_before_it_is_made(tmp_path: Path) -> None:
    door, clock, path = FakeDoor(), Clock(), tmp_path / "writes.jsonl"
    guard = Guard(door, Ledger(path), None, 30.0, clock, clock, lanes=False)
    door.deaf = {"GPU-2"}
    guard.apply(capped(400.0, 1.2e9), clock.s + 5.0)
    guard.restore()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    asked = [line for line in lines if line["result"] == "asked"]
    told = [(line["target"], line["call"]) for line in asked]
    assert len(asked) == len(door.writes)
    assert told[:2] == [("GPU-0", CAP), ("GPU-0", LOCK)]
    assert asked[0]["value"] == f"{milliwatts(400.0)} mW"
    assert len(lines) == 2 * len(asked)


def test_a_dry_guard_writes_nothing_and_says_what_it_would() -> None:
    door, clock = FakeDoor(), Clock()
    ledger = Ledger()
    guard = Guard(DryDoor(door), ledger, None, 30.0, clock, clock, lanes=False)
    assert guard.apply(capped(400.0), clock.s + 5.0).held["GPU-0"] == 400.0
    guard.restore()
    assert door.writes == []
    assert str(ledger.latest[0][0]) == f"GPU-0: {CAP} 400000 mW"


orders = st.lists(
    st.tuples(
        st.sampled_from(ALL),
        st.floats(200.0, 700.0),
        st.one_of(st.none(), st.floats(1e8, 1.98e9)),
        st.floats(0.1, 20.0),
    ),
    min_size=1,
    max_size=6,
)


@example([("GPU-0", 200.0, None, 1.0), ("GPU-0", math.nextafter(700.0, 0.0), None, 1.0)], 5)
@given(orders, st.integers(0, 60))
@settings(max_examples=150)
def test_killed_at_any_call_the_next_guard_restores_everything(
    asked: list[tuple[str, float, float | None, float]], calls: int
) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        door, clock, path = FakeDoor(), Clock(), Path(folder) / "owed"
        guard = guard_of(door, clock, Owed(path))
        door.calls_left = calls
        try:
            for uuid, cap_w, clock_hz, after_s in asked:
                guard.apply({uuid: Setting(cap_w, clock_hz)}, clock.s + 10.0)
                clock.s += after_s
                guard.look()
        except Killed:
            pass
        door.calls_left = math.inf
        second = guard_of(door, clock, Owed(path))
        assert second.restore() == {}
        assert door.restored
        assert Owed(path).uuids == set()
