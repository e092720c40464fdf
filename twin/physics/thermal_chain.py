"""The four thermal masses of a GPU, advanced exactly.

Die, body (cold plate or heat sink with lid and package), memory stacks and the coolant at
the body. Coolant enters at the inlet temperature and leaves as far above the cell's mean as
the inlet lies below it, so the cell gives 2 m cp (T_coolant - T_inlet) to the stream. The
heat so given is carried along as a fifth state: its integral over a step is then exact too,
and independent of the heat capacities, which makes closing the energy balance a real check.
"""

import numpy as np

from site_models.arrays import Floats
from twin.physics.law import borrowing, compiled

DIE, BODY, MEMORY, COOLANT, HEAT = 0, 1, 2, 3, 4
SIZE = 5
"""Known when compiling, so that the loops over a matrix are unrolled."""
TAYLOR_TERMS = 10
"""With a scaled norm below 1/2 the remainder is under 1e-13."""
RESPONSES = 7
MASSES = 4
POWER_I, POWER_K, POWER_Q, INLET_I, INLET_K, DIE_ROW, COOLANT_ROW = 0, 1, 2, 3, 4, 5, 6


@compiled
def chain_rates(
    capacities_j_per_k: Floats,
    die_w_per_k: float,
    body_w_per_k: float,
    memory_w_per_k: float,
    stream_w_per_k: float,
) -> Floats:
    """Return the matrix A of dx/dt = A x + sources [1/s], shape (5, 5).

    x holds four temperatures and the heat given to the stream over the coolant's capacity
    [K], whose source is -stream / C * T_inlet; the coolant's is stream / C * T_inlet.
    Conductances: die to body, body to coolant, memory to body, coolant to inlet (2 m cp).
    """
    a = np.empty((SIZE, SIZE))
    c = capacities_j_per_k
    capacities = (c[DIE], c[BODY], c[MEMORY], c[COOLANT])
    set_rates(a, capacities, die_w_per_k, body_w_per_k, memory_w_per_k, stream_w_per_k)
    return a


@borrowing
def set_rates(
    a: Floats,
    capacities_j_per_k: tuple[float, float, float, float],
    die_w_per_k: float,
    body_w_per_k: float,
    memory_w_per_k: float,
    stream_w_per_k: float,
) -> None:
    """Write the matrix of `chain_rates`; capacities of die, body, memory and coolant."""
    die_j, body_j, memory_j, coolant_j = capacities_j_per_k
    a[:] = 0.0
    a[DIE, DIE], a[DIE, BODY] = -die_w_per_k / die_j, die_w_per_k / die_j
    a[BODY, DIE], a[BODY, MEMORY] = die_w_per_k / body_j, memory_w_per_k / body_j
    a[BODY, COOLANT] = body_w_per_k / body_j
    a[BODY, BODY] = -(die_w_per_k + memory_w_per_k + body_w_per_k) / body_j
    a[MEMORY, MEMORY], a[MEMORY, BODY] = -memory_w_per_k / memory_j, memory_w_per_k / memory_j
    a[COOLANT, BODY] = body_w_per_k / coolant_j
    a[COOLANT, COOLANT] = -(body_w_per_k + stream_w_per_k) / coolant_j
    a[HEAT, COOLANT] = stream_w_per_k / coolant_j


@compiled
def transition(rates_per_s: Floats, dt_s: float) -> tuple[Floats, Floats]:
    """Return exp(A dt) and its integral over the step [s], shapes of A.

    Taylor series on a step halved until it is small, then doubled back: the integral obeys
    I(2h) = I(h) + exp(A h) I(h), so a singular A (no flow) needs no special case. Checked
    against scipy's expm and solve_ivp in ``tests/twin/physics/test_thermal_chain.py``.
    """
    halvings = halvings_for(rates_per_s, dt_s, 0)
    h = dt_s * 0.5**halvings
    power, next_power = np.eye(SIZE), np.empty((SIZE, SIZE))
    propagator, integral = np.eye(SIZE), np.eye(SIZE) * h
    for k in range(1, TAYLOR_TERMS + 1):
        multiply(power, rates_per_s, next_power)
        for i in range(SIZE):
            for j in range(SIZE):
                power[i, j] = next_power[i, j] * (h / k)
                propagator[i, j] += power[i, j]
                integral[i, j] += power[i, j] * (h / (k + 1))
    for _ in range(halvings):
        multiply(propagator, integral, next_power)
        for i in range(SIZE):
            for j in range(SIZE):
                integral[i, j] += next_power[i, j]
        multiply(propagator, propagator, next_power)
        propagator, next_power = next_power, propagator
    return propagator, integral


