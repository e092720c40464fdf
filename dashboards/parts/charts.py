"""Charts over time: one figure at the start, then only their points are patched."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from dash import Patch, dcc
from dash.development.base_component import Component

from dashboards.history import Series
from dashboards.theme import COLOURS, Scheme, chart_template

CONFIG: Any = {"displayModeBar": False, "responsive": True, "scrollZoom": False}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a panel; `per` display units are one base unit's divisor."""

    name: str
    per: float = 1.0
    dash: str = "solid"
    shift: float = 0.0


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
        "tickformat": "%H:%M",
        "hoverformat": "%H:%M:%S",
        "nticks": 8,
    }
    title = _title(panel, scheme)
    layout["annotations"].append(_note(title, left, 1.0, "left", COLOURS[scheme]["text"]))
    for line in panel.lines:
        colour = COLOURS[scheme][_series(panel, line)]
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": line.name,
                "x": [],
                "y": [],
                "xaxis": f"x{suffix}",
                "yaxis": f"y{suffix}",
                "line": {"width": 2, "dash": line.dash, "color": colour},
                "hovertemplate": f"%{{y:.2f}} {panel.unit}",
                "connectgaps": False,
            }
        )
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
    layout["annotations"].append({**note, "yref": axis})


def _title(panel: Panel, scheme: Scheme) -> str:
    """Return a panel's title with its lines' names in their colours, instead of a legend."""
    colours = [COLOURS[scheme][_series(panel, line)] for line in panel.lines]
    names = [
        f'   <span style="color:{colour}"><b>━</b> {line.name}</span>'
        for line, colour in zip(panel.lines, colours, strict=True)
    ]
    return f"<b>{panel.title}</b> [{panel.unit}]{''.join(names)}"


def _series(panel: Panel, line: Line) -> str:
    """Return the name of a line's colour: its place in its panel."""
    return f"series-{panel.lines.index(line) % 3 + 1}"


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


def points(panels: Sequence[Panel], series: Sequence[Series], scheme: Scheme, zone: str) -> Patch:
    """Return what changes in a drawn figure: every line's points, and the scheme.

    Whole lines are sent, a few hundred means each, so that a page which slept or lost its
    connection is right again with the next tick.
    """
    change = Patch()
    lines = [(panel, line) for panel in panels for line in panel.lines]
    for at, ((panel, line), one) in enumerate(zip(lines, series, strict=True)):
        offset_s = zone_offset_s(zone, float(one.time_s[-1])) if len(one.time_s) else 0.0
        change["data"][at]["x"] = np.round((one.time_s + offset_s) * 1000.0)
        change["data"][at]["y"] = np.round(one.values / line.per + line.shift, 3)
        change["data"][at]["line"]["color"] = COLOURS[scheme][_series(panel, line)]
    _recolour(change, panels, scheme)
    return change


def _recolour(change: Patch, panels: Sequence[Panel], scheme: Scheme) -> None:
    """Put the figure into the page's present scheme."""
    colours = COLOURS[scheme]
    change["layout"]["template"] = chart_template(scheme)
    notes, shapes = 0, 0
    for panel in panels:
        change["layout"]["annotations"][notes]["text"] = _title(panel, scheme)
        change["layout"]["annotations"][notes]["font"]["color"] = colours["text"]
        notes += 1
        if math.isfinite(panel.limit):
            change["layout"]["annotations"][notes]["font"]["color"] = colours["over"]
            change["layout"]["shapes"][shapes]["line"]["color"] = colours["over"]
            notes, shapes = notes + 1, shapes + 1


def zone_offset_s(zone: str, time_s: float) -> float:
    """Return the zone's offset from UTC [s]; 0 where the host does not know the zone."""
    try:
        offset = datetime.fromtimestamp(time_s, UTC).astimezone(ZoneInfo(zone)).utcoffset()
    except (ZoneInfoNotFoundError, ValueError, OverflowError):
        return 0.0
    return offset.total_seconds() if offset else 0.0


def zone_name(zone: str) -> str:
    """Return the zone to print under a time axis: UTC where the host does not know it."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        return "UTC"
    return zone
