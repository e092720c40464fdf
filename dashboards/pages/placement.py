"""Where could a job go, and why there: the scheduler's question, asked by a person."""

from functools import partial
from typing import Any
from urllib.parse import urlsplit

import dash_mantine_components as dmc
from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboards.auth import Role, allowed
from dashboards.feed import Feed
from dashboards.parts.floor import floor_drawing
from dashboards.parts.live import TICK, aria, in_browser, on
from dashboards.parts.page import Page
from dashboards.parts.place_answer import answer_view
from dashboards.parts.place_asked import Kept, answer_of, asked, picked, place_of, request_of
from dashboards.parts.place_commands import as_curl, as_sbatch
from dashboards.parts.place_compare import compare_view
from dashboards.parts.place_floor import VIEWS, Shown, place_colours, shown_of
from dashboards.parts.place_form import FIELDS, STATES, form, read_form
from dashboards.parts.tiles import colours, register_tiles, tiles
from dashboards.summary import Summary
from site_models.errors import InputError

FIRST = [0, 1]
"""The places that are compared at first."""


def layout(feed: Feed, _search: str) -> Component:
    """Return the form beside an empty answer."""
    copies = [_copy("place-copy", "Copy as curl"), _copy("place-sbatch", "Copy as sbatch")]
    view = dmc.SegmentedControl(
        id="place-view", data=[*VIEWS], value=VIEWS[1], size="xs",
        **aria(label="Show the racks"),
    )  # fmt: skip
    return html.Div(
        [
            dcc.Store(id="place-asked"),
            dcc.Store(id="place-picked", data=FIRST),
            dcc.Store(id="place-curl"),
            dcc.Store(id="place-sbatch-text"),
            html.H1("Placement", className="unseen"),
            html.Section([_head("Where could a job go?"), form(feed)], className="panel form"),
            _panel("Places, best first", html.Div(copies, className="tools"), "place-answer",
                   "results", "Fill in the form and ask: the places come here, best first."),
            html.Section([_head("Racks", view), tiles("place-floor", floor_drawing(feed.index))],
                         className="panel floor"),
            _panel("Side by side", html.Span("A and B of the table"), "place-compare", "compare",
                   "Two places of an answer stand here side by side."),
        ],
        className="place-page",
    )  # fmt: skip


def register(app: Dash, feed: Feed) -> None:
    """Add the page's callbacks."""
    register_tiles(app, "place-floor")
    _register_asking(app, feed)

    @on(
        app,
        Output("place-answer", "children"),
        Output("place-compare", "children"),
        Output("place-curl", "data"),
        Output("place-sbatch-text", "data"),
        Input("place-asked", "data"),
        Input("place-picked", "data"),
        State("url", "href"),
        prevent_initial_call=True,
    )
    def show(kept: Kept | None, slots: list[int], href: str | None) -> tuple[Any, Any, Any, Any]:
        if kept is None:
            return no_update, no_update, None, None
        chosen, request, at = picked(kept, slots), request_of(kept), urlsplit(href or "")
        table = answer_view(feed.index, request, answer_of(kept), chosen)
        curl = as_curl(request, f"{at.scheme}://{at.netloc}")
        if not chosen:
            return table, html.P("There is no place to look at.", className="quiet"), curl, None
        sbatch = as_sbatch(feed.index, request, place_of(kept, chosen[0]))
        return table, compare_view(feed.index, kept, chosen), curl, sbatch

    @on(
        app,
        Output("place-floor-values", "data"),
        TICK,
        Input("place-asked", "data"),
        Input("place-picked", "data"),
        Input("place-view", "value"),
    )
    def floor(_tick: Any, kept: Kept | None, slots: list[int], view: str) -> Any:
        shown = shown_of(feed.index, kept, slots, view)
        return feed.shared(("place-floor", shown), partial(_coloured, feed, shown))

    for name, button, text in (
        ("copyCurl", "place-copy", "place-curl"),
        ("copySbatch", "place-sbatch", "place-sbatch-text"),
    ):
        outputs = Output(button, "children"), Output(button, "disabled")
        in_browser(app, "twin", name, *outputs, Input(button, "n_clicks"), Input(text, "data"))


def _register_asking(app: Dash, feed: Feed) -> None:
    """Add the callbacks of the form and of the buttons in the table."""

    @on(
        app,
        Output("place-asked", "data"),
        Output("place-picked", "data"),
        Output("place-problem", "children"),
        Input("place-ask", "n_clicks"),
        *STATES,
        prevent_initial_call=True,
        running=[(Output("place-ask", "loading"), True, False)],
    )
    def ask(_clicks: int, *values: Any) -> tuple[Any, Any, str]:
        if not allowed(Role.SCHEDULER):
            return no_update, no_update, "This needs the role scheduler."
        try:
            return asked(feed, read_form(dict(zip(FIELDS, values, strict=True)))), FIRST, ""
        except (InputError, LookupError) as error:
            return no_update, no_update, str(error)

    @on(
        app,
        Output("place-picked", "data", allow_duplicate=True),
        Input({"type": "place-pick", "slot": ALL, "at": ALL}, "n_clicks"),
        State("place-picked", "data"),
        prevent_initial_call=True,
    )
    def pick(clicks: list[int | None], slots: list[int]) -> list[int]:
        pressed = ctx.triggered_id
        if pressed is None or not any(clicks):
            raise PreventUpdate
        return [pressed["at"] if k == pressed["slot"] else at for k, at in enumerate(slots)]


def _coloured(feed: Feed, shown: Shown, now: Summary) -> dict[str, Any]:
    return colours(place_colours(feed.index, now, shown))


def _copy(button: str, label: str) -> Component:
    shown: Component = dmc.Button(
        label, id=button, size="compact-xs", variant="default", disabled=True
    )
    return shown


def _head(title: str, *beside: Component) -> Component:
    return html.Div([html.H2(title), *beside], className="panel-head")


def _panel(title: str, beside: Component, inner: str, area: str, waiting: str) -> Component:
    """Return a panel whose content comes with an answer."""
    content = html.Div(
        html.P(waiting, className="quiet"), id=inner, className="answer", **aria(live="polite")
    )
    return html.Section([_head(title, beside), content], className=f"panel {area}")


PAGE = Page("/placement", "Placement", 30, layout, register)
