"""Pumps, fans and refrigeration."""

from twin.physics.law import law

KELVIN = 273.15
SMALLEST_LIFT_K = 5.0
"""Compressors hold at least this lift, however cold it is outside."""


@law
def cube_law_power_w(relative_flow: float, power_max_w: float) -> float:
    """Return the power of a pump or fan [W] at a share of its largest flow. >= 0 [-]

    Affinity laws against a system curve without static head: flow ~ N, power ~ N^3.
    """
    return power_max_w * relative_flow * relative_flow * relative_flow


@law
def held_head_power_w(relative_flow: float, power_max_w: float, held_share: float) -> float:
    """Return the power of pumps [W] that hold a share of their head at any flow.

    At a share x of the largest flow they lift `h + (1 - h) x^2` of the largest head, at one
    efficiency: P x (h + (1 - h) x^2). The cube law where nothing is held, in proportion to the
    flow where all is. Checked at both ends in ``tests/twin/physics/test_movers.py``.
    """
    x = relative_flow
    return power_max_w * x * (held_share + (1.0 - held_share) * x * x)


@law
def second_law_cop(leaving_c: float, condensing_c: float, second_law_efficiency: float) -> float:
    """Return the coefficient of performance of a chiller [-].

    A share of Carnot's between leaving water and condensing temperature [C], the lift at
    least 5 K. Source: ENGINEERING section 3 (0.5-0.6 for warm water). Checked against
    Carnot as a bound in ``tests/twin/physics/test_movers.py``.
    """
    lift_k = max(condensing_c - leaving_c, SMALLEST_LIFT_K)
    return second_law_efficiency * (leaving_c + KELVIN) / lift_k
