"""A recording gives back what was put in, in a form that anyone can read."""

import json
from collections.abc import Sequence
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from site_models.errors import InputError
from telemetry.frame import Frame
from telemetry.recording import Recording, RecordingWriter
from telemetry.signals import on_axis

START_S = 1_720_000_000.0
GPUS = ("gpu10", "gpu2", "gpu1")
AXES = {"gpu": GPUS, "node": ("node0",)}


def frame(k: int, **values: Sequence[float]) -> Frame:
    return Frame(START_S + k, {name: np.array(v, np.float64) for name, v in values.items()})


def record(folder: Path, frames: Sequence[Frame], part_s: float = 60.0) -> Recording:
    with RecordingWriter(folder, source="test", axes=AXES, part_s=part_s) as writer:
        for one in frames:
            writer.add(one)
    return Recording(folder)


readings = st.lists(
    st.one_of(st.just(np.nan), st.floats(0.0, 5000.0, width=32)), min_size=3, max_size=3
)


@settings(max_examples=25)
@given(st.lists(readings, min_size=1, max_size=12), st.sampled_from([1.0, 3.0, 60.0]))
def test_every_reading_comes_back_at_its_time_and_id(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[float]], part_s: float
) -> None:
    folder = tmp_path_factory.mktemp("recording") / "r"
    recording = record(folder, [frame(k, gpu_power_w=v) for k, v in enumerate(rows)], part_s)
    for place, name in enumerate(GPUS):
        times, values = recording.series("gpu_power_w", name)
        known = [k for k, row in enumerate(rows) if not np.isnan(row[place])]
        np.testing.assert_array_equal(times, START_S + np.array(known))
        np.testing.assert_array_equal(values, [rows[k][place] for k in known])


def test_frames_come_back_over_parts_and_axes_in_time_order(tmp_path: Path) -> None:
    given_frames = [
        frame(0, gpu_power_w=[1, 2, 3], node_power_w=[9]),
        frame(1, gpu_temp_c=[np.nan, 40, np.nan]),
        frame(70, node_power_w=[8]),
        frame(71, gpu_power_w=[4, 5, 6]),
    ]
    recording = record(tmp_path / "r", given_frames)
    assert recording.ids("gpu") == ("gpu1", "gpu2", "gpu10")
    found = list(recording.frames())
    assert [f.time_s - START_S for f in found] == [0, 1, 70, 71]
    assert [set(f.values) for f in found] == [set(f.values) for f in given_frames]
    np.testing.assert_array_equal(found[0].values["gpu_power_w"], [3, 2, 1])
    np.testing.assert_array_equal(found[1].values["gpu_temp_c"], [np.nan, 40, np.nan])
    assert [f.time_s for f in recording.frames(from_s=START_S + 1, to_s=START_S + 70)] == [
        START_S + 1,
        START_S + 70,
    ]


def test_the_same_frames_give_the_same_bytes(tmp_path: Path) -> None:
    frames = [frame(k, gpu_power_w=[k, 2, np.nan], node_power_w=[7]) for k in range(150)]
    first, second = record(tmp_path / "a", frames), record(tmp_path / "b", frames)
    assert first.sha256 == second.sha256
    files = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*.*"))
    assert len(files) == 7
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_a_part_is_as_the_contract_says(tmp_path: Path) -> None:
    frames = [
        frame(k, gpu_power_w=[1, 2, 3], clocks_event_reasons=[4, np.nan, 0], gpu_energy_j=[5, 6, 7])
        for k in range(130)
    ]
    recording = record(tmp_path / "r", frames)
    parts = sorted((tmp_path / "r" / "gpu").iterdir())
    assert [p.name for p in parts] == [f"part-{k:06d}.parquet" for k in range(3)]
    table = pq.read_table(parts[0])
    assert table.column_names == ["time", "id", *(s.name for s in on_axis("gpu"))]
    assert table.schema.field("time").type == pa.timestamp("us", tz="UTC")
    assert pa.types.is_dictionary(table.schema.field("id").type)
    assert table.schema.field("clocks_event_reasons").type == pa.int64()
    assert table["clocks_event_reasons"].null_count == 60
    assert table.schema.field("gpu_energy_j").type == pa.float64()
    assert table.schema.field("gpu_power_w").type == pa.float32()
    keys = list(zip(table["id"].to_pylist(), table["time"].to_pylist(), strict=True))
    assert keys == sorted(keys)
    column = pq.read_metadata(parts[0]).row_group(0).column(2)
    assert column.compression == "ZSTD"
    assert "BYTE_STREAM_SPLIT" in column.encodings
    manifest = json.loads((tmp_path / "r" / "manifest.json").read_text())
    assert set(manifest) == {
        *("schema", "site", "site_hash", "signals_version", "start", "end", "source", "host"),
        *("parts", "closed"),
    }
    assert manifest["closed"] is True
    assert manifest["start"] == "2024-07-03T09:46:40.000000Z"
    assert recording.rows == sum(part["rows"] for part in manifest["parts"]) == 390


def test_duckdb_reads_a_folder_with_no_code_of_ours(tmp_path: Path) -> None:
    record(tmp_path / "r", [frame(k, gpu_power_w=[k, np.nan, 3]) for k in range(130)])
    query = (
        f"select id, count(*), avg(gpu_power_w) from '{tmp_path}/r/gpu/part-*.parquet' group by 1"
    )
    assert sorted(duckdb.execute(query).fetchall()) == [("gpu1", 130, 3.0), ("gpu10", 130, 64.5)]


def test_a_held_reading_is_recorded_once(tmp_path: Path) -> None:
    frames = [
        Frame(START_S + k, {"node_power_w": np.array([50.0])}, {"node_power_w": np.array([age])})
        for k, age in enumerate([0.4, 1.4, 2.4, 0.4])
    ]
    times, _ = record(tmp_path / "r", frames).series("node_power_w", "node0")
    assert [t - START_S for t in times] == [0, 3]


def test_a_recorder_holds_no_more_than_a_part(tmp_path: Path) -> None:
    with RecordingWriter(tmp_path / "r", source="test", axes=AXES, part_rows=8) as writer:
        for k in range(20):
            writer.add(frame(k, gpu_power_w=[1, 2, 3]))
            assert writer._rows <= 9
    assert len(Recording(tmp_path / "r").manifest.parts) == 7


def test_a_folder_with_something_in_it_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("kept")
    with pytest.raises(InputError, match="new or empty folder"):
        RecordingWriter(tmp_path, source="test", axes=AXES)
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]


def test_a_failure_before_the_first_row_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), RecordingWriter(tmp_path / "r", source="", axes=AXES):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_a_failure_later_keeps_what_was_measured(tmp_path: Path) -> None:
    with (
        pytest.raises(RuntimeError),
        RecordingWriter(tmp_path / "r", source="", axes=AXES) as writer,
    ):
        writer.add(frame(0, node_power_w=[1]))
        raise RuntimeError
    recording = Recording(tmp_path / "r")
    assert recording.rows == 1
    assert not recording.manifest.closed


def test_time_does_not_run_backwards(tmp_path: Path) -> None:
    with RecordingWriter(tmp_path / "r", source="", axes=AXES) as writer:
        writer.add(frame(5, node_power_w=[1]))
        with pytest.raises(InputError, match="expected times to rise"):
            writer.add(frame(5, node_power_w=[2]))


def test_an_empty_recording_is_one(tmp_path: Path) -> None:
    recording = record(tmp_path / "r", [])
    assert recording.axes == ()
    assert np.isnan(recording.start_s)
    assert list(recording.frames()) == []
