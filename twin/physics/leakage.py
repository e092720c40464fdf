"""Leakage of a chip: power that grows with its temperature, and when that runs away."""

import math

from twin.physics.law import law

HOTTEST_C = 150.0
"""No silicon lives beyond; leakage is held there, so that nothing grows without end."""


@law
def leakage_power_w(
    temp_c: float, reference_w: float, reference_temp_c: float, rate_per_k: float
) -> float:
    """Return the leakage of a chip at a temperature [W].

    Exponential in temperature from what it is at a reference: reference_w exp(k (T - T0)),
    with k of 0.008 to 0.02 1/K [ENGINEERING 1.3]; held above HOTTEST_C. The voltage is that
    of the reference: its factor is left out. Checked by hand in
    ``tests/twin/physics/test_leakage.py``.
    """
    return reference_w * math.exp(rate_per_k * (min(temp_c, HOTTEST_C) - reference_temp_c))


@law
def runaway_gain(resistance_k_per_w: float, leakage_w: float, rate_per_k: float) -> float:
    """Return how far leakage feeds itself: R dP/dT, stable below 1 [-].

    Each kelvin adds `rate_per_k * leakage_w` watts, which warm the chip by their resistance.
    At 1 or more every disturbance grows [ENGINEERING 8.1].
    """
    return resistance_k_per_w * rate_per_k * leakage_w


@law
def runaway_temp_c(
    resistance_k_per_w: float, reference_w: float, reference_temp_c: float, rate_per_k: float
) -> float:
    """Return the temperature above which a chip on this resistance runs away [C].

    Where the gain is 1: T0 + ln(1 / (R k P0)) / k. A chip held below it by a warmer and
    warmer inlet comes to rest up to there and never beyond; checked so against the largest
    inlet that still has a steady state, ``tests/twin/physics/test_leakage.py``. Needs a
    resistance, a reference power and a rate above 0.
    """
    gain = resistance_k_per_w * rate_per_k * reference_w
    return reference_temp_c - math.log(gain) / rate_per_k
