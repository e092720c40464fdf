"""`twin bench`: speed and memory, each figure beside its limit."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.row import Row, find_groups, measured
from dashboards.report import Json, markdown, table, tell
from site_models.errors import InputError

PAGE = Path("docs/BENCH.md")
HEADS = ("", "row", "value", "limit", "unit")


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("bench")(bench)


def bench(
    only: Annotated[
        str, typer.Option("--only", metavar="NAME", help="One row, or one group of them.")
    ] = "",
    json: Json = False,
) -> None:
    """Measure speed and memory of this machine's twin."""
    rows = list(measured(only))
    if not rows:
        raise InputError(f"--only: no row {only!r}, expected one of: {', '.join(find_groups())}")
    if not only and PAGE.parent.is_dir():
        PAGE.write_text(page(rows), encoding="utf-8")
    content = [
        {"name": r.name, "value": r.value, "unit": r.unit, "limit": r.limit, "pass": r.passed}
        for r in rows
    ]
    tell({"rows": content}, table(HEADS, cells(rows)), json)
    if not all(r.passed for r in rows):
        raise typer.Exit(1)


def cells(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """Return the rows as text under HEADS."""
    return [
        ("ok" if r.passed else "FAIL", r.name, f"{r.value:.4g}", limit_of(r), r.unit) for r in rows
    ]


def page(rows: Sequence[Row]) -> str:
    """Return the table of all rows as Markdown."""
    lines = [
        "# Speed and memory",
        "",
        f"Written by `twin bench` on {datetime.now(UTC):%Y-%m-%d}, on {os.cpu_count()} cores of a"
        f" {platform.machine()} machine, {platform.system()}, Python {platform.python_version()}.",
        "Speeds are the best of several runs; the triad is this machine's memory bandwidth.",
        "",
        *markdown(HEADS, cells(rows)),
    ]
    return "\n".join(lines) + "\n"


def limit_of(row: Row) -> str:
    """Return a row's limit as text; empty for a yardstick."""
    return "" if row.limit is None else f"{row.limit:.4g}"
