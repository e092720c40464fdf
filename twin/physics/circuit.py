"""Masses of a circulating fluid, advanced exactly: two that exchange it, or one alone."""

import math

from twin.physics.law import compiled


@compiled
def circulate(
    supply_c: float,
    return_c: float,
    supply_j_per_k: float,
    return_j_per_k: float,
    flow_w_per_k: float,
    heat_in_w: float,
    heat_out_w: float,
    dt_s: float,
) -> tuple[float, float]:
    r"""Return supply and return temperature [C] after a step with held heats.

    Heat enters the return mass and leaves the supply mass while the fluid circulates
    between them at the capacity rate `flow_w_per_k` (m cp)

    .. math:: C_s \dot T_s = W (T_r - T_s) - Q_{out}, \quad
              C_r \dot T_r = W (T_s - T_r) + Q_{in}

    The weighted mean moves with the net heat and the difference relaxes at
    :math:`W (1/C_s + 1/C_r)`, both in closed form: stable at any step, and two half steps
    equal one. Checked against solve_ivp in ``tests/twin/physics/test_circuit.py``.
    """
    total = supply_j_per_k + return_j_per_k
    mean_c = (supply_j_per_k * supply_c + return_j_per_k * return_c) / total
    mean_c += (heat_in_w - heat_out_w) * dt_s / total
    x = flow_w_per_k * (1.0 / supply_j_per_k + 1.0 / return_j_per_k) * dt_s
    reach = -math.expm1(-x) / x if x > 1e-12 else 1.0
    spread_k = return_c - supply_c
    growth_k = (heat_in_w / return_j_per_k + heat_out_w / supply_j_per_k) * dt_s
    spread_k = spread_k * math.exp(-x) + growth_k * reach
    return (
        mean_c - return_j_per_k / total * spread_k,
        mean_c + supply_j_per_k / total * spread_k,
    )


SMALL_TURNOVER = 1e-3
"""Below it the mean over a step is taken from its series: the closed form would cancel."""


@compiled
def flow_through(
    temp_c: float,
    capacity_j_per_k: float,
    flow_w_per_k: float,
    entering_c: float,
    heat_w: float,
    dt_s: float,
) -> tuple[float, float]:
    r"""Return a stirred mass's temperature [C] after a step, and its mean over the step.

    What enters has one temperature over the step, what leaves that of the mass,

    .. math:: C \dot T = W (T_{in} - T) + Q

    so the heat that left is W times the mean, to rounding. Without flow only heat is left.
    Checked against solve_ivp, for its balance and at rest in
    ``tests/twin/physics/test_circuit.py``.
    """
    x = flow_w_per_k * dt_s / capacity_j_per_k
    if x > SMALL_TURNOVER:
        reach = -math.expm1(-x) / x
        lag = (1.0 - reach) / x
    else:
        lag = 0.5 - x * (1.0 / 6.0 - x * (1.0 / 24.0 - x / 120.0))
        reach = 1.0 - x * lag
    warmed_k = heat_w * dt_s / capacity_j_per_k
    drive_k = entering_c - temp_c
    return (
        temp_c + x * reach * drive_k + reach * warmed_k,
        temp_c + x * lag * drive_k + lag * warmed_k,
    )
