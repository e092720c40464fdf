"""Live frames come at their deadlines, whatever the readers and the wall clock do."""

import numpy as np

from telemetry.live import Fresh, LiveSource, board_for


class Clock:
    """A clock that sleeping moves."""

    def __init__(self) -> None:
        self.now_s = 1e9 + 0.25

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds + 0.001


class Counting:
    """A feeder that only counts."""

    label = "counted"

    def __init__(self) -> None:
        self.started = self.stopped = 0

    def start(self) -> None:
        self.started += 1

    def stop(self) -> None:
        self.stopped += 1


def test_fresh_frames_hold_each_reading_once() -> None:
    clock = Clock()
    board = board_for({"gpu": ("a", "b")}, 5.0)
    source = Fresh(LiveSource(board, [], 1.0, clock, clock.sleep), "x", lambda: None)
    got = []
    for k in range(20):
        if k % 5 == 0:
            taken = np.array([clock.now_s])
            board.put("gpu_temp_c", np.array([0]), np.array([40.0 + k]), taken, clock.now_s)
        frame = source.read()
        assert frame is not None
        got += frame.values["gpu_temp_c"][:1].tolist()
    assert [value for value in got if not np.isnan(value)] == [40.0, 45.0, 50.0, 55.0]


def test_lateness_does_not_add_up_and_a_slow_reader_gets_the_newest() -> None:
    clock, feeder = Clock(), Counting()
    board = board_for({"gpu": ("a",), "link": ()}, 5.0)
    source = LiveSource(board, [feeder], 1.0, clock, clock.sleep)
    times = []
    for k in range(50):
        frame = source.read()
        assert frame is not None
        times.append(frame.time_s)
        clock.now_s += 7.3 if k == 20 else 0.4
    assert times[:21] == [1e9 + 1.0 + k for k in range(21)]
    assert times[21] == times[20] + 7.0
    assert np.all(np.diff(times) >= 1.0)
    source.close()
    assert (feeder.started, feeder.stopped) == (1, 1)
