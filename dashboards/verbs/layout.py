"""`twin layout`: clearances, and a picture of the hall."""

from pathlib import Path
from typing import Annotated

import typer

from dashboards.report import SITE_HELP, Catalogs, Json, tell
from site_models.catalog import open_catalog
from site_models.compile import compile_site
from site_models.errors import InputError
from site_models.hall.floor import floor_of
from site_models.hall.layout import check_layout, draw_hall
from site_models.site import load_site


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("layout")(layout)


def layout(
    site: Annotated[str, typer.Argument(metavar="SITE", help=SITE_HELP)],
    png: Annotated[
        Path | None, typer.Option("--png", metavar="FILE", help="Picture to write.")
    ] = None,
    hall: Annotated[
        str, typer.Option("--hall", metavar="HALL", help="Hall to draw; the first if not given.")
    ] = "",
    catalog: Catalogs = None,
    json: Json = False,
) -> None:
    """Check service clearances and extraction, and draw a hall."""
    folders = tuple(catalog or ())
    halls = floor_of(load_site(site), open_catalog(folders), compile_site(site, folders))
    checks = []
    for name, room, items in halls:
        found = check_layout(room, items)
        checks += [{"name": i.check, "ok": False, "message": f"{name}: {i.message}"} for i in found]
        if not found:
            said = f"{name}: {len(items)} pieces of equipment stand clear"
            checks.append({"name": "clearance", "ok": True, "message": said})
    if png is not None:
        rooms = {name: (room, items) for name, room, items in halls}
        if hall and hall not in rooms:
            raise InputError(f"--hall: no hall {hall!r}, expected one of: {', '.join(rooms)}")
        draw_hall(*rooms[hall or halls[0][0]], png)
    lines = [f"{'ok  ' if c['ok'] else 'FAIL'} {c['message']}" for c in checks]
    tell({"checks": checks}, lines + ([f"drawn in {png}"] if png else []), json)
    if not all(c["ok"] for c in checks):
        raise typer.Exit(1)
