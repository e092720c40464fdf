"""`twin export`: part of a recording for others."""

import math
import sys
from pathlib import Path
from typing import Annotated, cast

import typer

from dashboards.report import time_of
from site_models.errors import InputError
from telemetry.recording import Recording
from telemetry.recording.exporting import Format, export
from telemetry.samples import sample

FORMATS = ("csv", "parquet")


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("export")(export_rows)


def export_rows(
    recording: Annotated[
        Path, typer.Argument(metavar="REC", help="Folder of a recording, or pilot-demo.")
    ],
    form: Annotated[str, typer.Option("--format", metavar="csv|parquet", help="Of the file.")],
    signal: Annotated[
        list[str] | None,
        typer.Option("--signal", metavar="NAME", help="May be repeated; all if none is given."),
    ] = None,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="ISO 8601 or epoch seconds.")
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="ISO 8601 or epoch seconds.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Standard output if not given.")
    ] = None,
) -> None:
    """Write readings as one table: time, axis, id, then the signals in base units."""
    if form not in FORMATS:
        raise InputError(f"--format: {form!r}, expected csv or parquet")
    if out is None and form == "parquet" and sys.stdout.isatty():
        raise InputError("--out: missing, expected a file, since Parquet is no text")
    from_s, to_s = time_of("--from", from_, -math.inf), time_of("--to", to, math.inf)
    stored = Recording(sample(str(recording)) or recording)
    target = sys.stdout.buffer if out is None else out
    rows = export(stored, target, cast(Format, form), tuple(signal or ()), from_s, to_s)
    sys.stdout.buffer.flush()
    if out is not None:
        typer.echo(f"{rows} rows in {out}")
