"""The account of a site on its page: a line for the hour, the day and the run so far."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from controllers.accounts.account_figures import figures_of
from controllers.accounts.books import Entry
from dashboards.numbers import NONE, fixed

COLUMNS = (
    ("pue", "PUE", 3),
    ("ppue_cooling", "pPUE cooling", 3),
    ("tue", "TUE", 3),
    ("itue", "ITUE", 3),
    ("ere", "ERE", 3),
    ("erf", "ERF", 3),
    ("wue", "WUE", 3),
    ("cue", "CUE", 3),
    ("site_energy", "Site energy", 1),
    ("it_energy", "IT energy", 1),
    ("make_up_water", "Water", 1),
    ("cost", "Cost", 2),
    ("emissions", "Carbon", 1),
)
"""Key of a figure, its head, decimals."""
SPANS = {"hour": "This hour", "day": "Today", "run": "Since start"}


def account_table(entries: Sequence[Entry], zone: str) -> Component:
    """Return the table; a dash stands for what cannot be told, and its title says why."""
    told = [figures_of(entry) for entry in entries]
    heads = [html.Th("Account"), *(html.Th(_head(key, name, told)) for key, name, _ in COLUMNS)]
    return html.Table(
        [html.Thead(html.Tr(heads)), html.Tbody([html.Tr(_row(one, zone)) for one in told])]
    )


def _head(key: str, name: str, told: Sequence[dict[str, Any]]) -> str:
    """Return a column's head with its unit."""
    units = {one["figures"][key]["unit"] for one in told if one["figures"]}
    unit = next(iter(units), "")
    return f"{name} [{unit}]" if unit else name


def _row(told: dict[str, Any], zone: str) -> list[Component]:
    span = SPANS[told["span"]]
    if not told["figures"]:
        return [html.Td(span), *(html.Td(NONE, title=told["why"]) for _ in COLUMNS)]
    times = [datetime.fromtimestamp(told[end], ZoneInfo(zone)) for end in ("start_s", "end_s")]
    clock = "%H:%M:%S" if times[0].date() == times[1].date() else "%d %b %H:%M"
    interval = f"{span}, {times[0]:{clock}} to {times[1]:{clock}}"
    cells: list[Component] = [html.Td(interval, title=f"{told['accounted_s']:.0f} s of it stepped")]
    for key, _, digits in COLUMNS:
        figure = told["figures"][key]
        value, why = figure["value"], figure.get("why")
        text = NONE if value is None else fixed(value, digits)
        cells.append(html.Td(text, title=why or figure["boundary"]))
    return cells
