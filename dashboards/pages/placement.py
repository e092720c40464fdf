"""Where could a job go, and why there: the scheduler's question, asked by a person."""

from functools import partial
from typing import Any
from urllib.parse import urlsplit

import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from dashboards.advice import advise
from dashboards.auth import Role, allowed
from dashboards.feed import Feed
from dashboards.parts.floor import floor_colours, floor_drawing, floor_signals
from dashboards.parts.live import TICK, aria, in_browser, on
from dashboards.parts.page import Page
from dashboards.parts.place_answer import answer_view, marked_racks
from dashboards.parts.place_form import FIELDS, STATES, as_curl, form, read_form
from dashboards.parts.tiles import colours, register_tiles, tiles
from dashboards.summary import Summary
from site_models.errors import InputError

SIGNAL = "rack_gpu_temp_max_c"

Shown = tuple[Any, Any, Any, Any]
"""Answer, racks to point out, command, problem."""


def layout(feed: Feed, _search: str) -> Component:
    """Return the form beside an empty answer."""
    waiting = html.P("Fill in the form and ask: the places come here, best first.",
                     className="quiet")  # fmt: skip
    copy = dmc.Button("Copy as curl", id="place-copy", size="compact-xs", variant="default",
                      disabled=True)  # fmt: skip
    return html.Div(
        [
            dcc.Store(id="place-racks", data=[]),
            dcc.Store(id="place-curl"),
            html.H1("Placement", className="unseen"),
            html.Section(
                [html.Div(html.H2("Where could a job go?"), className="panel-head"), form(feed)],
                className="panel form",
            ),
            html.Section(
                [
                    html.Div([html.H2("Places, best first"), copy], className="panel-head"),
                    html.Div(waiting, id="place-answer", className="answer",
                             **aria(live="polite")),
                ],
                className="panel results",
            ),
            html.Section(
                [
                    html.Div(
                        [html.H2("Racks"), html.Span("places are outlined and numbered")],
                        className="panel-head",
                    ),
                    tiles("place-floor", floor_drawing(feed.index)),
                ],
                className="panel floor",
            ),
        ],
        className="place-page",
    )  # fmt: skip


def register(app: Dash, feed: Feed) -> None:
    """Add the page's callbacks."""
    register_tiles(app, "place-floor")
    signal = floor_signals(feed.index)[SIGNAL]

    @on(
        app,
        Output("place-answer", "children"),
        Output("place-racks", "data"),
        Output("place-curl", "data"),
        Output("place-problem", "children"),
        Input("place-ask", "n_clicks"),
        State("url", "href"),
        *STATES,
        prevent_initial_call=True,
        running=[(Output("place-ask", "loading"), True, False)],
    )
    def ask(_clicks: int, href: str, *values: Any) -> Shown:
        return _asked(feed, href, dict(zip(FIELDS, values, strict=True)))

    @on(app, Output("place-floor-values", "data"), TICK, Input("place-racks", "data"))
    def floor(_tick: dict[str, Any] | None, racks: list[int]) -> Any:
        build = partial(_coloured, feed, tuple(racks))
        return feed.shared(("place-floor", tuple(racks)), build)

    def _coloured(feed: Feed, racks: tuple[int, ...], now: Summary) -> dict[str, Any]:
        return colours(floor_colours(feed.index, signal, now, racks))

    in_browser(
        app,
        "twin",
        "copy",
        Output("place-copy", "children"),
        Output("place-copy", "disabled"),
        Input("place-copy", "n_clicks"),
        Input("place-curl", "data"),
    )


def _asked(feed: Feed, href: str, values: dict[str, Any]) -> Shown:
    """Return what a filled form leads to: an answer, or one line on what is missing."""
    if not allowed(Role.SCHEDULER):
        return no_update, [], None, "This needs the role scheduler."
    try:
        request = read_form(values)
        answer = advise(feed, request)
    except (InputError, LookupError) as error:
        return no_update, [], None, str(error)
    at = urlsplit(href or "")
    curl = as_curl(request, f"{at.scheme}://{at.netloc}")
    shown = answer_view(feed.index, request, answer)
    return shown, marked_racks(feed.index, answer), curl, ""


PAGE = Page("/placement", "Placement", 30, layout, register)
