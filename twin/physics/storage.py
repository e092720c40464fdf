"""Stored electricity: the battery behind a UPS, the capacitors in a power shelf."""

import math
from typing import NamedTuple

from twin.physics.law import compiled, law

SHELF_J_PER_GPU = 65.0
"""Capacitors of a GB300 power shelf, per GPU. Source: ENGINEERING section 1."""


class Battery(NamedTuple):
    """What a battery is. Powers at its terminals, energy inside."""

    capacity_j: float
    power_max_w: float
    charge_max_w: float
    efficiency: float
    """One way: of a joule taken out this much arrives, of a joule given this much stays."""


class Carried(NamedTuple):
    """What a UPS did during a step. Means over the step, the energy at its end."""

    served_w: float
    drawn_w: float
    """From the source in front: what was served and what went into the battery."""
    energy_j: float


class Smoothed(NamedTuple):
    """What a power shelf did during a step."""

    energy_j: float
    """In the capacitors at its end."""
    level_w: float
    """That the shelf would draw at its end if the capacitors allow."""
    draw_w: float
    """Mean over the step."""
    peak_w: float
    """Highest draw during the step."""


@law
def battery_power_w(
    asked_w: float,
    energy_j: float,
    capacity_j: float,
    power_max_w: float,
    charge_max_w: float,
    efficiency: float,
    dt_s: float,
) -> float:
    """Return the mean power that a battery gives over a step [W]; negative: it takes.

    The asked power, held over the step of `dt_s` > 0, within the limits of the converter
    and of the charger and no more than what is left or what still fits. A battery that runs
    empty during the step gives its mean. Checked: two half steps equal one, and energy
    closes, in ``tests/twin/physics/test_storage.py``.
    """
    if asked_w >= 0.0:
        return min(asked_w, min(power_max_w, energy_j * efficiency / dt_s))
    room_w = (capacity_j - energy_j) / (efficiency * dt_s)
    return -min(-asked_w, min(charge_max_w, room_w))


@law
def battery_drain_w(power_w: float, efficiency: float) -> float:
    """Return how fast a battery's energy falls at a terminal power [W]; below 0: it rises.

    P / eta when it gives, P eta when it takes: what is between the two is its loss.
    Source: ENGINEERING section 8.7.
    """
    return power_w / efficiency if power_w >= 0.0 else power_w * efficiency


@law
def battery_energy_j(energy_j: float, power_w: float, efficiency: float, dt_s: float) -> float:
    """Return the energy in a battery after a step of held terminal power [J].

    dE/dt = -P / eta when it gives, -P eta when it takes. Source: ENGINEERING section 8.7,
    the same efficiency both ways. `power_w` is one that :func:`battery_power_w` allows;
    rounding never takes the result below 0.
    """
    if power_w >= 0.0:
        return max(energy_j - power_w / efficiency * dt_s, 0.0)
    return energy_j - power_w * efficiency * dt_s


@law
def ride_through_s(energy_j: float, power_w: float, efficiency: float) -> float:
    """Return how long a battery carries a held power at its terminals [s]; inf for none.

    A UPS battery is sized for 3 to 10 minutes at its rating, ENGINEERING section 4.
    """
    if power_w <= 0.0:
        return math.inf
    return energy_j * efficiency / power_w


@compiled
def carry(
    load_w: float, source_w: float, energy_j: float, battery: Battery, dt_s: float
) -> Carried:
    """Return what a UPS serves during a step, from its source first and its battery second.

    Parameters
    ----------
    load_w
        Asked of it, its own losses included. >= 0 [W]
    source_w
        What the source in front can give now: mains, generator, or 0. [W]
    energy_j
        In the battery. [J]

    Notes
    -----
    What the source can spare charges the battery within its charge limit, so that
    `drawn_w` never exceeds `source_w`. Checked: `served_w` + rise of the battery + its
    losses = `drawn_w` in ``tests/twin/physics/test_storage.py``.
    """
    battery_w = battery_power_w(
        load_w - source_w,
        energy_j,
        battery.capacity_j,
        battery.power_max_w,
        battery.charge_max_w,
        battery.efficiency,
        dt_s,
    )
    served_w = min(load_w, source_w + max(battery_w, 0.0))
    after_j = battery_energy_j(energy_j, battery_w, battery.efficiency, dt_s)
    return Carried(served_w, served_w - battery_w, after_j)


@compiled
def smooth(
    load_w: float,
    energy_j: float,
    level_w: float,
    capacity_j: float,
    tau_s: float,
    dt_s: float,
) -> Smoothed:
    """Return the draw of a power shelf whose capacitors fill the gaps of its load.

    Parameters
    ----------
    load_w
        Behind the shelf, held over the step. [W]
    energy_j, capacity_j
        In the capacitors and at most. [J]
    level_w
        What the shelf drew at the start of the step, limits apart. [W]
    tau_s
        Time constant with which that level follows the load; inf: it is held. [s]

    Notes
    -----
    tau dL/dt = P - L and dE/dt = L - P while 0 < E < capacity; a full or empty bank takes
    or gives nothing and the draw is the load itself. With a held load L - P keeps its sign,
    so the bank meets a limit at most once a step and clipping its energy is exact, however
    long the step. The level goes on following the load meanwhile, so the bank drifts to
    where a periodic load just fits. Losses of the capacitors are left out. Checked against
    an integration in small steps, halving, and the closed form of a square wave in
    ``tests/twin/physics/test_storage.py`` and ``benchmarks/validation/power_swing.py``.
    """
    gain_s = dt_s if math.isinf(tau_s) else -tau_s * math.expm1(-dt_s / tau_s)
    after_w = load_w + (level_w - load_w) * math.exp(-dt_s / tau_s)
    wanted_j = energy_j + (level_w - load_w) * gain_s
    after_j = min(max(wanted_j, 0.0), capacity_j)
    draw_w = load_w + (after_j - energy_j) / dt_s
    if level_w >= load_w:
        peak_w = level_w if energy_j < capacity_j else load_w
    else:
        peak_w = after_w if wanted_j >= 0.0 else load_w
    return Smoothed(after_j, after_w, draw_w, peak_w)
