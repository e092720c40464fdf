"""`twin record`: live telemetry to disk, and nothing else."""

import math
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Annotated, Any

import typer

from controllers.live import open_live
from controllers.this_host import located
from dashboards.keeping import KeepRaw, KeepRollups, keep_of
from dashboards.report import SITE_HELP, Catalogs, Json, Out, tell
from site_models.compile import compile_site
from site_models.errors import InputError
from site_models.plant import Plant
from telemetry.finding import is_live, source_of
from telemetry.live import Fresh
from telemetry.recording.collecting import collect
from telemetry.recording.rollups import RackSeats

ENDS = (signal.SIGINT, signal.SIGTERM)


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("record")(record)


def record(
    source: Annotated[
        str, typer.Option("--source", metavar="SPEC", help="A live source, as nvml.")
    ],
    out: Out,
    every: Annotated[
        float, typer.Option("--every", metavar="SECONDS", help="Between two readings.")
    ] = 0.1,
    for_: Annotated[
        float, typer.Option("--for", metavar="SECONDS", help="Until interrupted if not given.")
    ] = math.inf,
    site: Annotated[
        str, typer.Option("--site", metavar="SITE", help=f"{SITE_HELP} This host if not given.")
    ] = "workstation",
    go_on: Annotated[
        bool, typer.Option("--go-on", help="The folder may hold a recording to go on with.")
    ] = False,
    keep_raw: KeepRaw = None,
    keep_rollups: KeepRollups = None,
    catalog: Catalogs = None,
    json: Json = False,
) -> None:
    """Record a live source; an interrupt ends the recording cleanly."""
    if not (every > 0.0 and for_ > 0.0):
        raise InputError("--every, --for: expected seconds above 0")
    keep = keep_of(keep_raw, keep_rollups)
    scheme, _, argument = source.partition(":")
    module = source_of(scheme)
    if not is_live(module):
        raise InputError(f"--source {source}: is no live source, expected one such as nvml")
    name, folders = located(site, tuple(catalog or ()))
    plant = compile_site(name, folders)
    if hasattr(module, "feeder"):
        opened: Any = _fresh(source, plant, every)
    else:
        opened = module.open_source(argument, plant, -math.inf, math.inf, False, every_s=every)
    ended = threading.Event()
    before = {number: signal.signal(number, _setting(ended)) for number in ENDS}
    try:
        found = collect(
            opened,
            out,
            label=f"{source}: {opened.label}",
            for_s=for_,
            site=plant.site,
            site_hash=plant.site_hash,
            facts=getattr(opened, "facts", {}),
            racks=RackSeats.of(plant),
            keep=keep,
            goes_on=go_on,
            ended=ended,
        )
    finally:
        for number, handling in before.items():
            signal.signal(number, handling)
        _close(opened)
    content = {
        "rows": found.rows,
        "seconds": found.seconds,
        "dropped": found.dropped,
        "notes": list(found.notes),
    }
    said = f"{found.rows} rows over {found.seconds:.1f} s in {out}, {found.dropped} frames dropped"
    tell(content, [*found.notes, said], json)


def _fresh(spec: str, plant: Plant, every_s: float) -> Fresh:
    """Return the new readings of what comes when it comes."""
    live = open_live([spec], plant, every_s)
    if live.inbox is not None:
        raise InputError(f"--source {spec}: comes over HTTP, expected it with twin serve --record")
    return Fresh(live, live.label, live.close)


def _setting(ended: threading.Event) -> Callable[[int, FrameType | None], None]:
    """Return what ends a recording when a signal comes, and not in the middle of a write."""
    return lambda number, frame: ended.set()


def _close(opened: Any) -> None:
    if hasattr(opened, "close"):
        opened.close()
