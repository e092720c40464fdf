"""What changes in a drawn chart at a tick: points, colours, and the zone they are told in."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from dash import Patch

from dashboards.history import Series
from dashboards.parts.charts import Panel, fill_of, series_of, title_of
from dashboards.theme import COLOURS, Scheme, chart_template

ROOM = 1.04
"""Space above a line that leaves its range."""


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
        colour = COLOURS[scheme][series_of(panel, line)]
        change["data"][at]["line"]["color"] = colour
        if line.edge == "high":
            change["data"][at]["fillcolor"] = fill_of(colour)
        suffix = "" if panel is panels[0] else str(panels.index(panel) + 1)
        change["layout"][f"xaxis{suffix}"]["showticklabels"] = True
    _widen(change, panels, series)
    _recolour(change, panels, scheme)
    return change


def _widen(change: Patch, panels: Sequence[Panel], series: Sequence[Series]) -> None:
    """Show all of a line that leaves its panel's range: what is worst must not be out of sight."""
    first = 0
    for number, panel in enumerate(panels, 1):
        own = series[first : first + len(panel.lines)]
        first += len(panel.lines)
        tops = [
            float(np.nanmax(one.values)) / line.per + line.shift
            for line, one in zip(panel.lines, own, strict=True)
            if np.isfinite(one.values).any()
        ]
        top = max([panel.high, *(ROOM * value for value in tops)])
        change["layout"]["yaxis" if number == 1 else f"yaxis{number}"]["range"] = [panel.low, top]


def _recolour(change: Patch, panels: Sequence[Panel], scheme: Scheme) -> None:
    """Put the figure into the page's present scheme."""
    colours = COLOURS[scheme]
    change["layout"]["template"] = chart_template(scheme)
    notes, shapes = 0, 0
    for panel in panels:
        change["layout"]["annotations"][notes]["text"] = title_of(panel, scheme)
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
