"""Pressure over flow of pipes, valves, couplings, racks and pumps."""

import math

from twin.physics.friction import laminar_friction, swamee_jain_friction
from twin.physics.law import compiled, law

SMALL_FLOW_KG_PER_S = 1e-6
"""Far below it a quadratic resistance is linear, so that its slope at rest is not zero."""
LAMINAR_REYNOLDS = 2000.0
TURBULENT_REYNOLDS = 4000.0
KV_PER_CV = 0.8649775
"""A Cv of 1 passes 1 US gallon a minute at 1 psi, a Kv of 1 passes 1 m3/h at 1 bar."""


@law
def branch_loss_pa(flow_kg_per_s: float, square: float, linear: float) -> float:
    r"""Return the pressure lost along a branch [Pa], negative for backward flow.

    Parameters
    ----------
    flow_kg_per_s
        Mass flow in the branch's direction, of either sign [kg/s]
    square, linear
        K [Pa s2/kg2] and K1 [Pa s/kg], >= 0

    Notes
    -----
    :math:`K m \sqrt{m^2 + m_s^2} + K_1 m` with :math:`m_s` = 1e-6 kg/s: it differs from
    :math:`K m |m| + K_1 m` by 5e-11 of itself at 0.1 kg/s and is smooth at rest. Source:
    ENGINEERING section 8.4. Checked against the plain form, for its symmetry and its slope in
    ``tests/twin/physics/test_hydraulics.py``.
    """
    return flow_kg_per_s * (square * math.hypot(flow_kg_per_s, SMALL_FLOW_KG_PER_S) + linear)


@law
def branch_slope_pa_s_per_kg(flow_kg_per_s: float, square: float, linear: float) -> float:
    """Return the derivative of :func:`branch_loss_pa` by the flow [Pa s/kg], positive at rest."""
    length = math.hypot(flow_kg_per_s, SMALL_FLOW_KG_PER_S)
    return square * (length + flow_kg_per_s * flow_kg_per_s / length) + linear


@law
def valve_square(square_open: float, opening: float) -> float:
    """Return K of a valve at an opening 0..1 [Pa s2/kg2]: K_open / x^2, infinite when shut.

    Flow at a given pressure is then proportional to the opening, as of a linear valve with
    full authority. Source: ENGINEERING section 8.4. Checked at both ends in
    ``tests/twin/physics/test_hydraulics.py``.
    """
    if opening <= 0.0:
        return math.inf
    return square_open / (opening * opening)


@law
def kv_square(kv: float, density_kg_per_m3: float) -> float:
    """Return K [Pa s2/kg2] of a fitting or coupling of a given Kv [m3/h at 1 bar].

    `V [m3/h] = Kv sqrt(dp [bar] / (rho / 1000))`; a Cv times 0.865 is a Kv. Definition of
    IEC 60534-1. Checked at 1 m3/h and against Cv's in ``tests/twin/physics/test_hydraulics.py``.
    """
    return 1.0e5 * 3600.0 * 3600.0 / (1000.0 * density_kg_per_m3 * kv * kv)


@compiled
def curve_through(
    rest_pa: float,
    first_flow_m3_per_s: float,
    first_pa: float,
    second_flow_m3_per_s: float,
    second_pa: float,
) -> tuple[float, float]:
    """Return slope at rest [Pa s/m3] and square term [Pa s2/m6] of p = rest + b V + a V^2.

    Through the pressure at rest and at two flows, both above 0 and different [m3/s]: the form
    in which the catalog keeps the curves of racks and pumps. Checked with the published
    polynomials in ``tests/twin/physics/test_hydraulics.py``.
    """
    first = (first_pa - rest_pa) / first_flow_m3_per_s
    second = (second_pa - rest_pa) / second_flow_m3_per_s
    square = (second - first) / (second_flow_m3_per_s - first_flow_m3_per_s)
    return first - square * first_flow_m3_per_s, square


@law
def curve_pressure_pa(flow_m3_per_s: float, rest_pa: float, linear: float, square: float) -> float:
    """Return the pressure that a curve asks or gives at a flow of either sign [Pa].

    `rest + b V + a V|V|` with b [Pa s/m3] and a [Pa s2/m6]. For a rack rest is 0; the rack of
    the catalog (ENGINEERING section 2, source S6) loses 73.5 kPa at 117.5 and 132.8 kPa at
    160 L/min, which ``tests/twin/physics/test_hydraulics.py`` checks.
    """
    return rest_pa + flow_m3_per_s * (linear + square * abs(flow_m3_per_s))


