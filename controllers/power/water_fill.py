"""Share a limit among many by a common level: water-filling, solved exactly."""

import numpy as np

from site_models.arrays import Floats
from twin.physics.law import compiled


@compiled
def fill_level(gain_w: Floats, bound: Floats, count: int, room_w: float) -> float:
    r"""Return the highest common level that a room allows its members.

    Member i takes :math:`w_i \min(\mu, u_i)`; the answer is the largest :math:`\mu` with
    :math:`\sum_i w_i \min(\mu, u_i) \le` the room.

    Parameters
    ----------
    gain_w
        What each member takes at level 1. >= 0, the first `count` entries count [W]
    bound
        Level above which the member takes no more. >= 0 [-]
    count
        Number of members.
    room_w
        Below 0 counts as 0. [W]

    Returns
    -------
    The level [-]; inf where the room holds all that the members can take.

    Notes
    -----
    As if no member were bound the level is too low; whoever is bound below it takes its own
    part and leaves, and the others share what it did not want, until nobody leaves. Checked
    against a linear program and by the sum itself in
    ``tests/controllers/policies/test_power_budget.py``.
    """
    left_w, takes_w = max(room_w, 0.0), 0.0
    free = np.zeros(count, dtype=np.bool_)
    for i in range(count):
        takes_w += gain_w[i] * bound[i]
        free[i] = gain_w[i] > 0.0
    if takes_w <= left_w:
        return np.inf
    level, leaving = 0.0, True
    while leaving:
        leaving, rate_w, highest = False, 0.0, 0.0
        for i in range(count):
            if free[i]:
                rate_w += gain_w[i]
                highest = max(highest, bound[i])
        level = min(max(left_w, 0.0) / rate_w, highest)
        for i in range(count):
            if free[i] and bound[i] < level:
                free[i], leaving = False, True
                left_w -= gain_w[i] * bound[i]
    return level
