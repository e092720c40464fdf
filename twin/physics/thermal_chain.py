"""The four thermal masses of a GPU, advanced exactly.

Die, body (cold plate or heat sink with lid and package), memory stacks and the coolant at
the body. Coolant enters at the inlet temperature and leaves as far above the cell's mean as
the inlet lies below it, so the cell gives 2 m cp (T_coolant - T_inlet) to the stream.
"""

import numpy as np

from site_models.arrays import Floats
from twin.physics.law import compiled

DIE, BODY, MEMORY, COOLANT = 0, 1, 2, 3
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
    """Return the matrix A of dT/dt = A T + sources [1/s], shape (4, 4).

    Conductances: die to body, body to coolant, memory to body, coolant to inlet (2 m cp).
    """
    a = np.zeros((4, 4))
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
    return a


@compiled
def transition(rates_per_s: Floats, dt_s: float) -> tuple[Floats, Floats]:
    """Return exp(A dt) and its integral over the step [s], each shape (4, 4).

    Taylor series on a step halved until it is small, then doubled back: the integral obeys
    I(2h) = I(h) + exp(A h) I(h), so a singular A (no flow) needs no special case. Checked
    against scipy's expm and solve_ivp in ``tests/twin/physics/test_thermal_chain.py``.
    """
    n = rates_per_s.shape[0]
    largest = 0.0
    for i in range(n):
        row = 0.0
        for j in range(n):
            row += abs(rates_per_s[i, j])
        largest = max(largest, row)
    halvings = 0
    h = dt_s
    while largest * h > 0.5:
        h *= 0.5
        halvings += 1
    power = np.eye(n)
    propagator = np.eye(n)
    integral = np.eye(n) * h
    for k in range(1, TAYLOR_TERMS + 1):
        power = product(power, rates_per_s) * (h / k)
        propagator += power
        integral += power * (h / (k + 1))
    for _ in range(halvings):
        integral = integral + product(propagator, integral)
        propagator = product(propagator, propagator)
    return propagator, integral


@compiled
def product(a: Floats, b: Floats) -> Floats:
    """Return the product of two small square matrices, without a library call."""
    n = a.shape[0]
    c = np.zeros((n, n))
    for i in range(n):
        for k in range(n):
            for j in range(n):
                c[i, j] += a[i, k] * b[k, j]
    return c
