"""`twin sites`: what is shipped."""

import typer

from dashboards.report import Json, table, tell
from site_models.compile import compile_site
from site_models.site import load_site, shipped_sites


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("sites")(sites)


def sites(json: Json = False) -> None:
    """List the shipped sites."""
    found = []
    rows = []
    for name in shipped_sites():
        plant = compile_site(name)
        gpus, racks = len(plant.gpu_names), len(plant.rack_names)
        found.append({"name": name, "gpus": gpus, "racks": racks})
        rows.append((name, str(gpus), str(racks), load_site(name).label))
    tell({"sites": found}, table(("site", "GPUs", "racks", ""), rows), json)
