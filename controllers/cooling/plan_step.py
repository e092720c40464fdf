"""The step of a plan that a linear program takes from what the twin foresees of each move."""

import numpy as np
from scipy.optimize import linprog

from site_models.arrays import Floats

SLACK_J_PER_K = 1e12
"""What a kelvin within the margin counts for in the linear program."""


def cheapest_step(
    slope_j: Floats, slope_k: Floats, at: Floats, room_k: float, radius: float
) -> Floats | None:
    """Return the cheapest step of a plan within a radius, in units of its scales; None: no answer.

    `slope_j` and `slope_k` are how cost and margin change with a unit of each move, shape
    (blocks, moves), the last two moves being more flow and caps, which are never below nothing;
    `at` is where the plan stands, `room_k` its distance to the margin, infinite without GPUs.
    Minimises the cost's first-order change, with the margin kept to first order; a slack that
    costs more than anything makes the program feasible where the margin is gone already.
    """
    count = slope_j.size
    scale_j = max(float(np.abs(slope_j).max()), 1.0)
    low = np.full(count, -radius)
    high = np.full(count, radius)
    caps = np.arange(count) % slope_j.shape[1] == slope_j.shape[1] - 1
    flows = np.arange(count) % slope_j.shape[1] == slope_j.shape[1] - 2
    low[caps | flows] = np.maximum(low, -at.ravel())[caps | flows]
    keeps = None if not np.isfinite(room_k) else np.append(-slope_k.ravel(), -1.0)[None, :]
    found = linprog(
        np.append(slope_j.ravel() / scale_j, SLACK_J_PER_K / scale_j),
        A_ub=keeps,
        b_ub=None if keeps is None else [room_k],
        bounds=[*zip(low, high, strict=True), (0.0, None)],
    )
    answer = np.array([]) if found.x is None else np.asarray(found.x, np.float64)
    if found.status != 0 or len(answer) <= count or not np.isfinite(answer).all():
        return None
    return answer[:count].reshape(slope_j.shape)
