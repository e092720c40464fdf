"""Key figures: value, unit, the limit it stands against, and how close it is."""

import math
from dataclasses import dataclass

from dash import html
from dash.development.base_component import Component

from dashboards.findings import Severity
from dashboards.parts.live import tip

MARKS = {Severity.OVER: "■", Severity.NEAR: "▲", Severity.NOTE: ""}
WORDS = {Severity.OVER: "over limit", Severity.NEAR: "near limit", Severity.NOTE: ""}
"""Shape and word of a state, so that colour is never alone."""


@dataclass(frozen=True, slots=True)
class Card:
    """One key figure. `share` is the value over its limit; NaN draws no bar."""

    title: str
    value: str
    unit: str
    detail: str
    share: float = math.nan
    severity: Severity = Severity.NOTE
    href: str = ""
    flag: str = ""
    """What a state other than the usual is called; empty: by its distance to the limit."""
    about: str = ""
    """What the figure means, said when it is pointed at."""


def strip(cards: list[Card]) -> list[Component]:
    """Return the cards side by side."""
    return [_card(card) for card in cards]


def _card(card: Card) -> Component:
    state = card.severity.name.lower()
    title: list[Component | str] = [html.Span(card.title)]
    if card.severity is not Severity.NOTE:
        said = f"{MARKS[card.severity]} {card.flag}" if card.flag else flag(card.severity)
        title.append(html.Span(said, className="flag"))
    width = " broad" if len(card.value) > 8 else "" if math.isfinite(card.share) else " slim"
    children: list[Component] = [
        html.Div(title, className="card-title"),
        html.Div(
            [html.Span(card.value, className="card-value"), html.Span(card.unit)],
            className="card-number",
        ),
        html.Div(card.detail, className="card-detail"),
        bar(card.share),
    ]
    lines = (card.about, card.detail) if card.about else ()
    about = {"key": card.title, **tip("\n".join(line for line in lines if line))}
    if card.href:
        return html.A(children, href=card.href, className=f"card {state}{width}", **about)
    return html.Div(children, className=f"card {state}{width}", **about)


def flag(severity: Severity) -> str:
    """Return the shape and the word of a state."""
    return f"{MARKS[severity]} {WORDS[severity]}".strip()


def bar(share: float) -> Component:
    """Return a bar whose mark stands at the limit; an empty line where there is none."""
    if not math.isfinite(share):
        return html.Div(className="bar none")
    width = f"{100.0 * min(max(share, 0.0), 1.1) / 1.1:.1f}%"
    return html.Div(
        [html.Div(className="bar-fill", style={"width": width}), html.Div(className="bar-limit")],
        className="bar",
    )
