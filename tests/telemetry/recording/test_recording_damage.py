"""A kill costs at most the current part, and every other damage is named."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from site_models.errors import InputError
from telemetry.frame import Frame
from telemetry.recording import Recording, RecordingWriter

AXES = {"node": ("node0",)}
ENDLESS = """
import itertools, sys
import numpy as np
from telemetry.frame import Frame
from telemetry.recording import RecordingWriter
with RecordingWriter(sys.argv[1], source="test", axes={"node": ("node0",)}, part_s=10) as writer:
    for k in itertools.count():
        writer.add(Frame(1e9 + k, {"node_power_w": np.array([float(k)])}))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with RecordingWriter(tmp_path / "r", source="test", axes=AXES) as writer:
        for k in range(130):
            writer.add(Frame(1e9 + k, {"node_power_w": np.array([float(k)])}))
    return tmp_path / "r"


def reopen(folder: Path) -> None:
    """Make the recording look as if its writer had been killed."""
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["closed"] = False
    manifest["parts"].pop()
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_a_killed_recorder_loses_at_most_its_current_part(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    root = Path(__file__).parents[3]
    recorder = subprocess.Popen([sys.executable, "-c", ENDLESS, folder], cwd=root)
    deadline = time.monotonic() + 20.0
    while len(list(folder.glob("node/*.parquet"))) < 5 and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(recorder.pid, signal.SIGKILL)
    recorder.wait()
    recording = Recording(folder)
    _, values = recording.series("node_power_w", "node0")
    assert len(values) >= 40
    assert len(values) % 10 == 0
    np.testing.assert_array_equal(values, np.arange(len(values)))
    assert "was not ended cleanly" in recording.notes[0]


def test_what_a_kill_left_is_read_and_said(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    reopen(folder)
    (folder / "node" / "part-000003.parquet.tmp").write_bytes(b"half")
    with caplog.at_level(logging.WARNING):
        recording = Recording(folder)
    assert recording.rows == 130
    assert [note.split(" ")[0] for note in recording.notes] == [
        "was",
        "node/part-000002.parquet",
        "node/part-000003.parquet.tmp",
    ]
    assert len(caplog.messages) == 3


def test_a_stranger_in_a_closed_recording_is_ignored_and_said(folder: Path) -> None:
    part = folder / "node" / "part-000000.parquet"
    (folder / "node" / "part-000009.parquet").write_bytes(part.read_bytes())
    recording = Recording(folder)
    assert recording.rows == 130
    assert "not listed" in recording.notes[0]


def test_a_truncated_part_is_named(folder: Path) -> None:
    part = folder / "node" / "part-000001.parquet"
    part.write_bytes(part.read_bytes()[:-40])
    with pytest.raises(InputError, match=r"part-000001\.parquet: truncated"):
        Recording(folder)


def test_a_truncated_part_that_is_not_listed_is_named_too(folder: Path) -> None:
    reopen(folder)
    part = folder / "node" / "part-000002.parquet"
    part.write_bytes(part.read_bytes()[:100])
    with pytest.raises(InputError, match=r"part-000002\.parquet: truncated"):
        Recording(folder)


def test_a_changed_part_is_named(folder: Path) -> None:
    part = folder / "node" / "part-000001.parquet"
    content = bytearray(part.read_bytes())
    content[60] ^= 1
    part.write_bytes(content)
    with pytest.raises(InputError, match=r"part-000001\.parquet: changed"):
        Recording(folder)


def test_a_missing_part_is_named(folder: Path) -> None:
    (folder / "node" / "part-000001.parquet").unlink()
    with pytest.raises(InputError, match=r"part-000001\.parquet: listed.*missing"):
        Recording(folder)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"schema": 99}, "schema: expected at most 1"),
        ({"parts": [{"path": "../secret", "rows": 1, "sha256": "0" * 64}]}, "parts.0.path"),
        ({"rows": 1}, "rows"),
    ],
)
def test_a_manifest_that_is_none_is_named(
    folder: Path, change: dict[str, object], complaint: str
) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | change))
    with pytest.raises(InputError, match=rf"manifest\.json: {complaint}"):
        Recording(folder)


def test_a_folder_without_manifest_is_no_recording(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a recording"):
        Recording(tmp_path)
