"""Steady flow around the loops of a network: Newton on the loop pressures.

Flows are circulations around independent loops, so continuity holds by construction and
only the pressures around each loop have to be brought to zero.
"""

from typing import NamedTuple

import numpy as np

from site_models.arrays import Flags, Floats, Ints
from twin.physics.hydraulics import branch_loss_pa, branch_slope_pa_s_per_kg, pipe_terms
from twin.physics.law import compiled

SETTLED = 1e-11
"""A loop has settled when its pressures close to this share of their sum."""
LEAST_SUM_PA = 1.0
"""The sum is taken as at least this: loops at rest have none."""
MOST_TURNS = 100
SHORTEST_STEP = 1e-15
OVERSHOOT = 0.5
"""A step may go past the lowest point along it until it rises by this share of its fall."""
LEAST_PIVOT = 1e-13
"""What elimination leaves of a diagonal element below this share of it is rounding."""
BACKWARD_PA_S_PER_KG = 1e9
"""A non-return valve lets through 0.2 g/s at 200 kPa backwards."""

SOLVED, NOT_CLOSED, NO_RESISTANCE = 0, 1, 2
"""What :func:`settle_loops` ends with."""


class Laws(NamedTuple):
    """Pressure over flow of every branch, arrays (branches,): K m|m| + K1 m + pipe - source."""

    square: Floats
    """K [Pa s2/kg2]."""
    linear: Floats
    """K1 [Pa s/kg]."""
    source_pa: Floats
    """Head of pumps at no flow and lifts."""
    pipe_square: Floats
    """8 L / (pi^2 rho D^5) [Pa s2/kg2]; 0 without a pipe."""
    reynolds_per_flow: Floats
    """4 / (pi D mu) [s/kg]."""
    relative_roughness: Floats
    non_return: Flags


class Loops(NamedTuple):
    """Independent loops, listed by branch: those of branch b stand at first[b]:first[b + 1]."""

    first: Ints
    loop: Ints
    sign: Floats
    """+1 where the loop runs along the branch, -1 where it runs against it."""
    total: int


@compiled
def branch_terms(laws: Laws, flow_kg_per_s: Floats, loss_pa: Floats, slope: Floats) -> None:
    """Write the loss [Pa] of every branch less its source, and its slope [Pa s/kg]."""
    for b in range(flow_kg_per_s.size):
        m = flow_kg_per_s[b]
        loss_pa[b] = branch_loss_pa(m, laws.square[b], laws.linear[b]) - laws.source_pa[b]
        slope[b] = branch_slope_pa_s_per_kg(m, laws.square[b], laws.linear[b])
        if laws.pipe_square[b] > 0.0:
            friction_pa, friction_slope = pipe_terms(
                m, laws.pipe_square[b], laws.reynolds_per_flow[b], laws.relative_roughness[b]
            )
            loss_pa[b] += friction_pa
            slope[b] += friction_slope
        if laws.non_return[b] and m < 0.0:
            loss_pa[b] += BACKWARD_PA_S_PER_KG * m
            slope[b] += BACKWARD_PA_S_PER_KG


@compiled
def around_loops(
    laws: Laws, loops: Loops, loss_pa: Floats, residual_pa: Floats, gross_pa: Floats
) -> None:
    """Write what is left of each loop's pressures and the sum of its losses and sources [Pa]."""
    residual_pa[:] = 0.0
    gross_pa[:] = 0.0
    for b in range(loss_pa.size):
        source = laws.source_pa[b]
        for e in range(loops.first[b], loops.first[b + 1]):
            residual_pa[loops.loop[e]] += loops.sign[e] * loss_pa[b]
            gross_pa[loops.loop[e]] += abs(loss_pa[b] + source) + abs(source)


@compiled
def flow_of_circulations(loops: Loops, circulation: Floats, flow_kg_per_s: Floats) -> None:
    """Write each branch's flow: the sum of what circulates through it [kg/s]."""
    for b in range(flow_kg_per_s.size):
        flow_kg_per_s[b] = 0.0
        for e in range(loops.first[b], loops.first[b + 1]):
            flow_kg_per_s[b] += loops.sign[e] * circulation[loops.loop[e]]


