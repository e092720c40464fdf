"""Pressure lost by friction in pipes."""

import math

from twin.physics.law import law

CLOSE_ENOUGH = 1e-13
MOST_TURNS = 60


@law
def laminar_friction(reynolds: float) -> float:
    """Return the Darcy friction factor of laminar flow, 64 / Re [-]. Re > 0."""
    return 64.0 / reynolds


@law
def colebrook_friction(reynolds: float, relative_roughness: float) -> float:
    r"""Return the Darcy friction factor of turbulent flow after Colebrook [-].

    Parameters
    ----------
    reynolds
        Reynolds number, above about 4000 [-]
    relative_roughness
        Height of the roughness over the diameter. 0..0.05 [-]

    Notes
    -----
    Newton's method on :math:`x = 1 / \sqrt f` in
    :math:`x = -2 \log_{10}(\epsilon / 3.7 + 2.51 x / Re)`, to rounding. Checked against
    golden values and the `fluids` library in ``benchmarks/validation/friction.py``.

    References
    ----------
    C. F. Colebrook, Turbulent flow in pipes, J. Inst. Civil Engineers 11, 1939.
    """
    rough, smooth = relative_roughness / 3.7, 2.51 / reynolds
    x = -2.0 * math.log10(rough + 5.74 / reynolds**0.9)
    for _ in range(MOST_TURNS):
        inner = rough + smooth * x
        step = x + 2.0 * math.log10(inner)
        step /= 1.0 + 2.0 * smooth / (inner * math.log(10.0))
        x -= step
        if abs(step) <= CLOSE_ENOUGH * x:
            break
    return 1.0 / (x * x)


@law
def churchill_friction(reynolds: float, relative_roughness: float) -> float:
    """Return the Darcy friction factor in any regime after Churchill [-].

    Laminar, transition and turbulence in one smooth formula, parameters as for
    :func:`colebrook_friction`, Re > 0; within 2 % of Colebrook when turbulent. Checked as
    that one.

    References
    ----------
    S. W. Churchill, Friction-factor equation spans all fluid-flow regimes, Chemical
    Engineering 84, 1977.
    """
    if reynolds < 1.0:
        return 64.0 / reynolds
    wall = math.log(1.0 / ((7.0 / reynolds) ** 0.9 + 0.27 * relative_roughness))
    turbulent = (2.457 * wall) ** 16
    transition = (37530.0 / reynolds) ** 16
    inner: float = (8.0 / reynolds) ** 12 + (turbulent + transition) ** -1.5
    factor: float = 8.0 * inner ** (1.0 / 12.0)
    return factor


@law
def swamee_jain_friction(reynolds: float, relative_roughness: float) -> float:
    """Return the Darcy friction factor of turbulent flow in one explicit formula [-].

    Re 5e3..1e8, roughness 1e-6..0.05: within 1 to 3 % of Colebrook. With the rounded
    constant 5.74 that EPANET uses. Checked as :func:`colebrook_friction`.

    References
    ----------
    P. K. Swamee, A. K. Jain, Explicit equations for pipe-flow problems, J. Hydraulics
    Division 102, 1976.
    """
    x = math.log10(relative_roughness / 3.7 + 5.74 / reynolds**0.9)
    return 0.25 / (x * x)


@law
def reynolds_number(flow_kg_per_s: float, viscosity_pa_s: float, diameter_m: float) -> float:
    """Return the Reynolds number of flow in a round pipe [-]: 4 m / (pi D mu), >= 0."""
    return 4.0 * abs(flow_kg_per_s) / (math.pi * diameter_m * viscosity_pa_s)


@law
def pressure_drop_pa(
    flow_kg_per_s: float,
    density_kg_per_m3: float,
    viscosity_pa_s: float,
    length_m: float,
    diameter_m: float,
    roughness_m: float,
    loss_coefficient: float,
) -> float:
    """Return the pressure lost along a pipe with its fittings, in the flow's direction [Pa].

    Darcy and Weisbach, (f L / D + K) rho v^2 / 2 with Churchill's factor; K is the sum of
    the fittings' loss coefficients [-]. Odd in the flow, zero at rest. Checked against the
    `fluids` library in ``benchmarks/validation/friction.py``.
    """
    reynolds = reynolds_number(flow_kg_per_s, viscosity_pa_s, diameter_m)
    if reynolds <= 0.0:
        return 0.0
    factor = churchill_friction(reynolds, roughness_m / diameter_m)
    area_m2 = 0.25 * math.pi * diameter_m * diameter_m
    head = factor * length_m / diameter_m + loss_coefficient
    return head * flow_kg_per_s * abs(flow_kg_per_s) / (2.0 * density_kg_per_m3 * area_m2 * area_m2)
