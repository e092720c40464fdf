"""A capacitor bank that learns between which two levels it can hold a repeating load."""

from typing import NamedTuple

from twin.physics.law import compiled

RESERVE = 0.02
"""Share of the bank that a peak shall leave."""
GAIN = 0.6
"""Part of the error of a peak or a valley that the next one is corrected by."""
MET = 0.01
"""Levels that lie closer than this share become one."""
NEAR = 0.1
"""A load that stays this near to levels that have met is no swing but draws them along."""
LONG_S = 2.0
"""It stays near if on one side for longer than this."""
CENTRING = 0.2
"""Part of its distance from the middle that the bank is brought back by in a period."""


class Bank(NamedTuple):
    """What a bank is. One unit of load, such as a GPU or a rack, behind it."""

    capacity_j: float
    efficiency: float = 1.0
    """One way: of a joule taken out this much arrives, of a joule given this much stays."""
    creep_per_s: float = 0.2
    """Share of its way to the other that a level goes in a second while the bank is full, or
    empty, and the load lies between them."""
    follow_s: float = 1.0
    """Time constant with which a level follows a load that stays near it, or that an empty or
    full bank lets by."""


class Levels(NamedTuple):
    """What the control remembers."""

    energy_j: float
    upper_w: float
    """The bank gives what the load asks above this."""
    lower_w: float
    """The bank takes what the load leaves below this. At most `upper_w`."""
    side: float
    """1: in a peak, -1: in a valley, 0: between the levels."""
    lasted_s: float
    """Of the present peak or valley."""
    area_j: float
    """Energy between load and level in it, in the bank's terms, given or not."""
    other_s: float
    """As `lasted_s`, of the one before."""
    other_j: float
    """As `area_j`, of the one before."""
    other_end_j: float
    """Energy left when it ended."""


def at_rest(bank: Bank, load_w: float) -> Levels:
    """Return a half-full bank whose levels lie at a load."""
    half_j = 0.5 * bank.capacity_j
    return Levels(half_j, load_w, load_w, 0.0, 0.0, 0.0, 0.0, 0.0, half_j)


@compiled
def _corrected(bank: Bank, now: Levels) -> tuple[float, float]:
    """Return the levels after a peak or a valley has ended [W]."""
    upper_w, lower_w = now.upper_w, now.lower_w
    gap_w = upper_w - lower_w
    usable_j = (1.0 - RESERVE) * bank.capacity_j
    met = gap_w <= 0.0 and max(now.area_j, now.other_j) <= bank.capacity_j
    if met and now.side < 0.0 and now.other_s > 0.0:
        period_s = now.lasted_s + now.other_s
        off_j = 0.5 * (bank.capacity_j - now.energy_j - now.other_end_j)
        moved_w = (now.other_j - now.area_j + CENTRING * off_j) / period_s
        level_w = max(upper_w + moved_w, 0.0)
        return level_w, level_w
    if met:
        return upper_w, lower_w
    if now.side > 0.0:
        moved_w = GAIN * (now.area_j - usable_j) / now.lasted_s
        upper_w += max(moved_w, -0.5 * gap_w)
    else:
        moved_w = GAIN * (bank.capacity_j - now.other_end_j - now.area_j) / now.lasted_s
        lower_w = max(lower_w + min(moved_w, 0.5 * gap_w), 0.0)
    if upper_w - lower_w < MET * upper_w:
        upper_w = lower_w = 0.5 * (upper_w + lower_w)
    return upper_w, lower_w


@compiled
def level_control(bank: Bank, now: Levels, load_w: float, dt_s: float) -> tuple[Levels, float]:
    r"""Return the memory after a step and the mean draw during it [W].

    Parameters
    ----------
    bank, now
        What the bank is, and the memory before the step.
    load_w
        Behind the bank, held over the step. >= 0 [W]
    dt_s
        Much shorter than the peaks. [s]

    Notes
    -----
    Above the upper level U the bank gives the excess, below the lower level L it takes what
    is missing; empty or full it lets the load through and the level follows, as levels that
    have met follow a load that stays near them. When a peak of length t has ended, whose
    area above U was A, U is corrected by :math:`g (A - (C - r)) / t`, the shift with which a
    peak of that length takes all of the bank but a reserve. After a valley L is
    corrected alike by :math:`g (C - E_p - A) / t`, with E_p left by the peak, so that the
    bank is full again. Levels that meet become one for as long as a swing fits the bank; it
    is then moved by the imbalance of the two areas over the period, which makes it the mean,
    and a little towards a bank that swings about its middle. A load between the levels of a
    full or an empty bank draws the nearer level to itself. So a bank too small for a swing
    cuts peak and valley by what it holds, one large enough draws the mean, and neither knows
    the period beforehand: it takes a few swings to learn, and again after a change.
    Energy closes: draw less load is what the bank takes, losses apart. Checked against the
    closed form, energy over the length of the peak, in
    ``tests/twin/physics/test_level_control.py`` and by ``experiment smoothing``.
    """
    energy_j, upper_w, lower_w, side = now.energy_j, now.upper_w, now.lower_w, now.side
    lasted_s, area_j = now.lasted_s, now.area_j
    other_s, other_j, other_end_j = now.other_s, now.other_j, now.other_end_j
    here = 1.0 if load_w > upper_w else (-1.0 if load_w < lower_w else 0.0)
    if here != side:
        if lasted_s > 0.0:
            upper_w, lower_w = _corrected(bank, now)
            other_s, other_j, other_end_j = lasted_s, area_j, energy_j
        lasted_s, area_j, side = 0.0, 0.0, here
    slow = upper_w <= lower_w and lasted_s > LONG_S
    given_w, part = 0.0, min(dt_s / bank.follow_s, 1.0)
    if load_w > upper_w:
        area_j += (load_w - upper_w) / bank.efficiency * dt_s
        given_w = min(load_w - upper_w, energy_j * bank.efficiency / dt_s)
        energy_j = max(energy_j - given_w / bank.efficiency * dt_s, 0.0)
        lasted_s += dt_s
        near = slow and load_w - upper_w < NEAR * upper_w
        drawn_w = (load_w - upper_w) if near else (load_w - upper_w - given_w)
        lower_w += part * drawn_w if near else 0.0
        upper_w += part * drawn_w
    elif load_w < lower_w:
        area_j += (lower_w - load_w) * bank.efficiency * dt_s
        room_j = max(bank.capacity_j - energy_j, 0.0)
        given_w = -min(lower_w - load_w, room_j / (bank.efficiency * dt_s))
        energy_j = min(energy_j - given_w * bank.efficiency * dt_s, bank.capacity_j)
        lasted_s += dt_s
        near = slow and lower_w - load_w < NEAR * lower_w
        drawn_w = (lower_w - load_w) if near else (lower_w - load_w + given_w)
        upper_w -= part * drawn_w if near else 0.0
        lower_w -= part * drawn_w
    elif energy_j > (1.0 - RESERVE) * bank.capacity_j:
        upper_w += min(bank.creep_per_s * dt_s, 1.0) * (lower_w - upper_w)
        upper_w = max(min(upper_w, load_w), lower_w)
    elif energy_j < RESERVE * bank.capacity_j:
        lower_w += min(bank.creep_per_s * dt_s, 1.0) * (upper_w - lower_w)
        lower_w = min(max(lower_w, load_w), upper_w)
    after = Levels(
        energy_j,
        upper_w,
        lower_w,
        side,
        lasted_s,
        area_j,
        other_s,
        other_j,
        other_end_j,
    )
    return after, load_w - given_w
