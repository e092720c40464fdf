"""`twin score`: how well the twin predicts what was recorded."""

import math
from typing import Annotated

import typer

from dashboards.recorded_site import Rec, site_and_weather, stored_at, track_of
from dashboards.report import (
    Catalogs,
    From,
    Json,
    Params,
    SiteOption,
    To,
    positive,
    table,
    tell,
    time_of,
)
from twin.estimation.overlay import applied, read_overlay
from twin.estimation.score import scored


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("score")(score)


def score(
    recording: Rec,
    site: SiteOption = "pilot",
    params: Params = None,
    from_: From = None,
    to: To = None,
    horizon: Annotated[
        float | None,
        typer.Option("--horizon", metavar="SECONDS", help="Predict so far ahead; else free run."),
    ] = None,
    catalog: Catalogs = None,
    json: Json = False,
) -> None:
    """Compare what the twin predicts with what was measured.

    The run always begins where the recording does; --from says from when on it is scored.
    """
    plant, outdoors = site_and_weather(site, catalog)
    if params is not None:
        plant = applied(plant, read_overlay(params))
    from_s, to_s = time_of("--from", from_, -math.inf), time_of("--to", to, math.inf)
    ahead_s = None if horizon is None else positive("--horizon", horizon)
    track = track_of(stored_at(recording), plant, -math.inf, to_s)
    scores = scored(plant, track, outdoors, from_s, ahead_s)
    content = {
        "signals": {
            name: {
                "rmse": s.rmse,
                "mae": s.mae,
                "bias": s.bias,
                "p95": s.p95,
                "worst": {"id": s.worst_id, "rmse": s.worst_rmse},
                "persistence_rmse": s.persistence_rmse,
                "n": s.n,
            }
            for name, s in scores.items()
        }
    }
    heads = ("signal", "rmse", "mae", "bias", "p95", "worst", "persistence", "n")
    rows = [
        (name, f"{s.rmse:.3g}", f"{s.mae:.3g}", f"{s.bias:.2g}", f"{s.p95:.3g}",
         f"{s.worst_id} {s.worst_rmse:.3g}", f"{s.persistence_rmse:.3g}", str(s.n))
        for name, s in scores.items()
    ]  # fmt: skip
    tell(content, table(heads, rows), json)
