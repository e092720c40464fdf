"""Two places side by side: what is there now, what would be, and why."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from dash import html
from dash.development.base_component import Component

from controllers.placement.change import PlaceChange
from controllers.placement.models import Advice
from dashboards.index import Index
from dashboards.numbers import NONE, fixed, power
from dashboards.parts.place_answer import (
    brief,
    exchanges,
    place_name,
    small_share,
    with_unit,
)
from dashboards.parts.place_asked import SLOTS, Kept, change_of, place_of, request_of


class Line(NamedTuple):
    """One figure of a place."""

    title: str
    then: Callable[[Advice], float | None]
    now: Callable[[PlaceChange], float] | None
    shown: Callable[[float], str]
    step: Callable[[float], str]
    """How a change is written, without its sign."""
    better: int
    """1: more is better; -1: less is; 0: neither."""


def _degrees(value: float) -> str:
    return with_unit(value, 1, "°C")


def _kelvin(value: float) -> str:
    return f"{fixed(value, 1)} K"


LINES = (
    Line("Score", lambda a: a.score, None, lambda v: fixed(v, 2), fixed, 1),
    Line("Hottest GPU", lambda a: a.predicted.gpu_temp_max_c,
         lambda c: max(one.gpu_temp_now_c for one in c.racks), _degrees, _kelvin, -1),
    Line("Rack headroom", lambda a: a.predicted.rack_headroom_w,
         lambda c: c.rack_headroom_now_w, power, power, 1),
    Line("Row headroom", lambda a: a.predicted.row_headroom_w,
         lambda c: c.row_headroom_now_w, power, power, 1),
    Line("Site headroom", lambda a: a.predicted.site_headroom_w,
         lambda c: c.site_headroom_now_w, power, power, 1),
    Line("Coolant return", lambda a: a.predicted.tcs_return_c, None, _degrees, _kelvin, 0),
    Line("Exchange", lambda a: a.predicted.collective_s, None, brief, brief, -1),
    Line("Slowdown", lambda a: a.predicted.slowdown_share, None, small_share, small_share, -1),
    Line("Slows others", lambda a: a.predicted.neighbours_slowdown_share, None, small_share,
         small_share, -1),
    Line("Facility adds", lambda a: a.predicted.facility_power_w, None, power, power, -1),
)  # fmt: skip
"""What is compared, in the order of its weight for an operator."""
LOSSES = ("Slowdown", "Slows others")
"""Left out where nothing is told of what GPUs exchange and all get the power they ask."""


def compare_view(index: Index, kept: Kept, chosen: Sequence[int]) -> Component:
    """Return the table of one or two places; figures that neither has are left out."""
    places = [place_of(kept, at) for at in chosen]
    asked = exchanges(request_of(kept)) or any(one.predicted.throttle_share for one in places)
    changed = [change_of(kept, at) for at in chosen]
    head = [html.Th("")]
    head += [
        html.Th([html.Span(SLOTS[k], className="slot"), f" place {at + 1}"])
        for k, at in enumerate(chosen)
    ]
    where = [html.Td("Where", className="words")]
    where += [html.Td(place_name(index, place)) for place in places]
    rows: list[Component] = [html.Tr(where)]
    for line in LINES:
        values = [line.then(place) for place in places]
        if any(value is not None for value in values) and (asked or line.title not in LOSSES):
            rows.append(_row(line, values, changed))
    why = [html.Td("Why", className="words")]
    why += [html.Td([html.Div(one) for one in place.reasons], className="why") for place in places]
    return html.Table([html.Thead(html.Tr(head)), html.Tbody([*rows, html.Tr(why)])])


def _row(line: Line, values: list[float | None], changed: list[PlaceChange]) -> Component:
    best = _best(line, values)
    cells = [html.Td(line.title, className="words")]
    for at, (value, change) in enumerate(zip(values, changed, strict=True)):
        parts: list[Component | str] = [NONE if value is None else line.shown(value)]
        if at == best:
            parts.append(html.Span(" ◂ better", className="better"))
        if value is not None and line.now is not None:
            now = line.now(change)
            told = f"now {line.shown(now)}, {_change(line, value, now)}"
            parts.append(html.Div(told, className="now"))
        cells.append(html.Td(parts))
    return html.Tr(cells)


def _change(line: Line, value: float, now: float) -> str:
    """Return the difference of the two as they are shown, so that a reader's sum comes out.

    >>> _change(LINES[1], 75.16, 50.64)
    '+24.6 K'
    """
    digits = 1 if line.step is _kelvin else -2
    change = round(value, digits) - round(now, digits)
    return f"{'−' if change < 0.0 else '+'}{line.step(abs(change))}"


def _best(line: Line, values: list[float | None]) -> int:
    """Return the better of two by what is shown of them; -1 where they are level."""
    if len(values) != 2 or line.better == 0 or values[0] is None or values[1] is None:
        return -1
    if line.shown(values[0]) == line.shown(values[1]):
        return -1
    first = (values[0] > values[1]) == (line.better > 0)
    return 0 if first else 1
