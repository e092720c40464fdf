"""Breakers: the points of UL 489 that the chosen time constants must hold."""

import math
from collections.abc import Iterator

import numpy as np
from scipy.integrate import solve_ivp

from benchmarks.evidence import Evidence
from site_models.arrays import Floats
from twin.physics.breakers import (
    MAGNETIC_RATIO,
    TRIP_LEVEL,
    breaker_tau_s,
    breaker_thermal,
    seconds_to_trip,
)

UL_489 = "UL 489 calibration (recalled), from cold at 25 C"
TWICE_S = {30.0: 120.0, 50.0: 240.0, 100.0: 360.0, 150.0: 480.0, 225.0: 600.0, 400.0: 720.0}
"""Rating [A]: longest time at 200 %."""


def rows() -> Iterator[Evidence]:
    """Yield the rows of this subject."""
    warmest = breaker_thermal(0.0, 1.0, 300.0, 30 * 86_400.0)
    never = seconds_to_trip(warmest, 1.0, 300.0, TRIP_LEVEL, MAGNETIC_RATIO)
    yield Evidence.within(
        "Trip level between a month at rated current and 135 %",
        UL_489,
        TRIP_LEVEL if math.isinf(never) else math.nan,
        1.1**2,
        1.35**2,
        "(I/In)^2",
        f"thermal state after a month at 100 %: {warmest:.3f}",
    )
    for rating_a, limit_s in TWICE_S.items():
        tau_s = breaker_tau_s(rating_a)
        overload_s = seconds_to_trip(0.0, 1.35, tau_s, TRIP_LEVEL, MAGNETIC_RATIO)
        yield Evidence.at_most(
            f"{rating_a:g} A breaker trips at 135 %",
            UL_489,
            overload_s,
            3600.0 if rating_a <= 50.0 else 7200.0,
            "s",
            f"time constant {tau_s:g} s",
        )
        yield Evidence.within(
            f"{rating_a:g} A breaker trips at 200 %",
            UL_489,
            seconds_to_trip(0.0, 2.0, tau_s, TRIP_LEVEL, MAGNETIC_RATIO),
            60.0,
            limit_s,
            "s",
            f"time constant {tau_s:g} s; not under a minute, so that short peaks pass",
        )
    yield changing_current()


def changing_current() -> Evidence:
    """Return an hour of changing load, held minute by minute, against an integrator."""
    ratios = 0.3 + 0.9 * np.random.default_rng(7).random(60)
    thermal, exact, euler = 0.0, 0.0, 0.0
    error = naive = 0.0
    for ratio in ratios:
        thermal = breaker_thermal(thermal, float(ratio), 300.0, 60.0)
        exact = integrated(exact, float(ratio))
        euler += 60.0 / 300.0 * (ratio**2 - euler)
        error, naive = max(error, abs(thermal - exact)), max(naive, abs(euler - exact))
    return Evidence.at_most(
        "Thermal state over an hour of changing load, steps of 60 s",
        "scipy.integrate.solve_ivp, RK45, tolerance 1e-12",
        error,
        1e-10,
        "(I/In)^2",
        f"explicit Euler: {naive:.2g}",
    )


def integrated(thermal: float, ratio: float) -> float:
    """Return the thermal state a minute later, by the integrator."""

    def slopes(_: float, y: Floats) -> Floats:
        return (ratio * ratio - y) / 300.0

    solved = solve_ivp(slopes, (0.0, 60.0), [thermal], rtol=1e-12, atol=1e-14)
    return float(solved.y[0, -1])
