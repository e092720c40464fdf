"""What hangs is late and holds up nobody; what raises is raised where it was called for."""

import threading
import time

import pytest

from controllers.actuators.lane import Lane, LateError


def test_a_call_that_hangs_is_late_and_the_next_too_until_it_returns() -> None:
    lane, gate = Lane("test"), threading.Event()
    began_s = time.monotonic()
    with pytest.raises(LateError, match="no answer within"):
        lane.call(lambda: gate.wait(5.0), 0.05)
    with pytest.raises(LateError, match="still under way"):
        lane.call(lambda: True, 5.0)
    assert time.monotonic() - began_s < 1.0
    gate.set()
    end_s = time.monotonic() + 5.0
    while time.monotonic() < end_s:
        try:
            assert lane.call(lambda: 7, 1.0) == 7
            return
        except LateError:
            time.sleep(0.01)
    pytest.fail("the lane never came free")


def test_what_is_raised_reaches_the_caller() -> None:
    def fails() -> None:
        raise KeyError("x")

    def ends() -> None:
        raise SystemExit(3)

    lane = Lane("test")
    with pytest.raises(KeyError):
        lane.call(fails, 1.0)
    with pytest.raises(RuntimeError, match="SystemExit"):
        lane.call(ends, 1.0)
    assert lane.call(lambda: "on", 1.0) == "on"


def test_the_thread_ends_with_the_lane() -> None:
    lane = Lane("short")
    lane.call(lambda: None, 1.0)
    assert "short" in [thread.name for thread in threading.enumerate()]
    del lane
    end_s = time.monotonic() + 5.0
    while "short" in [thread.name for thread in threading.enumerate()]:
        assert time.monotonic() < end_s
        time.sleep(0.01)
