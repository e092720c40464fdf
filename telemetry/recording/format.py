"""What a recording is on disk: manifest, schema of a part, and writing that survives a kill.

A recording is a folder with `manifest.json` and, for each axis, `AXIS/part-NNNNNN.parquet`;
`part-NNNNNN-MMMMMM.parquet` holds the rows of all parts of those numbers, merged. Rollups
are folders beside the axes, `rack_10s` and `rack_60s`. All are written to a temporary name,
synced and renamed, so that after a kill at any instant every file with its final name is whole.
"""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from site_models.arrays import Floats
from site_models.errors import InputError
from telemetry.recording.folder import write_whole
from telemetry.signals import SIGNALS_VERSION, on_axis

SCHEMA_VERSION = 1
MANIFEST_NAME = "manifest.json"
PART_PATH = re.compile(r"([a-z]+(?:_\d+s)?)/part-(\d{6,})(?:-(\d{6,}))?\.parquet")
GROUP_ROWS = 32_768
"""Rows that are compressed together: what a reader of one id decodes of a part at least."""

Times = NDArray[np.int64]
"""Microseconds since the epoch, UTC: the resolution of the disk."""


class Part(BaseModel):
    """One listed part."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Annotated[str, Field(pattern=f"^{PART_PATH.pattern}$")]
    rows: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Manifest(BaseModel):
    """Content of `manifest.json`. `start` and `end` are ISO 8601 UTC, null when empty."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_version: Annotated[int, Field(alias="schema")] = SCHEMA_VERSION
    site: str | None = None
    site_hash: str | None = None
    signals_version: int = SIGNALS_VERSION
    start: str | None = None
    end: str | None = None
    source: str = ""
    host: dict[str, str] = Field(default_factory=dict)
    parts: list[Part] = Field(default_factory=list)
    closed: bool = False


def axis_of(path: str) -> str:
    """Return the folder of a part: an axis, or a rollup's name."""
    return path.partition("/")[0]


def numbers_of(path: str) -> tuple[int, int]:
    """Return the first and the last number that a part stands for; one part alone: the same."""
    found = PART_PATH.fullmatch(path)
    if found is None:
        raise ValueError(f"{path!r} is no path of a part")
    return int(found[2]), int(found[3] or found[2])


def to_microseconds(time_s: float) -> int:
    """Return the time on disk for `time_s`."""
    return round(time_s * 1e6)


def to_iso(time_us: int) -> str:
    """Return a time on disk as ISO 8601, UTC, to the microsecond."""
    return f"{np.datetime64(time_us, 'us')}Z"


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a recording.

    Raises InputError when the folder is no recording, the manifest is unreadable, or it was
    written by a later version of this program.
    """
    path = folder / MANIFEST_NAME
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{folder}: not a recording, expected {MANIFEST_NAME} in it") from error
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(step) for step in first["loc"]) or "the file"
        raise InputError(f"{path}: {key}: {first['msg']}") from error
    if manifest.schema_version > SCHEMA_VERSION:
        raise InputError(
            f"{path}: schema: expected at most {SCHEMA_VERSION}, found {manifest.schema_version}"
        )
    return manifest


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Put `manifest.json` in place atomically."""
    text = manifest.model_dump_json(by_alias=True, indent=1)
    write_whole(folder / MANIFEST_NAME, f"{text}\n".encode())


def part_schema(axis: str) -> pa.Schema:
    """Return the columns of every part of an axis: time, id, each signal of the table.

    They are the same in all parts, so that outside readers can take a folder as one table.
    """
    fields = [
        pa.field("time", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("id", pa.dictionary(pa.int32(), pa.string()), nullable=False),
    ]
    fields += [pa.field(s.name, pa.type_for_alias(s.stored)) for s in on_axis(axis)]
    return pa.schema(fields)


def part_table(
    axis: str,
    ids: tuple[str, ...],
    place: NDArray[Any],
    time_us: Times,
    values: Mapping[str, Floats],
) -> pa.Table:
    """Return rows of an axis as a table sorted by id, then time; NaN becomes null.

    `place` is the index into `ids` of each row. All arrays have one entry a row.
    """
    return part_rows(part_schema(axis), ids, place, time_us, values)


def part_rows(
    schema: pa.Schema,
    ids: tuple[str, ...],
    place: NDArray[Any],
    time_us: Times,
    values: Mapping[str, Floats],
) -> pa.Table:
    """Return the same with the columns of any schema that begins with time and id.

    `place` is the index into `ids` of each row. All arrays have one entry a row.
    """
    rank = np.empty(len(ids), np.int64)
    by_name = np.array(sorted(range(len(ids)), key=ids.__getitem__), np.int64)
    rank[by_name] = np.arange(len(ids))
    order = np.lexsort((time_us, rank[place]))
    used, code = np.unique(rank[place[order]], return_inverse=True)
    names = pa.array([ids[by_name[k]] for k in used], pa.string())
    columns: list[pa.Array] = [
        pa.array(time_us[order], pa.timestamp("us", tz="UTC")),
        pa.DictionaryArray.from_arrays(pa.array(code, pa.int32()), names),
    ]
    for field in list(schema)[2:]:
        if field.name in values:
            readings = pa.array(values[field.name][order], pa.float64(), from_pandas=True)
            columns.append(readings.cast(field.type, safe=False))
        else:
            columns.append(pa.nulls(len(order), field.type))
    return pa.Table.from_arrays(columns, schema=schema)


def parquet_options(schema: pa.Schema) -> dict[str, Any]:
    """Return how every part is encoded."""
    floats = [f.name for f in schema if pa.types.is_floating(f.type)]
    return {"compression": "zstd", "use_dictionary": ["id"], "use_byte_stream_split": floats}


def write_part(folder: Path, path: str, table: pa.Table) -> Part:
    """Write a part atomically and return its entry. The same rows give the same bytes."""
    buffer = pa.BufferOutputStream()
    options = parquet_options(table.schema)
    pq.write_table(table, buffer, row_group_size=GROUP_ROWS, **options)
    content = buffer.getvalue().to_pybytes()
    target = folder / path
    target.parent.mkdir(exist_ok=True)
    write_whole(target, content)
    return Part(path=path, rows=table.num_rows, sha256=hashlib.sha256(content).hexdigest())
