"""Share a limit among many by a common level: water-filling, solved exactly by sorting."""

import numpy as np

from controllers.gather import sum_by
from site_models.arrays import Floats, Ints


def fill_level(group: Ints, gain_w: Floats, bound: Floats, room_w: Floats) -> Floats:
    r"""Return for each group the highest level that its room allows.

    Member i of group g takes :math:`w_i \min(\mu_g, u_i)`; the answer is the largest
    :math:`\mu_g` with :math:`\sum_i w_i \min(\mu_g, u_i) \le` the group's room.

    Parameters
    ----------
    group
        Group of each member; -1: in none. Shape (members,)
    gain_w
        What each member takes at level 1. >= 0 [W]
    bound
        Level above which the member takes no more. >= 0 [-]
    room_w
        Shape (groups,) [W]; below 0 counts as 0.

    Returns
    -------
    Levels [-], shape (groups,); inf where the room exceeds what the members can take.

    Notes
    -----
    The sum is concave and piecewise linear with its corners at the bounds. Sorted by bound,
    prefix sums give its value at every corner, and the level lies on the first piece whose
    end exceeds the room. Checked against a linear program and by the sums themselves in
    ``tests/controllers/test_power_budget.py``.
    """
    level = np.full(len(room_w), np.inf)
    member = np.flatnonzero((group >= 0) & (gain_w > 0.0))
    order = member[np.lexsort((bound[member], group[member]))]
    g, w, u = group[order], gain_w[order], bound[order]
    if not len(order):
        return level
    first = np.flatnonzero(np.r_[True, g[1:] != g[:-1]])
    segment = np.cumsum(np.r_[False, g[1:] != g[:-1]])
    before_w = _prefix(w * u, first, segment)
    rest_w = sum_by(segment, w, len(first))[segment] - _prefix(w, first, segment)
    room = np.maximum(room_w, 0.0)[g]
    over = before_w + u * rest_w > room
    corner = np.where(over, np.arange(len(order)), len(order))
    hit = np.minimum.reduceat(corner, first)
    found = hit[hit < len(order)]
    level[g[found]] = np.minimum((room[found] - before_w[found]) / rest_w[found], u[found])
    return level


def _prefix(values: Floats, first: Ints, segment: Ints) -> Floats:
    """Return the sum of the values that precede each in its own segment."""
    exclusive = np.cumsum(values) - values
    return np.maximum(exclusive - exclusive[first][segment], 0.0)
