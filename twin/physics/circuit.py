"""A circulating fluid with a supply and a return mass, advanced exactly."""

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
