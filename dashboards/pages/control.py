"""What is done to the site, by which policy and why; what people and the grid ask of it."""

from typing import Any, NamedTuple

import dash_mantine_components as dmc
import numpy as np
from dash import Dash, Input, Output, html, no_update
from dash.development.base_component import Component

from dashboards.control_now import ControlNow, control_now
from dashboards.feed import Feed
from dashboards.parts.cards import strip
from dashboards.parts.chart_points import points, zone_name
from dashboards.parts.charts import Panel, chart
from dashboards.parts.control_view import (
    control_cards,
    entry_rows,
    entry_table,
    policy_rows,
    policy_table,
    report_panel,
    report_series,
)
from dashboards.parts.floor import floor_drawing
from dashboards.parts.grid_card import grid_cards
from dashboards.parts.live import SCHEME, TICK, aria, on
from dashboards.parts.page import Page
from dashboards.parts.tiles import Colouring, colours, register_tiles, tiles
from dashboards.summary import Summary
from dashboards.theme import as_scheme

SHARES = {
    "cap": ("Power cap in force", "rack_cap_share"),
    "asked": ("Power cap policies come to", "rack_asked_share"),
    "clock": ("Clock in force", "rack_clock_share"),
}
CHOICES = (("cap", "Cap in force"), ("asked", "Cap asked for"), ("clock", "Clock in force"))


class Shown(NamedTuple):
    """What one tick changes on the page, the same for every session."""

    cards: list[Component]
    policies: list[dict[str, Any]]
    entries: list[dict[str, Any]]


def layout(feed: Feed, _search: str) -> Component:
    """Return the page before its first tick."""
    chooser = dmc.SegmentedControl(
        id="control-share", value="cap", size="xs",
        data=[{"value": value, "label": label} for value, label in CHOICES],
        **aria(label="Colour the racks by"),
    )  # fmt: skip
    zone = zone_name(feed.world.zone)
    return html.Div(
        [
            html.H1("Control", className="unseen"),
            html.Section(id="control-cards", className="cards", **aria(label="Key figures")),
            _panel("Policies", html.Span("the lowest cap wins; safety first"),
                   policy_table("control-policies"), "policies"),
            _panel("Racks", chooser, tiles("control-floor", floor_drawing(feed.index)), "map"),
            _panel("Last hour", html.Span(zone), chart("control-report", (_panel_of(feed),)),
                   "report"),
            _panel("Journal", html.Span(f"what was done, by whom and why · {zone}"),
                   entry_table("control-journal"), "journal"),
        ],
        className="control-page",
    )  # fmt: skip


def register(app: Dash, feed: Feed) -> None:
    """Add the page's callbacks."""
    register_tiles(app, "control-floor")

    def now_of(summary: Summary) -> ControlNow:
        return control_now(feed, summary)

    @on(
        app,
        Output("control-cards", "children"),
        Output("control-policies", "rowData"),
        Output("control-journal", "rowData"),
        TICK,
    )
    def figures(_tick: dict[str, Any] | None) -> tuple[Any, ...]:
        now = feed.shared("control", now_of)
        if now is None:
            return (no_update,) * 3
        cards = control_cards(now, len(feed.plant.gpu_names)) + grid_cards(feed.grid)
        return Shown(strip(cards), policy_rows(now), entry_rows(now, feed.world.zone))

    @on(app, Output("control-floor-values", "data"), TICK, Input("control-share", "value"))
    def floor(_tick: dict[str, Any] | None, name: str) -> Any:
        now = feed.shared("control", now_of)
        return no_update if now is None else colours(_colouring(feed, now, name))

    @on(app, Output("control-report", "figure"), TICK, SCHEME)
    def report(_tick: dict[str, Any] | None, scheme: str | None) -> Any:
        now = feed.shared("control", now_of)
        if now is None:
            return no_update
        wanted = as_scheme(scheme)
        return points((_panel_of(feed),), report_series(now), wanted, feed.world.zone)


def _panel_of(feed: Feed) -> Panel:
    arrays = feed.plant.arrays
    rated_w = float(np.sum(arrays.feeds.rating_w[feed.index.root_feeds]))
    return report_panel(rated_w or float(np.nansum(arrays.racks.rating_w)))


def _colouring(feed: Feed, now: ControlNow, name: str) -> Colouring:
    """Return the racks by a share in percent of the devices' own: below it is worth a look."""
    title, field = SHARES.get(name, SHARES["cap"])
    values = 100.0 * getattr(now, field)
    levels = np.where(values < 99.95, 1, 0)
    return Colouring(
        title=title, unit="%", values=values, low=40.0, high=100.0, levels=levels, tips=(),
        notes=feed.plant.rack_names, words=("held back", ""), reverse=True,
    )  # fmt: skip


def _panel(title: str, about: Component, body: Component, area: str) -> Component:
    head = html.Div([html.H2(title), about], className="panel-head")
    return html.Section([head, body], className=f"panel {area}")


PAGE = Page("/control", "Control", 70, layout, register)
"""Policies, holds and the grid: what is done, and by whom."""
