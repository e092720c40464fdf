"""Rollups say of each rack and bin what the raw rows say, in files that anyone reads."""

from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telemetry.frame import Frame
from telemetry.recording import Recording, RecordingWriter
from telemetry.recording.rollups import RackSeats

BEGIN_S = 1_720_000_020.0
SEATS = RackSeats(("r2", "r1"), np.array([0, 1, 0]))
AXES = {"gpu": ("a", "b", "c"), "rack": ("r2", "r1")}
RACK_OF = {"a": "r2", "b": "r1", "c": "r2"}


def record(folder: Path, frames: list[Frame]) -> Recording:
    with RecordingWriter(folder, source="test", axes=AXES, racks=SEATS) as writer:
        for frame in frames:
            writer.add(frame)
    return Recording(folder)


reading = st.one_of(st.just(np.nan), st.floats(0.0, 1000.0, width=32))


@settings(max_examples=20)
@given(st.lists(st.tuples(st.integers(1, 40), *[reading] * 3), min_size=1, max_size=15))
def test_each_bin_holds_mean_least_and_most_of_its_readings(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, float, float, float]]
) -> None:
    folder = tmp_path_factory.mktemp("rollups") / "r"
    times = BEGIN_S + np.cumsum([row[0] for row in rows])
    record(
        folder,
        [
            Frame(float(t), {"gpu_power_w": np.array(row[1:])})
            for t, row in zip(times, rows, strict=True)
        ],
    )
    for step_s in (10, 60):
        wanted: dict[tuple[int, str], list[float]] = {}
        for t, row in zip(times, rows, strict=True):
            for gpu, watts in zip("abc", row[1:], strict=True):
                if not np.isnan(watts):
                    wanted.setdefault((int(t) // step_s * step_s, RACK_OF[gpu]), []).append(watts)
        files = list((folder / f"rack_{step_s}s").glob("*.parquet"))
        if not wanted:
            assert files == []
            continue
        found = duckdb.execute(
            "select epoch(time)::bigint, id, gpu_power_w_mean, gpu_power_w_min, gpu_power_w_max,"
            f" gpu_power_w_count from '{folder}/rack_{step_s}s/*.parquet'"
        ).fetchall()
        assert len(found) == len(wanted)
        for begin_s, rack, mean, least, most, count in found:
            values = wanted[(begin_s, rack)]
            assert count == len(values)
            assert (least, most) == (min(values), max(values))
            assert mean == pytest.approx(np.mean(values), rel=1e-6, abs=1e-6)


def test_rollups_are_listed_with_their_hashes_and_are_no_axis(tmp_path: Path) -> None:
    frames = [
        Frame(BEGIN_S + k, {"rack_flow_kg_per_s": np.array([1.0 + k, np.nan])}) for k in range(150)
    ]
    recording = record(tmp_path / "r", frames)
    assert recording.axes == ("rack",)
    assert recording.rows == 150
    assert recording.rollups == {"rack_10s": 15, "rack_60s": 3}
    plain = tmp_path / "plain"
    with RecordingWriter(plain, source="test", axes=AXES) as writer:
        for frame in frames:
            writer.add(frame)
    assert [f.time_s for f in Recording(plain).frames()] == [f.time_s for f in recording.frames()]
    (tmp_path / "r" / "rack_60s" / "part-000000.parquet").unlink()
    with pytest.raises(Exception, match=r"rack_60s/part-000000\.parquet: listed.*missing"):
        Recording(tmp_path / "r")
