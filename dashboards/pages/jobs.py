"""What each job holds, draws, makes and costs."""

from typing import Any, NamedTuple

from dash import Dash, Output, State, html, no_update
from dash.development.base_component import Component

from dashboards.feed import Feed
from dashboards.jobs_now import jobs_now
from dashboards.parts.cards import strip
from dashboards.parts.jobs_view import (
    energy_bars,
    job_cards,
    job_columns,
    job_rows,
    job_table,
    power_bars,
)
from dashboards.parts.live import TICK, aria, on
from dashboards.parts.page import Page
from dashboards.summary import Summary


class Shown(NamedTuple):
    """What one tick changes on the page."""

    cards: list[Component]
    rows: list[dict[str, Any]]
    power: list[Component]
    energy: list[Component]


def layout(_feed: Feed, _search: str) -> Component:
    """Return the page before its first tick."""
    about = "energy, cost: at the utility meters, cooling and losses shared by IT energy"
    return html.Div(
        [
            html.H1("Jobs", className="unseen"),
            html.Section(id="jobs-cards", className="cards", **aria(label="Key figures")),
            _panel("Jobs", about, job_table("jobs-table"), "jobs"),
            _panel("GPU power now", "boards, by job", _bars("jobs-power"), "power"),
            _panel("Energy since their start", "at the utility meters, by job",
                   _bars("jobs-energy"), "energy"),
        ],
        className="jobs-page",
    )  # fmt: skip


def register(app: Dash, feed: Feed) -> None:
    """Add the page's callbacks."""

    @on(
        app,
        Output("jobs-cards", "children"),
        Output("jobs-table", "rowData"),
        Output("jobs-power", "children"),
        Output("jobs-energy", "children"),
        Output("jobs-table", "columnDefs"),
        TICK,
        State("jobs-table", "columnDefs"),
    )
    def figures(_tick: dict[str, Any] | None, columns: list[dict[str, Any]]) -> tuple[Any, ...]:
        shown = feed.shared("jobs-page", lambda now: _shown(feed, now))
        if shown is None:
            return (no_update,) * 5
        wanted = job_columns(shown.rows)
        same = [one["field"] for one in wanted] == [one["field"] for one in columns]
        return (*shown, no_update if same else wanted)


def _shown(feed: Feed, summary: Summary) -> Shown:
    now = jobs_now(feed, summary)
    return Shown(
        strip(job_cards(now, len(feed.plant.gpu_names))),
        job_rows(now),
        power_bars(now),
        energy_bars(now),
    )


def _bars(bars_id: str) -> Component:
    return html.Div(id=bars_id, className="standings")


def _panel(title: str, about: str, body: Component, area: str) -> Component:
    head = html.Div([html.H2(title), html.Span(about)], className="panel-head")
    return html.Section([head, body], className=f"panel {area}")


PAGE = Page("/jobs", "Jobs", 60, layout, register)
