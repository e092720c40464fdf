"""Tables that sort: one look for all, drawn by the browser from rows in display units."""

from collections.abc import Mapping, Sequence
from typing import Any

import dash_ag_grid as dag
from dash.development.base_component import Component

LEVEL_STYLES = {
    "near-cell": "params.data.level == 1",
    "over-cell": "params.data.level == 2",
}
WRAPPED: dict[str, Any] = {"wrapText": True, "autoHeight": True, "cellClass": "wrapped"}
"""A column of sentences, which take more lines rather than being cut."""
GRID_THEME = (
    "themeQuartz.withParams({backgroundColor:'var(--surface)',foregroundColor:'var(--text)',"
    "headerBackgroundColor:'var(--raised)',headerTextColor:'var(--muted)',"
    "borderColor:'var(--line)',oddRowBackgroundColor:'var(--surface)',"
    "rowHoverColor:'var(--raised)',fontFamily:'inherit',fontSize:13,rowHeight:25,"
    "headerHeight:38,wrapperBorderRadius:3,spacing:6})"
)


def grid(
    table_id: str, columns: Sequence[Mapping[str, Any]], row_id: str, nothing: str = ""
) -> Component:
    """Return a table, empty until its rows come.

    A row is a mapping by the columns' `field`; its `level` colours it, `row_id` names the
    field that tells rows apart, `nothing` is said in place of rows.
    """
    table: Component = dag.AgGrid(
        id=table_id,
        columnDefs=[dict(column) for column in columns],
        rowData=[],
        getRowId=f"params.data.{row_id}",
        defaultColDef={"sortable": True, "minWidth": 72, "wrapHeaderText": True,
                       "autoHeaderHeight": True,
                       "resizable": True, "cellClassRules": LEVEL_STYLES},
        dashGridOptions={"theme": {"function": GRID_THEME}, "animateRows": False,
                         "suppressCellFocus": True, "tooltipShowDelay": 300,
                         "localeText": {"noRowsToShow": nothing or "nothing yet"}},
        className="grid",
        style={"height": None},
    )  # fmt: skip
    return table


def figures(field: str, heading: str, digits: int, **more: Any) -> dict[str, Any]:
    """Return a column of numbers with fixed decimals; a dash where one is missing."""
    return {
        "field": field,
        "headerName": heading,
        "type": "numericColumn",
        "flex": 1,
        "valueFormatter": {"function": shown_as(f",.{digits}f")},
        **more,
    }


def words(field: str, heading: str, width: int, **more: Any) -> dict[str, Any]:
    """Return a column of words, which says all of them when pointed at."""
    return {
        "field": field, "headerName": heading, "width": width, "tooltipField": field, **more
    }  # fmt: skip


def shown_as(form: str, sign: str = "") -> str:
    """Return the browser's function for a number's cell, `form` as d3 has it."""
    return f"params.value == null ? '–' : {sign}d3.format('{form}')(params.value)"