@law
def pump_head_pa(
    flow_m3_per_s: float, speed: float, rest_pa: float, linear: float, square: float
) -> float:
    """Return the head of a pump [Pa] at a share of its full speed. 0..1 [-]

    `N^2 h0 + N h1 V + h2 V|V|`: the curve at full speed, moved by the affinity laws (flow with
    N, head with N^2). h0 [Pa], h1 [Pa s/m3], h2 [Pa s2/m6] with h2 < 0; stopped, the pump is a
    resistance. Source: ENGINEERING section 8.4; the curve of the Vertiv XDU1350 (section 3,
    source S20) gives 250.0 kPa at 1200 L/min. Checked there and for the affinity laws in
    ``tests/twin/physics/test_hydraulics.py``.
    """
    return curve_pressure_pa(flow_m3_per_s, speed * speed * rest_pa, speed * linear, square)


@compiled
def friction_terms(reynolds: float, relative_roughness: float) -> tuple[float, float]:
    """Return Darcy's friction factor f of :func:`epanet_friction` and Re df/dRe [-]; Re > 0."""
    if reynolds <= LAMINAR_REYNOLDS:
        f = laminar_friction(reynolds)
        return f, -f
    if reynolds >= TURBULENT_REYNOLDS:
        f = swamee_jain_friction(reynolds, relative_roughness)
        film = 5.74 / reynolds**0.9
        wall = relative_roughness / 3.7 + film
        return f, 1.8 * f * film / (wall * math.log(wall))
    at_end = swamee_jain_friction(TURBULENT_REYNOLDS, relative_roughness)
    film = 5.74 / TURBULENT_REYNOLDS**0.9
    wall = relative_roughness / 3.7 + film
    bend = at_end * (2.0 + 1.8 * film / (wall * math.log(wall)))
    r = reynolds / LAMINAR_REYNOLDS
    x1 = 7.0 * at_end - bend
    x2 = 0.128 - 17.0 * at_end + 2.5 * bend
    x3 = -0.128 + 13.0 * at_end - 2.0 * bend
    x4 = 0.032 - 3.0 * at_end + 0.5 * bend
    return x1 + r * (x2 + r * (x3 + r * x4)), r * (x2 + r * (2.0 * x3 + r * 3.0 * x4))


@law
def epanet_friction(reynolds: float, relative_roughness: float) -> float:
    """Return Darcy's friction factor of a round pipe [-], all regimes without a jump.

    Parameters
    ----------
    reynolds
        Reynolds number, > 0 [-]
    relative_roughness
        Roughness over diameter. 0..0.05 [-]

    Notes
    -----
    64/Re up to 2000, Swamee and Jain's explicit form from 4000, Dunlop's cubic between them:
    the law of EPANET 2.2, so that both can be held against one another, and cheap where a
    network needs its slope too. `friction` has Colebrook's and Churchill's. Checked with the golden
    values of ENGINEERING section 9.2 in ``tests/twin/physics/test_hydraulics.py``.

    References
    ----------
    P. K. Swamee, A. K. Jain, J. Hydraul. Div. ASCE 102 (1976) 657; L. A. Rossman et al.,
    EPANET 2.2 User Manual, ch. 12, 2020.
    """
    f, _ = friction_terms(reynolds, relative_roughness)
    return f


@compiled
def pipe_terms(
    flow_kg_per_s: float,
    pressure_per_square: float,
    reynolds_per_flow: float,
    relative_roughness: float,
) -> tuple[float, float]:
    """Return friction loss [Pa] and its slope [Pa s/kg] of a pipe; at rest the laminar ones.

    Darcy-Weisbach: f c m|m| with c = 8 L / (pi^2 rho D^5) [Pa s2/kg2] and Re = |m| 4/(pi D mu).
    Checked against Hagen and Poiseuille, `friction.pressure_drop_pa` and its own differences in
    ``tests/twin/physics/test_hydraulics.py``.
    """
    reynolds = abs(flow_kg_per_s) * reynolds_per_flow
    if reynolds <= LAMINAR_REYNOLDS:
        slope = 64.0 * pressure_per_square / reynolds_per_flow
        return slope * flow_kg_per_s, slope
    f, change = friction_terms(reynolds, relative_roughness)
    per_flow = pressure_per_square * abs(flow_kg_per_s)
    return f * per_flow * flow_kg_per_s, (2.0 * f + change) * per_flow
