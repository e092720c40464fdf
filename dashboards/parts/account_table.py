"""The account of a site on its page: a line for the hour, the day and the run so far."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from controllers.accounts.account_figures import figures_of
from controllers.accounts.books import Entry
from dashboards.numbers import NONE, fixed
from dashboards.parts.live import tip


class Column(NamedTuple):
    """One figure of the account."""

    key: str
    name: str
    digits: int
    about: str


COLUMNS = (
    Column("pue", "PUE", 3, "Power usage effectiveness: energy at the utility meters over energy"
           " into the racks. 1 is the best there can be."),
    Column("ppue_cooling", "pPUE cooling", 3, "PUE as if cooling were all that is lost: racks and"
           " cooling over racks"),
    Column("tue", "TUE", 3, "Total usage effectiveness: energy at the utility meters over energy"
           " into compute parts, which leaves out the servers' supplies and fans"),
    Column("itue", "ITUE", 3, "The same within the racks: energy into racks over energy into"
           " compute parts"),
    Column("ere", "ERE", 3, "PUE less the heat that is handed over for reuse"),
    Column("erf", "ERF", 3, "Part of the site's energy that is handed over as heat"),
    Column("wue", "WUE", 3, "Water usage effectiveness: make-up water over energy into the racks"),
    Column("cue", "CUE", 3, "Carbon usage effectiveness: CO2e of the site's energy over energy"
           " into the racks"),
    Column("site_energy", "Site energy", 1, "At the utility meters"),
    Column("it_energy", "IT energy", 1, "Into the racks"),
    Column("make_up_water", "Water", 1, "Make-up water of the site: evaporated, drifted, drained"),
    Column("cost", "Cost", 2, "Site energy at the price of each hour"),
    Column("emissions", "Carbon", 1, "CO2e of site energy by each hour's grid"),
)  # fmt: skip
REUSE = ("ere", "erf")
"""Said only where heat is handed over."""
SPANS = {"hour": "This hour", "day": "Today", "run": "Since start"}


def account_table(entries: Sequence[Entry], zone: str) -> Component:
    """Return the table; a dash stands for what cannot be told, and its title says why."""
    told = _apart([figures_of(entry) for entry in entries])
    columns = [one for one in COLUMNS if _worth(one, told)]
    heads = [html.Th("Account"), *(html.Th(_head(one, told), **tip(one.about)) for one in columns)]
    rows = [html.Tr(_row(one, zone, columns)) for one in told]
    lacking = [one for one in COLUMNS if one not in columns and one.key not in REUSE]
    parts: list[Component] = [html.Table([html.Thead(html.Tr(heads)), html.Tbody(rows)])]
    if lacking:
        names = ", ".join(one.name for one in lacking)
        whys = dict.fromkeys(str(told[-1]["figures"][one.key]["why"]) for one in lacking)
        parts.append(html.Span(f"Not known: {names}", className="lacking", **tip("; ".join(whys))))
    return html.Div(parts, className="account-figures")


def _apart(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the intervals but for those that a longer one began together with."""
    starts = [one.get("start_s") for one in told]
    return [
        one
        for at, one in enumerate(told)
        if (starts[at] is None and at == len(told) - 1)
        or (starts[at] is not None and starts[at] not in starts[at + 1 :])
    ]  # fmt: skip


def _worth(column: Column, told: Sequence[dict[str, Any]]) -> bool:
    """Return whether a column has anything to say; all have where nothing is known yet."""
    values = [one["figures"][column.key]["value"] for one in told if one["figures"]]
    if not values:
        return column.key not in REUSE
    if column.key in REUSE:
        return any(one["figures"]["erf"]["value"] for one in told if one["figures"])
    return any(value is not None for value in values)


def _head(column: Column, told: Sequence[dict[str, Any]]) -> str:
    """Return a column's head with its unit."""
    units = {one["figures"][column.key]["unit"] for one in told if one["figures"]}
    unit = next(iter(units), "")
    return f"{column.name} [{unit}]" if unit else column.name


def _row(told: dict[str, Any], zone: str, columns: Sequence[Column]) -> list[Component]:
    span = SPANS[told["span"]]
    if not told["figures"]:
        return [html.Td(span), *(html.Td(NONE, title=told["why"]) for _ in columns)]
    times = [datetime.fromtimestamp(told[end], ZoneInfo(zone)) for end in ("start_s", "end_s")]
    clock = "%H:%M:%S" if times[0].date() == times[1].date() else "%d %b %H:%M"
    interval = f"{span}, {times[0]:{clock}} to {times[1]:{clock}}"
    cells: list[Component] = [html.Td(interval, title=f"{told['accounted_s']:.0f} s of it stepped")]
    for column in columns:
        figure = told["figures"][column.key]
        value, why = figure["value"], figure.get("why")
        text = NONE if value is None else fixed(value, column.digits)
        cells.append(html.Td(text, title=why or figure["boundary"]))
    return cells
