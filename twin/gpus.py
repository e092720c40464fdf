"""GPUs during one substep: their power, their thermal chains, the heat given to coolant."""

from site_models.arrays import Floats
from site_models.plant import Arrays
from twin.gpu_moves import BY_INLET, BY_POWER, BY_RAMP, PARTS, Moves, group_moves, lanes
from twin.gpu_power import (
    Load,
    capped_clock,
    controlled_power_w,
    excess_k,
    free_powers_w,
    load_of,
    reasons_at,
)
from twin.physics.clocks import IDLE
from twin.physics.law import compiled
from twin.physics.thermal_chain import DIE, HEAT, MEMORY
from twin.state import MODELLED, Inputs, State


@compiled
def advance_gpus(
    arrays: Arrays, state: State, inputs: Inputs, h_s: float, to_coolant_w: Floats
) -> None:
    """Advance every GPU's chain by h; sum its mean heat to its node's coolant.

    Power that was measured is taken as it is and the chain is then exact at any h. Modelled
    power follows leakage and control: `twin/gpu_power.py`.

    In air the GPUs behind others breathe air that those have warmed, so each node is passed
    twice; in liquid all cold plates of a node are in parallel and the second pass is empty.
    """
    gpus, nodes = arrays.gpus, arrays.nodes
    whole, part, coolant_w_per_k = group_moves(arrays, state, h_s)
    for n in range(nodes.rack.size):
        first, count = nodes.first_gpu[n], nodes.gpu_count[n]
        to_coolant_w[n] = 0.0
        if count == 0:
            continue
        liquid = nodes.liquid_circuit[n] >= 0
        inlet_c = state.node_inlet_c[n]
        if liquid:
            inlet_c = state.circuit_supply_c[nodes.liquid_circuit[n]]
        for turn in range(1 if liquid else 2):
            if turn == 1:
                air_w_per_k = coolant_w_per_k[gpus.group[first]]
                air_w_per_k *= lanes(gpus.upstream, first, count)
                inlet_c += to_coolant_w[n] / max(air_w_per_k, 1e-9)
            for g in range(first, first + count):
                if not liquid and gpus.upstream[g] != (turn == 0):
                    continue
                if inputs.gpu_power_basis[g] == MODELLED:
                    given_j = play_gpu(arrays, state, inputs, g, inlet_c, h_s, whole, part)
                else:
                    given_j = follow_gpu(arrays, state, inputs.gpu_power_w[g], g, inlet_c, whole)
                to_coolant_w[n] += given_j / h_s


@compiled
def follow_gpu(
    arrays: Arrays, state: State, power_w: float, g: int, inlet_c: float, whole: Moves
) -> float:
    """Advance a GPU under a known power; return the heat it gave to its coolant [J]."""
    state.gpu_power_w[g] = power_w
    state.gpu_clock_ratio[g] = 1.0
    state.gpu_off[g] = False
    idle = 0.0 < power_w <= arrays.gpus.idle_power_w[g]
    state.gpu_event_reasons[g] = IDLE if idle else 0
    return advance_chain(arrays, state, whole, g, power_w, 0.0, inlet_c)


@compiled
def play_gpu(
    arrays: Arrays,
    state: State,
    inputs: Inputs,
    g: int,
    inlet_c: float,
    h_s: float,
    whole: Moves,
    part: Moves,
) -> float:
    """Advance a GPU under a demand; return the heat it gave to its coolant [J].

    In one step while no temperature is over a limit; else, from its start, in PARTS, each
    with the power that its own temperature allows.
    """
    demand_w = inputs.gpu_power_w[g]
    if demand_w <= 0.0 or state.gpu_off[g]:
        state.gpu_power_w[g] = 0.0
        state.gpu_clock_ratio[g] = 0.0 if state.gpu_off[g] else 1.0
        state.gpu_event_reasons[g] = 0
        return advance_chain(arrays, state, whole, g, 0.0, 0.0, inlet_c)
    load = load_of(arrays, g, demand_w, inputs.gpu_cap_w[g])
    q, factor = arrays.gpus.group[g], arrays.gpus.rise_factor[g]
    mean_c = unheated_mean_c(state, whole, q, g, inlet_c)
    end_c = unheated_c(state, whole, q, g, inlet_c, DIE)
    mean_w, end_w = free_powers_w(
        load,
        mean_c,
        factor * whole.die_mean[q, BY_POWER],
        factor * whole.die_mean[q, BY_RAMP],
        end_c,
        factor * whole.by_power[q, DIE],
        factor * whole.by_ramp[q, DIE],
    )
    ramp_w = end_w - mean_w
    end_c += factor * (whole.by_power[q, DIE] * mean_w + whole.by_ramp[q, DIE] * ramp_w)
    memory_c = unheated_c(state, whole, q, g, inlet_c, MEMORY)
    memory_c += factor * (whole.by_power[q, MEMORY] * mean_w + whole.by_ramp[q, MEMORY] * ramp_w)
    start_k = excess_k(load, state.gpu_temp_c[g], state.memory_temp_c[g])
    if max(start_k, excess_k(load, end_c, memory_c)) > 0.0:
        return throttle_gpu(arrays, state, load, g, inlet_c, h_s, part)
    mean_c += factor * whole.die_mean[q, BY_POWER] * mean_w
    mean_c += factor * whole.die_mean[q, BY_RAMP] * ramp_w
    clock = capped_clock(load, mean_w, mean_c)
    state.gpu_power_w[g] = mean_w
    state.gpu_clock_ratio[g] = clock
    state.gpu_event_reasons[g] = reasons_at(load, end_c, memory_c, clock < 1.0)
    if load.switching_w == 0.0:
        state.gpu_event_reasons[g] |= IDLE
    return advance_chain(arrays, state, whole, g, mean_w, ramp_w, inlet_c)


