"""`twin run`: any source through the loop, without pages."""

import math
from typing import Annotated

import typer

from controllers.wish import SCENARIO, Wish
from dashboards.account_lines import Carbon, Price
from dashboards.headless_runs import Policies, Step, run_and_tell
from dashboards.report import Catalogs, Json, Out, Params, SiteOption, positive
from site_models.errors import InputError


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("run")(run)


def run(
    out: Out,
    source: Annotated[
        str,
        typer.Option(
            "--source",
            metavar="SPEC",
            help="nvml, replay:REC, scenario:NAME or idle; the site's own if not given.",
        ),
    ] = "",
    site: SiteOption = "pilot",
    policy: Policies = None,
    for_: Annotated[
        float, typer.Option("--for", metavar="SECONDS", help="Simulated time to run.")
    ] = math.inf,
    dt: Step = 1.0,
    price: Price = None,
    carbon: Carbon = None,
    catalog: Catalogs = None,
    params: Params = None,
    json: Json = False,
) -> None:
    """Run a source through the twin without pages."""
    wish = Wish(
        site=site,
        spec=source,
        policies=tuple(policy or ("hold",)),
        dt_s=positive("--dt", dt),
        catalogs=tuple(catalog or ()),
        params=params,
    )
    if math.isinf(for_) and not source.startswith(("replay:", SCENARIO)):
        raise InputError("--for: missing, expected seconds, since this source does not end")
    run_and_tell(wish, out, positive("--for", for_), for_, (price, carbon), json)
