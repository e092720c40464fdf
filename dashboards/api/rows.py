"""One piece of equipment as a JSON object: base units, unit in every name."""

from typing import Any

import numpy as np

from dashboards.basis import basis_of, throttling_of
from dashboards.index import Index
from dashboards.summary import RACK_SIGNALS, Summary
from site_models.arrays import Floats
from twin.electrical.feed_room import FeedStanding
from twin.physics.feed_tree import BELOW, Headroom
from twin.physics.pump_control import ALARM_DELAY_S

Row = dict[str, Any]


def rack_row(index: Index, summary: Summary, rack: int) -> Row:
    """Return a rack now."""
    plant, racks = index.plant, index.plant.arrays.racks
    rating_w, power_w = float(racks.rating_w[rack]), float(summary.state.rack_power_w[rack])
    return {
        "id": plant.rack_names[rack],
        "model": plant.rack_model[rack],
        "row": name_at(plant.row_names, int(racks.row[rack])),
        "pod": name_at(plant.pod_names, int(racks.pod[rack])),
        "in_service": bool(racks.in_service[rack]),
        "gpus": len(index.gpus_by_rack[rack]),
        "nodes": len(index.nodes_by_rack[rack]),
        **{signal: float(summary.rack[signal][rack]) for signal in RACK_SIGNALS},
        "rating_w": rating_w,
        "headroom_w": rating_w - power_w,
        "gpu_temp_limit_c": float(index.rack_gpu_limit_c[rack]),
        "supply_limit_c": float(index.rack_supply_limit_c[rack]),
        "inlet_limit_c": float(index.rack_inlet_limit_c[rack]),
        "flow_max_kg_per_s": float(racks.flow_max_kg_per_s[rack]),
        "cdu": name_at(plant.exchanger_names, index.cdu_of_rack(rack)),
    }


def node_row(index: Index, summary: Summary, node: int) -> Row:
    """Return a node now; the hottest GPU is NaN where it has none."""
    plant, state, nodes = index.plant, summary.state, index.plant.arrays.nodes
    first, count = int(nodes.first_gpu[node]), int(nodes.gpu_count[node])
    temps_c = state.gpu_temp_c[first : first + count]
    return {
        "id": plant.node_names[node],
        "model": plant.node_model[node],
        "rack": plant.rack_names[int(nodes.rack[node])],
        "in_service": bool(nodes.in_service[node]),
        "gpus": list(plant.gpu_names[first : first + count]),
        "node_power_w": float(state.node_power_w[node]),
        "node_dc_power_w": float(state.node_dc_power_w[node]),
        "node_inlet_c": float(state.node_inlet_c[node]),
        "node_outlet_c": float(state.node_outlet_c[node]),
        "fan_speed": float(state.fan_speed[node]),
        "gpu_temp_max_c": float(temps_c.max()) if count else float("nan"),
    }


def gpu_row(index: Index, summary: Summary, gpu: int) -> Row:
    """Return a GPU now: believed values, and beside them what was measured."""
    plant, state, gpus = index.plant, summary.state, index.plant.arrays.gpus
    node, frame = int(gpus.node[gpu]), summary.snapshot.frame
    measured = {s: v for s, v in frame.values.items() if np.shape(v) == state.gpu_temp_c.shape}
    return {
        "id": plant.gpu_names[gpu],
        "model": plant.gpu_model[gpu],
        "node": plant.node_names[node],
        "rack": plant.rack_names[int(index.rack_of_gpu[gpu])],
        "nvlink_domain": name_at(plant.nvlink_domain_names, int(plant.gpu_nvlink_domain[gpu])),
        "rail": int(plant.gpu_rail[gpu]),
        "in_service": bool(gpus.in_service[gpu]),
        "gpu_temp_c": float(state.gpu_temp_c[gpu]),
        "memory_temp_c": float(state.memory_temp_c[gpu]),
        "gpu_power_w": float(state.gpu_power_w[gpu]),
        "basis": basis_of(summary, gpu),
        "clock_ratio": float(state.gpu_clock_ratio[gpu]),
        "clocks_event_reasons": int(state.gpu_event_reasons[gpu]),
        "throttling": throttling_of(summary, gpu),
        "gpu_cap_w": float(summary.snapshot.gpu_cap_w[gpu]),
        "temp_limit_c": float(gpus.temp_limit_c[gpu]),
        "margin_k": float(gpus.temp_limit_c[gpu] - state.gpu_temp_c[gpu]),
        "gpu_power_max_w": float(gpus.power_max_w[gpu]),
        "measured": {signal: float(values[gpu]) for signal, values in measured.items()},
    }


