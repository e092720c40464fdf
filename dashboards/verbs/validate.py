"""`twin validate`: every model against its outside reference."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.evidence import Evidence, find_subjects, gathered
from dashboards.report import Json, markdown, table, tell
from site_models.errors import InputError

PAGE = Path("docs/VALIDATION.md")


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("validate")(validate)


def validate(
    only: Annotated[str, typer.Option("--only", help="One subject.")] = "",
    json: Json = False,
) -> None:
    """Hold every model against something outside the project; writes docs/VALIDATION.md."""
    if only and only not in find_subjects():
        known = ", ".join(find_subjects())
        raise InputError(f"--only: no subject {only!r}, expected one of: {known}")
    rows = list(gathered(only))
    if not only and PAGE.parent.is_dir():
        PAGE.write_text(page(rows), encoding="utf-8")
    lines = table(
        ("", "row", "ours", "limit", "against"),
        ((r.status, r.name, figure(r), r.limit, r.reference) for r in rows),
    )
    tell({"rows": [asdict(row) for row in rows]}, lines, json)
    if any(row.status == "short" for row in rows):
        raise typer.Exit(1)


def figure(row: Evidence) -> str:
    """Return a row's figure with its unit."""
    return "" if row.status == "skipped" else f"{row.ours:.3g} {row.unit}".rstrip()


def page(rows: Sequence[Evidence]) -> str:
    """Return the table of all rows as Markdown."""
    passed = sum(row.status == "pass" for row in rows)
    short = sum(row.status == "short" for row in rows)
    lines = [
        "# Validation",
        "",
        f"Written by `twin validate` on {datetime.now(UTC):%Y-%m-%d}. {len(rows)} rows:"
        f" {passed} pass, {short} fall short, {len(rows) - passed - short} skipped.",
        "A row that falls short stays here and says why; its limit is not widened.",
        "",
    ]
    lines += markdown(
        ("", "row", "ours", "limit", "against", "baseline", "why"),
        ((r.status, r.name, figure(r), r.limit, r.reference, r.baseline, r.why) for r in rows),
    )
    return "\n".join(lines) + "\n"
