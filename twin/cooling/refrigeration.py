"""Chillers during one substep: what they take off, for which power, and which of them run."""

import math

from site_models.arrays import Floats
from site_models.plant import Arrays, Chillers, Curves
from twin.physics.chiller import beyond_the_curves, biquadratic, eir_chiller_power_w
from twin.physics.law import borrowing
from twin.physics.movers import second_law_cop
from twin.scratch import Scratch, clear
from twin.state import Inputs, State

LEAST_CONDENSER_FLOW = 0.3
"""Share of its rated condenser water below which a running chiller trips: an estimate."""
STAGE_DOWN = 0.9
"""One stops when the others would run at this share of what they can: no hunting."""


@borrowing
def add_condenser_flows(chillers: Chillers, running: Floats, flow: Floats) -> None:
    """Add what running chillers draw from each circuit for their condensers [kg/s]."""
    for c in range(chillers.circuit.size):
        if chillers.condenser_circuit[c] >= 0:
            flow[chillers.condenser_circuit[c]] += (
                running[c] * chillers.condenser_flow_rated_kg_per_s[c]
            )


@borrowing
def chill(arrays: Arrays, state: State, scratch: Scratch, inputs: Inputs, h_s: float) -> None:
    """Set each chiller's heat and power: it takes off what its circuit's coolers left.

    Those that run share the heat by what they can take at these temperatures. They are
    started in their order when that is too little, one a substep, and stopped in reverse.
    """
    chillers, circuits = arrays.chillers, arrays.circuits
    asked_w, running_w = scratch.asked_w, scratch.running_w
    able_w, needed_w, trim_c = scratch.able_w, scratch.needed_w, scratch.trim_c
    clear(asked_w)
    clear(running_w)
    for x in range(arrays.exchangers.hot_circuit.size):
        asked_w[arrays.exchangers.hot_circuit[x]] -= state.exchanger_heat_w[x]
    keep_running(arrays, state, scratch, h_s)
    set_trims(arrays, inputs, scratch.moved_k, trim_c)
    for c in range(chillers.circuit.size):
        k = chillers.circuit[c]
        at = waters_c(chillers, c, trim_c[c], state.circuit_supply_c, inputs.dry_bulb_c)
        able_w[c] = capacity_w(chillers, arrays.curves, c, at)
        running_w[k] += able_w[c] * state.chiller_running[c]
    for c in range(chillers.circuit.size):
        k = chillers.circuit[c]
        state.chiller_heat_w[c] = 0.0
        state.chiller_power_w[c] = 0.0
        capacity_rate = state.circuit_flow_kg_per_s[k] * circuits.cp_j_per_kg_k[k]
        warmer_k = state.circuit_arriving_c[k] - trim_c[c]
        needed_w[c] = asked_w[k] + capacity_rate * warmer_k
        if state.chiller_running[c] > 0.0 and running_w[k] > 0.0:
            heat_w = min(max(needed_w[c] / running_w[k], 0.0), 1.0) * able_w[c]
            state.chiller_heat_w[c] = heat_w
            at = waters_c(chillers, c, trim_c[c], state.circuit_supply_c, inputs.dry_bulb_c)
            state.chiller_power_w[c] = power_w(chillers, arrays.curves, c, at, heat_w)
    stage(chillers, state, scratch)


@borrowing
def set_trims(arrays: Arrays, inputs: Inputs, moved_k: Floats, trim_c: Floats) -> None:
    """Set what each chiller holds [C]: it follows its circuit's coolers when those are moved.

    They share one setpoint in the plant's control, the chiller's some kelvins warmer; by how
    much the inputs move the coolers' from what it is in the plant, by so much its own moves.
    Where several cool a circuit, the coldest wish counts.
    """
    chillers, exchangers = arrays.chillers, arrays.exchangers
    for k in range(moved_k.size):
        moved_k[k] = math.inf
    for x in range(exchangers.hot_circuit.size):
        k = exchangers.hot_circuit[x]
        moved_k[k] = min(moved_k[k], inputs.exchanger_setpoint_c[x] - exchangers.setpoint_c[x])
    for c in range(chillers.circuit.size):
        trim_c[c] = chillers.trim_setpoint_c[c]
        if moved_k[chillers.circuit[c]] < math.inf:
            trim_c[c] += moved_k[chillers.circuit[c]]


@borrowing
def waters_c(
    chillers: Chillers, c: int, trim_c: float, supply_c: Floats, dry_bulb_c: float
) -> tuple[float, float]:
    """Return the water that leaves a chiller and what enters its condenser [C].

    The first is its setpoint, warmer where that is not held; the second water or outdoor air.
    """
    leaving_c = max(supply_c[chillers.circuit[c]], trim_c)
    k = chillers.condenser_circuit[c]
    return leaving_c, supply_c[k] if k >= 0 else dry_bulb_c