def cdu_row(index: Index, summary: Summary, cdu: int) -> Row:
    """Return the `cdu`-th CDU now: both of its loops, heat moved and approach.

    `setpoint_c` is the one in force: no colder than the hall's dew point and a margin.
    """
    plant, state = index.plant, summary.state
    at = int(plant.cdu_exchangers[cdu])
    exchangers = plant.arrays.exchangers
    tcs, fws = int(exchangers.hot_circuit[at]), int(exchangers.cold_circuit[at])
    supply_c, fws_c = float(state.circuit_supply_c[tcs]), circuit(state.circuit_supply_c, fws)
    asked_c = float(summary.snapshot.inputs.exchanger_setpoint_c[at])
    served = np.flatnonzero(plant.arrays.racks.liquid_circuit == tcs)
    return {
        "id": plant.exchanger_names[at],
        "in_service": bool(exchangers.in_service[at]),
        "racks": [plant.rack_names[rack] for rack in served],
        "tcs_supply_c": supply_c,
        "setpoint_c": max(asked_c, float(exchangers.setpoint_least_c[at])),
        "setpoint_asked_c": asked_c,
        "tcs_return_c": float(state.circuit_arriving_c[tcs]),
        "tcs_flow_kg_per_s": float(state.circuit_flow_kg_per_s[tcs]),
        "tcs_dp_pa": float(state.circuit_dp_pa[tcs]),
        "pump_speed": float(state.circuit_pump_speed[tcs]),
        "low_flow_alarm": bool(state.circuit_low_flow_s[tcs] >= ALARM_DELAY_S),
        "fws_supply_c": fws_c,
        "fws_return_c": circuit(state.circuit_return_c, fws),
        "cdu_approach_k": supply_c - fws_c,
        "supply_limit_c": float(plant.arrays.circuits.supply_limit_c[tcs]),
        "heat_w": float(state.exchanger_heat_w[at]),
        "capacity_w": float(exchangers.capacity_w[at]),
        "opening": float(state.exchanger_opening[at]),
        "pump_power_w": float(state.circuit_mover_power_w[tcs]),
    }


def feed_row(
    index: Index, summary: Summary, standing: FeedStanding, room: Headroom, feed: int
) -> Row:
    """Return a stage of the power chain now; powers at its output but for `power_w`."""
    plant, feeds = index.plant, index.plant.arrays.feeds
    power_w, rating_w = float(summary.state.feed_power_w[feed]), float(feeds.rating_w[feed])
    load_w = float(standing.load_w[feed])
    worst_w, bound = float(standing.worst_load_w[feed]), int(room.bound_by[feed])
    return {
        "id": plant.feed_names[feed],
        "parent": name_at(plant.feed_names, int(feeds.parent[feed])),
        "in_service": bool(feeds.in_service[feed]),
        "power_w": power_w,
        "rating_w": rating_w,
        "status": standing.status[feed],
        "load_w": load_w,
        "headroom_w": rating_w - load_w,
        "usable_w": float(room.usable_w[feed]),
        "stranded_w": float(room.stranded_w[feed]),
        "bound_by": "below" if bound == BELOW else name_at(plant.feed_names, bound),
        "load_share": load_w / rating_w if rating_w > 0.0 else float("nan"),
        "worst_load_w": worst_w,
        "worst_headroom_w": rating_w - worst_w,
        "worst_loss": name_at(plant.feed_names, int(standing.worst_loss[feed])),
        "battery_share": float(standing.battery_share[feed]),
        "battery_left_s": float(standing.battery_left_s[feed]),
        "breaker_share": float(standing.breaker_share[feed]),
    }


def circuit(values: Floats, at: int) -> float:
    """Return a circuit's value; NaN for outdoor air."""
    return float(values[at]) if at >= 0 else float("nan")


def name_at(names: tuple[str, ...], at: int) -> str | None:
    """Return a name; None for an index of -1, which means none."""
    return names[at] if at >= 0 else None
