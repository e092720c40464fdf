"""The recorder never holds up who offers frames, survives a full disk, and goes on."""

import errno
import json
import time
from pathlib import Path

import numpy as np
import pytest

from site_models.errors import InputError
from telemetry.frame import Frame
from telemetry.recording import Recording
from telemetry.recording import format as recording_format
from telemetry.recording import recorder as recorder_file
from telemetry.recording import writer as recording_writer
from telemetry.recording.recorder import Recorder

BEGIN_S = 1_720_004_400.0


def frame(k: int) -> Frame:
    return Frame(BEGIN_S + 10.0 * k, {"node_power_w": np.array([float(k)])})


def opened(folder: Path, **options: object) -> Recorder:
    axes = {"node": ("node0",)}
    return Recorder(folder, source="test", axes=axes, reserve_bytes=0, **options)  # type: ignore[arg-type]


def feed(recorder: Recorder, first: int, last: int) -> None:
    for k in range(first, last):
        recorder.offer(frame(k))
        while recorder.work():
            pass


def numbers(folder: Path) -> list[int]:
    return [int(v) for v in Recording(folder).series("node_power_w", "node0")[1]]


class Disk:
    """A disk that is full from time to time, and a clock that is set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full, self.now_s = False, 0.0
        write_part = recording_format.write_part

        def write(*given: object) -> object:
            if self.full:
                raise OSError(errno.ENOSPC, "No space left on device")
            return write_part(*given)  # type: ignore[arg-type]

        monkeypatch.setattr("telemetry.recording.writer.write_part", write)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


def test_a_full_disk_stops_recording_is_told_once_and_gone_on_with(
    tmp_path: Path, disk: Disk
) -> None:
    recorder = opened(tmp_path / "r", clock_s=lambda: disk.now_s)
    feed(recorder, 0, 20)
    disk.full = True
    feed(recorder, 20, 40)
    assert "recording stopped" in recorder.alarm
    assert "No space left" in recorder.alarm
    assert [one.kind for one in recorder.health.now] == ["full"]
    disk.full, disk.now_s = False, 60.0
    feed(recorder, 40, 60)
    assert recorder.alarm == ""
    assert recorder.health.now == ()
    assert len(recorder.health.log) == 1
    recorder.close()
    assert numbers(tmp_path / "r") == list(range(60))
    assert recorder.dropped == 0


def test_what_the_ring_cannot_hold_while_the_disk_is_full_is_lost_and_told(
    tmp_path: Path, disk: Disk
) -> None:
    recorder = opened(tmp_path / "r", clock_s=lambda: disk.now_s, waiting_bytes=80)
    feed(recorder, 0, 13)
    disk.full = True
    feed(recorder, 13, 60)
    disk.full, disk.now_s = False, 60.0
    feed(recorder, 60, 70)
    recorder.close()
    found = numbers(tmp_path / "r")
    assert set(range(18)) < set(found)
    assert found[-19:] == list(range(51, 70))
    assert recorder.dropped == 70 - len(found)
    (loss,) = Recording(tmp_path / "r").losses
    assert f"{recorder.dropped} frames are lost: the disk could not be written" in loss


def test_a_disk_that_stays_full_ends_in_one_line(tmp_path: Path, disk: Disk) -> None:
    recorder = opened(tmp_path / "r")
    feed(recorder, 0, 13)
    disk.full = True
    with pytest.raises(InputError, match=r"recording stopped: .*No space left.*readings are lost"):
        recorder.close()
    assert numbers(tmp_path / "r") == list(range(12))
    assert list((tmp_path / "r").rglob("*.tmp")) == []


def test_room_is_left_to_others(tmp_path: Path) -> None:
    axes = {"node": ("node0",)}
    recorder = Recorder(tmp_path / "r", source="test", axes=axes, reserve_bytes=2**62)
    feed(recorder, 0, 13)
    assert "No space left" in recorder.alarm
    with pytest.raises(InputError):
        recorder.close()


def test_a_part_that_fails_on_one_axis_is_written_on_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_part, tries = recording_format.write_part, []

    def write(folder: Path, path: str, table: object) -> object:
        tries.append(path)
        if len(tries) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write_part(folder, path, table)

    monkeypatch.setattr("telemetry.recording.writer.write_part", write)
    axes = {"node": ("node0",), "rack": ("rack0",)}
    both = Frame(BEGIN_S, {"node_power_w": np.ones(1), "rack_power_w": np.ones(1)})
    with recording_writer.RecordingWriter(tmp_path / "r", source="", axes=axes) as writer:
        writer.add(both)
        with pytest.raises(OSError, match="No space"):
            writer.add(Frame(BEGIN_S + 60.0, both.values))
        assert list((tmp_path / "r").glob("*/*")) == []
        writer.add(Frame(BEGIN_S + 60.0, both.values))
    assert Recording(tmp_path / "r").rows == 4


def test_who_offers_never_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add = recording_writer.RecordingWriter.add

    def slowly(writer: recording_writer.RecordingWriter, one: Frame) -> None:
        time.sleep(0.02)
        add(writer, one)

    monkeypatch.setattr(recording_writer.RecordingWriter, "add", slowly)
    recorder = opened(tmp_path / "r")
    recorder.start()
    began_s = time.perf_counter()
    for k in range(25):
        recorder.offer(frame(k))
    assert time.perf_counter() - began_s < 0.25
    recorder.close()
    assert numbers(tmp_path / "r") == list(range(25))


def test_a_recording_is_gone_on_with(tmp_path: Path) -> None:
    for first in (0, 20):
        with opened(tmp_path / "r", goes_on=True) as recorder:
            assert recorder.notes == ()
            feed(recorder, first, first + 20)
    assert numbers(tmp_path / "r") == list(range(40))
    assert Recording(tmp_path / "r").losses == ()


def test_the_next_start_tells_what_a_kill_cost_and_so_do_readers(tmp_path: Path) -> None:
    opened(tmp_path / "r").close()
    manifest = tmp_path / "r" / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"closed": False}))
    (tmp_path / "r" / "node").mkdir()
    (tmp_path / "r" / "node" / "part-000000.parquet.tmp").write_bytes(b"half")
    with opened(tmp_path / "r", goes_on=True) as recorder:
        assert len(recorder.notes) == 2
        assert "rows are lost" in recorder.notes[0]
        feed(recorder, 0, 3)
    recording = Recording(tmp_path / "r")
    assert recording.notes == ()
    assert recording.losses[0].startswith("killed: before the first row: the recorder ended")
    assert list((tmp_path / "r").rglob("*.tmp")) == []


def test_two_recorders_do_not_share_a_folder(tmp_path: Path) -> None:
    with opened(tmp_path / "r"):
        assert "is being recorded" in Recording(tmp_path / "r").notes[0]
        with pytest.raises(InputError, match="another process records into it"):
            opened(tmp_path / "r", goes_on=True)


def test_a_recording_of_another_site_is_refused(tmp_path: Path) -> None:
    opened(tmp_path / "r", site="pilot", site_hash="1").close()
    with pytest.raises(InputError, match="recorded at pilot or an earlier version"):
        opened(tmp_path / "r", goes_on=True, site="edge", site_hash="2")
    opened(tmp_path / "r", goes_on=True, site="pilot", site_hash="1").close()


def test_past_hours_are_merged_while_recording(tmp_path: Path) -> None:
    with opened(tmp_path / "r") as recorder:
        feed(recorder, 0, 800)
    names = sorted(p.name for p in (tmp_path / "r" / "node").iterdir())
    assert names[:2] == ["part-000000-000059.parquet", "part-000060-000119.parquet"]
    assert numbers(tmp_path / "r") == list(range(800))


def test_a_recorder_that_fails_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = opened(tmp_path / "r")

    def fails(*_: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(recorder_file.Recorder, "work", fails)
    recorder.start()
    recorder.offer(frame(0))
    deadline_s = time.monotonic() + 5.0
    while not recorder.alarm and time.monotonic() < deadline_s:
        time.sleep(0.01)
    assert "recording failed" in recorder.alarm
    monkeypatch.undo()
    recorder.close()
