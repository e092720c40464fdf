"""A recording holds what was read, says what was not, and ends when it is told to."""

import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from site_models.errors import InputError
from telemetry.frame import Frame
from telemetry.recording import Recording
from telemetry.recording.collecting import collect
from telemetry.recording.writer import RecordingWriter


class Ticking:
    """Two GPUs read every 10 ms of a clock that nobody waits for."""

    axes: Mapping[str, Sequence[str]] = {"gpu": ("gpu0", "gpu1")}
    dropped = 3

    def __init__(self, frames: int = 10**9, fails: Exception | None = None) -> None:
        self.left, self.time_s, self.fails = frames, 1.7e9, fails

    def read(self) -> Frame | None:
        """Return the next frame."""
        if not self.left:
            if self.fails is not None:
                raise self.fails
            return None
        self.left -= 1
        self.time_s += 0.01
        time.sleep(0.0005)
        return Frame(self.time_s, {"gpu_power_w": np.array([300.0, np.nan])})


def test_a_recording_ends_with_its_source(tmp_path: Path) -> None:
    found = collect(Ticking(50), tmp_path / "rec", label="ticks", for_s=np.inf, facts={"a": "b"})
    assert found.rows == 50  # a GPU that says nothing has no row
    assert found.seconds == pytest.approx(0.49)
    assert found.dropped == 3
    manifest = Recording(tmp_path / "rec").manifest
    assert (manifest.closed, manifest.source, manifest.host["a"]) == (True, "ticks", "b")


def test_a_recording_ends_after_the_given_time(tmp_path: Path) -> None:
    found = collect(Ticking(), tmp_path / "rec", label="ticks", for_s=0.3)
    assert found.rows == 30


def test_a_recording_ends_when_told(tmp_path: Path) -> None:
    ended = threading.Event()
    threading.Timer(0.2, ended.set).start()
    found = collect(Ticking(), tmp_path / "rec", label="ticks", for_s=np.inf, ended=ended)
    assert 0 < found.rows < 1000
    assert Recording(tmp_path / "rec").manifest.closed


@pytest.mark.parametrize(
    ("fails", "told"), [(InputError("no more"), InputError), (ValueError("x"), RuntimeError)]
)
def test_what_was_read_before_a_failure_stays(
    tmp_path: Path, fails: Exception, told: type[Exception]
) -> None:
    with pytest.raises(told):
        collect(Ticking(20, fails), tmp_path / "rec", label="ticks", for_s=np.inf)
    assert sum(part.rows for part in Recording(tmp_path / "rec").manifest.parts) == 20


def test_a_slow_disk_does_not_slow_the_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = RecordingWriter.add

    def slowly(writer: RecordingWriter, frame: Frame) -> None:
        time.sleep(0.01)
        add(writer, frame)

    monkeypatch.setattr(RecordingWriter, "add", slowly)
    monkeypatch.setattr("telemetry.recording.collecting.WAITING_FRAMES", 5)
    found = collect(Ticking(60), tmp_path / "rec", label="ticks", for_s=np.inf)
    assert found.rows + found.dropped - 3 == 60
    assert found.dropped > 3