@borrowing
def keep_running(arrays: Arrays, state: State, scratch: Scratch, h_s: float) -> None:
    """Trip chillers without power, service or cold enough condenser water; run down waits."""
    chillers, exchangers = arrays.chillers, arrays.exchangers
    left, wanted = scratch.left_kg_per_s, scratch.condensers_kg_per_s
    for k in range(left.size):
        left[k], wanted[k] = state.circuit_flow_kg_per_s[k], 0.0
    for x in range(exchangers.hot_circuit.size):
        if exchangers.cold_circuit[x] >= 0:
            left[exchangers.cold_circuit[x]] -= state.exchanger_cold_flow_kg_per_s[x]
    add_condenser_flows(chillers, state.chiller_running, wanted)
    for c in range(chillers.circuit.size):
        k = chillers.condenser_circuit[c]
        lost = not (
            chillers.in_service[c] and chillers.available[c] and state.chiller_powered[c] > 0.0
        )
        if k >= 0 and state.chiller_running[c] > 0.0:
            lost = lost or left[k] < LEAST_CONDENSER_FLOW * wanted[k]
            lost = lost or state.circuit_supply_c[k] > chillers.entering_max_c[c]
        if lost:
            state.chiller_running[c] = 0.0
            state.chiller_ready_s[c] = chillers.restart_s[c]
        else:
            state.chiller_ready_s[c] = max(state.chiller_ready_s[c] - h_s, 0.0)


@borrowing
def stage(chillers: Chillers, state: State, scratch: Scratch) -> None:
    """Start the next chiller of each circuit that asks for more, stop the last one too many.

    `needed_w` is what the circuit asks of all at a chiller's setpoint.
    """
    running, ready_s = state.chiller_running, state.chiller_ready_s
    needed_w, running_w, able_w = scratch.needed_w, scratch.running_w, scratch.able_w
    first_idle, last_running = scratch.first_idle, scratch.last_running
    for k in range(running_w.size):
        first_idle[k], last_running[k] = -1, -1
    for c in range(chillers.circuit.size):
        k = chillers.circuit[c]
        if running[c] > 0.0:
            last_running[k] = c
        elif ready_s[c] <= 0.0 and first_idle[k] < 0:
            first_idle[k] = c
    for k in range(running_w.size):
        last, idle = last_running[k], first_idle[k]
        if idle >= 0 and needed_w[idle] > running_w[k]:
            running[idle] = 1.0
        elif last >= 0 and needed_w[last] <= STAGE_DOWN * (running_w[k] - able_w[last]):
            running[last] = 0.0


@borrowing
def beyond(chillers: Chillers, c: int, at: tuple[float, float]) -> tuple[float, float, float]:
    """Return leaving and entering water held in the curves, and the COP's ratio outside [-].

    `at` is leaving and entering water now [C]. Condenser water colder than the curves reach
    is throttled until it is not.
    """
    out_c, in_c = at[0], max(at[1], chillers.entering_low_c[c])
    held_out_c = min(max(out_c, chillers.leaving_low_c[c]), chillers.leaving_high_c[c])
    held_in_c = min(in_c, chillers.entering_high_c[c])
    approach_k = chillers.condenser_approach_k[c]
    return held_out_c, held_in_c, beyond_the_curves(out_c, in_c, held_out_c, held_in_c, approach_k)


@borrowing
def curve_at(v: Curves, q: int, x: float, y: float) -> float:
    """Return a curve of two temperatures."""
    value: float = biquadratic(x, y, v.c0[q], v.c1[q], v.c2[q], v.c3[q], v.c4[q], v.c5[q])
    return value


@borrowing
def capacity_w(chillers: Chillers, curves: Curves, c: int, at: tuple[float, float]) -> float:
    """Return the most that a chiller can take off at these leaving and entering waters [W].

    Outside the curves its motor draws no more than at their edge.
    """
    rated_w: float = chillers.capacity_w[c]
    if chillers.capacity_curve[c] < 0:
        return rated_w
    held_out_c, held_in_c, ratio = beyond(chillers, c, at)
    part = curve_at(curves, chillers.capacity_curve[c], held_out_c, held_in_c)
    return max(part * min(ratio, 1.0), 0.0) * rated_w


@borrowing
def power_w(
    chillers: Chillers, curves: Curves, c: int, at: tuple[float, float], heat_w: float
) -> float:
    """Return the power of a chiller that takes off a heat [W]: by its curves where it has any."""
    if chillers.capacity_curve[c] < 0:
        condensing_c = at[1] + chillers.condenser_approach_k[c]
        cop: float = second_law_cop(at[0], condensing_c, chillers.second_law_efficiency[c])
        return heat_w / cop
    held_out_c, held_in_c, ratio = beyond(chillers, c, at)
    q = chillers.load_curve[c]
    on_curves_w: float = eir_chiller_power_w(
        heat_w,
        capacity_w(chillers, curves, c, at),
        chillers.rated_cop[c],
        curve_at(curves, chillers.input_curve[c], held_out_c, held_in_c),
        curves.c0[q],
        curves.c1[q],
        curves.c2[q],
        chillers.part_load_min[c],
    )
    return on_curves_w / ratio
