"""How long a reader of one GPU waits for its hour in a recording of a large site."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np

from benchmarks.row import Row
from telemetry.recording.format import Manifest, part_table, write_manifest, write_part
from telemetry.recording.listing import Entry, Listing
from telemetry.recording.merge import Merge, due

RACKS, NODES, GPUS = 1250, 20, 4
EVERY_S, PART_S, HOUR_S = 10, 60, 3600
BEGIN_S = 1_720_004_400
"""A whole hour."""
LIMIT_MS = 200.0
QUERY = "select time, gpu_power_w, gpu_temp_c from '{}' where id = ? order by time"


def rows(only: str = "") -> Iterator[Row]:
    """Write an hour of 100,000 GPUs every 10 s as a recorder does, merge it, ask for some."""
    names = ("hour_of_a_gpu", "hour_of_a_gpu_unmerged", "merge_an_hour", "hour_on_disk")
    if only not in ("", *names):
        return
    with tempfile.TemporaryDirectory() as scratch:
        listing = _recorded(Path(scratch))
        files = f"{scratch}/gpu/part-*.parquet"
        small_ms = _median_ms(files, 3)
        began_s = time.perf_counter()
        merge = Merge(listing, due(listing.entries, (BEGIN_S + HOUR_S) * 1_000_000))
        while not merge.advance():
            pass
        took_s = time.perf_counter() - began_s
        (merged,) = listing.entries
        found = (
            Row.at_most(names[0], _median_ms(files, 9), "ms", LIMIT_MS),
            Row.yardstick(names[1], small_ms, "ms"),
            Row.yardstick(names[2], took_s, "s"),
            Row.yardstick(names[3], merged.size_bytes / 1e6, "MB"),
        )
    yield from (row for row in found if only in ("", row.name))


def _ids() -> tuple[str, ...]:
    return tuple(
        f"r{rack:04d}-n{node:02d}-gpu{gpu}"
        for rack in range(RACKS)
        for node in range(NODES)
        for gpu in range(GPUS)
    )


def _recorded(folder: Path) -> Listing:
    """Return an hour in parts of a minute, with power and temperature of every GPU."""
    ids, chance = _ids(), np.random.default_rng(0)
    instants = PART_S // EVERY_S
    place = np.repeat(np.arange(len(ids)), instants)
    load_w = np.repeat(chance.uniform(400.0, 1000.0, len(ids)), instants)
    listing = Listing(folder, Manifest(source="synthetic"))
    write_manifest(folder, listing.manifest)
    entries = []
    for number in range(HOUR_S // PART_S):
        start_us = (BEGIN_S + number * PART_S) * 1_000_000
        time_us = np.tile(start_us + np.arange(instants) * EVERY_S * 1_000_000, len(ids))
        power_w = np.round(load_w + 20.0 * chance.standard_normal(len(place)))
        values = {"gpu_power_w": power_w, "gpu_temp_c": np.round(30.0 + 0.04 * power_w)}
        path = f"gpu/part-{number:06d}.parquet"
        part = write_part(folder, path, part_table("gpu", ids, place, time_us, values))
        size_bytes = (folder / path).stat().st_size
        entries.append(Entry(part, start_us, int(time_us.max()), size_bytes))
    listing.change(add=entries)
    return listing


def _median_ms(files: str, times: int) -> float:
    """Return the median over GPUs all over the site, each asked for once, after a first."""
    connection, ids = duckdb.connect(), _ids()
    asked = [ids[k] for k in np.linspace(0, len(ids) - 1, times + 1).astype(int)]
    took_ms = [_hour_ms(connection, files, gpu) for gpu in asked]
    return float(np.median(took_ms[1:]))


def _hour_ms(connection: duckdb.DuckDBPyConnection, files: str, gpu: str) -> float:
    began_s = time.perf_counter()
    found = connection.execute(QUERY.format(files), [gpu]).fetchnumpy()
    took_s = time.perf_counter() - began_s
    if len(found["time"]) != HOUR_S // EVERY_S:
        raise RuntimeError(f"{gpu}: {len(found['time'])} rows of an hour")
    return 1e3 * took_s
