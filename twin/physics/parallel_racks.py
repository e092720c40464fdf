"""Racks side by side between two headers: flow of each at a given pressure difference."""

import math

from twin.physics.law import compiled

SHUT = 1e-9
"""Openings below it pass nothing: K over their square would be beyond any number."""
LEAST_SLOPE_PA_S_PER_KG = 1e-9
"""Rise of the pressure with flow that a branch has at least, at rest."""


@compiled
def branch_flow(
    dp_pa: float, square: float, linear: float, valve_square: float, opening: float
) -> tuple[float, float]:
    r"""Return the flow through a branch with a control valve [kg/s] and its slope [kg/(s Pa)].

    Parameters
    ----------
    dp_pa
        Pressure difference over both, >= 0 [Pa]
    square, linear
        Of the branch: it loses `square m^2 + linear m` [Pa s2/kg2, Pa s/kg]
    valve_square
        K of the open valve [Pa s2/kg2]
    opening
        Of the valve. 0..1 [-]

    Notes
    -----
    The root of :math:`(a + K / x^2) m^2 + b m = \Delta p`, in the form that loses no digits at
    small flows. Source: ENGINEERING section 8.4. Checked against `hydraulics.branch_loss_pa` in
    ``tests/twin/physics/test_parallel_racks.py``.
    """
    if opening < SHUT or square + valve_square <= 0.0:
        return 0.0, 0.0
    whole = square + valve_square / (opening * opening)
    root = math.sqrt(linear * linear + 4.0 * whole * max(dp_pa, 0.0))
    flow = 2.0 * dp_pa / (linear + root) if dp_pa > 0.0 else 0.0
    return flow, 1.0 / max(root, LEAST_SLOPE_PA_S_PER_KG)


@compiled
def opening_for(
    wanted_kg_per_s: float, dp_pa: float, square: float, linear: float, valve_square: float
) -> float:
    """Return the opening at which a branch passes a flow under a pressure difference. 0..1 [-]

    1 where even the open valve passes less. Inverse of :func:`branch_flow`, checked as that.
    """
    if wanted_kg_per_s <= 0.0:
        return 0.0
    left_pa = dp_pa - wanted_kg_per_s * (square * wanted_kg_per_s + linear)
    if left_pa <= 0.0:
        return 1.0
    return min(wanted_kg_per_s * math.sqrt(valve_square / left_pa), 1.0)


@compiled
def highest_head_pa(rest_pa: float, linear: float, fall: float) -> float:
    """Return the highest point of `rest + linear m - fall m^2` over m >= 0 [Pa]; fall > 0."""
    if linear <= 0.0:
        return rest_pa
    return rest_pa + 0.25 * linear * linear / fall
