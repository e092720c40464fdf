"""The ranked places of an answer as a table from which two are picked."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from dash import dcc, html
from dash.development.base_component import Component

from controllers.placement.models import Advice, Answer, Predicted, Request
from dashboards.findings import rack_href
from dashboards.index import Index
from dashboards.numbers import NONE, fixed, power, span
from dashboards.parts.live import aria, tip
from dashboards.parts.place_asked import SLOTS
from dashboards.parts.place_refused import Refusal, refusals

MOST_RACKS = 4
"""Racks of a place that are named in its line."""


class Column(NamedTuple):
    """One prediction as a column."""

    title: str
    about: str
    cell: Callable[[Predicted], str]


COLUMNS = (
    Column("Hottest GPU", "at rest with the job, in the hottest hour of its time",
           lambda p: with_unit(p.gpu_temp_max_c, 1, "°C")),
    Column("Rack headroom", "least power that its racks have left with the job",
           lambda p: power(p.rack_headroom_w)),
    Column("Row headroom", "least power left between its rows and the meter",
           lambda p: power(p.row_headroom_w)),
    Column("Coolant return", "warmest return to the CDUs",
           lambda p: with_unit(p.tcs_return_c, 1, "°C")),
    Column("Facility adds", "IT power, chain losses and cooling that the job adds at the meters",
           lambda p: power(p.facility_power_w)),
)  # fmt: skip
EXCHANGE = (
    Column("Exchange", "time of the exchange of a step, with the network shared with what runs",
           lambda p: brief(p.collective_s)),
    Column("Slowdown", "of its step, against the nearest place of an empty site",
           lambda p: small_share(p.slowdown_share)),
    Column("Slows others", "the job that loses most by sharing its network",
           lambda p: small_share(p.neighbours_slowdown_share)),
)  # fmt: skip
"""Columns of a question that tells what GPUs exchange."""


def answer_view(
    index: Index, request: Request, answer: Answer, chosen: Sequence[int] = ()
) -> list[Component]:
    """Return the table of places, and what was not offered and why.

    `chosen` are the positions of the places that are compared, A first.
    """
    parts: list[Component] = []
    if answer.advice:
        head = [html.Th("#"), html.Th("Compare", className="words")]
        head += [
            html.Th("Where", className="words"),
            html.Th("Score", **tip("0 to 1: temperature, headroom, fabric, packing")),
        ]
        columns = columns_of(request)
        head += [html.Th(one.title, **tip(one.about)) for one in columns]
        rows = [_row(index, at, one, chosen, columns) for at, one in enumerate(answer.advice)]
        parts.append(html.Table([html.Thead(html.Tr(head)), html.Tbody(rows)]))
    else:
        parts.append(html.Div(f"No place for {request.job} as asked.", className="problem"))
    parts += [_refused(one) for one in refusals(request, answer)]
    asked = " · ".join(asked_in_words(request))
    parts.append(html.Div(f"{asked}; on data {span(answer.age_s)} old.", className="rejected"))
    return parts


def columns_of(request: Request) -> tuple[Column, ...]:
    """Return the predictions that a question asks for."""
    return (*COLUMNS, *EXCHANGE) if exchanges(request) else COLUMNS


def exchanges(request: Request) -> bool:
    """Return whether a question tells what its GPUs exchange."""
    return request.count > 1 and not (request.profile is None and request.collective is None)


def asked_in_words(request: Request) -> list[str]:
    """Return what was asked, but for what every question has, in words."""
    words = [f"{request.gpus:g} GPUs for {span(request.duration_s)}"]
    words += [request.profile] if request.profile else []
    words += [f"{request.gpu_power_w:g} W a GPU"] if request.gpu_power_w else []
    if request.collective is not None:
        words.append(request.collective.op)
    for word, level in (("within", request.required_level), ("better in", request.preferred_level)):
        words += [f"{word} one {level.replace('_', ' ')}"] if level else []
    words += ["at N-1"] if request.n_minus_1 else []
    return words


def _refused(one: Refusal) -> Component:
    """Return a line for GPUs that were not offered, with the field that could change it."""
    gpus = f"{one.gpus:,} GPU{'s' * (one.gpus != 1)}"
    said: list[Component | str] = [f"Not offered: {gpus} {one.why}"]
    said += [" · see ", html.Strong(one.field)] if one.field else []
    return html.Div(said, className="rejected")


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


def brief(time_s: float | None) -> str:
    """Return a short time in the unit that suits it; a dash where an answer leaves it out."""
    if time_s is None or not math.isfinite(time_s):
        return NONE
    for unit, per in (("s", 1.0), ("ms", 1e-3)):
        if time_s >= per:
            return f"{fixed(time_s / per, 2)} {unit}"
    return f"{fixed(time_s * 1e6, 1)} µs"


def small_share(value: float | None) -> str:
    """Return a share that may be well below one percent."""
    return NONE if value is None or not math.isfinite(value) else f"{fixed(100.0 * value, 1)} %"


def _row(
    index: Index, at: int, one: Advice, chosen: Sequence[int], columns: Sequence[Column]
) -> Component:
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
            *(html.Td(column.cell(one.predicted)) for column in columns),
        ],
        className="chosen" if at in chosen else "",
    )
