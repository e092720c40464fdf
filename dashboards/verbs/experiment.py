"""`twin experiment`: a named benchmark of policies against baselines."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from controllers.experiment import Finding, Outcome, Setting, find_experiments
from dashboards.outcome_page import write_outcome
from dashboards.report import Json, table, tell
from site_models.errors import InputError

OUT = Path("docs/experiments")


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("experiment")(experiment)


def experiment(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which one; `list` names all.")],
    site: Annotated[str, typer.Option("--site", help="In place of the experiment's own.")] = "",
    weather: Annotated[Path | None, typer.Option("--weather", metavar="EPW")] = None,
    price: Annotated[Path | None, typer.Option("--price", metavar="CSV")] = None,
    jobs: Annotated[Path | None, typer.Option("--jobs", metavar="CSV")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="At most five minutes.")] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Folder for page, figures and plots."),
    ] = None,
    json: Json = False,
) -> None:
    """Judge policies against baselines on one scenario; exit 1 if a limit was not reached."""
    found = find_experiments()
    if name == "list":
        rows = [(key, each.title) for key, each in found.items()]
        tell({"experiments": dict(rows)}, table(("name", "what"), rows), json)
        return
    if name not in found:
        raise InputError(f"experiment {name!r}: expected one of: {', '.join(found) or 'none'}")
    outcome = found[name].run(Setting(site, quick, weather, price, jobs, _told))
    folder = out if out is not None else OUT if OUT.parent.is_dir() and not quick else None
    if folder is not None:
        write_outcome(folder, found[name].title, outcome, quick)
    tell(content(outcome), lines(outcome), json)
    if any(finding.status == "short" for finding in outcome.findings):
        raise typer.Exit(1)


def content(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as plain values."""
    return {
        "name": outcome.name,
        "baseline": dict(outcome.baseline),
        "ours": dict(outcome.ours),
        "findings": [asdict(finding) for finding in outcome.findings],
        "notes": list(outcome.notes),
    }


def lines(outcome: Outcome) -> list[str]:
    """Return what a terminal shows."""
    return [
        *table(("", "what", "ours", "limit", "why"), map(_row, outcome.findings)),
        *outcome.notes,
    ]


def _row(finding: Finding) -> tuple[str, ...]:
    figure = f"{finding.ours:.4g} {finding.unit}".rstrip()
    return (finding.status, finding.name, figure, finding.limit, finding.why)


def _told(line: str) -> None:
    if sys.stderr.isatty():
        typer.echo(line, err=True)
