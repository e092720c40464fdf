"""What every page stands in: the banner, the way around, and the push of each tick."""

import asyncio
import time
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import dash_mantine_components as dmc
from dash import Dash, Input, Output, ctx, dcc, html, set_props
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate, WebsocketDisconnected
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboards.feed import Feed
from dashboards.findings import Severity
from dashboards.numbers import number
from dashboards.parts.live import aria, in_browser, on
from dashboards.parts.page import Page, find_pages
from dashboards.theme import MANTINE, css

PUSH_S, LOOK_S = 1.0, 0.1
"""A page is sent at most one tick a second; the loop is looked at this often."""

ASSETS = Path(__file__).parent.parent / "assets"

INDEX = """<!DOCTYPE html>
<html lang="en"><head>{%metas%}<title>{%title%}</title>
<link rel="icon" href="/assets/favicon.svg" type="image/svg+xml">
<style>THEME</style>{%css%}</head>
<body>{%app_entry%}<footer>{%config%}{%scripts%}{%renderer%}</footer></body></html>
"""


def build_pages(feed: Feed) -> ASGIApp:
    """Return the application that serves the pages found in `dashboards/pages`."""
    server = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app = Dash(
        __name__,
        server=cast(Any, server),
        assets_folder=str(ASSETS),
        assets_ignore=r"^docs\..*",
        websocket_callbacks=True,
        suppress_callback_exceptions=True,
        update_title="",
        title=f"{feed.plant.site} · AI factory twin",
        index_string=INDEX.replace("THEME", css()),
    )
    pages = find_pages()
    app.layout = _layout(feed, pages)
    _register_shell(app, feed, pages)
    for page in pages:
        page.register(app, feed)
    return _Entry(server, frozenset(page.path for page in pages))


class _Entry:
    """ASGI: opens the one application at every page's own address."""

    def __init__(self, app: ASGIApp, paths: frozenset[str]) -> None:
        self._app, self._paths = app, paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a page's address as the root."""
        if scope["type"] == "http" and scope["path"] in self._paths:
            scope = {**scope, "path": "/", "raw_path": b"/"}
        await self._app(scope, receive, send)


def _layout(feed: Feed, pages: tuple[Page, ...]) -> Component:
    """Return the frame around every page."""
    banner = html.Div(
        [
            html.Span("…", id="mode", className="mode"),
            html.Span(feed.plant.site, className="site"),
            html.Span("waiting for the first data", id="label", className="label"),
            dcc.Link("", id="wrong-count", href="/", className="count"),
            html.Span("", id="clock", className="clock"),
            html.Span("", id="age", className="age", role="status"),
        ],
        className="banner",
    )
    way = html.Nav(
        [
            html.Span("AI factory twin", className="brand"),
            html.Div(id="nav", className="links"),
            html.A("API", href="/api/docs", className="link"),
            dmc.ColorSchemeToggle(
                lightIcon="☀",
                darkIcon="☾",
                variant="subtle",
                color="gray",
                size="md",
                **aria(label="Switch between light and dark"),
            ),
        ],
        className="way",
    )
    frame: Component = dmc.MantineProvider(
        [
            dcc.Location(id="url", refresh="callback-nav"),
            dcc.Store(id="tick"),
            dcc.Store(id="scheme", data="light"),
            html.A("Skip to the page", href="#page", className="skip"),
            html.Header([way, banner]),
            html.Main(html.P("The page is loading.", className="quiet"), id="page", tabIndex=-1),
        ],
        theme=MANTINE,
        defaultColorScheme="light",
    )
    return frame


def _register_shell(app: Dash, feed: Feed, pages: tuple[Page, ...]) -> None:
    """Add the push, the banner and the way from page to page."""
    by_path = {page.path: page for page in pages}

    @app.callback(persistent=True)
    async def push() -> None:
        await _push(feed)

    in_browser(app, "twin", "banner", Input("tick", "data"))

    @on(
        app,
        Output("page", "children"),
        Output("nav", "children"),
        Input("url", "pathname"),
        Input("url", "search"),
    )
    def route(path: str | None, search: str | None) -> tuple[Component, list[Component]]:
        page = by_path.get(path or "/")
        body = page.layout(feed, search or "") if page else html.P(f"There is no page {path}.")
        return body, [_link(one, one is page) for one in pages]


def _link(page: Page, here: bool) -> Component:
    current = aria(current="page") if here else {}
    return html.Span(
        dcc.Link(page.title, href=page.path, className="link here" if here else "link"), **current
    )


async def _push(feed: Feed) -> None:
    """Send each new tick to one page until it goes away.

    The answer to the question after each push comes once the browser has taken the push
    in, so a page that is slow gets fewer ticks, never a queue of old ones.
    """
    socket, sent = ctx.websocket, object()
    while socket is not None and not socket.is_shutdown and not feed.stopping:
        mark = (feed.summary, feed.ended)
        if mark != sent:
            sent, started_s = mark, time.monotonic()
            set_props("tick", {"data": _tick(feed)})
            try:
                await socket.get_prop("tick", "data", timeout=10.0)
            except TimeoutError:
                sent = None
            except WebsocketDisconnected:
                break
            await asyncio.sleep(max(0.0, PUSH_S - (time.monotonic() - started_s)))
        await asyncio.sleep(LOOK_S)
    raise PreventUpdate


def _tick(feed: Feed) -> dict[str, Any]:
    """Return what the banner needs, and what wakes the page's own callbacks."""
    summary = feed.summary
    content: dict[str, Any] = {
        "ended": feed.ended,
        "failure": feed.failure,
        "zone": feed.world.zone,
        "stale_s": feed.stale_s,
        "age_s": number(feed.age_s()),
    }
    if summary is not None:
        snapshot = summary.snapshot
        levels = [one.severity for one in feed.findings]
        content |= {
            "over": levels.count(Severity.OVER),
            "near": levels.count(Severity.NEAR),
            "tick": snapshot.tick,
            "time_s": snapshot.state.time_s,
            "mode": snapshot.mode,
            "label": snapshot.label,
        }
    return content


def address(path: str, **query: str) -> str:
    """Return a page's address with its query."""
    return path + "?" + "&".join(f"{key}={quote(value)}" for key, value in query.items())
