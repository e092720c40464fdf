"""When a job with time to spare had better be held back: the cheapest course to its deadline."""

from typing import NamedTuple

import numpy as np

from site_models.arrays import Floats, Ints


class Holding(NamedTuple):
    """What holding a job back means to it."""

    pace: float = 0.0
    """Work done meanwhile, of that at full pace; 0: it stands. 0..1"""
    drawn: float = 0.0
    """Power above idle drawn meanwhile, of that at full pace. 0..1"""
    resume: int = 0
    """Quanta of running without work, each time that it goes on."""


class Ahead(NamedTuple):
    """The time that a job has, cut into slots."""

    cost: Floats
    """Of a quantum of running, in each slot. Shape (slots,)"""
    quanta: Ints
    """How many each slot has. Shape (slots,)"""
    beyond: float
    """Cost of a quantum after the last slot."""
    room: int
    """Quanta between the last slot and the deadline."""


class Choice(NamedTuple):
    """What the rest of a job costs at the best, held back or running in the first slot."""

    held: float
    running: float
    """Infinite: it would be late."""


def choices(ahead: Ahead, left: int, holding: Holding, held: bool) -> Choice:
    """Return the costs of holding a job back in the first slot and of running in it.

    Parameters
    ----------
    left
        Quanta of work at full pace that must be done.
    held
        Whether it is held back now, so that running has it resume first.

    Notes
    -----
    Dynamic programming backwards over the slots, on work left and on whether the slot before
    was held: exact for costs as given. Checked against every course of a few slots in
    ``tests/controllers/policies/test_price_shift.py``.
    """
    work = np.arange(left + 1)
    after = np.where(work <= ahead.room, work * ahead.beyond, np.inf)
    after_run, after_hold = after, after
    hold = go = again = after
    for cost, quanta in zip(ahead.cost[::-1].tolist(), ahead.quanta[::-1].tolist(), strict=True):
        go = cost * np.minimum(work, quanta) + _after(after_run, quanta)
        useful = max(quanta - holding.resume, 0)
        ran = np.where(work > 0, np.minimum(work + holding.resume, quanta), 0)
        again = cost * ran + _after(after_run, useful)
        slow = int(holding.pace * quanta + 1e-9)
        hold = np.where(work > 0, cost * holding.drawn * quanta, 0.0) + _after(after_hold, slow)
        after_run, after_hold = np.minimum(go, hold), np.minimum(again, hold)
    return Choice(float(hold[left]), float((again if held else go)[left]))


def _after(cost: Floats, done: int) -> Floats:
    """Return the cost to go after so many quanta of work, for each amount left. Same shape."""
    if done == 0:
        return cost
    moved = np.empty_like(cost)
    moved[:done] = cost[0]
    moved[done:] = cost[: max(len(cost) - done, 0)]
    return moved
