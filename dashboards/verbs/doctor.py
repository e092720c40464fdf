"""`twin doctor`: is this host fit to run the twin?"""

import importlib.metadata
import os
import platform
import shutil
import socket
import time
from pathlib import Path
from typing import Annotated

import typer

from dashboards.report import Json, tell
from site_models.checks import Check
from site_models.errors import InputError
from telemetry.finding import find_sources, is_live, source_of

LEAST_DISK_BYTES = 1e9
BUILT_ON = 1_760_000_000.0
"""A clock before this (October 2025) is wrong: the twin is younger."""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("doctor")(doctor)


def doctor(
    port: Annotated[
        int,
        typer.Option("--port", metavar="N", min=0, max=65535, help="Port the pages would use."),
    ] = 8050,
    source: Annotated[
        str, typer.Option("--source", metavar="SPEC", help="Source to try, as for run.")
    ] = "",
    json: Json = False,
) -> None:
    """Tell whether this host is fit to run the twin.

    Looks at Python, driver, port, disk, clock, versions and the reach of a source.
    """
    checks = [_python(), _driver(), _port(port), _disk(), _clock(), _versions()]
    if source:
        checks.append(_source(source))
    content = {"checks": [{"name": c.name, "ok": c.ok, "message": c.message} for c in checks]}
    tell(content, [f"{'ok  ' if c.ok else 'look'} {c.name}: {c.message}" for c in checks], json)
    if not all(c.ok for c in checks if c.name != "driver"):
        raise typer.Exit(1)


def _python() -> Check:
    version = platform.python_version()
    return Check("python", version.startswith("3.11."), f"{version}, expected 3.11")


def _driver() -> Check:
    try:
        return Check("driver", True, source_of("nvml").host_line())
    except InputError as error:
        return Check("driver", False, f"{error}; replay and what-if work without")


def _port(port: int) -> Check:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return Check("port", False, f"{port} is taken ({error.strerror}), expected a free one")
    return Check("port", True, f"{port} is free")


def _disk() -> Check:
    free = shutil.disk_usage(Path.cwd()).free
    writable = os.access(Path.cwd(), os.W_OK)
    said = f"{free / 1e9:.0f} GB free here" + ("" if writable else ", but not writable")
    return Check("disk", writable and free > LEAST_DISK_BYTES, said)


def _clock() -> Check:
    now_s = time.time()
    said = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(now_s))
    return Check("clock", now_s > BUILT_ON, said)


def _versions() -> Check:
    names = ("ai-factory-twin", "numpy", "numba", "dash", "plotly", "pyarrow", "nvidia-ml-py")
    found = [f"{name} {importlib.metadata.version(name)}" for name in names]
    return Check("versions", True, ", ".join(found))


def _source(spec: str) -> Check:
    from controllers.opening import open_spec  # the loop is only loaded when asked for
    from controllers.this_host import located
    from controllers.wish import Wish
    from site_models.compile import compile_site

    try:
        live = is_live(find_sources().get(spec.partition(":")[0]))
        site, catalogs = located("workstation" if live else "pilot")
        plant = compile_site(site, catalogs)
        frame = open_spec(spec, plant, Wish(site, catalogs=catalogs)).source.read()
    except InputError as error:
        return Check("source", False, str(error))
    said = "answers" if frame is not None else "is open, but holds no frame"
    return Check("source", frame is not None, f"{spec} {said}")
