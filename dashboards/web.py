"""The one ASGI application: probes, metrics, the API, then the pages."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message

from dashboards.api.app import build_api
from dashboards.api.replies import problem, reply
from dashboards.audit import Audit
from dashboards.auth import TokenBook
from dashboards.exposition import MEDIA_TYPE, exposition
from dashboards.feed import Feed
from dashboards.guard import Guard
from dashboards.parts.shell import build_pages


def build(feed: Feed, audit: Audit, tokens: TokenBook, *, trust_loopback: bool = False) -> ASGIApp:
    """Return the application; the feed's loop starts and ends with it.

    The API stands before the pages, so that an unknown path below it is its own 404.
    """
    pages = build_pages(feed)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await _register_callbacks(pages)
        feed.start()
        yield
        await run_in_threadpool(feed.stop)

    async def healthz(_: Request) -> Response:
        return reply({"status": "ok"})

    async def readyz(_: Request) -> Response:
        if feed.failure:
            return problem(503, f"the loop stopped: {feed.failure}")
        if not feed.ready:
            return problem(503, "the first snapshot is not there yet", {"Retry-After": "1"})
        return reply({"status": "ready"})

    def metrics(_: Request) -> Response:
        return PlainTextResponse(exposition(feed), media_type=MEDIA_TYPE)

    async def lost(_: Request, error: Exception) -> Response:
        return problem(404, "there is nothing at this address")

    root = Starlette(
        lifespan=lifespan,
        exception_handlers={404: lost},
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", metrics),
            Mount("/api", build_api(feed, audit)),
            Mount("/", pages),
        ],
    )
    return Guard(root, tokens, trust_loopback)


async def _register_callbacks(pages: ASGIApp) -> None:
    """Ask the pages for their layout once, which registers their callbacks.

    Dash registers on the first HTTP request; a browser that reconnects its websocket after
    a restart comes before any, and its page would stay frozen.
    """
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/_dash-layout",
        "raw_path": b"/_dash-layout",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"localhost")],
        "client": ("127.0.0.1", 0),
        "server": ("localhost", 80),
    }
    status = 0

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)

    await pages(scope, receive, send)
    if status != 200:
        raise RuntimeError(f"the pages answered {status} to their first request")
