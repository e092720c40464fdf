"""Board power that a load comes to: leakage follows the die, the device's control the limits.

Everything here is one GPU in one step. Its chain is linear in its board power, so the die's
temperature, at the step's end and in its mean, is a line in that power; the power is what
demand, leakage and control make of that temperature. The two are solved together.
"""

from twin.physics.clocks import (
    HW_SLOWDOWN,
    HW_THERMAL,
    SW_POWER_CAP,
    SW_THERMAL,
    clock_for_share,
    switching_share,
    thermal_clock,
)
from twin.physics.law import borrowing
from twin.physics.leakage import HOTTEST_C, leakage_power_w
from twin.servers.gpu_loads import Load

LAST_STEP_W = 1e-4
CLOSE_W = 1e-7
LONGEST_SEARCH = 60


@borrowing
def leaking_w(load: Load, die_c: float) -> float:
    """Return the leakage at a die temperature [W]."""
    leaks_w: float = leakage_power_w(
        die_c, load.leakage_w, load.leakage_temp_c, load.leakage_rate_per_k
    )
    return leaks_w


@borrowing
def kept_w(load: Load, leaks_w: float, clock: float) -> float:
    """Return the board power at a thermally allowed clock, the cap kept [W].

    A cap below what the lowest clock draws cannot be kept.
    """
    still_w = load.fixed_w + leaks_w
    switching_w = load.switching_w
    if clock < 1.0:
        switching_w *= switching_share(clock, load.voltage_flat, load.voltage_floor)
    if still_w + switching_w <= load.cap_w:
        return still_w + switching_w
    return max(load.cap_w, still_w + min(load.least_w, switching_w))


@borrowing
def free_powers_w(
    load: Load,
    guess_w: float,
    mean_c: float,
    mean_by_power: float,
    mean_by_ramp: float,
    end_c: float,
    end_by_power: float,
    end_by_ramp: float,
) -> tuple[float, float]:
    """Return mean power and power at the end of a step without thermal control [W].

    The die's mean and end are given as at no power, with their rises by power and by its
    ramp. Newton's steps on both by turns from a guess: what is left of one after the next is
    some 1e-5 of it.
    """
    mean_w, end_w = guess_w, guess_w
    for _ in range(LONGEST_SEARCH):
        die_c = mean_c + mean_by_power * mean_w + mean_by_ramp * (end_w - mean_w)
        mean_step = _newton_w(load, die_c, mean_by_power - mean_by_ramp, mean_w)
        mean_w += mean_step
        die_c = end_c + end_by_power * mean_w + end_by_ramp * (end_w - mean_w)
        end_step = _newton_w(load, die_c, end_by_ramp, end_w)
        end_w += end_step
        if abs(mean_step) + abs(end_step) < LAST_STEP_W:
            break
    return mean_w, end_w


@borrowing
def _newton_w(load: Load, die_c: float, rise_k_per_w: float, now_w: float) -> float:
    """Return Newton's step towards the power that its own temperature asks for [W]."""
    leaks_w = leaking_w(load, die_c)
    asked_w = kept_w(load, leaks_w, 1.0)
    slope = 0.0
    if asked_w < load.cap_w and die_c < HOTTEST_C:
        slope = load.leakage_rate_per_k * leaks_w
    return (asked_w - now_w) / max(1.0 - rise_k_per_w * slope, 0.5)


@borrowing
def excess_k(load: Load, die_c: float, memory_c: float) -> float:
    """Return how far die or memory, whichever is further, is above its limit [K]."""
    return max(die_c - load.limit_c, memory_c - load.memory_limit_c)


@borrowing
def controlled_power_w(
    load: Load,
    guess_w: float,
    die_c: float,
    die_by_power: float,
    memory_c: float,
    memory_by_power: float,
) -> tuple[float, float]:
    """Return held power [W] and clock [-] of a short step under thermal control.

    Power falls with the clock, the clock with temperature, and temperature rises with power:
    one crossing. What a guess leaves is more than its distance from there, so the two ends
    of that bracket it; secants close in, the lagging end halved (Illinois), to CLOSE_W.
    """
    most_w = kept_w(load, leaking_w(load, HOTTEST_C), 1.0)
    power_w = min(guess_w, most_w)
    gap_w = _gap_w(load, die_c, die_by_power, memory_c, memory_by_power, power_w)
    low_w, low_gap_w, high_w, high_gap_w = power_w, gap_w, power_w, gap_w
    if gap_w > 0.0:
        high_w = min(power_w + 1.25 * gap_w, most_w)
        high_gap_w = _gap_w(load, die_c, die_by_power, memory_c, memory_by_power, high_w)
    else:
        low_w = max(power_w + 1.25 * gap_w, 0.0)
        low_gap_w = _gap_w(load, die_c, die_by_power, memory_c, memory_by_power, low_w)
    last = 0
    for _ in range(LONGEST_SEARCH):
        if abs(gap_w) < CLOSE_W or high_w - low_w < CLOSE_W or low_gap_w <= high_gap_w:
            break
        power_w = (low_w * high_gap_w - high_w * low_gap_w) / (high_gap_w - low_gap_w)
        gap_w = _gap_w(load, die_c, die_by_power, memory_c, memory_by_power, power_w)
        if gap_w > 0.0:
            low_w, low_gap_w = power_w, gap_w
            high_gap_w *= 0.5 if last == 1 else 1.0
            last = 1
        else:
            high_w, high_gap_w = power_w, gap_w
            low_gap_w *= 0.5 if last == -1 else 1.0
            last = -1
    over_k = excess_k(load, die_c + die_by_power * power_w, memory_c + memory_by_power * power_w)
    clock = thermal_clock(over_k, load.slowdown_k, load.shutdown_k, load.clock_min)
    return power_w, clock


@borrowing
def _gap_w(
    load: Load,
    die_c: float,
    die_by_power: float,
    memory_c: float,
    memory_by_power: float,
    power_w: float,
) -> float:
    """Return what the temperatures at a held power would allow, less that power [W]."""
    warm_c = die_c + die_by_power * power_w
    over_k = excess_k(load, warm_c, memory_c + memory_by_power * power_w)
    clock = thermal_clock(over_k, load.slowdown_k, load.shutdown_k, load.clock_min)
    return kept_w(load, leaking_w(load, warm_c), clock) - power_w


@borrowing
def capped_clock(load: Load, power_w: float, die_c: float) -> float:
    """Return the clock, as a share of the one asked for, that a cap leaves. 0..1 [-]"""
    if load.switching_w <= 0.0 or power_w < load.cap_w:
        return 1.0
    share = (power_w - load.fixed_w - leaking_w(load, die_c)) / load.switching_w
    clock = clock_for_share(share, load.voltage_flat, load.voltage_floor)
    return max(clock, load.clock_min)


@borrowing
def reasons_at(load: Load, die_c: float, memory_c: float, capped: bool) -> int:
    """Return the clocks event reasons at two temperatures; `capped`: the limit holds power."""
    reasons = SW_POWER_CAP if capped else 0
    if excess_k(load, die_c, memory_c) > 0.0:
        reasons |= SW_THERMAL
    if die_c - load.limit_c > load.slowdown_k:
        reasons |= HW_THERMAL | HW_SLOWDOWN
    return reasons
