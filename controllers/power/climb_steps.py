"""Compiled steps of a climb: over the GPUs of a class at once, told apart by gang and rack."""

import numpy as np

from site_models.arrays import Flags, Floats, Ints
from twin.physics.law import compiled

RISING_W = 1e-6
"""A GPU nearer to the top of its way than this has arrived."""
BLOCKED = 1e-3
"""A rack that may go less than this share of its way stands."""
WHOLE = 1.0 - 1e-9


@compiled
def aimed_w(
    power_w: Floats, worth_per_w: Floats, price: float, gang: Ints, mine: Ints, stopped: Flags,
    cap_w: Floats,
) -> Floats:  # fmt: skip
    """Return the caps with the GPUs in `mine` of gangs not stopped at a price or above it [W].

    The first two are the arrays of a ladder.
    """
    high_w = cap_w.copy()
    for g in mine:
        if not stopped[gang[g]]:
            k = 0
            while k < worth_per_w.shape[1] and worth_per_w[g, k] >= price:
                k += 1
            high_w[g] = max(power_w[g, k], cap_w[g])
    return high_w


@compiled
def stood(
    level: Floats, rack: Ints, gang: Ints, cap_w: Floats, top_w: Floats, mine: Ints, gangs: int
) -> tuple[Flags, bool]:
    """Return the gangs with a rising GPU on a rack that stands, and whether others still rise."""
    stopped, going = np.zeros(gangs, dtype=np.bool_), False
    for g in mine:
        if top_w[g] > cap_w[g] + RISING_W and level[rack[g]] < BLOCKED:
            stopped[gang[g]] = True
    for g in mine:
        going |= top_w[g] > cap_w[g] + RISING_W and not stopped[gang[g]]
    return stopped, going


@compiled
def gone(
    level: Floats, rack: Ints, gang: Ints, cap_w: Floats, high_w: Floats, mine: Ints,
    stopped: Flags,
) -> tuple[Floats, bool]:  # fmt: skip
    """Return the caps after each gang went as far as its least rack, and whether any goes on.

    Gangs that did not go the whole way are stopped, in place.
    """
    least = np.ones(len(stopped))
    for g in mine:
        least[gang[g]] = min(least[gang[g]], level[rack[g]])
    now_w, going = cap_w.copy(), False
    for g in mine:
        now_w[g] += least[gang[g]] * (high_w[g] - cap_w[g])
        stopped[gang[g]] |= least[gang[g]] < WHOLE
        going |= not stopped[gang[g]]
    return now_w, going


@compiled
def scarcity(
    level: Floats, rack: Ints, gang: Ints, cap_w: Floats, top_w: Floats, mine: Ints,
    gangs: int, least_part: float,
) -> Floats:  # fmt: skip
    """Return for each GPU the size of its gang over the part of it on racks that stand [-].

    The part counts as `least_part` of the gang at the least. 1 for gangs that stand nowhere
    and have arrived: they go up as far with any weight.
    """
    whole, part, weight = np.zeros(gangs), np.zeros(gangs), np.ones(len(gang))
    rising = np.zeros(gangs, dtype=np.bool_)
    for g in mine:
        whole[gang[g]] += 1.0
        part[gang[g]] += level[rack[g]] < BLOCKED
        rising[gang[g]] |= top_w[g] > cap_w[g] + RISING_W
    for g in mine:
        if rising[gang[g]] or part[gang[g]] > 0.0:
            weight[g] = whole[gang[g]] / max(part[gang[g]], least_part * whole[gang[g]])
    return weight
