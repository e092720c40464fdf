"""The nodes of a rack as a table that sorts."""

import math
from typing import Any

import dash_ag_grid as dag
from dash.development.base_component import Component

from dashboards.basis import sign_of
from dashboards.findings import NEAR_GPU_K, Severity, level_of
from dashboards.index import Index
from dashboards.numbers import number
from dashboards.summary import Summary


def _shown_as(field: str, digits: int) -> str:
    """Return the browser's function for a cell; what was not measured carries its sign."""
    sign = "params.data.sign + " if field in ("gpu", "margin") else ""
    return f"params.value == null ? '–' : {sign}d3.format('.{digits}f')(params.value)"


COLUMNS = [
    {"field": "node", "headerName": "Node", "pinned": "left", "width": 128},
    {"field": "state", "headerName": "State", "width": 104},
    *(
        {
            "field": field,
            "headerName": heading,
            "type": "numericColumn",
            "flex": 1,
            "valueFormatter": {"function": _shown_as(field, digits)},
        }
        for field, heading, digits in (
            ("power", "Power [kW]", 2),
            ("gpu", "Max GPU [°C]", 1),
            ("margin", "Margin [K]", 1),
            ("inlet", "Inlet air [°C]", 1),
            ("outlet", "Outlet air [°C]", 1),
            ("fan", "Fans [%]", 0),
        )
    ),
]
LEVEL_STYLES = {
    "near-cell": "params.data.level == 1",
    "over-cell": "params.data.level == 2",
}
GRID_THEME = (
    "themeQuartz.withParams({backgroundColor:'var(--surface)',foregroundColor:'var(--text)',"
    "headerBackgroundColor:'var(--raised)',headerTextColor:'var(--muted)',"
    "borderColor:'var(--line)',oddRowBackgroundColor:'var(--surface)',"
    "rowHoverColor:'var(--raised)',fontFamily:'inherit',fontSize:13,rowHeight:25,"
    "headerHeight:38,wrapperBorderRadius:3,spacing:6})"
)


def node_table(table_id: str) -> Component:
    """Return the table, empty until its rows come."""
    grid: Component = dag.AgGrid(
        id=table_id,
        columnDefs=COLUMNS,
        rowData=[],
        getRowId="params.data.node",
        defaultColDef={"sortable": True, "minWidth": 72, "wrapHeaderText": True,
                       "resizable": True, "cellClassRules": LEVEL_STYLES},
        dashGridOptions={"theme": {"function": GRID_THEME}, "animateRows": False,
                         "suppressCellFocus": True},
        className="grid",
        style={"height": None},
    )  # fmt: skip
    return grid


def node_rows(index: Index, summary: Summary, rack: int) -> list[dict[str, Any]]:
    """Return the table of the rack's nodes in display units; missing is null."""
    state, arrays, rows = summary.state, index.plant.arrays, []
    for node in index.nodes_by_rack[rack]:
        gpus = index.gpus_of_node(node)
        hottest_c = float(state.gpu_temp_c[gpus].max()) if len(gpus) else math.nan
        margin_k = (
            float((arrays.gpus.temp_limit_c[gpus] - state.gpu_temp_c[gpus]).min())
            if len(gpus)
            else math.nan
        )
        level = level_of(margin_k, NEAR_GPU_K)
        rows.append(
            {
                "node": index.plant.node_names[node],
                "state": _state_word(bool(arrays.nodes.in_service[node]), level),
                "level": int(level),
                "sign": sign_of(summary, gpus),
                "power": _rounded(state.node_power_w[node] / 1e3, 2),
                "gpu": _rounded(hottest_c, 1),
                "margin": _rounded(margin_k, 1),
                "inlet": _rounded(state.node_inlet_c[node], 1),
                "outlet": _rounded(state.node_outlet_c[node], 1),
                "fan": _rounded(100.0 * state.fan_speed[node], 0),
            }
        )
    return rows


def _state_word(in_service: bool, level: Severity) -> str:
    if not in_service:
        return "out of service"
    return {Severity.OVER: "■ over", Severity.NEAR: "▲ near", Severity.NOTE: "in service"}[level]


def _rounded(value: float, digits: int) -> float | None:
    return number(round(float(value), digits)) if math.isfinite(value) else None
