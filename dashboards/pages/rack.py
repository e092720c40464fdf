"""One rack: its GPUs node by node, its coolant against the limits, its last half hour."""

import math
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import dash_mantine_components as dmc
from dash import Dash, Input, Output, Patch, State, dcc, html, no_update
from dash.development.base_component import Component

from dashboards.feed import Feed
from dashboards.history import binned, last
from dashboards.numbers import power_unit
from dashboards.parts.cards import strip
from dashboards.parts.chart_points import points, zone_name
from dashboards.parts.charts import Line, Panel, chart
from dashboards.parts.gpu_grid import GPU_CHOICES, gpu_colours, gpu_drawing
from dashboards.parts.live import SCHEME, TICK, aria, on
from dashboards.parts.node_table import node_rows, node_table
from dashboards.parts.page import Page
from dashboards.parts.rack_cards import rack_cards
from dashboards.parts.tiles import colours, register_tiles, tiles
from dashboards.summary import Summary
from dashboards.theme import Scheme, as_scheme

SPAN_S, STEP_S = 1800.0, 4.0


class Shown(NamedTuple):
    """What one tick changes on the page of one rack."""

    cards: list[Component]
    rows: list[dict[str, Any]]


def layout(feed: Feed, search: str) -> Component:
    """Return the page of the rack in the address; of the first one where there is none."""
    names = feed.plant.rack_names
    asked = parse_qs(search.lstrip("?")).get("id", [names[0] if names else ""])[0]
    if asked not in feed.index.rack:
        return html.P(f"The site has no rack {asked!r}.", className="quiet")
    rack = feed.index.rack[asked]
    return html.Div(
        [
            dcc.Store(id="rack-at", data=rack),
            _top(feed, rack),
            html.Section(id="rack-cards", className="cards", **aria(label="Key figures")),
            _gpus(feed, rack),
            _panel("Nodes", "in the order of the rack", node_table("rack-nodes"), "nodes"),
            _panel(
                "Last 30 minutes",
                zone_name(feed.world.zone),
                chart("rack-history", panels(feed, rack)),
                "history",
            ),
        ],
        className="rack-page",
    )


def register(app: Dash, feed: Feed) -> None:
    """Add the page's callbacks."""
    register_tiles(app, "rack-gpus")
    at = State("rack-at", "data")

    @on(app, Output("rack-cards", "children"), Output("rack-nodes", "rowData"), TICK, at)
    def figures(_tick: dict[str, Any] | None, rack: int) -> tuple[Any, ...]:
        return feed.shared(("rack", rack), lambda now: _shown(feed, now, rack)) or (no_update,) * 2

    @on(app, Output("rack-gpus-values", "data"), TICK, Input("rack-signal", "value"), at)
    def gpus(_tick: dict[str, Any] | None, signal: str, rack: int) -> Any:
        wanted = signal if signal in GPU_CHOICES else "gpu_temp_c"
        return feed.shared(
            ("gpus", rack, wanted),
            lambda now: colours(gpu_colours(feed.index, now, rack, wanted)),
        )

    @on(app, Output("rack-history", "figure"), TICK, SCHEME, at)
    def history(_tick: dict[str, Any] | None, scheme: str | None, rack: int) -> Any:
        wanted = as_scheme(scheme)
        change = feed.shared(("rack-history", rack, wanted), lambda _: _history(feed, rack, wanted))
        return no_update if change is None else change

    @on(app, Output("url", "search"), Input("rack-chooser", "value"), at, prevent_initial_call=True)
    def choose(name: str | None, rack: int) -> Any:
        if name is None or name == feed.plant.rack_names[rack]:
            return no_update
        return f"?id={name}"


def _top(feed: Feed, rack: int) -> Component:
    """Return the chooser with the racks before and after."""
    plant, names = feed.plant, feed.plant.rack_names
    arrays, cdu = plant.arrays, feed.index.cdu_of_rack(rack)
    row = int(arrays.racks.row[rack])
    about = [
        plant.rack_model[rack],
        plant.row_names[row] if row >= 0 else "",
        f"cooled by {plant.exchanger_names[cdu]}" if cdu >= 0 else "air-cooled",
        "" if arrays.racks.in_service[rack] else "▲ out of service",
    ]
    step = {
        word: dcc.Link(sign, href=f"/rack?id={names[(rack + by) % len(names)]}", className="link",
                       title=word)
        for word, sign, by in (("Rack before", "‹", -1), ("Rack after", "›", 1))
    }  # fmt: skip
    return html.Div(
        [
            html.H1("Rack"),
            step["Rack before"],
            dmc.Select(
                id="rack-chooser", data=list(names), value=names[rack], searchable=True, size="xs",
                w=150, allowDeselect=False, **aria(label="Rack"),
            ),
            step["Rack after"],
            html.Span(" · ".join(part for part in about if part), className="about"),
        ],
        className="top",
    )  # fmt: skip


def _gpus(feed: Feed, rack: int) -> Component:
    choices = [{"value": name, "label": label} for name, label in GPU_CHOICES.items()]
    chooser = dmc.SegmentedControl(
        id="rack-signal", data=choices, value="gpu_temp_c", size="xs",
        **aria(label="Colour the GPUs by"),
    )  # fmt: skip
    drawing = gpu_drawing(feed.index, rack)
    body: Component = tiles("rack-gpus", drawing)
    if not drawing.tiles:
        hidden = html.Div(body, hidden=True)  # its callbacks look for it
        body = html.Div([hidden, html.P("No GPU in this rack.", className="quiet")])
    return html.Section(
        [html.Div([html.H2("GPUs by node"), chooser], className="panel-head"), body],
        className="panel gpus",
    )


def _panel(title: str, about: str, body: Component, area: str) -> Component:
    head = html.Div([html.H2(title), html.Span(about)], className="panel-head")
    return html.Section([head, body], className=f"panel {area}")


def panels(feed: Feed, rack: int) -> tuple[Panel, ...]:
    """Return the charts' panels for a rack."""
    arrays = feed.plant.arrays
    rating_w = float(arrays.racks.rating_w[rack])
    per, unit, _ = power_unit(rating_w)
    limit_c = float(feed.index.rack_gpu_limit_c[rack])
    liquid = arrays.racks.liquid_circuit[rack] >= 0
    second = Line("coolant return") if liquid else Line("inlet air")
    top_c = (limit_c if math.isfinite(limit_c) else 60.0) + 8.0
    lines = (Line("hottest GPU"), second) if math.isfinite(limit_c) else (second,)
    return (
        Panel("Rack power", unit, (Line("rack", per),), 0.0, 1.15 * rating_w / per,
              rating_w / per, "rating"),
        Panel("Temperature", "°C", lines, 15.0, top_c, limit_c, "GPU limit"),
    )  # fmt: skip


def _shown(feed: Feed, summary: Summary, rack: int) -> Shown:
    return Shown(strip(rack_cards(feed.index, summary, rack)), node_rows(feed.index, summary, rack))


def _history(feed: Feed, rack: int, scheme: Scheme) -> Patch:
    liquid = feed.plant.arrays.racks.liquid_circuit[rack] >= 0
    names = ["rack_power_w", "rack_return_c" if liquid else "rack_inlet_c"]
    if math.isfinite(feed.index.rack_gpu_limit_c[rack]):
        names.insert(1, "rack_gpu_temp_max_c")
    with feed.lock:
        series = [last(feed.history.rack(name, rack), SPAN_S) for name in names]
    bins = [binned(one, STEP_S) for one in series]
    return points(panels(feed, rack), bins, scheme, feed.world.zone)


PAGE = Page("/rack", "Rack", 20, layout, register)
