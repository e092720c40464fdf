"""`twin import`: foreign logs become a recording."""

from pathlib import Path
from typing import Annotated

import typer

from dashboards.report import Json, Out, tell
from telemetry.importing import import_files, importers


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("import")(import_log)


def import_log(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="Logs; several become node0, node1, ...")
    ],
    out: Out,
    format: Annotated[
        str,
        typer.Option(
            "--format", metavar="FORMAT", help=f"auto, or one of: {', '.join(importers())}"
        ),
    ] = "auto",
    map: Annotated[
        Path | None, typer.Option("--map", metavar="FILE", help="YAML map of a CSV's columns.")
    ] = None,
    zone: Annotated[
        str | None,
        typer.Option("--zone", metavar="ZONE", help="Of local times; else what the log says, UTC."),
    ] = None,
    json: Json = False,
) -> None:
    """Turn foreign logs into a recording."""
    report = import_files(files, out, format, map, zone)
    content = {
        "rows": report.rows,
        "signals": list(report.signals),
        "span_s": report.span_s,
        "rejected": dict(report.rejected),
    }
    lines = [
        f"{report.rows} rows over {report.span_s:.0f} s in {out}",
        f"signals: {', '.join(report.signals)}",
    ]
    lines += [f"rejected {count}: {why}" for why, count in report.rejected.items()]
    tell(content, lines, json)
