"""Serve a world: loop, API and pages in one process on one port."""

import contextlib
import gc
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

import uvicorn

from controllers.accounts.charges import Charges
from controllers.snapshot import Snapshot
from dashboards.audit import Audit
from dashboards.auth import TokenBook
from dashboards.feed import Feed
from dashboards.freed_memory import keep_freed_memory
from dashboards.guard import is_loopback
from dashboards.web import build
from dashboards.world import World
from site_models.errors import InputError

SWITCH_S = 5e-4
"""How long the loop's thread may keep the interpreter from a request that waits for it: a tick of
a large site takes tens of milliseconds, a request changes threads several times."""


def serve(
    world: World,
    host: str = "127.0.0.1",
    port: int = 8050,
    *,
    trust_loopback: bool = False,
    tokens: Path | None = None,
    audit: Path = Path("runs/audit.jsonl"),
) -> None:
    """Run until interrupted. InputError when the address may not be or cannot be bound."""
    server = server_of(world, host, port, trust_loopback=trust_loopback, tokens=tokens, audit=audit)
    with contextlib.suppress(KeyboardInterrupt):
        server.run()


class Server(uvicorn.Server):
    """A server whose loop, streams and pushes end with the first signal, not after it."""

    def __init__(self, config: uvicorn.Config, feed: Feed) -> None:
        super().__init__(config)
        self.feed = feed

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Build and start everything; the interpreter is this server's from now on.

        What was built stays: looking through all of it for garbage would take 200 ms.
        """
        sys.setswitchinterval(SWITCH_S)
        keep_freed_memory()
        await super().startup(sockets)
        gc.freeze()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End what would keep connections open, then as usual."""
        self.feed.stop(wait_s=0.0)
        super().handle_exit(sig, frame)


def server_of(
    world: World,
    host: str,
    port: int,
    *,
    trust_loopback: bool = False,
    tokens: Path | None = None,
    audit: Path,
    charges: Charges | None = None,
    listeners: Sequence[Callable[[Snapshot], object]] = (),
) -> Server:
    """Return the server, not yet running: one worker, for the state is this process's own."""
    if not is_loopback(host) and tokens is None:
        raise InputError(f"host: {host} is reached from outside, expected a token file as well")
    _bindable(host, port)
    feed = Feed(world, charges=charges)
    feed.listeners += listeners
    app = build(feed, Audit(audit), TokenBook(tokens), trust_loopback=trust_loopback)
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=2,
        ws_max_size=1 << 20,
    )
    return Server(config, feed)


def _bindable(host: str, port: int) -> None:
    """Raise InputError now rather than a log line later when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), port))
        except OSError as error:
            raise InputError(f"port: {host}:{port} cannot be bound ({error.strerror})") from None
        except OverflowError:
            raise InputError(f"port: {port}, expected 0 to 65535") from None
