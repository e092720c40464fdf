"""`twin plan`: what armed policies would write, line by line, and nothing of it written."""

import math
from typing import Annotated

import typer

from controllers.actuators.admit import LIVE_RULES, catalog_limits
from controllers.actuators.dry import Dry
from controllers.actuators.ledger import Write
from controllers.wish import Wish
from controllers.worlds import open_world
from dashboards.report import SITE_HELP, Catalogs, Json, tell
from site_models.errors import InputError

SHOWN = 10_000
"""So many writes are listed; more are counted."""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("plan")(plan)


def plan(
    policy: Annotated[
        list[str], typer.Option("--policy", metavar="POLICY", help="Taken as armed. Repeatable.")
    ],
    site: Annotated[str, typer.Option("--site", metavar="SITE", help=SITE_HELP)] = "pilot",
    source: Annotated[
        str | None,
        typer.Option("--source", metavar="SPEC", help="Live, replay:REC or scenario:FILE."),
    ] = None,
    for_s: Annotated[
        float, typer.Option("--for", metavar="SECONDS", help="How far to look.")
    ] = 60.0,
    dt: Annotated[float, typer.Option("--dt", metavar="S", help="Time step.")] = 1.0,
    catalog: Catalogs = None,
    json: Json = False,
) -> None:
    """Print what armed policies would write to devices, scheduler and facility; write nothing."""
    if not for_s > 0.0:
        raise InputError(f"--for: expected a number of seconds above 0, got {for_s:g}")
    writes: list[tuple[float, Write]] = []
    told: list[str] = []
    _play(
        Wish(
            site=site,
            spec=source or "",
            policies=tuple(f"{name}=armed" for name in policy),
            dt_s=dt,
            catalogs=tuple(catalog or ()),
        ),
        for_s,
        writes,
        told,
    )
    content = {
        "site": site,
        "writes": [{"time_s": time_s, **write._asdict()} for time_s, write in writes[:SHOWN]],
        "count": len(writes),
        "health": told,
    }
    tell(content, _lines(writes, told), json)


def _play(wish: Wish, for_s: float, writes: list[tuple[float, Write]], told: list[str]) -> None:
    """Run a world for a while with every policy armed on an actuator that only tells."""

    def note(time_s: float, write: Write) -> None:
        writes.append((time_s, write))

    world = open_world(wish, lambda plant: Dry(plant, catalog_limits(plant), note), LIVE_RULES)
    played_s = 0.0
    try:
        for shot in world.snapshots():
            played_s += shot.dt_s
            told += [line for line in shot.health if line not in told]
            if played_s >= for_s or not math.isfinite(played_s):
                break
    finally:
        world.close()


def _lines(writes: list[tuple[float, Write]], told: list[str]) -> list[str]:
    lines = [f"{time_s:.3f}  {write}" for time_s, write in writes[:SHOWN]]
    if len(writes) > SHOWN:
        lines.append(f"and {len(writes) - SHOWN} more")
    lines.append(f"{len(writes)} writes would be made; none was")
    return [*lines, *told]
