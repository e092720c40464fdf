"""Circuit breakers: the thermal element that remembers, the magnetic one that does not."""

import math

from twin.physics.law import law

TRIP_LEVEL = 1.25
"""Thermal state that trips: holds 112 % for ever, within the 1.1^2..1.35^2 of ENGINEERING 4."""
MAGNETIC_RATIO = 7.0
"""Current over rating that trips at once; 5 to 10 by make and setting."""
CONTINUOUS_SHARE = 0.8
"""Of a standard breaker's rating that a load of three hours or more may take (NEC, recalled)."""


@law
def breaker_tau_s(rating_a: float) -> float:
    """Return the time constant of a breaker's thermal element by its rating [s].

    With :data:`TRIP_LEVEL` it trips from cold at 200 % within what UL 489 allows the frame
    (2, 4, 6, 8, 10 and 12 min up to 30, 50, 100, 150, 225 and 400 A, recalled) and at 135 %
    within 1 h (to 50 A) or 2 h. Chosen inside the 300 to 1800 s of ENGINEERING section 4.
    Checked point by point in ``benchmarks/validation/breakers.py``.
    """
    if rating_a <= 30.0:
        return 300.0
    if rating_a <= 50.0:
        return 600.0
    if rating_a <= 100.0:
        return 900.0
    if rating_a <= 225.0:
        return 1200.0
    return 1800.0


@law
def breaker_thermal(thermal: float, load_ratio: float, tau_s: float, dt_s: float) -> float:
    """Return a breaker's thermal state after a step of held current. [-]

    tau dth/dt = (I/In)^2 - th, advanced exactly: `load_ratio` is I/In, the state is 0 when
    cold and 1 at rated current for ever. Source: ENGINEERING section 4. Checked against
    solve_ivp and halving in ``tests/twin/physics/test_breakers.py``.
    """
    target = load_ratio * load_ratio
    return target + (thermal - target) * math.exp(-dt_s / tau_s)


@law
def seconds_to_trip(
    thermal: float, load_ratio: float, tau_s: float, trip_level: float, magnetic_ratio: float
) -> float:
    """Return after how long a held current trips a breaker [s]; inf: never.

    0 above the magnetic ratio, where it clears within a few cycles, and for a thermal
    element that is still too hot to latch. It trips within a step of dt if this is <= dt.
    """
    if load_ratio >= magnetic_ratio or thermal >= trip_level:
        return 0.0
    target = load_ratio * load_ratio
    if target <= trip_level:
        return math.inf
    return tau_s * math.log((target - thermal) / (target - trip_level))


@law
def line_current_a(power_w: float, voltage_v: float, power_factor: float) -> float:
    """Return the current of a balanced three-phase load, line-to-line voltage [A]."""
    return power_w / (math.sqrt(3.0) * voltage_v * power_factor)
