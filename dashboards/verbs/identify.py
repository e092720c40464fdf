"""`twin identify`: parameters from a recording."""

import math
from pathlib import Path
from typing import Annotated

import typer

from controllers.recorded_collectives import timed_collectives
from dashboards.recorded_site import Rec, fit_of, site_and_weather, stored_at, track_of
from dashboards.report import Catalogs, From, Json, SiteOption, To, table, tell, time_of
from twin.estimation.identify import identify as identified
from twin.estimation.identify_links import identify_links
from twin.estimation.overlay import write_overlay


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("identify")(identify)


def identify(
    recording: Rec,
    out: Annotated[Path, typer.Option("--out", metavar="OVERLAY.yaml", help="File to write.")],
    site: SiteOption = "pilot",
    from_: From = None,
    to: To = None,
    catalog: Catalogs = None,
    json: Json = False,
) -> None:
    """Fit slow parameters to a recording and write them as an overlay.

    Of nodes, from GPU powers and temperatures; of the collective law, from nccl-tests.
    """
    plant, outdoors = site_and_weather(site, catalog)
    stored = stored_at(recording)
    span = time_of("--from", from_, -math.inf), time_of("--to", to, math.inf)
    timed = timed_collectives(stored)
    if timed:
        fit = fit_of(stored, lambda: identify_links(plant, timed, stored.sha256))
    else:
        track = track_of(stored, plant, *span)
        fit = fit_of(stored, lambda: identified(plant, track, stored.sha256, outdoors))
    write_overlay(out, fit.overlay)
    content = {
        "parameters": {
            name: {
                "value": {who: estimate.value for who, estimate in estimates.items()},
                "std": {who: estimate.std for who, estimate in estimates.items()},
            }
            for name, estimates in fit.overlay.parameters.items()
        },
        "rmse": fit.rmse,
    }
    rows = [
        (name, who, f"{estimate.value:.4g}", f"{estimate.std:.2g}")
        for name, estimates in fit.overlay.parameters.items()
        for who, estimate in estimates.items()
    ]
    lines = table(("parameter", "id", "value", "std"), rows)
    if timed:
        lines.append(f"off by {100.0 * fit.rmse['collective_s_relative']:.1f} % rmse")
    else:
        lines.append(f"free run of the fit: {fit.rmse['gpu_temp_c']:.2f} K rmse")
    lines.append(f"written to {out}")
    tell(content, lines, json)
