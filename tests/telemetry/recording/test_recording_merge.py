"""Merged parts hold the rows of their sources, and a merge may end at any point."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest

from telemetry.frame import Frame
from telemetry.recording import Recording, RecordingWriter
from telemetry.recording import merge as recording_merge
from telemetry.recording.listing import Listing
from telemetry.recording.merge import Merge, due

BEGIN_S = 1_720_004_400.0
GPUS = tuple(f"gpu{n}" for n in range(12))


@pytest.fixture
def listing(tmp_path: Path) -> Listing:
    chance = np.random.default_rng(2)
    writer = RecordingWriter(tmp_path / "r", source="test", axes={"gpu": GPUS}, part_s=60.0)
    for k in range(200):
        watts = np.where(chance.random(12) < 0.2, np.nan, chance.uniform(0.0, 900.0, 12))
        values = {"gpu_power_w": watts} | ({"xid": np.full(12, 7.0)} if k == 150 else {})
        writer.add(Frame(BEGIN_S + k, values))
    writer.add(Frame(BEGIN_S + 3600.0, {"gpu_power_w": np.ones(12)}))
    return writer.listing


def readings(folder: Path) -> list[tuple[object, ...]]:
    query = f"select id, time, gpu_power_w, xid from '{folder}/gpu/part-*.parquet' order by 1, 2"
    return duckdb.execute(query).fetchall()


def later_us() -> int:
    return int((BEGIN_S + 3600.0) * 1e6)


@pytest.mark.parametrize("rows", [64, 1000, 131_072])
def test_a_merged_part_holds_the_rows_of_its_sources_in_order(
    listing: Listing, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr(recording_merge, "MERGED_GROUP_ROWS", rows)
    before = readings(listing.folder)
    merge = Merge(listing, due(listing.entries, later_us()))
    while not merge.advance():
        pass
    assert [e.part.path for e in listing.entries] == ["gpu/part-000000-000003.parquet"]
    assert readings(listing.folder) == before
    table = pq.read_table(listing.folder / listing.entries[0].part.path)
    keys = list(zip(table["id"].to_pylist(), table["time"].to_pylist(), strict=True))
    assert keys == sorted(keys)
    recording = Recording(listing.folder)
    assert recording.rows == len(before)
    assert recording.signals("gpu") == ("gpu_power_w", "xid")


def test_only_past_hours_are_merged_and_once(listing: Listing) -> None:
    assert due(listing.entries, int((BEGIN_S + 3599.0) * 1e6)) == ()
    merge = Merge(listing, due(listing.entries, later_us()))
    while not merge.advance():
        pass
    assert due(listing.entries, later_us()) == ()


def killed_before_the_name(listing: Listing) -> None:
    merge = Merge(listing, due(listing.entries, later_us()))
    merge.advance()


def killed_before_the_manifest(listing: Listing) -> None:
    target = listing.folder / "gpu/part-000000-000003.parquet"
    target.write_bytes((listing.folder / "gpu/part-000000.parquet").read_bytes())


def killed_before_the_sources_went(listing: Listing) -> None:
    saved = {e.part.path: (listing.folder / e.part.path).read_bytes() for e in listing.entries}
    merge = Merge(listing, due(listing.entries, later_us()))
    while not merge.advance():
        pass
    for path, content in saved.items():
        (listing.folder / path).write_bytes(content)


@pytest.mark.parametrize(
    "kill", [killed_before_the_name, killed_before_the_manifest, killed_before_the_sources_went]
)
def test_a_kill_during_a_merge_loses_and_doubles_nothing(
    listing: Listing, kill: Callable[[Listing], None]
) -> None:
    before = readings(listing.folder)
    kill(listing)
    recording = Recording(listing.folder)
    assert recording.rows == len(before)
    assert all("nothing" in note for note in recording.notes[1:])


def test_a_merge_that_is_abandoned_leaves_its_sources(listing: Listing) -> None:
    there = sorted(p.name for p in (listing.folder / "gpu").iterdir())
    merge = Merge(listing, due(listing.entries, later_us()))
    merge.advance()
    merge.abandon()
    assert sorted(p.name for p in (listing.folder / "gpu").iterdir()) == there
