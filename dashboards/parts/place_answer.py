"""The ranked places of an answer as a table, with the reasons in words."""

import math
from collections.abc import Callable

from dash import dcc, html
from dash.development.base_component import Component

from controllers.placement.models import Advice, Answer, Predicted, Request
from dashboards.findings import rack_href
from dashboards.index import Index
from dashboards.numbers import NONE, fixed, power, share, span

Cell = Callable[[Predicted], str]

COLUMNS: tuple[tuple[str, Cell], ...] = (
    ("Hottest GPU", lambda p: _with(p.gpu_temp_max_c, 1, "°C")),
    ("Throttled", lambda p: share(p.throttle_share)),
    ("Rack headroom", lambda p: power(p.rack_headroom_w)),
    ("Row headroom", lambda p: power(p.row_headroom_w)),
    ("Site headroom", lambda p: power(p.site_headroom_w)),
    ("Coolant return", lambda p: _with(p.tcs_return_c, 1, "°C")),
    ("Facility adds", lambda p: power(p.facility_power_w)),
)
"""Heading of a prediction and how it is written."""


def answer_view(index: Index, request: Request, answer: Answer) -> list[Component]:
    """Return the table of places, and what was not offered and why."""
    parts: list[Component] = []
    if answer.advice:
        head = [html.Th("#"), html.Th("Where", className="words"), html.Th("Score")]
        head += [html.Th(title) for title, _ in COLUMNS]
        rows = [row for at, one in enumerate(answer.advice, 1) for row in _rows(index, at, one)]
        parts.append(html.Table([html.Thead(html.Tr(head)), html.Tbody(rows)]))
    else:
        parts.append(html.Div(f"No feasible place for {request.job}.", className="problem"))
    if answer.rejected:
        reasons = "; ".join(f"{count} × {why}" for why, count in answer.rejected.items())
        parts.append(html.Div(f"Not offered: {reasons}.", className="rejected"))
    parts.append(
        html.Div(
            f"{request.gpus:g} GPUs for {span(request.duration_s)};"
            f" rests on data {span(answer.age_s)} old.",
            className="rejected",
        )
    )
    return parts


def racks_of(index: Index, advice: Advice) -> list[int]:
    """Return the racks that a place touches, first come first."""
    racks = [int(index.rack_of_gpu[index.gpu[name]]) for name in advice.gpus]
    return list(dict.fromkeys(racks))


def marked_racks(index: Index, answer: Answer) -> list[int]:
    """Return every rack offered, in the order of the places."""
    return list(dict.fromkeys(rack for one in answer.advice for rack in racks_of(index, one)))


def _rows(index: Index, rank: int, one: Advice) -> list[Component]:
    """Return a place's line of figures and its line of reasons."""
    names = [index.plant.rack_names[rack] for rack in racks_of(index, one)]
    links: list[Component | str] = []
    for name in names[:4]:
        links += [dcc.Link(name, href=rack_href(name)), " "]
    if len(names) > 4:
        links.append(f"and {len(names) - 4} racks more ")
    nodes = f"{len(one.nodes)} node{'s' * (len(one.nodes) > 1)}, {len(one.gpus)} GPUs"
    where = html.Td([*links, html.Span(nodes, title=", ".join(one.nodes))], className="where")
    figures = [
        html.Td(str(rank), className="rank"),
        where,
        html.Td(fixed(one.score, 2)),
        *(html.Td(cell(one.predicted)) for _, cell in COLUMNS),
    ]
    why = html.Td("; ".join(one.reasons), colSpan=len(figures) - 1, className="words")
    return [html.Tr(figures), html.Tr([html.Td(), why], className="why")]


def _with(value: float | None, digits: int, unit: str) -> str:
    """Return a number that an answer may leave out, with its unit."""
    return NONE if value is None or not math.isfinite(value) else f"{fixed(value, digits)} {unit}"
