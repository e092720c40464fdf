"""`twin import`: foreign logs become a recording."""

from pathlib import Path
from typing import Annotated

import typer

from dashboards.report import Json, Out, tell
from telemetry.importing import import_files


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("import")(import_log)


def import_log(
    files: Annotated[list[Path], typer.Argument(help="Logs; several become node0, node1, ...")],
    out: Out,
    format: Annotated[str, typer.Option("--format", help="auto, or a format's name.")] = "auto",
    map: Annotated[Path | None, typer.Option("--map", help="YAML map of a CSV's columns.")] = None,
    zone: Annotated[str | None, typer.Option("--zone", help="Time zone of local times.")] = None,
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
