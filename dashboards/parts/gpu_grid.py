"""The GPUs of a rack: a row for each node, a column for each position."""

from collections.abc import Sequence

import numpy as np

from dashboards.basis import basis_of, sign_of, throttling_of
from dashboards.findings import NEAR_GPU_K
from dashboards.index import Index
from dashboards.numbers import fixed, power
from dashboards.parts.tiles import Colouring, Drawing, Label, Tile, margin_levels
from dashboards.summary import Summary

GPU_CHOICES = {
    "gpu_temp_c": "GPU temperature",
    "memory_temp_c": "Memory temperature",
    "gpu_power_w": "GPU power",
}
"""Signals that colour the GPUs of a rack."""


def gpu_drawing(index: Index, rack: int) -> Drawing:
    """Return the rack's GPUs: a row for each node, top first, a column for each position."""
    nodes = gpu_nodes(index, rack)
    plant = index.plant
    columns = max((int(plant.arrays.nodes.gpu_count[node]) for node in nodes), default=1)
    width = min(max(0.92 * max(len(nodes), 4) / columns, 1.3), 4.0)
    tiles, labels = [], []
    for row, node in enumerate(nodes):
        labels.append(Label(short_names(index, nodes)[row], -0.62 * width, -float(row)))
        for column, gpu in enumerate(index.gpus_of_node(node)):
            name, x = plant.gpu_names[gpu], column * width
            tiles.append(Tile(name, x, -float(row), 0.96 * width, 0.92))
    return Drawing(tiles, labels, 0.34, f"GPUs of rack {plant.rack_names[rack]}", top=True)


def gpu_colours(index: Index, summary: Summary, rack: int, signal: str) -> Colouring:
    """Return the GPUs' colours at one tick, in the order of `gpu_drawing`."""
    state, arrays = summary.state, index.plant.arrays.gpus
    mine = [gpu for node in gpu_nodes(index, rack) for gpu in index.gpus_of_node(node)]
    values = {
        "gpu_temp_c": state.gpu_temp_c,
        "memory_temp_c": state.memory_temp_c,
        "gpu_power_w": state.gpu_power_w,
    }[signal][mine]
    limit = {
        "gpu_temp_c": arrays.temp_limit_c,
        "memory_temp_c": arrays.memory_limit_c,
        "gpu_power_w": arrays.power_max_w,
    }[signal][mine]
    hot = signal != "gpu_power_w"
    signs = [sign_of(summary, [gpu]) for gpu in mine]
    powers = [
        sign + power(float(state.gpu_power_w[gpu]), 1.0)
        for sign, gpu in zip(signs, mine, strict=True)
    ]
    temps = [
        f"{sign}{fixed(float(state.gpu_temp_c[gpu]))} °C"
        for sign, gpu in zip(signs, mine, strict=True)
    ]
    return Colouring(
        title=sign_of(summary, mine) + GPU_CHOICES[signal],
        unit="°C" if hot else "W",
        values=values,
        low=20.0 if hot else 0.0,
        high=float(limit.max()) if len(limit) else 1.0,
        levels=margin_levels(limit - values, NEAR_GPU_K) if hot else np.zeros(len(mine), np.int64),
        tips=[_gpu_tip(index, summary, gpu) for gpu in mine],
        digits=1 if hot else 0,
        notes=powers if hot else temps,
    )


def _gpu_tip(index: Index, summary: Summary, gpu: int) -> str:
    state, arrays = summary.state, index.plant.arrays.gpus
    cap_w = float(summary.snapshot.gpu_cap_w[gpu])
    return "\n".join(
        (
            index.plant.gpu_names[gpu],
            _against("GPU", state.gpu_temp_c[gpu], arrays.temp_limit_c[gpu]),
            _against("memory", state.memory_temp_c[gpu], arrays.memory_limit_c[gpu]),
            f"{power(float(state.gpu_power_w[gpu]), 1.0)}, cap {power(cap_w, 1.0)}",
            f"power {basis_of(summary, gpu)}",
            *filter(None, (throttling_of(summary, gpu),)),
            *(() if arrays.in_service[gpu] else ("out of service",)),
        )
    )


def _against(what: str, value_c: float, limit_c: float) -> str:
    return f"{what} {fixed(value_c)} °C, limit {fixed(limit_c, 0)} °C"


def gpu_nodes(index: Index, rack: int) -> list[int]:
    """Return the rack's nodes that hold GPUs."""
    counts = index.plant.arrays.nodes.gpu_count
    return [int(node) for node in index.nodes_by_rack[rack] if counts[node] > 0]


def short_names(index: Index, nodes: Sequence[int]) -> list[str]:
    """Return names without what stands before the last dash, where all share that."""
    names = [index.plant.node_names[node] for node in nodes]
    heads = {name.rpartition("-")[0] for name in names}
    return [name.rpartition("-")[2] for name in names] if len(heads) == 1 else names
