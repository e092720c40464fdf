"""The key figures of a rack, each with its unit and its limit."""

import math

import numpy as np

from dashboards.basis import sign_of
from dashboards.findings import NEAR_COOLANT_K, NEAR_GPU_K, Severity, level_of
from dashboards.index import Index
from dashboards.numbers import fixed, litres_per_min, power
from dashboards.parts.cards import Card
from dashboards.parts.site_cards import power_card, temperature_share
from dashboards.stopped import racks_without_flow
from dashboards.summary import Summary


def rack_cards(index: Index, summary: Summary, rack: int) -> list[Card]:
    """Return the strip of the Rack page."""
    rating_w = float(index.plant.arrays.racks.rating_w[rack])
    rack_w = float(summary.rack["rack_power_w"][rack])
    cards = [
        power_card("Rack power", rack_w, rating_w, "rated", "At the rack inlet"),
        _hottest(index, summary, rack),
    ]
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
        f"limit {fixed(limit_c, 0)} °C · {index.plant.gpu_names[worst]}",
        temperature_share(value_c, limit_c),
        level_of(limit_c - value_c, NEAR_GPU_K),
    )


def _coolant(index: Index, summary: Summary, rack: int) -> list[Card]:
    """Return supply, return, flow and pressure of the rack's coolant."""
    arrays = index.plant.arrays
    supply_c = float(summary.rack["rack_supply_c"][rack])
    return_c = float(summary.rack["rack_return_c"][rack])
    limit_c = float(index.rack_supply_limit_c[rack])
    circuit = int(arrays.racks.liquid_circuit[rack])
    cp = float(arrays.circuits.cp_j_per_kg_k[circuit])
    flow = litres_per_min(float(summary.rack["rack_flow_kg_per_s"][rack]), cp)
    most = litres_per_min(float(arrays.racks.flow_max_kg_per_s[rack]), cp)
    shown_dp = fixed(float(summary.rack["rack_dp_pa"][rack]) / 1e3, 0)
    valve = fixed(100.0 * float(summary.rack["rack_valve"][rack]), 0)
    pumps = fixed(100.0 * float(summary.state.circuit_pump_speed[circuit]), 0)
    dry = bool(racks_without_flow(index, summary)[rack])
    hold_c = float(arrays.racks.return_setpoint_c[rack])
    return [
        Card("Coolant supply", fixed(supply_c), "°C",
             f"limit {fixed(limit_c, 0)} °C · {index.plant.circuit_names[circuit]}",
             temperature_share(supply_c, limit_c), level_of(limit_c - supply_c, NEAR_COOLANT_K)),
        Card("Coolant return", fixed(return_c), "°C", f"the valve holds {fixed(hold_c, 0)} °C"),
        Card("Coolant flow", fixed(flow), "L/min",
             f"of {fixed(most)} · {shown_dp} kPa · valve {valve} %",
             flow / most if most > 0.0 else math.nan,
             Severity.OVER if dry else Severity.NOTE, flag="no flow",
             about=f"Against its most [L/min], with the pressure that drives it; the pumps of its"
             f" loop run at {pumps} % of full speed"),
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
