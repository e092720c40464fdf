"""`twin identify` and `twin score`: parameters from a recording, and how well they predict."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from controllers.outdoors import outdoors_of
from controllers.recorded_collectives import timed_collectives
from dashboards.report import Catalogs, Json, Params, SiteOption, table, tell, time_of
from dashboards.verbs.replay import From, To, positive
from site_models.compile import compile_site
from site_models.errors import InputError
from site_models.plant import Plant
from site_models.site import load_site
from telemetry.recording import Recording
from telemetry.samples import sample
from telemetry.sources.replay import ReplaySource
from twin.estimation.identify import Fit
from twin.estimation.identify import identify as identified
from twin.estimation.identify_links import identify_links
from twin.estimation.overlay import applied, read_overlay, write_overlay
from twin.estimation.score import scored
from twin.estimation.track import Track, gathered
from twin.inputs import Outdoors

Rec = Annotated[Path, typer.Argument(metavar="REC", help="Folder of a recording.")]


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.command("identify")(identify)
    app.command("score")(score)


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
    plant, outdoors = _site(site, catalog)
    stored = _stored(recording)
    span = time_of("--from", from_, -math.inf), time_of("--to", to, math.inf)
    timed = timed_collectives(stored)
    if timed:
        fit = _of(stored, lambda: identify_links(plant, timed, stored.sha256))
    else:
        track = _track(stored, plant, *span)
        fit = _of(stored, lambda: identified(plant, track, stored.sha256, outdoors))
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
    plant, outdoors = _site(site, catalog)
    if params is not None:
        plant = applied(plant, read_overlay(params))
    from_s, to_s = time_of("--from", from_, -math.inf), time_of("--to", to, math.inf)
    ahead_s = None if horizon is None else positive("--horizon", horizon)
    track = _track(_stored(recording), plant, -math.inf, to_s)
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


def _site(site: str, catalog: list[Path] | None) -> tuple[Plant, Outdoors]:
    return compile_site(site, tuple(catalog or ())), outdoors_of(load_site(site).location)


def _stored(recording: Path) -> Recording:
    return Recording(sample(str(recording)) or recording)


def _of(stored: Recording, fitted: Callable[[], Fit]) -> Fit:
    """Return a fit; InputError naming the recording."""
    try:
        return fitted()
    except InputError as error:
        raise InputError(f"{stored.folder}: {error}") from None


def _track(stored: Recording, plant: Plant, from_s: float, to_s: float) -> Track:
    """Return what a recording holds of a plant; InputError naming the recording."""
    source = ReplaySource(stored, plant, from_s=from_s, to_s=to_s)
    try:
        return gathered(iter(source.read, None), plant)
    except InputError as error:
        raise InputError(f"{stored.folder}: {error}") from None
