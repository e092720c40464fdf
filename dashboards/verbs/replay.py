"""`twin replay`: a recording through the loop, without pages."""

import math
from pathlib import Path
from typing import Annotated

import typer

from controllers.headless import STATE_FILE
from controllers.wish import Wish
from dashboards.account_lines import Carbon, Price
from dashboards.headless_runs import Policies, Step, run_and_tell
from dashboards.report import Catalogs, From, Json, Out, Params, SiteOption, To, positive, time_of
from site_models.errors import InputError
from telemetry.recording import Recording
from telemetry.samples import sample


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("replay")(replay)


def replay(
    recording: Annotated[
        Path, typer.Argument(metavar="REC", help="Folder of a recording, or pilot-demo.")
    ],
    out: Out,
    site: SiteOption = "pilot",
    policy: Policies = None,
    from_: From = None,
    to: To = None,
    dt: Step = 1.0,
    resume: Annotated[
        Path | None,
        typer.Option("--resume", metavar="FOLDER", help="Run to go on with, by its --out."),
    ] = None,
    price: Price = None,
    carbon: Carbon = None,
    catalog: Catalogs = None,
    params: Params = None,
    json: Json = False,
) -> None:
    """Play a recording through the twin and its policies."""
    wish = Wish(
        site=site,
        spec=f"replay:{recording}",
        policies=tuple(policy or ("hold",)),
        dt_s=positive("--dt", dt),
        from_s=time_of("--from", from_, -math.inf),
        to_s=time_of("--to", to, math.inf),
        resume=state_of(resume),
        catalogs=tuple(catalog or ()),
        params=params,
    )
    stored = Recording(sample(str(recording)) or recording)
    span_s = min(wish.to_s, stored.end_s) - max(wish.from_s, stored.start_s)
    run_and_tell(wish, out, math.inf, span_s, (price, carbon), json)


def state_of(run: Path | None) -> Path | None:
    """Return the stored state in a run's folder; InputError if there is none."""
    if run is None:
        return None
    if not (run / STATE_FILE).is_file():
        raise InputError(f"{run}: expected the folder of a run with its {STATE_FILE}")
    return run / STATE_FILE
