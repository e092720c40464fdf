"""Recorded frames come out again, bound to a site, on the grid and at the pace asked for."""

from pathlib import Path

import numpy as np
import pytest

from site_models.errors import InputError
from telemetry.frame import Frame
from telemetry.held import Held
from telemetry.pace import Paced
from telemetry.recording import Recording, RecordingWriter
from telemetry.sources.replay import ReplaySource

START_S = 1_000_000_000.0
RECORDED = {"gpu": ("gpu0", "gpu1"), "node": ("node0",)}


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    """Power each second, temperature of one GPU every third second, a gap at 4 s."""
    with RecordingWriter(tmp_path / "r", source="test", axes=RECORDED) as writer:
        for k in (0, 1, 2, 3, 6):
            values = {"gpu_power_w": np.array([100.0 + k, 200.0 + k])}
            if k % 3 == 0:
                values["gpu_temp_c"] = np.array([np.nan, 40.0 + k])
            writer.add(Frame(START_S + k, values))
    return Recording(tmp_path / "r")


def drain(source: ReplaySource | Held | Paced) -> list[Frame]:
    return list(iter(source.read, None))


def test_ids_bind_by_name_whatever_the_site_s_order(recording: Recording) -> None:
    source = ReplaySource(recording, {"gpu": ("gpu9", "gpu1", "gpu0"), "node": ("node0",)})
    assert source.axes == {"gpu": ("gpu9", "gpu1", "gpu0")}
    frames = drain(source)
    assert [f.time_s - START_S for f in frames] == [0, 1, 2, 3, 6]
    np.testing.assert_array_equal(frames[0].values["gpu_power_w"], [np.nan, 200, 100])
    np.testing.assert_array_equal(frames[0].values["gpu_temp_c"], [np.nan, 40, np.nan])
    assert "gpu_temp_c" not in frames[1].values


def test_other_ids_bind_by_order_when_the_counts_agree(recording: Recording) -> None:
    frame = ReplaySource(recording, {"gpu": ("west", "east")}).read()
    assert frame is not None
    np.testing.assert_array_equal(frame.values["gpu_power_w"], [100, 200])
    mixed = ReplaySource(recording, {"gpu": ("gpu1", "east")}).read()
    assert mixed is not None
    np.testing.assert_array_equal(mixed.values["gpu_power_w"], [200, 100])


def test_ids_that_do_not_fit_are_said(recording: Recording) -> None:
    with pytest.raises(InputError, match="2 gpu ids are recorded, the site has 3"):
        ReplaySource(recording, {"gpu": ("a", "b", "c")})
    with pytest.raises(InputError, match="nothing to replay"):
        ReplaySource(recording, {"rack": ("r0",)})
    with pytest.raises(InputError, match="nothing to replay"):
        ReplaySource(recording, RECORDED, from_s=START_S + 100)


def test_a_span_is_replayed(recording: Recording) -> None:
    frames = drain(ReplaySource(recording, RECORDED, from_s=START_S + 1, to_s=START_S + 3))
    assert [f.time_s - START_S for f in frames] == [1, 2, 3]


def test_a_loop_goes_on_in_time_and_says_so(recording: Recording) -> None:
    source = ReplaySource(recording, RECORDED, loop=True)
    assert source.label == "test"
    frames = [source.read() for _ in range(12)]
    times = np.array([f.time_s for f in frames if f is not None]) - START_S
    np.testing.assert_array_equal(times, [0, 1, 2, 3, 6, 9, 10, 11, 12, 15, 18, 19])
    assert source.label == "test (round 3)"


def test_held_frames_are_regular_and_tell_the_age(recording: Recording) -> None:
    frames = drain(Held(ReplaySource(recording, RECORDED), 0.5))
    np.testing.assert_array_equal([f.time_s - START_S for f in frames], np.arange(0, 6.5, 0.5))
    late = frames[10]
    np.testing.assert_array_equal(late.values["gpu_power_w"], [103, 203])
    np.testing.assert_array_equal(late.age_s["gpu_power_w"], [2, 2])
    np.testing.assert_array_equal(late.values["gpu_temp_c"], [np.nan, 43])
    np.testing.assert_array_equal(late.age_s["gpu_temp_c"], [np.inf, 2])


def test_a_coarse_grid_still_reaches_the_last_frame(recording: Recording) -> None:
    frames = drain(Held(ReplaySource(recording, RECORDED), 4.0))
    assert [f.time_s - START_S for f in frames] == [0, 4, 8]
    np.testing.assert_array_equal(frames[-1].values["gpu_power_w"], [106, 206])
    np.testing.assert_array_equal(frames[-1].age_s["gpu_power_w"], [2, 2])


def test_a_resumed_grid_sees_what_the_uninterrupted_one_saw(recording: Recording) -> None:
    whole = drain(Held(ReplaySource(recording, RECORDED), 1.0))
    rest = drain(Held(ReplaySource(recording, RECORDED), 1.0, after_s=START_S + 3))
    assert len(rest) == 3
    for a, b in zip(whole[4:], rest, strict=True):
        assert a.time_s == b.time_s
        for name in a.values:
            np.testing.assert_array_equal(a.values[name], b.values[name])
            np.testing.assert_array_equal(a.age_s[name], b.age_s[name])


def test_a_paced_source_takes_as_long_as_asked(recording: Recording) -> None:
    clock = [50.0]

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    source = Paced(ReplaySource(recording, RECORDED), 2.0, now_s=lambda: clock[0], sleep=sleep)
    shown = []
    while source.read() is not None:
        shown.append(clock[0] - 50.0)
    np.testing.assert_allclose(shown, [0, 0.5, 1, 1.5, 3], atol=1e-6)
