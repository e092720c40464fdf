"""GPUs during one substep: their power, their thermal chains, the heat given to coolant."""

from typing import NamedTuple

from site_models.arrays import Floats
from site_models.plant import Arrays
from twin.gpu_moves import BY_INLET, BY_POWER, BY_RAMP, PARTS, Moves, group_moves, lanes
from twin.gpu_power import (
    Load,
    capped_clock,
    controlled_power_w,
    excess_k,
    free_powers_w,
    load_at,
    loads_of,
    reasons_at,
)
from twin.physics.clocks import IDLE
from twin.physics.law import compiled, inlined
from twin.physics.thermal_chain import BODY, DIE, HEAT, MEMORY
from twin.state import MODELLED, Inputs, State


class Chains(NamedTuple):
    """The chains of all GPUs, and how much more than its model's each one rises.

    Small tuples go from function to function here: handing on the whole State for each GPU
    costs more than its physics.
    """

    die_c: Floats
    body_c: Floats
    memory_c: Floats
    coolant_c: Floats
    rise_factor: Floats


@inlined
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
    group, idle_power_w = gpus.group, gpus.idle_power_w
    chains = Chains(
        state.gpu_temp_c, state.gpu_body_c, state.memory_temp_c, state.gpu_coolant_c,
        gpus.rise_factor,
    )  # fmt: skip
    whole, part, coolant_w_per_k = group_moves(arrays, state, h_s)
    loads = loads_of(arrays, inputs)
    for n in range(nodes.rack.size):
        first, count = nodes.first_gpu[n], nodes.gpu_count[n]
        to_coolant_w[n] = 0.0
        if count == 0:
            continue
        liquid = nodes.liquid_circuit[n] >= 0
        powered = state.rack_powered[nodes.rack[n]]
        inlet_c = state.node_inlet_c[n]
        if liquid:
            inlet_c = state.circuit_delivered_c[nodes.liquid_circuit[n]] + nodes.coolant_rise_k[n]
        for turn in range(1 if liquid else 2):
            if turn == 1:
                air_w_per_k = coolant_w_per_k[group[first]]
                air_w_per_k *= lanes(gpus.upstream, first, count)
                inlet_c += to_coolant_w[n] / max(air_w_per_k, 1e-9)
            for g in range(first, first + count):
                if not liquid and gpus.upstream[g] != (turn == 0):
                    continue
                q, power_w, clock, reasons = group[g], inputs.gpu_power_w[g] * powered, 1.0, 0
                played = inputs.gpu_power_basis[g] == MODELLED
                if not played:
                    state.gpu_off[g] = False
                if played and power_w > 0.0 and not state.gpu_off[g]:
                    load = load_at(loads, g)
                    given_j, power_w, clock, reasons, off = play_gpu(
                        load, state.gpu_power_w[g], chains, whole, part, g, q, inlet_c
                    )
                    state.gpu_off[g] = off
                else:
                    if state.gpu_off[g]:
                        power_w, clock = 0.0, 0.0
                    if 0.0 < power_w <= idle_power_w[g]:
                        reasons = IDLE
                    given_j = advance_chain(chains, whole, g, q, power_w, 0.0, inlet_c)
                state.gpu_power_w[g] = power_w
                state.gpu_clock_ratio[g] = clock
                state.gpu_event_reasons[g] = reasons
                to_coolant_w[n] += given_j / h_s


@compiled
def play_gpu(
    load: Load,
    before_w: float,
    chains: Chains,
    whole: Moves,
    part: Moves,
    g: int,
    q: int,
    inlet_c: float,
) -> tuple[float, float, float, int, bool]:
    """Advance a GPU under a demand.

    Returns the heat it gave to its coolant [J], its mean power [W], its clock, its event
    reasons and whether it turned itself off. In one step while no temperature can get over
    a limit, on the way neither; else, from its start, in parts of it.
    """
    factor = chains.rise_factor[g]
    mean_c = unheated_mean_c(chains, whole, g, q, inlet_c)
    end_c = unheated_c(chains, whole, g, q, inlet_c, DIE)
    memory_c = unheated_c(chains, whole, g, q, inlet_c, MEMORY)
    mean_by_power = factor * whole.die_mean[q, BY_POWER]
    mean_by_ramp = factor * whole.die_mean[q, BY_RAMP]
    end_by_power = factor * whole.by_power[q, DIE]
    end_by_ramp = factor * whole.by_ramp[q, DIE]
    mean_w, end_w = free_powers_w(
        load, before_w, mean_c, mean_by_power, mean_by_ramp, end_c, end_by_power, end_by_ramp
    )
    ramp_w = end_w - mean_w
    mean_c += mean_by_power * mean_w + mean_by_ramp * ramp_w
    end_c += end_by_power * mean_w + end_by_ramp * ramp_w
    memory_c += factor * (whole.by_power[q, MEMORY] * mean_w + whole.by_ramp[q, MEMORY] * ramp_w)
    die_rise_k = factor * whole.die_rise_k_per_w[q] * max(mean_w, end_w)
    memory_rise_k = factor * whole.memory_rise_k_per_w[q] * max(mean_w, end_w)
    body_c = max(chains.body_c[g], unheated_c(chains, whole, g, q, inlet_c, BODY))
    over_k = max(
        excess_k(load, chains.die_c[g], chains.memory_c[g]),
        excess_k(load, end_c, memory_c),
        excess_k(load, body_c + die_rise_k, body_c + memory_rise_k),
    )
    if over_k > 0.0:
        return throttle_gpu(load, before_w, chains, part, g, q, inlet_c)
    clock = capped_clock(load, mean_w, mean_c)
    reasons = reasons_at(load, end_c, memory_c, clock < 1.0)
    if load.switching_w == 0.0:
        reasons |= IDLE
    given_j = advance_chain(chains, whole, g, q, mean_w, ramp_w, inlet_c)
    return given_j, mean_w, clock, reasons, False


