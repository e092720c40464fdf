"""`twin check`: a site's schema, references and named checks, down to its steady state."""

from typing import Annotated

import typer

from controllers.placement.models import Request
from controllers.scenario import Scenario
from controllers.this_host import located
from dashboards.report import SITE_HELP, Catalogs, Json, tell
from site_models.catalog import Catalog, find_kinds, open_catalog
from site_models.checks import Check, site_checks
from site_models.compile import compile_site
from site_models.errors import InputError
from site_models.hall.floor import floor_of
from site_models.hall.layout import check_layout
from site_models.plant import Plant
from site_models.site import Site, load_site, site_path
from telemetry.dsx.map import bus_map_schema
from telemetry.files.csv_map import map_schema
from twin.estimation.overlay import overlay_schema
from twin.start import rated_inputs
from twin.steady import steady
from twin.unsolved import NotSettledError

CLOSURE = 1e-9
"""Largest imbalance of the meters over the energy in, at rest."""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("check")(check)


def check(
    site: Annotated[str, typer.Argument(metavar="SITE", help=SITE_HELP)] = "",
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schemas of all YAML files.")
    ] = False,
    catalog: Catalogs = None,
    json: Json = False,
) -> None:
    """Check a site, from its schema to its steady state.

    Schema, references, capacities, ratings, layout, temperatures and energy balance at rest.
    """
    if schema:
        tell(schemas(), (), as_json=True)
        return
    if not site:
        raise InputError("SITE: missing, expected a shipped site or a path (see twin sites)")
    site, folders = located(site, tuple(catalog or ()))
    read = load_site(site)
    plant = compile_site(site, folders)
    models = open_catalog(folders)
    checks = [
        Check("schema", True, f"{site_path(site).name} is valid, every model is in the catalog"),
        *site_checks(read, models),
        layout_check(read, models, plant),
        *rest_checks(read, plant),
    ]
    content = {
        "site": plant.site,
        "gpus": len(plant.gpu_names),
        "nodes": len(plant.node_names),
        "racks": len(plant.rack_names),
        "checks": [{"name": c.name, "ok": c.ok, "message": c.message} for c in checks],
    }
    head = f"{plant.site}: {len(plant.gpu_names)} GPUs, {len(plant.rack_names)} racks"
    lines = [f"{'ok  ' if c.ok else 'FAIL'} {c.name}: {c.message}" for c in checks]
    tell(content, [head, *lines], json)
    if not all(c.ok for c in checks):
        raise typer.Exit(1)


def layout_check(site: Site, catalog: Catalog, plant: Plant) -> Check:
    """Return whether everything has its place and its service room."""
    standing = 0
    for name, hall, items in floor_of(site, catalog, plant):
        standing += len(items)
        for issue in check_layout(hall, items):
            return Check("layout", False, f"{name}: {issue.message}")
    return Check("layout", True, f"{standing} pieces of equipment stand clear of one another")


def rest_checks(site: Site, plant: Plant) -> list[Check]:
    """Return what the steady state at rated load on the design day says."""
    place = site.location
    inputs = rated_inputs(plant, place.design_dry_bulb_c, place.design_wet_bulb_c)
    try:
        state = steady(plant, inputs)
    except NotSettledError as error:
        return [Check("steady_state", False, str(error))]
    ledger = state.ledger
    off = abs(ledger.energy_in_j - ledger.heat_out_j) / ledger.energy_in_j
    found = [
        Check("steady_state", True, f"{ledger.energy_in_j / 1e3:.0f} kW at rating, design day"),
        Check("energy_closure", off <= CLOSURE, f"meters less heat out: {off:.1e} of the energy"),
    ]
    over_k = plant.arrays.circuits.supply_limit_c - state.circuit_supply_c
    tightest = int(over_k.argmin())
    name, limit_c = plant.circuit_names[tightest], plant.arrays.circuits.supply_limit_c[tightest]
    said = f"{name} supplies {state.circuit_supply_c[tightest]:.1f} C, limit {limit_c:g} C"
    found.append(Check("supply_temperatures", bool(over_k[tightest] >= 0.0), said))
    if len(plant.gpu_names):
        margin_k = plant.arrays.gpus.temp_limit_c - state.gpu_temp_c
        worst = int(margin_k.argmin())
        said = f"{plant.gpu_names[worst]} at {state.gpu_temp_c[worst]:.1f} C, "
        said += f"limit {plant.arrays.gpus.temp_limit_c[worst]:g} C"
        found.append(Check("gpu_temperatures", bool(margin_k[worst] >= 0.0), said))
    return found


def schemas() -> dict[str, object]:
    """Return the JSON schema of every kind of file that people write."""
    kinds = {f"catalog/{name}": kind.model_json_schema() for name, kind in find_kinds().items()}
    return {
        "site": Site.model_json_schema(),
        "map": map_schema(),
        "bus_map": bus_map_schema(),
        "overlay": overlay_schema(),
        "scenario": Scenario.model_json_schema(),
        "placement_request": Request.model_json_schema(),
        **kinds,
    }
