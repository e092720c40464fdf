"""`twin serve`: loop, HTTP interface and pages in one process."""

import math
from pathlib import Path
from typing import Annotated, Any

import typer

from controllers.worlds import Wish, open_world
from dashboards.report import Catalogs
from dashboards.server import serve as serve_world
from site_models.errors import InputError
from site_models.figure import Strict
from site_models.yaml_file import read_yaml, validated

DEFAULT_POLICIES = ("thermal_guard=shadow", "power_budget=shadow")


class Config(Strict):
    """The options as a YAML file; those on the command line come first."""

    site: str = "pilot"
    source: str = ""
    policy: tuple[str, ...] = DEFAULT_POLICIES
    host: str = "127.0.0.1"
    port: int = 8050
    speed: float = 1.0
    trust_loopback: bool = False
    tokens: Path | None = None
    runs: Path = Path("runs")
    """Folder of the journal and the audit log."""
    catalog: tuple[Path, ...] = ()


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("serve")(serve)


def serve(
    site: Annotated[str | None, typer.Option("--site", help="Site, shipped or a path.")] = None,
    source: Annotated[str | None, typer.Option("--source", help="SPEC of the source.")] = None,
    policy: Annotated[
        list[str] | None, typer.Option("--policy", help="Policy[=off|shadow|advise].")
    ] = None,
    config: Annotated[Path | None, typer.Option("--config", help="YAML of these options.")] = None,
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option("--port", help="Port.")] = None,
    speed: Annotated[float | None, typer.Option("--speed", help="Times real time.")] = None,
    trust_loopback: Annotated[
        bool, typer.Option("--trust-loopback", help="Callers on this host may place work.")
    ] = False,
    tokens: Annotated[Path | None, typer.Option("--tokens", help="Token file.")] = None,
    catalog: Catalogs = None,
) -> None:
    """Serve the live pages and the HTTP interface."""
    given: dict[str, Any] = {
        "site": site,
        "source": source,
        "policy": tuple(policy) if policy else None,
        "host": host,
        "port": port,
        "speed": speed,
        "trust_loopback": trust_loopback or None,
        "tokens": tokens,
        "catalog": tuple(catalog) if catalog else None,
    }
    chosen = _config(config).model_copy(
        update={key: value for key, value in given.items() if value is not None}
    )
    if not 0.0 < chosen.speed < math.inf:
        raise InputError(f"--speed: expected a number above 0, got {chosen.speed:g}")
    chosen.runs.mkdir(parents=True, exist_ok=True)
    world = open_world(
        Wish(
            site=chosen.site,
            spec=chosen.source,
            policies=chosen.policy,
            speed=chosen.speed,
            loop=True,
            journal=chosen.runs / "journal.jsonl",
            catalogs=chosen.catalog,
        )
    )
    shown = f"[{chosen.host}]" if ":" in chosen.host else chosen.host
    typer.echo(f"{world.plant.site}: http://{shown}:{chosen.port}/   (Ctrl-C ends it)")
    serve_world(
        world,
        chosen.host,
        chosen.port,
        trust_loopback=chosen.trust_loopback,
        tokens=chosen.tokens,
        audit=chosen.runs / "audit.jsonl",
    )


def _config(path: Path | None) -> Config:
    return Config() if path is None else validated(Config, read_yaml(path), path)
