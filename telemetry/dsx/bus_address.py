"""Where the facility's bus is and how it is met."""

from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from site_models.errors import InputError
from telemetry.dsx.map import BusMap, read_bus_map


class Address(NamedTuple):
    """Where a broker is and how it is met."""

    host: str
    port: int
    user: str
    password: str
    tls: bool
    authority: str
    """File of the certificate authority; empty: the system's."""
    chart: BusMap


def address_of(argument: str) -> Address:
    """Return what ``//[USER:PASSWORD@]HOST[:PORT][?map=FILE&tls=1&ca=FILE]`` says.

    InputError for anything else, and for a map file that cannot be used.
    """
    shape = "expected mqtt://HOST:PORT, then ?map=FILE, tls=1, ca=FILE as needed"
    parts = urlsplit(f"mqtt:{argument}")
    wished = dict(parse_qsl(parts.query, keep_blank_values=True))
    try:
        port = parts.port
    except ValueError:
        raise InputError(f"source mqtt:{parts.path}: {shape}") from None
    if not parts.hostname or parts.path not in ("", "/") or wished.keys() - {"map", "tls", "ca"}:
        raise InputError(f"source mqtt://{parts.hostname or ''}: {shape}")
    tls = wished.get("tls", "0") not in ("0", "") or "ca" in wished
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    chart = read_bus_map(Path(wished["map"])) if wished.get("map") else BusMap()
    standard = 8883 if tls else 1883
    return Address(
        parts.hostname, port or standard, user, password, tls, wished.get("ca", ""), chart
    )