@compiled
def throttle_gpu(
    load: Load, before_w: float, chains: Chains, part: Moves, g: int, q: int, inlet_c: float
) -> tuple[float, float, float, int, bool]:
    """Advance a GPU whose thermal control acts in PARTS, each at the power it allows.

    Returns as `play_gpu`; the clock is the mean of the parts, the reasons are all of theirs.
    """
    factor = chains.rise_factor[g]
    mean_by_power = factor * part.die_mean[q, BY_POWER]
    memory_by_power = factor * part.by_power[q, MEMORY]
    given_j, sum_w, clocks, off = 0.0, 0.0, 0.0, False
    reasons = IDLE if load.switching_w == 0.0 else 0
    power_w = before_w
    for _ in range(PARTS):
        if off:
            power_w = 0.0
        else:
            mean_c = unheated_mean_c(chains, part, g, q, inlet_c)
            memory_c = unheated_c(chains, part, g, q, inlet_c, MEMORY)
            power_w, clock = controlled_power_w(
                load, power_w, mean_c, mean_by_power, memory_c, memory_by_power
            )
            mean_c += mean_by_power * power_w
            memory_c += memory_by_power * power_w
            capped = capped_clock(load, power_w, mean_c)
            reasons |= reasons_at(load, mean_c, memory_c, capped < clock)
            clocks += min(clock, capped)
        given_j += advance_chain(chains, part, g, q, power_w, 0.0, inlet_c)
        sum_w += power_w
        off = off or chains.die_c[g] >= load.limit_c + load.shutdown_k
    return given_j, sum_w / PARTS, clocks / PARTS, reasons, off


@compiled
def unheated_c(chains: Chains, moves: Moves, g: int, q: int, inlet_c: float, row: int) -> float:
    """Return a temperature of the chain after a step without power [C]."""
    a = moves.after
    after_c: float = (
        a[q, row, 0] * chains.die_c[g]
        + a[q, row, 1] * chains.body_c[g]
        + a[q, row, 2] * chains.memory_c[g]
        + a[q, row, 3] * chains.coolant_c[g]
        + moves.by_inlet[q, row] * inlet_c
    )
    return after_c


@compiled
def unheated_mean_c(chains: Chains, moves: Moves, g: int, q: int, inlet_c: float) -> float:
    """Return the die's mean temperature over a step without power [C]."""
    mean = moves.die_mean
    mean_c: float = (
        mean[q, 0] * chains.die_c[g]
        + mean[q, 1] * chains.body_c[g]
        + mean[q, 2] * chains.memory_c[g]
        + mean[q, 3] * chains.coolant_c[g]
        + mean[q, BY_INLET] * inlet_c
    )
    return mean_c


@compiled
def advance_chain(
    chains: Chains, moves: Moves, g: int, q: int, mean_w: float, ramp_w: float, inlet_c: float
) -> float:
    """Advance the chain of GPU g; return the heat it gave to its coolant in the step [J].

    A GPU whose rise is a multiple of its model's has the model's chain with resistances so
    much larger and capacities so much smaller: driven by that multiple of its power, it
    gives, and holds, heat divided by it.
    """
    factor = chains.rise_factor[g]
    a, u, w, v = moves.after[q], moves.by_power[q], moves.by_ramp[q], moves.by_inlet[q]
    die, body = chains.die_c[g], chains.body_c[g]
    memory, coolant = chains.memory_c[g], chains.coolant_c[g]
    p, r, t = factor * mean_w, factor * ramp_w, inlet_c
    chains.die_c[g] = (
        a[0, 0] * die + a[0, 1] * body + a[0, 2] * memory + a[0, 3] * coolant
        + u[0] * p + w[0] * r + v[0] * t
    )  # fmt: skip
    chains.body_c[g] = (
        a[1, 0] * die + a[1, 1] * body + a[1, 2] * memory + a[1, 3] * coolant
        + u[1] * p + w[1] * r + v[1] * t
    )  # fmt: skip
    chains.memory_c[g] = (
        a[2, 0] * die + a[2, 1] * body + a[2, 2] * memory + a[2, 3] * coolant
        + u[2] * p + w[2] * r + v[2] * t
    )  # fmt: skip
    chains.coolant_c[g] = (
        a[3, 0] * die + a[3, 1] * body + a[3, 2] * memory + a[3, 3] * coolant
        + u[3] * p + w[3] * r + v[3] * t
    )  # fmt: skip
    heat_j = a[HEAT, 0] * die + a[HEAT, 1] * body + a[HEAT, 2] * memory + a[HEAT, 3] * coolant
    given_j: float = (heat_j + u[HEAT] * p + w[HEAT] * r + v[HEAT] * t) / factor
    return given_j
