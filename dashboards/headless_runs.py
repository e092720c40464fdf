"""What the headless verbs share: their options, a run with its bar, and what is said of it."""

import math
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from controllers.accounts.charges import read_charges
from controllers.headless import Report, run_headless
from controllers.snapshot import Snapshot
from controllers.wish import Wish
from controllers.worlds import open_world
from dashboards.account_lines import account_lines
from dashboards.report import complain, iso, tell

Policies = Annotated[
    list[str] | None,
    typer.Option(
        "--policy",
        metavar="POLICY[=MODE]",
        help="Mode off, shadow (default) or advise. May be repeated; hold if none is given.",
    ),
]
Step = Annotated[float, typer.Option("--dt", metavar="SECONDS", help="Time step.")]
BALANCE_LIMIT = 1e-6
"""Energy unaccounted for in any step, over the energy in, above which a run fails."""


def run_and_tell(
    wish: Wish,
    out: Path,
    for_s: float,
    span_s: float,
    tariffs: tuple[Path | None, Path | None],
    as_json: bool,
) -> None:
    """Run what is wished into a new folder and say how it went; Exit 1 where it stopped early."""
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
