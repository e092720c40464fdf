"""Verbs about recordings: what is kept, lost and handed on, and one line for bad input."""

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from dashboards.cli import main
from telemetry.frame import Frame
from telemetry.recording.recorder import Recorder
from telemetry.recording.rollups import RackSeats

BEGIN_S = 1_720_004_400.0


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    folder = tmp_path / "rec"
    seats = RackSeats(("r1",), np.array([0, 0]))
    axes = {"gpu": ("gpu0", "gpu1"), "rack": ("r1",)}
    with Recorder(folder, source="test", axes=axes, racks=seats) as recorder:
        for k in range(30):
            values = {"gpu_temp_c": np.array([40.0 + k, np.nan]), "rack_power_w": np.array([9e3])}
            recorder.offer(Frame(BEGIN_S + 10.0 * k, values))
            recorder.work()
    return folder


def test_show_tells_rollups_and_what_was_lost(
    recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = {"kind": "killed", "after": "2024-07-03T11:00:00Z", "until": None, "why": "for a test"}
    (recorded / "incidents.jsonl").write_text(json.dumps(line) + "\n" + '{"kind": "ki')
    assert main(["show", str(recorded), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["rollups"] == {"rack_10s": 30, "rack_60s": 5}
    assert told["lost"] == ["killed: after 2024-07-03T11:00:00Z: for a test"]
    assert set(told["axes"]) == {"gpu", "rack"}
    assert main(["show", str(recorded)]) == 0
    told_lines = capsys.readouterr().out.splitlines()
    assert "rollup rack_60s: 5 rows" in told_lines
    assert "lost: killed: after 2024-07-03T11:00:00Z: for a test" in told_lines


def test_export_writes_the_readings_of_a_span(
    recorded: Path, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    span = ["--from", str(BEGIN_S + 100.0), "--to", str(BEGIN_S + 120.0)]
    words = ["export", str(recorded), "--signal", "gpu_temp_c", *span]
    assert main([*words, "--format", "csv"]) == 0
    rows = list(csv.DictReader(capfdbinary.readouterr().out.decode().splitlines()))
    assert [row["gpu_temp_c"] for row in rows] == ["50", "51", "52"]
    assert rows[0]["time"] == "2024-07-03 11:01:40.000000Z"
    assert {(row["axis"], row["id"]) for row in rows} == {("gpu", "gpu0")}
    whole = tmp_path / "whole.parquet"
    assert main(["export", str(recorded), "--format", "parquet", "--out", str(whole)]) == 0
    table = pq.read_table(whole)
    assert table.column_names == ["time", "axis", "id", "gpu_temp_c", "rack_power_w"]
    assert table.num_rows == 60
    assert table["rack_power_w"].null_count == 30


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["export", "REC", "--format", "xls"], "--format: 'xls', expected csv or parquet"),
        (["export", "REC", "--format", "csv", "--signal", "mood"], "signal 'mood': not in"),
        (["export", "REC", "--format", "csv", "--out", "/no/such/x"], "/no/such/x: cannot be"),
        (["export", "/nowhere", "--format", "csv"], "/nowhere: not a recording"),
        (["serve", "--record", "REC", "--keep-raw", "soon"], "--keep-raw: 'soon', expected an age"),
        (["serve", "--keep-raw", "7d"], "expected --record with them"),
        (["serve", "--record", "REC", "--source", "idle"], "expected a new folder"),
        (["record", "--source", "nvml", "--out", "x", "--keep-rollups", "1x"], "--keep-rollups: "),
    ],
)
def test_bad_input_is_one_line(
    recorded: Path,
    words: list[str],
    complaint: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    there = sorted(recorded.rglob("*"))
    capsys.readouterr()
    assert main([str(recorded) if word == "REC" else word for word in words]) == 2
    told = capsys.readouterr()
    assert told.err.count("\n") == 1
    assert complaint in told.err
    assert sorted(recorded.rglob("*")) == there
