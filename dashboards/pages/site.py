"""Is anything wrong, and how far from the limits? The site at one glance."""

import logging
import math
from functools import partial
from typing import Any, NamedTuple

import dash_mantine_components as dmc
import numpy as np
from dash import Dash, Input, Output, Patch, html, no_update
from dash.development.base_component import Component

from controllers.snapshot import Snapshot
from dashboards.closest import closest
from dashboards.feed import Feed
from dashboards.findings import Severity
from dashboards.history import binned, last
from dashboards.numbers import power_unit, span
from dashboards.parts.account_table import account_table
from dashboards.parts.ahead_chart import AHEAD_MIN, ahead_panels, ahead_series
from dashboards.parts.cards import strip
from dashboards.parts.chart_points import points, zone_name
from dashboards.parts.charts import Line, Panel, chart
from dashboards.parts.floor import floor_colours, floor_drawing, floor_signals
from dashboards.parts.grid_card import grid_cards
from dashboards.parts.live import SCHEME, TICK, aria, on
from dashboards.parts.page import Page
from dashboards.parts.past import Past, lines_of
from dashboards.parts.site_cards import site_cards
from dashboards.parts.tiles import colours, register_tiles, tiles
from dashboards.parts.work_card import work_card
from dashboards.parts.wrong import closest_list, wrong_list, wrong_title
from dashboards.summary import Summary
from dashboards.theme import Scheme, as_scheme

LOG = logging.getLogger(__name__)
SPAN_S, STEP_S = 1800.0, 4.0
MOST, FEW = 6, 2
"""Lines of what is closest to a limit; half of them where more than a few things are wrong."""


class Shown(NamedTuple):
    """What one tick changes on the page, the same for every session."""

    cards: list[Component]
    wrong: list[Component]
    wrong_title: str
    closest: list[Component]
    account: Component


def layout(feed: Feed, _search: str) -> Component:
    """Return the page before its first tick."""
    choices = [
        {"value": signal.name, "label": signal.title}
        for signal in floor_signals(feed.index).values()
    ]
    chooser = dmc.SegmentedControl(
        id="site-signal", data=choices, value=first_signal(feed), size="xs",
        **aria(label="Colour the racks by"),
    )  # fmt: skip
    return html.Div(
        [
            html.H1(f"Site {feed.plant.site}", className="unseen"),
            html.Section(id="site-cards", className="cards", **aria(label="Key figures")),
            html.Section(id="site-account", className="panel account", **aria(label="Account")),
            html.Section(
                [
                    html.Div([html.H2("Racks"), chooser], className="panel-head"),
                    tiles("site-floor", floor_drawing(feed.index)),
                ],
                className="panel floor",
            ),
            html.Section(
                [
                    html.Div(
                        [html.H2("What is wrong"), html.Span(id="site-wrong-title")],
                        className="panel-head",
                    ),
                    html.Div(id="site-wrong", className="wrong", **aria(live="polite")),
                    html.Div(html.H2("Closest to a limit"), className="panel-head"),
                    html.Div(id="site-closest", className="standings"),
                ],
                className="panel wrong-panel",
            ),
            html.Section(
                [
                    html.Div(
                        [html.H2("Last 30 minutes"), html.Span(zone_name(feed.world.zone))],
                        className="panel-head",
                    ),
                    chart("site-history", panels(feed)),
                ],
                className="panel history",
            ),
            html.Section(
                [
                    html.Div(
                        [
                            html.H2(f"Next {AHEAD_MIN:.0f} minutes"),
                            html.Span("being worked out", id="site-ahead-age"),
                        ],
                        className="panel-head",
                    ),
                    chart("site-ahead", ahead_panels(*panels(feed))),
                ],
                className="panel ahead",
            ),
        ],
        className="site-page",
    )


