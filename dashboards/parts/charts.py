"""Charts over time: one figure at the start, then only their points are patched."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dash import dcc
from dash.development.base_component import Component

from dashboards.theme import COLOURS, Scheme, chart_template

MINUTE_MS = 60_000
CONFIG: Any = {"displayModeBar": False, "responsive": True, "scrollZoom": False}
BELOW = 0.75
"""Part of the range above which a limit's name stands below it, clear of the panel's title."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a panel; `per` display units are one base unit's divisor."""

    name: str
    per: float = 1.0
    dash: str = "solid"
    shift: float = 0.0
    edge: str = ""
    """`low` or `high`: the edge of a band about the panel's first line, the low one first."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One plot: lines on a common axis, its fixed range and the limit drawn."""

    title: str
    unit: str
    lines: tuple[Line, ...]
    low: float
    high: float
    limit: float = math.nan
    limit_name: str = "limit"


def chart(graph_id: str, panels: Sequence[Panel]) -> Component:
    """Return panels side by side with no points yet, to be filled by `points`."""
    return dcc.Graph(
        id=graph_id, figure=figure(panels, "light"), config=CONFIG, className="chart",
        responsive=True,
    )  # fmt: skip


def figure(panels: Sequence[Panel], scheme: Scheme) -> dict[str, Any]:
    """Return the figure with no points yet."""
    layout: dict[str, Any] = {
        "template": chart_template(scheme),
        "margin": {"l": 46, "r": 14, "t": 26, "b": 26},
        "hovermode": "x unified",
        "showlegend": False,
        "uirevision": "kept",
        "shapes": [],
        "annotations": [],
    }
    data: list[dict[str, Any]] = []
    for at, panel in enumerate(panels):
        _panel(layout, data, panel, at, len(panels), scheme)
    return {"data": data, "layout": layout}


def _panel(
    layout: dict[str, Any],
    data: list[dict[str, Any]],
    panel: Panel,
    at: int,
    count: int,
    scheme: Scheme,
) -> None:
    """Add one panel to the right of those before it."""
    suffix = "" if at == 0 else str(at + 1)
    gap = 0.07
    width = (1.0 - gap * (count - 1)) / count
    left = at * (width + gap)
    layout[f"yaxis{suffix}"] = {
        "range": [panel.low, panel.high],
        "nticks": 6,
        "fixedrange": True,
        "anchor": f"x{suffix}",
    }
    layout[f"xaxis{suffix}"] = {
        "type": "date",
        "domain": [left, left + width],
        "anchor": f"y{suffix}",
        "matches": None if at == 0 else "x",
        "tickformatstops": [
            {"dtickrange": [None, MINUTE_MS - 1], "value": "%H:%M:%S"},
            {"dtickrange": [MINUTE_MS, None], "value": "%H:%M"},
        ],
        "hoverformat": "%H:%M:%S",
        "nticks": 5,
        "tickangle": 0,
        "showticklabels": False,
    }
    title = title_of(panel, scheme)
    layout["annotations"].append(_note(title, left, 1.0, "left", COLOURS[scheme]["text"]))
    for line in panel.lines:
        colour = COLOURS[scheme][series_of(panel, line)]
        trace = {
            "type": "scatter",
            "mode": "lines",
            "name": line.name,
            "x": [],
            "y": [],
            "xaxis": f"x{suffix}",
            "yaxis": f"y{suffix}",
            "line": {"width": 0 if line.edge else 2, "dash": line.dash, "color": colour},
            "hovertemplate": f"%{{y:.2f}} {panel.unit}",
            "connectgaps": False,
        }
        if line.edge == "high":
            trace |= {"fill": "tonexty", "fillcolor": fill_of(colour)}
        data.append(trace)
    if math.isfinite(panel.limit):
        _limit(layout, panel, (left, left + width), f"y{suffix}", scheme)


def _limit(
    layout: dict[str, Any], panel: Panel, reach: tuple[float, float], axis: str, scheme: Scheme
) -> None:
    """Draw the limit as a dashed line with its name and value."""
    colour = COLOURS[scheme]["over"]
    layout["shapes"].append(
        {
            "type": "line",
            "xref": "paper",
            "x0": reach[0],
            "x1": reach[1],
            "yref": axis,
            "y0": panel.limit,
            "y1": panel.limit,
            "line": {"color": colour, "width": 1.5, "dash": "dash"},
        }
    )
    text = f"{panel.limit_name} {panel.limit:.4g} {panel.unit}"
    note = _note(text, reach[1], panel.limit, "right", colour)
    high = panel.limit > panel.low + BELOW * (panel.high - panel.low)
    side = "top" if high else "bottom"
    layout["annotations"].append({**note, "yref": axis, "yanchor": side})


def title_of(panel: Panel, scheme: Scheme) -> str:
    """Return a panel's title with its lines' names in their colours, instead of a legend."""
    colours = [COLOURS[scheme][series_of(panel, line)] for line in panel.lines]
    names = [
        f'  <span style="color:{colour}"><b>━</b> {line.name}</span>'
        for line, colour in zip(panel.lines, colours, strict=True)
        if not line.edge
    ]
    return f"<b>{panel.title}</b> [{panel.unit}]{''.join(names)}"


def series_of(panel: Panel, line: Line) -> str:
    """Return the name of a line's colour: its place in its panel; a band's that of its line."""
    return "series-1" if line.edge else f"series-{panel.lines.index(line) % 3 + 1}"


def fill_of(colour: str) -> str:
    """Return the colour of a band about a line: its own, at a quarter."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.25)"


def _note(text: str, x: float, y: float, anchor: str, colour: str) -> dict[str, Any]:
    return {
        "text": text,
        "x": x,
        "y": y,
        "xref": "paper",
        "yref": "paper",
        "xanchor": anchor,
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 12, "color": colour},
    }
