"""An account as verbs print it, and the options that charge it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from dashboards.report import table

Price = Annotated[
    Path | None,
    typer.Option(
        "--price",
        metavar="CSV",
        help="Electricity price by time, or texas-july; see docs/guide/account.md.",
    ),
]
Carbon = Annotated[
    Path | None,
    typer.Option("--carbon", metavar="CSV", help="Carbon intensity by time, or texas-july."),
]


def account_lines(told: Mapping[str, Any] | None) -> list[str]:
    """Return the lines of `accounts.account_figures.figures_of`: figure, unit, boundary."""
    if not told or not told["figures"]:
        return []
    rows = []
    for key, figure in told["figures"].items():
        value, unit = figure["value"], figure["unit"]
        text = "unknown" if value is None else f"{value:.4g} {unit}".rstrip()
        rows.append(("  " + key.replace("_", " "), text, figure.get("why", figure["boundary"])))
    span = f"{told['start'][:19]} to {told['end'][:19]} UTC"
    head = f"account of {span}, {told['accounted_s']:.0f} s of it stepped"
    return [head, *table(rows[0], rows[1:]), f"  price: {told['price']}; carbon: {told['carbon']}"]
