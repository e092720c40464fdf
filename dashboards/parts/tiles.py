"""Rectangles coloured by a signal: the hall's floor, the GPUs of a rack.

The geometry goes to the page once, the values once a tick; ``assets/tiles.js`` draws both
as SVG. The colour scale is sequential with fixed, printed limits; missing is hatched; what
is near or over a limit carries a shape and an outline besides its colour.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from dash import Dash, Input, Output, State, dcc, html
from dash.development.base_component import Component

from dashboards.findings import Severity
from dashboards.numbers import fixed, number
from dashboards.parts.live import SCHEME, aria, in_browser
from dashboards.theme import SCALE
from site_models.arrays import Floats, Ints


@dataclass(frozen=True, slots=True)
class Tile:
    """A rectangle by its centre and size in the drawing's own unit, y upwards."""

    name: str
    x: float
    y: float
    width: float
    height: float
    angle_rad: float = 0.0
    href: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """Words beside the tiles."""

    text: str
    x: float
    y: float
    anchor: str = "end"


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything that does not change with time. `font` is in the drawing's own unit."""

    tiles: Sequence[Tile]
    labels: Sequence[Label]
    font: float
    about: str
    front: bool = False
    """Mark the upper side of each tile, before it is turned: the side it faces."""
    top: bool = False
    """Hang the drawing from the top of its box instead of its middle."""


@dataclass(frozen=True, slots=True)
class Colouring:
    """One tick's values in display units and the fixed range they are coloured over."""

    title: str
    unit: str
    values: Floats
    low: float
    high: float
    levels: Ints
    tips: Sequence[str]
    """What each says when pointed at; empty: its name and value."""
    digits: int = 0
    marked: Sequence[int] = ()
    """Tiles to point out, best first."""
    badges: Sequence[str] = ()
    """What each of these is marked with; empty: its rank."""
    notes: Sequence[str] = ()
    """A second line in each tile."""
    reverse: bool = False
    """Low values are the bright ones: where less is what is worth a look."""
    words: tuple[str, str] = ("near", "over")
    """What the two marked levels mean; one that is empty does not occur."""


def tiles(tiles_id: str, drawing: Drawing) -> Component:
    """Return the drawing, uncoloured until its values come."""
    return html.Div(
        [
            dcc.Store(id=f"{tiles_id}-drawing", data=_drawing(drawing)),
            dcc.Store(id=f"{tiles_id}-values"),
            dcc.Store(id=f"{tiles_id}-drawn"),
            html.Div(id=tiles_id, className="tiles", role="figure", **aria(label=drawing.about)),
        ],
        className="tiles-box",
    )


def register_tiles(app: Dash, tiles_id: str) -> None:
    """Add the callback that draws; once for each id.

    It has an output only so that Dash leaves it alone on pages without these tiles.
    """
    in_browser(
        app,
        "tiles",
        "draw",
        Output(f"{tiles_id}-drawn", "data"),
        Input(f"{tiles_id}-values", "data"),
        SCHEME,
        State(f"{tiles_id}-drawing", "data"),
        State(tiles_id, "id"),
    )


def colours(colouring: Colouring) -> dict[str, Any]:
    """Return one tick's values as the drawing takes them; missing is null."""
    return {
        "title": colouring.title,
        "unit": colouring.unit,
        "low": colouring.low,
        "high": colouring.high,
        "values": [number(value) for value in np.round(colouring.values, 2).tolist()],
        "texts": [fixed(value, colouring.digits) for value in colouring.values.tolist()],
        "levels": colouring.levels.tolist(),
        "tips": list(colouring.tips),
        "marked": list(colouring.marked),
        "badges": list(colouring.badges),
        "notes": list(colouring.notes),
        "words": list(colouring.words),
        "scale": list(reversed(SCALE) if colouring.reverse else SCALE),
    }


def margin_levels(margin: Floats, near: float | Floats) -> Ints:
    """Return the severity of each margin below a limit; NaN has none. Shape of `margin`."""
    over, close = margin < 0.0, margin <= near
    return np.where(over, int(Severity.OVER), np.where(close, int(Severity.NEAR), 0))


def _drawing(drawing: Drawing) -> dict[str, Any]:
    """Return the drawing with y downwards, as screens count."""
    return {
        "tiles": [
            {
                "name": tile.name,
                "x": round(tile.x, 4),
                "y": round(-tile.y, 4),
                "w": round(tile.width, 4),
                "h": round(tile.height, 4),
                "turn": round(-float(np.degrees(tile.angle_rad)), 3),
                "href": tile.href,
            }
            for tile in drawing.tiles
        ],
        "labels": [
            {"text": one.text, "x": one.x, "y": -one.y, "anchor": one.anchor}
            for one in drawing.labels
        ],
        "font": drawing.font,
        "front": drawing.front,
        "top": drawing.top,
    }