@borrowing
def first_responses(
    rates_per_s: Floats,
    by_power: Floats,
    h_s: float,
    propagator: Floats,
    responses: Floats,
    room: Floats,
) -> None:
    """Write exp(A h) of the four masses, and what held sources do in a short step.

    `responses`, shape (7, 4), for `doubled` to lengthen: the integral I b of exp(A s) b for
    the source of board power, its integral K b, that one's, Q b; I and K of the inlet's
    source; the die's and the coolant's row of I. Heat given needs no state of its own here: it
    follows from the coolant's. `room` has shape (2, 4, 4). Taylor series, for |A| h up to 1/2.
    """
    power, next_power = room[0], room[1]
    by_inlet = rates_per_s[HEAT, COOLANT]
    for i in range(MASSES):
        for j in range(MASSES):
            power[i, j] = propagator[i, j] = 1.0 if i == j else 0.0
    responses[:] = 0.0
    for k in range(TAYLOR_TERMS + 1):
        if k > 0:
            multiply_masses(power, rates_per_s, next_power)
            for i in range(MASSES):
                for j in range(MASSES):
                    power[i, j] = next_power[i, j] * (h_s / k)
                    propagator[i, j] += power[i, j]
        first = h_s / (k + 1)
        second = first * h_s / (k + 2)
        third = second * h_s / (k + 3)
        for i in range(MASSES):
            of_power = power[i, DIE] * by_power[DIE] + power[i, MEMORY] * by_power[MEMORY]
            of_inlet = power[i, COOLANT] * by_inlet
            responses[POWER_I, i] += of_power * first
            responses[POWER_K, i] += of_power * second
            responses[POWER_Q, i] += of_power * third
            responses[INLET_I, i] += of_inlet * first
            responses[INLET_K, i] += of_inlet * second
            responses[DIE_ROW, i] += power[DIE, i] * first
            responses[COOLANT_ROW, i] += power[COOLANT, i] * first


@borrowing
def doubled(propagator: Floats, responses: Floats, h_s: float, after: Floats, then: Floats) -> None:
    """Write what `first_responses` writes for twice the step into `after` and `then`.

    With E = exp(A h): I(2h) = I + E I, K(2h) = K + h I + E K, Q(2h) = Q + h K + h^2/2 I + E Q,
    so a singular A (no flow) needs no special case, and no matrix but E is squared. Checked
    against `transition` and quadrature in ``tests/twin/physics/test_thermal_chain.py``.
    """
    e = propagator
    multiply_masses(e, e, after)
    for r in range(DIE_ROW):
        v = responses[r]
        for i in range(MASSES):
            then[r, i] = v[i] + (e[i, 0] * v[0] + e[i, 1] * v[1] + e[i, 2] * v[2] + e[i, 3] * v[3])
    for r in range(DIE_ROW, RESPONSES):
        v = responses[r]
        for i in range(MASSES):
            then[r, i] = v[i] + (v[0] * e[0, i] + v[1] * e[1, i] + v[2] * e[2, i] + v[3] * e[3, i])
    for i in range(MASSES):
        then[POWER_K, i] += h_s * responses[POWER_I, i]
        then[INLET_K, i] += h_s * responses[INLET_I, i]
        then[POWER_Q, i] += h_s * (responses[POWER_K, i] + 0.5 * h_s * responses[POWER_I, i])


@borrowing
def multiply_masses(a: Floats, b: Floats, into: Floats) -> None:
    """Write the product of the parts of two matrices that belong to the four masses."""
    for i in range(MASSES):
        for j in range(MASSES):
            into[i, j] = (
                a[i, 0] * b[0, j] + a[i, 1] * b[1, j] + a[i, 2] * b[2, j] + a[i, 3] * b[3, j]
            )


@borrowing
def halvings_for(rates_per_s: Floats, dt_s: float, least: int) -> int:
    """Return how often to halve a step, at least `least` times, until the series holds."""
    largest = 0.0
    for i in range(SIZE):
        row = 0.0
        for j in range(SIZE):
            row += abs(rates_per_s[i, j])
        largest = max(largest, row)
    halvings = 0
    h = dt_s
    while halvings < least or largest * h > 0.5:
        h *= 0.5
        halvings += 1
    return halvings


@borrowing
def multiply(a: Floats, b: Floats, into: Floats) -> None:
    """Write the product of two small square matrices, without a library call."""
    for i in range(SIZE):
        for j in range(SIZE):
            into[i, j] = (
                a[i, 0] * b[0, j]
                + a[i, 1] * b[1, j]
                + a[i, 2] * b[2, j]
                + a[i, 3] * b[3, j]
                + a[i, 4] * b[4, j]
            )
