"""`twin bench`: speed and memory, each figure beside its limit."""

from typing import Annotated

import typer

from benchmarks.row import Row, find_groups, measured
from dashboards.report import Json, table, tell
from site_models.errors import InputError


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
    content = [
        {"name": r.name, "value": r.value, "unit": r.unit, "limit": r.limit, "pass": r.passed}
        for r in rows
    ]
    lines = table(
        ("", "row", "value", "limit", "unit"),
        (
            ("ok" if r.passed else "FAIL", r.name, f"{r.value:.4g}", limit_of(r), r.unit)
            for r in rows
        ),
    )
    tell({"rows": content}, lines, json)
    if not all(r.passed for r in rows):
        raise typer.Exit(1)


def limit_of(row: Row) -> str:
    """Return a row's limit as text; empty for a yardstick."""
    return "" if row.limit is None else f"{row.limit:.4g}"
