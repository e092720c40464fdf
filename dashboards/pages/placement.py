"""Where could a job go, and why there: the scheduler's question, asked by a person."""

from functools import partial
from typing import Any
from urllib.parse import urlsplit

import dash_mantine_components as dmc
from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboards.auth import CALLER, LOOPBACK, Role, allowed
from dashboards.feed import Feed
from dashboards.parts.floor import floor_drawing
from dashboards.parts.live import TICK, aria, in_browser, on
from dashboards.parts.page import Page
from dashboards.parts.place_answer import answer_view
from dashboards.parts.place_asked import Kept, answer_of, asked, picked, place_of, request_of
from dashboards.parts.place_commands import as_curl, as_sbatch
from dashboards.parts.place_compare import compare_view
from dashboards.parts.place_fields import BY_NAME, FIELDS
from dashboards.parts.place_floor import VIEWS, Shown, place_colours, shown_of
from dashboards.parts.place_form import ERRORS, FOLD, STATES, fold_title, form
from dashboards.parts.place_query import query_of, values_of
from dashboards.parts.place_request import FormError, read_form
from dashboards.parts.place_workloads import about
from dashboards.parts.tiles import colours, register_tiles, tiles
from dashboards.summary import Summary
from site_models.errors import InputError

FIRST = [0, 1]
"""The places that are compared at first."""
ASKS = [
    Input("place-ask", "n_clicks"),
    *(Input(f"place-{one.name}", "n_submit") for one in FIELDS if one.kind != "choice"),
]
OUTCOME = [
    Output("place-asked", "data"),
    Output("place-picked", "data"),
    Output("place-problem", "children"),
    Output("place-more", "value"),
    Output("place-more-title", "children"),
    Output("place-query", "data"),
    *ERRORS,
]


def layout(feed: Feed, search: str) -> Component:
    """Return the form, filled as the address says, beside an empty answer."""
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
            dcc.Store(id="place-query"),
            dcc.Store(id="place-query-shown"),
            html.H1("Placement", className="unseen"),
            html.Section([_head("Where could a job go?"), form(feed, values_of(search))],
                         className="panel form"),
            _panel("Places, best first", html.Div(copies, className="tools"), "place-answer",
                   "results", "Places come here once the question is asked."),
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
        caller = CALLER.get()
        by_token = caller is not None and caller.name != LOOPBACK
        curl = as_curl(request, f"{at.scheme}://{at.netloc}", by_token)
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
    in_browser(app, "twin", "address", Output("place-query-shown", "data"),
               Input("place-query", "data"))  # fmt: skip


def _register_asking(app: Dash, feed: Feed) -> None:
    """Add the callbacks of the form and of the buttons in the table."""

    @on(app, *OUTCOME, *ASKS, *STATES, running=[(Output("place-ask", "loading"), True, False)])
    def ask(*values: Any) -> tuple[Any, ...]:
        filled = dict(zip(BY_NAME, values[len(ASKS) :], strict=True))
        unasked = ctx.triggered_id is None and not query_of(filled)
        if not allowed(Role.SCHEDULER):
            if unasked:
                raise PreventUpdate
            return _unfit(filled, FormError("This needs the role scheduler."))
        try:
            try:
                kept = asked(feed, read_form(filled))
            except InputError as error:
                raise FormError(str(error)) from None
        except FormError as problem:
            return _unfit(filled, problem)
        except LookupError as error:
            if unasked:
                raise PreventUpdate from None
            return _unfit(filled, FormError(str(error)))
        errors = [None] * len(BY_NAME)
        return kept, FIRST, "", no_update, fold_title(filled), query_of(filled), *errors

    @on(app, Output("place-profile", "description"), Input("place-profile", "value"),
        prevent_initial_call=True)  # fmt: skip
    def workload(name: str | None) -> str:
        return about(name)

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


def _unfit(filled: dict[str, Any], problem: FormError) -> tuple[Any, ...]:
    """Return the form with what is wrong beside its field, the earlier answer kept."""
    field = BY_NAME.get(problem.field)
    errors = [str(problem) if one is field else None for one in BY_NAME.values()]
    folded = field is not None and bool(field.group)
    said = f"See {field.label} below." if field and folded else "" if field else str(problem)
    opened = FOLD if folded else no_update
    return no_update, no_update, said, opened, fold_title(filled), no_update, *errors


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
