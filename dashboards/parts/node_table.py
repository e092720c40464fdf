"""The nodes of a rack as a table that sorts."""

import math
from typing import Any

from dash.development.base_component import Component

from dashboards.basis import sign_of
from dashboards.findings import NEAR_GPU_K, Severity, level_of
from dashboards.index import Index
from dashboards.numbers import number
from dashboards.parts.grid import figures, grid, shown_as
from dashboards.stopped import gpus_off
from dashboards.summary import Summary

SIGN = "params.data.sign + "
"""Stands before what was not measured."""
COLUMNS = (
    {"field": "node", "headerName": "Node", "pinned": "left", "width": 148},
    {"field": "state", "headerName": "State", "width": 104},
    figures("power", "Power [kW]", 2),
    figures("gpu", "Max GPU [°C]", 1, valueFormatter={"function": shown_as(".1f", SIGN)}),
    figures("margin", "Margin [K]", 1, valueFormatter={"function": shown_as(".1f", SIGN)}),
    figures("inlet", "Inlet air [°C]", 1),
    figures("outlet", "Outlet air [°C]", 1),
    figures("fan", "Fans [%]", 0),
)


def node_table(table_id: str) -> Component:
    """Return the table, empty until its rows come."""
    return grid(table_id, COLUMNS, "node", "No node of this rack is told of.")


def node_rows(index: Index, summary: Summary, rack: int) -> list[dict[str, Any]]:
    """Return the table of the rack's nodes in display units; missing is null."""
    state, arrays, rows = summary.state, index.plant.arrays, []
    down = gpus_off(index, summary)
    for node in index.nodes_by_rack[rack]:
        gpus = index.gpus_of_node(node)
        hottest_c = float(state.gpu_temp_c[gpus].max()) if len(gpus) else math.nan
        margin_k = (
            float((arrays.gpus.temp_limit_c[gpus] - state.gpu_temp_c[gpus]).min())
            if len(gpus)
            else math.nan
        )
        off = int(down[gpus].sum()) if len(gpus) else 0
        level = Severity.OVER if off else level_of(margin_k, NEAR_GPU_K)
        rows.append(
            {
                "node": index.plant.node_names[node],
                "state": f"■ {off} off"
                if off
                else _state_word(bool(arrays.nodes.in_service[node]), level),
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
