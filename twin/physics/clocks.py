"""How a GPU's own control lowers its clock, what that saves, and the bits that tell of it."""

from twin.physics.law import law

IDLE, SW_POWER_CAP, HW_SLOWDOWN = 0x1, 0x4, 0x8
SW_THERMAL, HW_THERMAL, POWER_BRAKE = 0x20, 0x40, 0x80
"""Clocks event reasons as NVML numbers them [ENGINEERING 7]."""
SLOWDOWN_CLOCK = 0.5
"""Share of its clock that a GPU is left at its slowdown temperature."""
CLOSE = 1e-12


@law
def voltage_share(clock: float, flat: float, floor: float) -> float:
    """Return core voltage over that of full clock, at a share of full clock. 0..1 [-]

    `floor` up to the clock `flat`, from there linear to 1 at full clock [ENGINEERING 1.3].
    """
    if clock <= flat:
        return floor
    return floor + (1.0 - floor) * (clock - flat) / (1.0 - flat)


@law
def switching_share(clock: float, flat: float, floor: float) -> float:
    """Return switching power over that of full clock: V(f)^2 f. 0..1 [-]"""
    if clock <= flat:
        return clock * floor * floor
    voltage = floor + (1.0 - floor) * (clock - flat) / (1.0 - flat)
    return clock * voltage * voltage


@law
def clock_for_share(share: float, flat: float, floor: float) -> float:
    """Return the clock at which switching power is a share of that of full clock. 0..1 [-]

    Inverse of `switching_share`, which is convex above `flat`, so Newton's steps from full
    clock come down to the answer without passing it. Checked there and back in
    ``tests/twin/physics/test_clocks.py``.
    """
    if share >= 1.0:
        return 1.0
    if share <= flat * floor * floor:
        return max(share, 0.0) / (floor * floor)
    slope = (1.0 - floor) / (1.0 - flat)
    clock = 1.0
    for _ in range(40):
        voltage = 1.0 + slope * (clock - 1.0)
        excess = clock * voltage * voltage - share
        clock -= excess / (voltage * (voltage + 2.0 * slope * clock))
        if excess < CLOSE:
            break
    return clock


@law
def thermal_clock(excess_k: float, slowdown_k: float, shutdown_k: float, lowest: float) -> float:
    """Return the clock that thermal control allows, as a share of the one asked for [-].

    `excess_k` is the temperature above the maximum operating one, `slowdown_k` and
    `shutdown_k` the offsets of slowdown and shutdown from it. Falls linearly to one half at
    slowdown [ENGINEERING 8.1], and on to the lowest clock half-way from there to shutdown:
    continuous and never rising, so that a temperature to settle at exists.
    """
    if excess_k <= 0.0:
        return 1.0
    half = max(SLOWDOWN_CLOCK, lowest)
    if excess_k <= slowdown_k:
        return 1.0 - (1.0 - half) * excess_k / slowdown_k
    width_k = 0.5 * (shutdown_k - slowdown_k)
    beyond_k = excess_k - slowdown_k
    if beyond_k >= width_k:
        return lowest
    return half - (half - lowest) * beyond_k / width_k
