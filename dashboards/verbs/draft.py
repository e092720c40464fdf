"""`twin draft`: a first site from an inventory of hosts."""

from pathlib import Path
from typing import Annotated

import typer

from dashboards.report import Catalogs, Json, tell
from site_models.errors import InputError
from site_models.inventory.drafted import draft_site, write_drafted


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("draft")(draft)


def draft(
    inventory: Annotated[
        Path,
        typer.Argument(
            metavar="INVENTORY",
            help="CSV of hosts, `scontrol show node` text or the JSON of `kubectl get nodes`.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", metavar="FOLDER", help="New folder for the site and its racks."),
    ],
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="Name of the site.")
    ] = "drafted",
    catalog: Catalogs = None,
    json: Json = False,
) -> None:
    """Draft a site from an inventory; it says what it assumed."""
    try:
        text = inventory.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise InputError(f"{inventory}: cannot be read, expected a text file") from None
    try:
        drafted = draft_site(text, name, tuple(catalog or ()))
    except InputError as error:
        raise InputError(f"{inventory}: {error}") from None
    site = write_drafted(drafted, out)
    content = {
        "site": str(site),
        "catalog": str(out / "catalog"),
        "assumptions": list(drafted.assumptions),
    }
    lines = [
        f"drafted {site}; check it with",
        f"  twin check {site} --catalog {out / 'catalog'}",
        "assumed, to be replaced by what is known:",
        *(f"  {line}" for line in drafted.assumptions),
    ]
    tell(content, lines, json)
