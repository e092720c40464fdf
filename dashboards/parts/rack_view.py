"""One rack: its key figures, its GPUs node by node, its nodes as a table."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from dashboards.basis import basis_of, sign_of
from dashboards.findings import NEAR_COOLANT_K, NEAR_GPU_K, Severity, level_of
from dashboards.index import Index
from dashboards.numbers import fixed, litres_per_min, number, power
from dashboards.parts.cards import Card
from dashboards.parts.site_cards import power_card, temperature_share
from dashboards.parts.tiles import Colouring, Drawing, Label, Tile, margin_levels
from dashboards.summary import Summary

GPU_CHOICES = {
    "gpu_temp_c": "GPU temperature",
    "memory_temp_c": "Memory temperature",
    "gpu_power_w": "GPU power",
}
"""Signals that colour the GPUs of a rack."""


def rack_cards(index: Index, summary: Summary, rack: int) -> list[Card]:
    """Return the strip of the Rack page."""
    rating_w = float(index.plant.arrays.racks.rating_w[rack])
    rack_w = float(summary.rack["rack_power_w"][rack])
    cards = [power_card("Rack power", rack_w, rating_w, "rated"), _hottest(index, summary, rack)]
    if index.plant.arrays.racks.liquid_circuit[rack] >= 0:
        cards += _coolant(index, summary, rack)
        return [*cards, _inlet(index, summary, rack), _heat(summary, rack)]
    return [*cards, _inlet(index, summary, rack), *_air(index, summary, rack)]


def _hottest(index: Index, summary: Summary, rack: int) -> Card:
    value_c = float(summary.rack["rack_gpu_temp_max_c"][rack])
    if not math.isfinite(value_c):
        return Card("Hottest GPU", fixed(math.nan), "°C", "no GPU in this rack")
    mine = index.gpus_by_rack[rack]
    worst = mine[np.argmax(summary.state.gpu_temp_c[mine])]
    limit_c = float(index.plant.arrays.gpus.temp_limit_c[worst])
    return Card(
        "Hottest GPU",
        sign_of(summary, [int(worst)]) + fixed(value_c),
        "°C",
        f"{index.plant.gpu_names[worst]} · limit {fixed(limit_c, 0)} °C",
        temperature_share(value_c, limit_c),
        level_of(limit_c - value_c, NEAR_GPU_K),
    )


def _coolant(index: Index, summary: Summary, rack: int) -> list[Card]:
    """Return supply, return and flow of the rack's coolant."""
    arrays = index.plant.arrays
    supply_c = float(summary.rack["rack_supply_c"][rack])
    return_c = float(summary.rack["rack_return_c"][rack])
    limit_c = float(index.rack_supply_limit_c[rack])
    circuit = int(arrays.racks.liquid_circuit[rack])
    cp = float(arrays.circuits.cp_j_per_kg_k[circuit])
    flow = litres_per_min(float(summary.rack["rack_flow_kg_per_s"][rack]), cp)
    most = litres_per_min(float(arrays.racks.flow_max_kg_per_s[rack]), cp)
    hold_c = float(arrays.racks.return_setpoint_c[rack])
    return [
        Card("Coolant supply", fixed(supply_c), "°C",
             f"{index.plant.circuit_names[circuit]} · limit {fixed(limit_c, 0)} °C",
             temperature_share(supply_c, limit_c), level_of(limit_c - supply_c, NEAR_COOLANT_K)),
        Card("Coolant return", fixed(return_c), "°C", f"the valve holds {fixed(hold_c, 0)} °C"),
        Card("Coolant flow", fixed(flow), "L/min", f"of {fixed(most)} L/min",
             flow / most if most > 0.0 else math.nan),
    ]  # fmt: skip


def _inlet(index: Index, summary: Summary, rack: int) -> Card:
    value_c = float(summary.rack["rack_inlet_c"][rack])
    limit_c = float(index.rack_inlet_limit_c[rack])
    detail = f"limit {fixed(limit_c, 0)} °C" if math.isfinite(limit_c) else "no limit"
    return Card("Inlet air", fixed(value_c), "°C", detail, temperature_share(value_c, limit_c),
                level_of(limit_c - value_c, NEAR_COOLANT_K))  # fmt: skip


