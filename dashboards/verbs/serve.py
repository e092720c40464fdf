"""`twin serve`: loop, HTTP interface and pages in one process."""

import contextlib
import math
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from controllers.accounts.charges import Charges, read_charges
from controllers.recorded import RecordedWorld
from controllers.wish import Wish
from controllers.worlds import World, open_world
from dashboards.account_lines import Carbon, Price
from dashboards.flex.keys import keys_and_address
from dashboards.keeping import KeepRaw, KeepRollups, keep_of
from dashboards.report import SITE_HELP, Catalogs, Params
from site_models.errors import InputError
from site_models.figure import Strict
from site_models.yaml_file import read_yaml, validated
from telemetry.recording.retention import Keep

DEFAULT_POLICIES = ("thermal_guard=shadow", "power_budget=shadow")
_SITE = f"{SITE_HELP} pilot if not given."
_SOURCE = (
    "nvml, prometheus:URL, remote-write, mqtt://HOST, replay:REC, scenario:FILE or idle;"
    " live ones may be several. The site's own if not given."
)
_POLICY = "Mode off, shadow or advise. May be repeated; both of the shipped ones if none is given."
_RECORD = "Record what is measured meanwhile: a new folder, or one to go on with."
_PUBLISH = "mqtt://HOST?map=FILE: tell believed values of a live site there, as it asks for."
_ACTUATOR = "nvml, slurm or slurm:COMMAND, to arm policies with later. May be repeated."
_SETPOINTS = "mqtt://HOST?map=FILE: the facility's bus, for supply temperatures once armed."
_GRID = "mqtt://HOST?keys=FILE: take load targets of the grid there, see docs/guide/grid.md."
_HOST = "To listen on, 127.0.0.1 if not given; any other needs --tokens."


class Config(Strict):
    """The options as a YAML file; those on the command line come first."""

    site: str = "pilot"
    source: str | tuple[str, ...] = ""
    policy: tuple[str, ...] = DEFAULT_POLICIES
    host: str = "127.0.0.1"
    port: int = 8050
    speed: float = 1.0
    trust_loopback: bool = False
    tokens: Path | None = None
    publish: str = ""
    """Bus on which believed values of a live site are told, where it asked for them."""
    grid: str = ""
    """Bus on which the grid tells its load targets, with the file of keys."""
    runs: Path = Path("runs")
    """Folder of the journal and the audit log."""
    catalog: tuple[Path, ...] = ()
    params: Path | None = None
    """Overlay of identified parameters."""
    price: Path | None = None
    carbon: Path | None = None
    """Price and carbon intensity of electricity by time, see docs/guide/account.md."""
    record: Path | None = None
    actuator: tuple[str, ...] = ()
    setpoints: str = ""
    """What a live site may be acted on with; nothing is armed by that."""
    keep_raw: str = ""
    keep_rollups: str = ""
    """A recording while it is served, and how much of it stays: docs/guide/recording.md."""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("serve")(serve)


def serve(
    site: Annotated[str | None, typer.Option("--site", metavar="SITE", help=_SITE)] = None,
    source: Annotated[
        list[str] | None, typer.Option("--source", metavar="SPEC", help=_SOURCE)
    ] = None,
    policy: Annotated[
        list[str] | None, typer.Option("--policy", metavar="POLICY[=MODE]", help=_POLICY)
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="YAML of these options.")
    ] = None,
    host: Annotated[str | None, typer.Option("--host", metavar="ADDRESS", help=_HOST)] = None,
    port: Annotated[int | None, typer.Option("--port", metavar="N", help="8050 if not given.")] = (
        None
    ),
    speed: Annotated[
        float | None, typer.Option("--speed", metavar="X", help="Times real time; 1 if not given.")
    ] = None,
    trust_loopback: Annotated[
        bool, typer.Option("--trust-loopback", help="Callers on this host may place work.")
    ] = False,
    tokens: Annotated[
        Path | None, typer.Option("--tokens", metavar="FILE", help="Hashed tokens and their roles.")
    ] = None,
    params: Params = None,
    price: Price = None,
    carbon: Carbon = None,
    record: Annotated[Path | None, typer.Option("--record", metavar="FOLDER", help=_RECORD)] = None,
    keep_raw: KeepRaw = None,
    keep_rollups: KeepRollups = None,
    publish: Annotated[str | None, typer.Option("--publish", metavar="BUS", help=_PUBLISH)] = None,
    actuator: Annotated[
        list[str] | None, typer.Option("--actuator", metavar="KIND", help=_ACTUATOR)
    ] = None,
    setpoints: Annotated[
        str | None, typer.Option("--setpoints", metavar="BUS", help=_SETPOINTS)
    ] = None,
    grid: Annotated[str | None, typer.Option("--grid", metavar="BUS", help=_GRID)] = None,
    catalog: Catalogs = None,
) -> None:
    """Serve the live pages and the HTTP interface."""
    given: dict[str, Any] = {
        "site": site,
        "source": tuple(source) if source else None,
        "policy": tuple(policy) if policy else None,
        "host": host,
        "port": port,
        "speed": speed,
        "trust_loopback": trust_loopback or None,
        "tokens": tokens,
        "params": params,
        "price": price,
        "carbon": carbon,
        "record": record,
        "keep_raw": keep_raw,
        "keep_rollups": keep_rollups,
        "publish": publish,
        "actuator": tuple(actuator) if actuator else None,
        "setpoints": setpoints,
        "grid": grid,
        "catalog": tuple(catalog) if catalog else None,
    }
    chosen = _config(config).model_copy(
        update={key: value for key, value in given.items() if value is not None}
    )
    _serve(chosen)


