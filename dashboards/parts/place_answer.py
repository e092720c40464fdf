"""The ranked places of an answer as a table from which two are picked."""

import math
from collections.abc import Callable, Sequence

from dash import dcc, html
from dash.development.base_component import Component

from controllers.placement.models import Advice, Answer, Predicted, Request
from dashboards.findings import rack_href
from dashboards.index import Index
from dashboards.numbers import NONE, fixed, power, share, span
from dashboards.parts.live import aria
from dashboards.parts.place_asked import SLOTS

Cell = Callable[[Predicted], str]
MOST_RACKS = 4
"""Racks of a place that are named in its line."""

COLUMNS: tuple[tuple[str, Cell], ...] = (
    ("Hottest GPU", lambda p: with_unit(p.gpu_temp_max_c, 1, "°C")),
    ("Rack headroom", lambda p: power(p.rack_headroom_w)),
    ("Row headroom", lambda p: power(p.row_headroom_w)),
    ("Coolant return", lambda p: with_unit(p.tcs_return_c, 1, "°C")),
    ("Slowdown", lambda p: NONE if p.slowdown_share is None else share(p.slowdown_share)),
    ("Facility adds", lambda p: power(p.facility_power_w)),
)
"""Heading of a prediction and how it is written."""


def answer_view(
    index: Index, request: Request, answer: Answer, chosen: Sequence[int] = ()
) -> list[Component]:
    """Return the table of places, and what was not offered and why.

    `chosen` are the positions of the places that are compared, A first.
    """
    parts: list[Component] = []
    if answer.advice:
        head = [html.Th("#"), html.Th("Compare", className="words")]
        head += [html.Th("Where", className="words"), html.Th("Score")]
        head += [html.Th(title) for title, _ in COLUMNS]
        rows = [_row(index, at, one, chosen) for at, one in enumerate(answer.advice)]
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


def badges(index: Index, answer: Answer, chosen: Sequence[int]) -> dict[int, str]:
    """Return what each offered rack is marked with: A, B or both, else its best place's rank."""
    found: dict[int, str] = {}
    for at, one in enumerate(answer.advice):
        for rack in racks_of(index, one):
            if at not in chosen:
                found.setdefault(rack, str(at + 1))
    for slot, at in zip(SLOTS, chosen, strict=False):
        for rack in racks_of(index, answer.advice[at]):
            both = found.get(rack, "") == SLOTS[0] and slot == SLOTS[1]
            found[rack] = f"{SLOTS[0]} {slot}" if both else slot
    return found


def place_name(index: Index, advice: Advice) -> list[Component | str]:
    """Return the racks of a place as links, then how many nodes and GPUs."""
    names = [index.plant.rack_names[rack] for rack in racks_of(index, advice)]
    links: list[Component | str] = []
    for name in names[:MOST_RACKS]:
        links += [dcc.Link(name, href=rack_href(name)), " "]
    if len(names) > MOST_RACKS:
        links.append(f"and {len(names) - MOST_RACKS} racks more ")
    nodes = f"{len(advice.nodes)} node{'s' * (len(advice.nodes) > 1)}, {len(advice.gpus)} GPUs"
    return [*links, html.Span(nodes, title=", ".join(advice.nodes))]


def with_unit(value: float | None, digits: int, unit: str) -> str:
    """Return a number that an answer may leave out, with its unit."""
    return NONE if value is None or not math.isfinite(value) else f"{fixed(value, digits)} {unit}"


def _row(index: Index, at: int, one: Advice, chosen: Sequence[int]) -> Component:
    """Return a place's line of figures with the buttons that pick it."""
    picks = [
        html.Button(
            slot,
            id={"type": "place-pick", "slot": number, "at": at},
            className="pick on" if chosen[number : number + 1] == [at] else "pick",
            title=f"Compare place {at + 1} as {slot}",
            **aria(pressed=str(list(chosen[number : number + 1]) == [at]).lower()),
        )
        for number, slot in enumerate(SLOTS)
    ]
    return html.Tr(
        [
            html.Td(str(at + 1), className="rank"),
            html.Td(picks, className="picks"),
            html.Td(place_name(index, one), className="where"),
            html.Td(fixed(one.score, 2)),
            *(html.Td(cell(one.predicted)) for _, cell in COLUMNS),
        ],
        className="chosen" if at in chosen else "",
    )
