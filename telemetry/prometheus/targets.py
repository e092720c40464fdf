"""Where to scrape: a list, a file or a name in DNS that stands for many hosts."""

import socket
from pathlib import Path
from urllib.parse import urlsplit

from site_models.errors import InputError

DEFAULT_PORT = 9400
"""Of dcgm-exporter."""


def targets_of(argument: str) -> list[str]:
    """Return the URLs that a SPEC's argument stands for, in order and once each.

    `URL[,URL...]`; `file:PATH` with one a line, `#` begins a comment; `dns:NAME[:PORT]` for
    every address of a name. A bare `host:port` gets `http://` and `/metrics`. InputError for
    none at all, a file or name that is not there, or what is no URL.
    """
    if argument.startswith("file:"):
        path = Path(argument.removeprefix("file:"))
        try:
            lines = path.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path}: cannot be read, expected one target a line") from error
        found = [line.split("#")[0].strip() for line in lines]
    elif argument.startswith("dns:"):
        found = _resolved(argument.removeprefix("dns:"))
    else:
        found = [part.strip() for part in argument.split(",")]
    urls = list(dict.fromkeys(_url(text) for text in found if text))
    if not urls:
        raise InputError(
            f"source prometheus:{argument}: no target, expected http://HOST:PORT/metrics"
        )
    return urls


def _url(text: str) -> str:
    whole = text if "://" in text else f"http://{text}"
    parts = urlsplit(whole)
    try:
        port = parts.port or DEFAULT_PORT
    except ValueError:
        port = -1
    if parts.scheme not in ("http", "https") or not parts.hostname or port < 0:
        raise InputError(f"source prometheus: {text!r}: expected http://HOST:PORT/metrics")
    return whole if parts.path not in ("", "/") else f"{whole.rstrip('/')}/metrics"


def _resolved(name: str) -> list[str]:
    host, _, port = name.partition(":")
    try:
        found = socket.getaddrinfo(host, int(port or DEFAULT_PORT), type=socket.SOCK_STREAM)
    except (OSError, ValueError) as error:
        raise InputError(f"source prometheus: {name!r}: no such name in DNS") from error
    addresses = sorted({str(entry[4][0]) for entry in found})
    return [
        f"[{a}]:{port or DEFAULT_PORT}" if ":" in a else f"{a}:{port or DEFAULT_PORT}"
        for a in addresses
    ]