def register(app: Dash, feed: Feed) -> None:
    """Add the page's callbacks."""
    signals, past = floor_signals(feed.index), Past()
    feed.listeners.append(partial(_remember, feed, past))
    register_tiles(app, "site-floor")

    @on(
        app,
        Output("site-cards", "children"),
        Output("site-wrong", "children"),
        Output("site-wrong-title", "children"),
        Output("site-closest", "children"),
        Output("site-account", "children"),
        TICK,
    )
    def figures(_tick: dict[str, Any] | None) -> tuple[Any, ...]:
        return feed.shared("site", partial(_shown, feed, past)) or (no_update,) * 5

    @on(app, Output("site-floor-values", "data"), TICK, Input("site-signal", "value"))
    def floor(_tick: dict[str, Any] | None, name: str) -> Any:
        signal = signals.get(name, signals[first_signal(feed)])
        return feed.shared(
            ("floor", signal.name), lambda now: colours(floor_colours(feed.index, signal, now))
        )

    @on(app, Output("site-history", "figure"), TICK, SCHEME)
    def history(_tick: dict[str, Any] | None, scheme: str | None) -> Any:
        wanted = as_scheme(scheme)
        change = feed.shared(("site-history", wanted), lambda _: _history(feed, wanted))
        return no_update if change is None else change

    @on(
        app,
        Output("site-ahead", "figure"),
        Output("site-ahead-age", "children"),
        TICK,
        SCHEME,
    )
    def ahead(_tick: dict[str, Any] | None, scheme: str | None) -> tuple[Any, Any]:
        wanted = as_scheme(scheme)
        change = feed.shared(("site-ahead", wanted), lambda now: _ahead(feed, now, wanted))
        return change or (no_update, "being worked out")


def first_signal(feed: Feed) -> str:
    """Return what racks are coloured by at first: their hottest GPU, where there are any."""
    return "rack_gpu_temp_max_c" if len(feed.plant.gpu_names) else "rack_power_w"


def panels(feed: Feed) -> tuple[Panel, Panel]:
    """Return the charts' panels; their ranges hold the limits and never move."""
    arrays = feed.plant.arrays
    rated_w = float(np.sum(arrays.feeds.rating_w[feed.index.root_feeds]))
    racks_w = float(np.nansum(arrays.racks.rating_w))
    per, unit, _ = power_unit(max(rated_w, racks_w))
    limits_c = arrays.gpus.temp_limit_c
    limit_c = float(limits_c.min()) if len(limits_c) else math.nan
    top_c = (limit_c if math.isfinite(limit_c) else 90.0) + 10.0
    hottest = "Hottest GPU" if len(limits_c) else "No GPU on this site"
    return (
        Panel("Power", unit, (Line("facility", per), Line("IT", per)), 0.0,
              1.12 * (rated_w or racks_w) / per, rated_w / per if rated_w else math.nan,
              "utility rating"),
        Panel(hottest, "°C", (Line("hottest GPU"),), 20.0, top_c, limit_c, "lowest limit"),
    )  # fmt: skip


def _shown(feed: Feed, past: Past, summary: Summary) -> Shown:
    found = feed.findings
    wrong = sum(one.severity is not Severity.NOTE for one in found)
    return Shown(
        strip([*site_cards(feed.index, summary), work_card(feed.job_records, summary),
               *grid_cards(feed.grid)]),
        wrong_list(found, lines_of(past.recent, feed.world.zone)),
        wrong_title(found),
        closest_list(closest(feed.index, summary, MOST if wrong <= FEW else MOST // 2)),
        account_table(feed.accounts, feed.world.zone),
    )  # fmt: skip


def _remember(feed: Feed, past: Past, shot: Snapshot) -> None:
    """Note a tick's findings; what cannot be told of a tick must not stop the loop."""
    try:
        past.look(feed.findings, shot.state.time_s)
    except Exception:
        LOG.exception("what is wrong at a tick could not be told")


def _history(feed: Feed, scheme: Scheme) -> Patch:
    with feed.lock:
        series = [
            last(feed.history.site(name), SPAN_S)
            for name in ("site_facility_power_w", "site_it_power_w", "gpu_temp_max_c")
        ]
    bins = [binned(one, STEP_S) for one in series]
    return points(panels(feed), bins, scheme, feed.world.zone)


def _ahead(feed: Feed, summary: Summary, scheme: Scheme) -> tuple[Patch, str] | None:
    """Return the look-ahead's points and how old it is; None before the first."""
    ahead = feed.lookahead.at_once(summary.snapshot, AHEAD_MIN)
    if ahead is None:
        return None
    change = points(ahead_panels(*panels(feed)), ahead_series(ahead), scheme, feed.world.zone)
    age_s = max(summary.state.time_s - ahead.snapshot.state.time_s, 0.0)
    return change, f"inputs held as {span(age_s)} ago · band holds nine of ten"


PAGE = Page("/", "Site", 10, layout, register)