@compiled
def throttle_gpu(
    arrays: Arrays, state: State, load: Load, g: int, inlet_c: float, h_s: float, part: Moves
) -> float:
    """Advance a GPU whose thermal control acts; return the heat given to its coolant [J].

    Power and clock are told as means over the step, event reasons as all that occurred.
    """
    q, factor = arrays.gpus.group[g], arrays.gpus.rise_factor[g]
    given_j, sum_w, clocks = 0.0, 0.0, 0.0
    reasons = IDLE if load.switching_w == 0.0 else 0
    for _ in range(PARTS):
        power_w, clock = 0.0, 0.0
        if not state.gpu_off[g]:
            mean_c = unheated_mean_c(state, part, q, g, inlet_c)
            memory_c = unheated_c(state, part, q, g, inlet_c, MEMORY)
            mean_by_power = factor * part.die_mean[q, BY_POWER]
            memory_by_power = factor * part.by_power[q, MEMORY]
            power_w, clock = controlled_power_w(
                load, mean_c, mean_by_power, memory_c, memory_by_power
            )
            mean_c += mean_by_power * power_w
            capped = capped_clock(load, power_w, mean_c)
            reasons |= reasons_at(
                load, mean_c, memory_c + memory_by_power * power_w, capped < clock
            )
            clock = min(clock, capped)
        given_j += advance_chain(arrays, state, part, g, power_w, 0.0, inlet_c)
        sum_w += power_w
        clocks += clock
        if state.gpu_temp_c[g] >= load.limit_c + load.shutdown_k:
            state.gpu_off[g] = True
    state.gpu_power_w[g] = sum_w / PARTS
    state.gpu_clock_ratio[g] = clocks / PARTS
    state.gpu_event_reasons[g] = reasons
    return given_j


@compiled
def unheated_c(state: State, moves: Moves, q: int, g: int, inlet_c: float, row: int) -> float:
    """Return a temperature of the chain after a step without power [C]."""
    a = moves.after
    return (
        a[q, row, 0] * state.gpu_temp_c[g]
        + a[q, row, 1] * state.gpu_body_c[g]
        + a[q, row, 2] * state.memory_temp_c[g]
        + a[q, row, 3] * state.gpu_coolant_c[g]
        + moves.by_inlet[q, row] * inlet_c
    )


@compiled
def unheated_mean_c(state: State, moves: Moves, q: int, g: int, inlet_c: float) -> float:
    """Return the die's mean temperature over a step without power [C]."""
    mean = moves.die_mean
    return (
        mean[q, 0] * state.gpu_temp_c[g]
        + mean[q, 1] * state.gpu_body_c[g]
        + mean[q, 2] * state.memory_temp_c[g]
        + mean[q, 3] * state.gpu_coolant_c[g]
        + mean[q, BY_INLET] * inlet_c
    )


@compiled
def advance_chain(
    arrays: Arrays, state: State, moves: Moves, g: int, mean_w: float, ramp_w: float, inlet_c: float
) -> float:
    """Advance the chain of GPU g; return the heat it gave to its coolant in the step [J].

    A GPU whose rise is a multiple of its model's has the model's chain with resistances so
    much larger and capacities so much smaller: driven by that multiple of its power, it
    gives, and holds, heat divided by it.
    """
    q, factor = arrays.gpus.group[g], arrays.gpus.rise_factor[g]
    a, u, w, v = moves.after[q], moves.by_power[q], moves.by_ramp[q], moves.by_inlet[q]
    die, body = state.gpu_temp_c[g], state.gpu_body_c[g]
    memory, coolant = state.memory_temp_c[g], state.gpu_coolant_c[g]
    p, r, t = factor * mean_w, factor * ramp_w, inlet_c
    state.gpu_temp_c[g] = (
        a[0, 0] * die + a[0, 1] * body + a[0, 2] * memory + a[0, 3] * coolant
        + u[0] * p + w[0] * r + v[0] * t
    )  # fmt: skip
    state.gpu_body_c[g] = (
        a[1, 0] * die + a[1, 1] * body + a[1, 2] * memory + a[1, 3] * coolant
        + u[1] * p + w[1] * r + v[1] * t
    )  # fmt: skip
    state.memory_temp_c[g] = (
        a[2, 0] * die + a[2, 1] * body + a[2, 2] * memory + a[2, 3] * coolant
        + u[2] * p + w[2] * r + v[2] * t
    )  # fmt: skip
    state.gpu_coolant_c[g] = (
        a[3, 0] * die + a[3, 1] * body + a[3, 2] * memory + a[3, 3] * coolant
        + u[3] * p + w[3] * r + v[3] * t
    )  # fmt: skip
    heat_j = a[HEAT, 0] * die + a[HEAT, 1] * body + a[HEAT, 2] * memory + a[HEAT, 3] * coolant
    given_j: float = (heat_j + u[HEAT] * p + w[HEAT] * r + v[HEAT] * t) / factor
    return given_j
