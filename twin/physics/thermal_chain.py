"""The four thermal masses of a GPU, advanced exactly.

Die, body (cold plate or heat sink with lid and package), memory stacks and the coolant at
the body. Coolant enters at the inlet temperature and leaves as far above the cell's mean as
the inlet lies below it, so the cell gives 2 m cp (T_coolant - T_inlet) to the stream. The
heat so given is carried along as a fifth state: its integral over a step is then exact too,
and independent of the heat capacities, which makes closing the energy balance a real check.
"""

import numpy as np

from site_models.arrays import Floats
from twin.physics.law import compiled

DIE, BODY, MEMORY, COOLANT, HEAT = 0, 1, 2, 3, 4
SIZE = 5
"""Known when compiling, so that the loops over a matrix are unrolled."""
TAYLOR_TERMS = 10
"""With a scaled norm below 1/2 the remainder is under 1e-13."""


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
    a = np.zeros((SIZE, SIZE))
    for i, j, g in (
        (DIE, BODY, die_w_per_k),
        (BODY, COOLANT, body_w_per_k),
        (MEMORY, BODY, memory_w_per_k),
    ):
        a[i, i] -= g / capacities_j_per_k[i]
        a[i, j] += g / capacities_j_per_k[i]
        a[j, j] -= g / capacities_j_per_k[j]
        a[j, i] += g / capacities_j_per_k[j]
    a[COOLANT, COOLANT] -= stream_w_per_k / capacities_j_per_k[COOLANT]
    a[HEAT, COOLANT] = stream_w_per_k / capacities_j_per_k[COOLANT]
    return a


@compiled
def transition(rates_per_s: Floats, dt_s: float) -> tuple[Floats, Floats]:
    """Return exp(A dt) and its integral over the step [s], shapes of A.

    Taylor series on a step halved until it is small, then doubled back: the integral obeys
    I(2h) = I(h) + exp(A h) I(h), so a singular A (no flow) needs no special case. Checked
    against scipy's expm and solve_ivp in ``tests/twin/physics/test_thermal_chain.py``.
    """
    largest = 0.0
    for i in range(SIZE):
        row = 0.0
        for j in range(SIZE):
            row += abs(rates_per_s[i, j])
        largest = max(largest, row)
    halvings = 0
    h = dt_s
    while largest * h > 0.5:
        h *= 0.5
        halvings += 1
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


@compiled
def multiply(a: Floats, b: Floats, into: Floats) -> None:
    """Write the product of two small square matrices, without a library call."""
    for i in range(SIZE):
        for j in range(SIZE):
            total = 0.0
            for k in range(SIZE):
                total += a[i, k] * b[k, j]
            into[i, j] = total
