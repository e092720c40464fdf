"""The oldest parts go first, by age and by size, and the manifest stays true."""

import math
from pathlib import Path

import numpy as np
import pytest

from site_models.errors import InputError
from telemetry.frame import Frame
from telemetry.recording import Recording
from telemetry.recording.recorder import Recorder
from telemetry.recording.retention import Keep, Limit, limit_of
from telemetry.recording.rollups import RackSeats

BEGIN_S = 1_720_004_400.0


def record(folder: Path, keep: Keep, minutes: int = 30) -> Recording:
    seats = RackSeats(("r",), np.array([0]))
    recorder = Recorder(
        folder, source="test", axes={"gpu": ("a",), "rack": ("r",)}, racks=seats, keep=keep
    )
    with recorder:
        for k in range(6 * minutes):
            recorder.offer(Frame(BEGIN_S + 10.0 * k, {"gpu_power_w": np.array([float(k)])}))
            while recorder.work():
                pass
    return Recording(folder)


def test_parts_older_than_the_limit_go_and_rollups_stay(tmp_path: Path) -> None:
    recording = record(tmp_path / "r", Keep(raw=Limit(age_s=600.0)))
    time_s, _ = recording.series("gpu_power_w", "a")
    assert 600.0 <= time_s[-1] - time_s[0] <= 720.0
    assert recording.rollups["rack_60s"] == 30
    assert recording.manifest.start == f"{np.datetime64(int(time_s[0] * 1e6), 'us')}Z"
    assert recording.notes == ()


def test_rollups_have_a_limit_of_their_own(tmp_path: Path) -> None:
    recording = record(tmp_path / "r", Keep(rollups=Limit(age_s=300.0)))
    assert len(recording.series("gpu_power_w", "a")[0]) == 180
    assert recording.rollups["rack_60s"] <= 7


def test_a_recording_stays_below_its_size(tmp_path: Path) -> None:
    one = sum(p.stat().st_size for p in record(tmp_path / "one", Keep(), 2).folder.glob("gpu/*"))
    recording = record(tmp_path / "r", Keep(raw=Limit(size_bytes=3.0 * one)))
    held = sum(p.stat().st_size for p in recording.folder.glob("gpu/*"))
    assert one < held <= 4.0 * one
    assert recording.end_s == BEGIN_S + 1790.0


def test_limits_are_read_from_words() -> None:
    assert limit_of("--keep-raw", "7d,50GB") == Limit(7 * 86_400.0, 50e9)
    assert limit_of("--keep-raw", "90min") == Limit(5400.0, math.inf)
    assert limit_of("--keep-raw", "") == Limit()
    for words in ("7", "7 weeks", "-1d", "0d", "7d;5GB"):
        with pytest.raises(InputError, match=r"--keep-raw: .*expected an age"):
            limit_of("--keep-raw", words)