def _serve(chosen: Config) -> None:
    """Open the world that was asked for and serve it until interrupted."""
    if not 0.0 < chosen.speed < math.inf:
        raise InputError(f"--speed: expected a number above 0, got {chosen.speed:g}")
    keep = keep_of(chosen.keep_raw, chosen.keep_rollups)
    if chosen.record is None and keep != Keep():
        raise InputError("--keep-raw, --keep-rollups: expected --record with them")
    if chosen.grid:  # said now, before a site is opened
        keys_and_address(chosen.grid.partition(":")[2])
    chosen.runs.mkdir(parents=True, exist_ok=True)
    if sys.stderr.isatty():  # a person waits: a large site takes half a minute
        typer.echo(f"{chosen.site}: opening", err=True)
    specs = (chosen.source,) if isinstance(chosen.source, str) else chosen.source
    world = open_world(
        Wish(
            site=chosen.site,
            spec=specs[0] if specs else "",
            also=specs[1:],
            policies=chosen.policy,
            speed=chosen.speed,
            loop=True,
            journal=chosen.runs / "journal.jsonl",
            catalogs=chosen.catalog,
            params=chosen.params,
            actuators=chosen.actuator,
            setpoints=chosen.setpoints,
            runs=chosen.runs,
        )
    )
    charges = read_charges(chosen.price, chosen.carbon, world.loop.progress.state.time_s)
    world.around.charges = charges
    if world.what_if is not None:
        world.what_if.work.charges = charges
    try:
        with _recorded(world, chosen.record, keep) as shown:
            _run(shown, chosen, charges)
    finally:
        world.close()


@contextlib.contextmanager
def _recorded(world: World, folder: Path | None, keep: Keep) -> Iterator[World | RecordedWorld]:
    """Give the world with its recorder, where one was asked for, and end that afterwards.

    The server hands a signal on when it is done; a terminating one must then not kill.
    """
    if folder is None:
        yield world
        return
    recorded = RecordedWorld(world, folder, keep)
    for note in recorded.recorder.notes:
        typer.echo(f"{folder}: {note}", err=True)
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield recorded
    finally:
        recorded.close()
        signal.signal(signal.SIGTERM, before)


def _run(world: World | RecordedWorld, chosen: Config, charges: Charges) -> None:
    """Serve until interrupted."""
    from dashboards.bus_values import BelievedValues
    from dashboards.flex.agent import FlexAgent
    from dashboards.server import server_of  # the pages take a second to load: only here

    told = BelievedValues(chosen.publish.partition(":")[2], world.plant) if chosen.publish else None
    server = server_of(
        world,
        chosen.host,
        chosen.port,
        trust_loopback=chosen.trust_loopback,
        tokens=chosen.tokens,
        audit=chosen.runs / "audit.jsonl",
        charges=charges,
        listeners=(told.publish,) if told else (),
    )
    feed = server.feed
    agent = (
        FlexAgent(chosen.grid.partition(":")[2], world.plant, feed.grid, feed.now_s)
        if chosen.grid
        else None
    )
    shown = f"[{chosen.host}]" if ":" in chosen.host else chosen.host
    typer.echo(f"{world.plant.site}: http://{shown}:{chosen.port}/   (Ctrl-C ends it)")
    talkers = [talker for talker in (told, agent) if talker is not None]
    for talker in talkers:
        talker.start()
    try:
        server.run()
    finally:
        for talker in talkers:
            talker.stop()


def _config(path: Path | None) -> Config:
    return Config() if path is None else validated(Config, read_yaml(path), path)