def _air(index: Index, summary: Summary, rack: int) -> list[Card]:
    """Return what an air-cooled rack gives back, and how hard its fans work."""
    nodes, state = index.nodes_by_rack[rack], summary.state
    value, unit = _value_unit(float(summary.rack["rack_air_heat_w"][rack]))
    cards = [Card("Heat to air", value, unit, "no limit")]
    if len(nodes):
        outlet_c, fastest = float(state.node_outlet_c[nodes].max()), state.fan_speed[nodes].max()
        cards += [
            Card("Warmest outlet", fixed(outlet_c), "°C", "no limit"),
            Card("Fastest fans", fixed(100.0 * float(fastest), 0), "%", "of full speed",
                 float(fastest)),
        ]  # fmt: skip
    return cards


def _value_unit(value_w: float) -> tuple[str, str]:
    """Return a power of a rack's size as number and unit, always in the same unit."""
    return fixed(value_w / 1e3, 1), "kW"


def _heat(summary: Summary, rack: int) -> Card:
    liquid_w = float(summary.rack["rack_liquid_heat_w"][rack])
    air_w = float(summary.rack["rack_air_heat_w"][rack])
    total_w = liquid_w + air_w
    part = liquid_w / total_w if total_w > 0.0 else math.nan
    value, unit = _value_unit(liquid_w)
    detail = f"{fixed(100.0 * part, 0)} % · {power(air_w, max(total_w, 1e3))} to air"
    return Card("Heat to liquid", value, unit, detail)


def gpu_drawing(index: Index, rack: int) -> Drawing:
    """Return the rack's GPUs: a row for each node, top first, a column for each position."""
    nodes = _gpu_nodes(index, rack)
    plant = index.plant
    columns = max((int(plant.arrays.nodes.gpu_count[node]) for node in nodes), default=1)
    width = min(max(0.92 * max(len(nodes), 4) / columns, 1.3), 4.0)
    tiles, labels = [], []
    for row, node in enumerate(nodes):
        labels.append(Label(short_names(index, nodes)[row], -0.62 * width, -float(row)))
        for column, gpu in enumerate(_gpus_of(index, node)):
            name, x = plant.gpu_names[gpu], column * width
            tiles.append(Tile(name, x, -float(row), 0.96 * width, 0.92))
    return Drawing(tiles, labels, 0.34, f"GPUs of rack {plant.rack_names[rack]}", top=True)


def gpu_colours(index: Index, summary: Summary, rack: int, signal: str) -> Colouring:
    """Return the GPUs' colours at one tick, in the order of `gpu_drawing`."""
    state, arrays = summary.state, index.plant.arrays.gpus
    mine = [gpu for node in _gpu_nodes(index, rack) for gpu in _gpus_of(index, node)]
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
            *(() if arrays.in_service[gpu] else ("out of service",)),
        )
    )


def _against(what: str, value_c: float, limit_c: float) -> str:
    return f"{what} {fixed(value_c)} °C, limit {fixed(limit_c, 0)} °C"


def node_rows(index: Index, summary: Summary, rack: int) -> list[dict[str, Any]]:
    """Return the table of the rack's nodes in display units; missing is null."""
    state, arrays, rows = summary.state, index.plant.arrays, []
    for node in index.nodes_by_rack[rack]:
        gpus = _gpus_of(index, node)
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


def _gpu_nodes(index: Index, rack: int) -> list[int]:
    counts = index.plant.arrays.nodes.gpu_count
    return [int(node) for node in index.nodes_by_rack[rack] if counts[node] > 0]


def _gpus_of(index: Index, node: int) -> range:
    nodes = index.plant.arrays.nodes
    first = int(nodes.first_gpu[node])
    return range(first, first + int(nodes.gpu_count[node]))


def short_names(index: Index, nodes: Sequence[int]) -> list[str]:
    """Return names without what stands before the last dash, where all share that."""
    names = [index.plant.node_names[node] for node in nodes]
    heads = {name.rpartition("-")[0] for name in names}
    return [name.rpartition("-")[2] for name in names] if len(heads) == 1 else names
