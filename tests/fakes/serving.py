"""A real server in a thread, on a port of its own."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send


class CalledFrom:
    """ASGI: lets every caller seem to come from one address."""

    def __init__(self, app: ASGIApp, address: str) -> None:
        self._app, self._address = app, address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on with another client address."""
        if scope["type"] != "lifespan":
            scope = {**scope, "client": (self._address, 40_000)}
        await self._app(scope, receive, send)


@contextmanager
def serving(app: ASGIApp, port: int = 0) -> Iterator[int]:
    """Serve until the block ends; yields the port. `port` 0 takes any free one."""
    config = uvicorn.Config(app, port=port, log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end_s = time.monotonic() + 20.0
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        assert time.monotonic() < end_s, "the server takes too long to start"
        time.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10.0)
