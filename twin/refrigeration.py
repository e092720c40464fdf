"""Chillers during one substep: what they take off, for which power, and which of them run."""

import numpy as np

from site_models.arrays import Floats
from site_models.plant import Arrays
from twin.physics.chiller import beyond_the_curves, biquadratic, eir_chiller_power_w
from twin.physics.law import compiled
from twin.physics.movers import second_law_cop
from twin.state import Inputs, State

LEAST_CONDENSER_FLOW = 0.3
"""Share of its rated condenser water below which a running chiller trips: an estimate."""
STAGE_DOWN = 0.9
"""One stops when the others would run at this share of what they can: no hunting."""


@compiled
def add_condenser_flows(arrays: Arrays, state: State, flow: Floats) -> None:
    """Add what running chillers draw from each circuit for their condensers [kg/s]."""
    chillers = arrays.chillers
    for c in range(chillers.circuit.size):
        if chillers.condenser_circuit[c] >= 0:
            flow[chillers.condenser_circuit[c]] += (
                state.chiller_running[c] * chillers.condenser_flow_rated_kg_per_s[c]
            )


@compiled
def chill(arrays: Arrays, state: State, inputs: Inputs, h_s: float) -> None:
    """Set each chiller's heat and power: it takes off what its circuit's coolers left.

    Those that run share the heat by what they can take at these temperatures. They are
    started in their order when that is too little, one a substep, and stopped in reverse.
    """
    chillers, circuits = arrays.chillers, arrays.circuits
    asked_w = np.zeros(circuits.kind.size)
    running_w = np.zeros(circuits.kind.size)
    able_w = np.zeros(chillers.circuit.size)
    for x in range(arrays.exchangers.hot_circuit.size):
        asked_w[arrays.exchangers.hot_circuit[x]] -= state.exchanger_heat_w[x]
    keep_running(arrays, state, inputs, h_s)
    for c in range(chillers.circuit.size):
        k = chillers.circuit[c]
        able_w[c] = capacity_w(arrays, state, inputs, c)
        running_w[k] += able_w[c] * state.chiller_running[c]
    for c in range(chillers.circuit.size):
        k = chillers.circuit[c]
        state.chiller_heat_w[c] = 0.0
        state.chiller_power_w[c] = 0.0
        capacity_rate = state.circuit_flow_kg_per_s[k] * circuits.cp_j_per_kg_k[k]
        warmer_k = state.circuit_return_c[k] - chillers.trim_setpoint_c[c]
        needed_w = asked_w[k] + capacity_rate * warmer_k
        if state.chiller_running[c] > 0.0 and running_w[k] > 0.0:
            heat_w = min(max(needed_w / running_w[k], 0.0), 1.0) * able_w[c]
            state.chiller_heat_w[c] = heat_w
            state.chiller_power_w[c] = power_w(arrays, state, inputs, c, heat_w)
    stage(arrays, state, asked_w, running_w, able_w)


@compiled
def entering_c(arrays: Arrays, state: State, inputs: Inputs, c: int) -> float:
    """Return what a chiller's condenser is cooled by: outdoor air or a circuit's supply [C]."""
    k = arrays.chillers.condenser_circuit[c]
    level_c: float = state.circuit_supply_c[k] if k >= 0 else inputs.dry_bulb_c
    return level_c


@compiled
def leaving_c(arrays: Arrays, state: State, c: int) -> float:
    """Return the water that leaves a chiller: its setpoint, warmer where that is not held [C]."""
    chillers = arrays.chillers
    level_c: float = max(state.circuit_supply_c[chillers.circuit[c]], chillers.trim_setpoint_c[c])
    return level_c


@compiled
def keep_running(arrays: Arrays, state: State, inputs: Inputs, h_s: float) -> None:
    """Trip chillers without power, service or cold enough condenser water; run down waits."""
    chillers, exchangers = arrays.chillers, arrays.exchangers
    left = state.circuit_flow_kg_per_s.copy()
    wanted = np.zeros(left.size)
    for x in range(exchangers.hot_circuit.size):
        if exchangers.cold_circuit[x] >= 0:
            left[exchangers.cold_circuit[x]] -= state.exchanger_cold_flow_kg_per_s[x]
    add_condenser_flows(arrays, state, wanted)
    for c in range(chillers.circuit.size):
        k = chillers.condenser_circuit[c]
        lost = not (
            chillers.in_service[c]
            and chillers.available[c]
            and arrays.feeds.in_service[chillers.feed[c]]
        )
        if k >= 0 and state.chiller_running[c] > 0.0:
            lost = lost or left[k] < LEAST_CONDENSER_FLOW * wanted[k]
            lost = lost or state.circuit_supply_c[k] > chillers.entering_max_c[c]
        if lost:
            state.chiller_running[c] = 0.0
            state.chiller_ready_s[c] = chillers.restart_s[c]
        else:
            state.chiller_ready_s[c] = max(state.chiller_ready_s[c] - h_s, 0.0)


