"""What the grid asks of the site, what it gets, and against what: only while it is asked."""

import math

from controllers.grid.grid_desk import Asked, GridDesk, Second
from dashboards.findings import Severity
from dashboards.numbers import fixed, power_unit
from dashboards.parts.cards import Card

WORDS = {"rest": "", "down": "coming down", "held": "held", "up": "coming back"}


def grid_cards(desk: GridDesk) -> list[Card]:
    """Return the card of the target in force or next to come; none where nothing is asked."""
    rows = desk.report(1.0)
    if not rows:
        return []
    row = rows[-1]
    left = [
        one for one in desk.asked(row.time_s)
        if not one.cancelled and one.target.end_s > row.time_s
    ]  # fmt: skip
    if not left and row.phase == "rest":
        return []
    now = [one for one in left if one.target.start_s <= row.time_s]
    if now:
        return [_card(min(now, key=lambda one: one.target.power_w), row)]
    return [_card(left[0] if left else None, row)]


def _card(asked: Asked | None, row: Second) -> Card:
    """Return target, delivered power and baseline; the bar's mark is the target."""
    per, unit, digits = power_unit(row.baseline_w)
    word = WORDS[row.phase]
    given, base = fixed(row.delivered_w / per, digits), fixed(row.baseline_w / per, digits)
    against = f"{given} {unit} below {base}"
    if asked is None:
        return Card("Grid event over", fixed(row.mean_w / per, digits), unit, f"{word} · {against}")
    target_w = asked.target.power_w
    to_come = asked.target.start_s > row.time_s
    detail = f"in {_minutes(asked.target.start_s - row.time_s)}" if to_come else word
    if not to_come and not row.compliant:
        detail = "over the target"
    return Card(
        "Grid target",
        fixed(target_w / per, digits),
        unit,
        f"{detail} · {against}",
        row.mean_w / target_w if target_w > 0.0 else math.nan,
        Severity.OVER if not row.compliant else Severity.NOTE,
    )


def _minutes(span_s: float) -> str:
    return f"{span_s / 60.0:.0f} min" if span_s >= 90.0 else f"{span_s:.0f} s"