@compiled
def newton_step(loops: Loops, slope: Floats, residual_pa: Floats, step: Floats) -> bool:
    """Write the change of the circulations that closes every loop; False if nothing resists.

    Where pumps on the rising part of their curve leave no rise in total, Newton would lead
    astray; slopes are then taken by size, which still leads downhill.
    """
    for by_size in (False, True):
        matrix = np.zeros((loops.total, loops.total))
        for b in range(slope.size):
            rise = abs(slope[b]) if by_size else slope[b]
            for e in range(loops.first[b], loops.first[b + 1]):
                for o in range(loops.first[b], loops.first[b + 1]):
                    matrix[loops.loop[e], loops.loop[o]] += loops.sign[e] * loops.sign[o] * rise
        for i in range(loops.total):
            step[i] = -residual_pa[i]
        if solve_in_place(matrix, step):
            return True
    return False


@compiled
def solve_in_place(matrix: Floats, right: Floats) -> bool:
    """Overwrite `right` with the solution of a symmetric system; False if not positive definite.

    Elimination along the diagonal, `matrix` is used up. Checked against numpy in
    ``tests/twin/physics/test_loop_flow.py``.
    """
    n = right.size
    for k in range(n):
        if not matrix[k, k] > 0.0:
            return False
        for i in range(k + 1, n):
            if matrix[i, k] == 0.0:
                continue
            factor = matrix[i, k] / matrix[k, k]
            least = LEAST_PIVOT * matrix[i, i]
            for j in range(k + 1, n):
                matrix[i, j] -= factor * matrix[k, j]
            if matrix[i, i] <= least:
                matrix[i, i] = 0.0
            right[i] -= factor * right[k]
    for k in range(n - 1, -1, -1):
        for j in range(k + 1, n):
            right[k] -= matrix[k, j] * right[j]
        right[k] /= matrix[k, k]
    return True


@compiled
def worst_loop(residual_pa: Floats, gross_pa: Floats) -> tuple[int, float]:
    """Return the loop that closes worst and what is left there over its pressures [-]."""
    worst, share = 0, 0.0
    for i in range(residual_pa.size):
        left = abs(residual_pa[i]) / max(gross_pa[i], LEAST_SUM_PA)
        if not left <= share:
            worst, share = i, left
    return worst, share


@compiled
def inner(a: Floats, b: Floats) -> float:
    """Return the sum of products."""
    total = 0.0
    for i in range(a.size):
        total += a[i] * b[i]
    return total


@compiled
def settle_loops(
    laws: Laws, loops: Loops, circulation: Floats, flow_kg_per_s: Floats, loss_pa: Floats
) -> tuple[int, int, int]:
    """Bring every loop's pressures to zero; return how it ended, the turns, the worst loop.

    `circulation` (loops,) holds the start and becomes the answer [kg/s]; flows and losses
    (branches,) are written. What is left of the loops' pressures is the gradient of the
    network's content (the sum of loss integrated over flow), so Newton goes downhill on it, steps
    halved where they overshoot. Where losses rise with flow there is one lowest point, and it is
    found from anywhere. Checked against closed forms in ``tests/twin/physics/test_loop_flow.py``
    and WNTR in ``benchmarks/validation/hydraulics.py``.

    References
    ----------
    E. C. Cherry, Some general theorems for non-linear systems possessing reactance, Phil. Mag.
    42 (1951) 1161: the content.
    """
    slope = np.empty(flow_kg_per_s.size)
    residual_pa, gross_pa = np.empty(loops.total), np.empty(loops.total)
    step, trial = np.empty(loops.total), circulation.copy()
    worst = 0
    for turn in range(MOST_TURNS + 1):
        flow_of_circulations(loops, circulation, flow_kg_per_s)
        branch_terms(laws, flow_kg_per_s, loss_pa, slope)
        around_loops(laws, loops, loss_pa, residual_pa, gross_pa)
        worst, share = worst_loop(residual_pa, gross_pa)
        if share <= SETTLED:
            return SOLVED, turn, worst
        if turn == MOST_TURNS:
            break
        if not newton_step(loops, slope, residual_pa, step):
            return NO_RESISTANCE, turn, worst
        most = -OVERSHOOT * inner(step, residual_pa)
        reach = 1.0
        while reach > SHORTEST_STEP:
            trial[:] = circulation + reach * step
            flow_of_circulations(loops, trial, flow_kg_per_s)
            branch_terms(laws, flow_kg_per_s, loss_pa, slope)
            around_loops(laws, loops, loss_pa, residual_pa, gross_pa)
            if inner(step, residual_pa) <= most:
                break
            reach *= 0.5
        circulation[:] = trial
    return NOT_CLOSED, MOST_TURNS, worst