@compiled
def stage(arrays: Arrays, state: State, asked_w: Floats, running_w: Floats, able_w: Floats) -> None:
    """Start the next chiller of each circuit that asks for more, stop the last one too many.

    `asked_w` and `running_w` [W] have shape (circuits,), `able_w` [W] (chillers,).
    """
    chillers, circuits = arrays.chillers, arrays.circuits
    first_idle = np.full(circuits.kind.size, -1)
    last_running = np.full(circuits.kind.size, -1)
    for c in range(chillers.circuit.size):
        k = chillers.circuit[c]
        if state.chiller_running[c] > 0.0:
            last_running[k] = c
        elif state.chiller_ready_s[c] <= 0.0 and first_idle[k] < 0:
            first_idle[k] = c
    for k in range(circuits.kind.size):
        last, idle = last_running[k], first_idle[k]
        some = max(last, idle)
        if some < 0:
            continue
        capacity_rate = state.circuit_flow_kg_per_s[k] * circuits.cp_j_per_kg_k[k]
        warmer_k = state.circuit_return_c[k] - chillers.trim_setpoint_c[some]
        needed_w = asked_w[k] + capacity_rate * warmer_k
        if needed_w > running_w[k] and idle >= 0:
            state.chiller_running[idle] = 1.0
        elif last >= 0 and needed_w <= STAGE_DOWN * (running_w[k] - able_w[last]):
            state.chiller_running[last] = 0.0


@compiled
def beyond(arrays: Arrays, state: State, inputs: Inputs, c: int) -> tuple[float, float, float]:
    """Return leaving and entering water held in the curves, and the COP's ratio outside [-].

    Condenser water colder than the curves reach is throttled until it is not.
    """
    chillers = arrays.chillers
    out_c, in_c = leaving_c(arrays, state, c), entering_c(arrays, state, inputs, c)
    in_c = max(in_c, chillers.entering_low_c[c])
    held_out_c = min(max(out_c, chillers.leaving_low_c[c]), chillers.leaving_high_c[c])
    held_in_c = min(in_c, chillers.entering_high_c[c])
    ratio = beyond_the_curves(out_c, in_c, held_out_c, held_in_c, chillers.condenser_approach_k[c])
    return held_out_c, held_in_c, ratio


@compiled
def curve_at(arrays: Arrays, q: int, x: float, y: float) -> float:
    """Return a curve of two temperatures."""
    v = arrays.curves
    value: float = biquadratic(x, y, v.c0[q], v.c1[q], v.c2[q], v.c3[q], v.c4[q], v.c5[q])
    return value


@compiled
def capacity_w(arrays: Arrays, state: State, inputs: Inputs, c: int) -> float:
    """Return the most that a chiller can take off now [W].

    Outside the curves its motor draws no more than at their edge.
    """
    chillers = arrays.chillers
    rated_w: float = chillers.capacity_w[c]
    if chillers.capacity_curve[c] < 0:
        return rated_w
    held_out_c, held_in_c, ratio = beyond(arrays, state, inputs, c)
    part = curve_at(arrays, chillers.capacity_curve[c], held_out_c, held_in_c)
    return max(part * min(ratio, 1.0), 0.0) * rated_w


@compiled
def power_w(arrays: Arrays, state: State, inputs: Inputs, c: int, heat_w: float) -> float:
    """Return the power of a chiller that takes off a heat [W]: by its curves where it has any."""
    chillers, curves = arrays.chillers, arrays.curves
    if chillers.capacity_curve[c] < 0:
        cop: float = second_law_cop(
            leaving_c(arrays, state, c),
            entering_c(arrays, state, inputs, c) + chillers.condenser_approach_k[c],
            chillers.second_law_efficiency[c],
        )
        return heat_w / cop
    held_out_c, held_in_c, ratio = beyond(arrays, state, inputs, c)
    q = chillers.load_curve[c]
    on_curves_w: float = eir_chiller_power_w(
        heat_w,
        capacity_w(arrays, state, inputs, c),
        chillers.rated_cop[c],
        curve_at(arrays, chillers.input_curve[c], held_out_c, held_in_c),
        curves.c0[q],
        curves.c1[q],
        curves.c2[q],
        chillers.part_load_min[c],
    )
    return on_curves_w / ratio
