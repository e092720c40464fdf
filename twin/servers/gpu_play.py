"""A GPU under a demand: free, or cut back by its own thermal control."""

from twin.physics.clocks import IDLE
from twin.physics.law import borrowing
from twin.physics.thermal_chain import BODY, DIE, MEMORY
from twin.servers.gpu_chains import Chains, advance_chain, unheated_c, unheated_mean_c
from twin.servers.gpu_loads import Load
from twin.servers.gpu_moves import BY_POWER, BY_RAMP, PARTS, Moves
from twin.servers.gpu_power import (
    capped_clock,
    controlled_power_w,
    excess_k,
    free_powers_w,
    reasons_at,
)


@borrowing
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


@borrowing
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
