"""`twin replay` and `twin run`: headless runs of the loop, recorded."""

import math
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from controllers.accounts.charges import read_charges
from controllers.headless import STATE_FILE, Report, run_headless
from controllers.snapshot import Snapshot
from controllers.wish import SCENARIO, Wish
from controllers.worlds import open_world
from dashboards.account_lines import Carbon, Price, account_lines
from dashboards.report import Catalogs, Json, Out, Params, SiteOption, complain, iso, tell, time_of
from site_models.errors import InputError
from telemetry.recording import Recording
from telemetry.samples import sample

Policies = Annotated[
    list[str] | None,
    typer.Option(
        "--policy",
        metavar="POLICY[=MODE]",
        help="Mode off, shadow (default) or advise. May be repeated; hold if none is given.",
    ),
]
From = Annotated[
    str | None,
    typer.Option("--from", metavar="TIME", help="Leave out what is before: ISO 8601 or epoch s."),
]
To = Annotated[
    str | None,
    typer.Option("--to", metavar="TIME", help="Leave out what is after: ISO 8601 or epoch s."),
]
Step = Annotated[float, typer.Option("--dt", metavar="SECONDS", help="Time step.")]
BALANCE_LIMIT = 1e-6
"""Energy unaccounted for in any step, over the energy in, above which a run fails."""


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.command("replay")(replay)
    app.command("run")(run)


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
    _run(wish, out, math.inf, span_s, (price, carbon), json)


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
    _run(wish, out, positive("--for", for_), for_, (price, carbon), json)


def positive(option: str, value: float) -> float:
    """Return the value of an option; InputError unless it is above zero."""
    if not value > 0.0:
        raise InputError(f"{option}: expected a number above 0, got {value:g}")
    return value


def state_of(run: Path | None) -> Path | None:
    """Return the stored state in a run's folder; InputError if there is none."""
    if run is None:
        return None
    if not (run / STATE_FILE).is_file():
        raise InputError(f"{run}: expected the folder of a run with its {STATE_FILE}")
    return run / STATE_FILE


def _run(
    wish: Wish,
    out: Path,
    for_s: float,
    span_s: float,
    tariffs: tuple[Path | None, Path | None],
    as_json: bool,
) -> None:
    world = open_world(wish)
    charges = read_charges(*tariffs, world.loop.progress.state.time_s)
    world.around.charges = charges
    spec = wish.spec or world.site.default_source
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    total = span_s if math.isfinite(span_s) else None
    with Progress(*columns, console=console, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("replaying", total=total)

        def advance(shot: Snapshot) -> None:
            if shot.tick % 50 == 0:
                bar.update(task, advance=50 * shot.dt_s, description=iso(shot.frame.time_s)[:19])

        report = run_headless(world, out, spec, for_s, advance, charges)
    tell(report.as_json(), _lines(report, out), as_json)
    if report.stopped is not None:
        complain(f"{report.stopped}; what was computed is in {out}")
        raise typer.Exit(1)
    if report.balance_error > BALANCE_LIMIT:
        raise typer.Exit(1)


def _lines(report: Report, out: Path) -> list[str]:
    if not report.steps:
        return ["nothing to run: the source had no frame"]
    speed = report.simulated_s / max(report.wall_s, 1e-9)
    lines = [
        f"{report.steps} steps, {report.simulated_s:.0f} s in {report.wall_s:.1f} s"
        f" ({speed:.0f} times real time)",
        f"energy {report.energy_j / 3.6e6:.2f} kWh at the meters,"
        f" {report.it_energy_j / 3.6e6:.2f} kWh into the racks",
        f"energy balance closes to {report.balance_error:.1e}",
        f"digest {report.digest}",
        f"recorded in {out}",
    ]
    for limit in report.limits:
        over = f"over for {limit.seconds_over:.0f} s" if limit.seconds_over else "kept"
        scale, unit = (1e-3, "kW") if limit.unit == "W" else (1.0, limit.unit)
        lines.append(
            f"  {limit.limit}: {limit.id} {limit.worst * scale:.1f} {unit}"
            f" of {limit.allowed * scale:.1f}, {over}"
        )
    return lines + account_lines(report.account)
