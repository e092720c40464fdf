"""Which trunks are full, what each job gets of them, which links are ill."""

from typing import Any, NamedTuple

from dash import Dash, Output, html, no_update
from dash.development.base_component import Component

from dashboards.feed import Feed
from dashboards.parts.cards import strip
from dashboards.parts.fabric_cards import fabric_cards
from dashboards.parts.fabric_tables import ills, job_rows, job_table, trunk_rows, trunk_table
from dashboards.parts.live import TICK, aria, on
from dashboards.parts.page import Page
from dashboards.parts.tiles import colours, register_tiles, tiles
from dashboards.parts.trunk_map import trunk_colours, trunk_drawing
from dashboards.summary import Summary


class Shown(NamedTuple):
    """What one tick changes on the page."""

    cards: list[Component]
    trunks: list[dict[str, Any]]
    jobs: list[dict[str, Any]]
    ills: list[Component]
    map: dict[str, Any]


def layout(feed: Feed, _search: str) -> Component:
    """Return the page before its first tick; one sentence for a site without a network."""
    fabric = feed.plant.fabric
    if len(fabric.switch_names) == 0:
        said = f"{feed.plant.site} states no scale-out network: its GPUs share NVLink alone."
        return html.Section(html.P(said, className="quiet"), className="panel")
    tiers = f"{fabric.transport}{', the switches reduce' if fabric.in_network else ''}"
    return html.Div(
        [
            html.H1("Fabric", className="unseen"),
            html.Section(id="fabric-cards", className="cards", **aria(label="Key figures")),
            _panel("Trunks", tiers, tiles("fabric-map", trunk_drawing(feed.plant)), "map"),
            _panel("Load against rate", "one direction, all jobs communicating at once",
                   trunk_table("fabric-trunks"), "trunks"),
            _panel("Jobs", "of one GPU's interface", job_table("fabric-jobs"), "jobs"),
            _panel("Links down, degraded, suspected", "",
                   html.Div(id="fabric-ills", className="wrong", **aria(live="polite")), "ills"),
        ],
        className="fabric-page",
    )  # fmt: skip


def register(app: Dash, feed: Feed) -> None:
    """Add the page's callbacks."""
    register_tiles(app, "fabric-map")

    @on(
        app,
        Output("fabric-cards", "children"),
        Output("fabric-trunks", "rowData"),
        Output("fabric-jobs", "rowData"),
        Output("fabric-ills", "children"),
        Output("fabric-map-values", "data"),
        TICK,
    )
    def figures(_tick: dict[str, Any] | None) -> tuple[Any, ...]:
        return feed.shared("fabric-page", lambda now: _shown(feed, now)) or (no_update,) * 5


def _shown(feed: Feed, summary: Summary) -> Shown:
    plant, now = summary.snapshot.plant, feed.fabric_now(summary)
    return Shown(
        strip(fabric_cards(plant, now)),
        trunk_rows(plant, now),
        job_rows(now),
        ills(plant, now),
        colours(trunk_colours(plant, now)),
    )


def _panel(title: str, about: str, body: Component, area: str) -> Component:
    head = html.Div([html.H2(title), html.Span(about)], className="panel-head")
    return html.Section([head, body], className=f"panel {area}")


PAGE = Page("/fabric", "Fabric", 50, layout, register)
