"""What power is worth to a job: concave curves of throughput over GPU power, in pieces."""

import numpy as np

from controllers.gather import applied
from controllers.power.ladder import Ladder
from site_models.arrays import Flags, Floats, Ints
from site_models.plant import Plant
from twin.physics.clocks import switching_share
from twin.physics.law import compiled, law
from twin.state import State

POINTS = 17
MEMORY_KNEE = 0.6
"""Clock below which memory-bound work slows down as well [ENGINEERING 1.4]."""


def pace_at(clock: Floats, compute_share: Floats, knee: float = MEMORY_KNEE) -> Floats:
    r"""Return throughput over that of full clock. 0..1 [-]

    :math:`1 / (c/f + (1 - c) \max(1, f_k/f))`: the compute share c of a step follows the
    clock f, the rest waits for memory or network until the clock falls below the knee
    :math:`f_k`, where it is slowed down too. Concave in f. Exact for a job of one phase;
    how far it is from the profiles' own pace is printed by ``experiment clock_choice``.
    """
    return applied(_pace_at, clock, compute_share, knee)


@law
def _pace_at(clock: float, compute_share: float, knee: float) -> float:
    return 1.0 / (compute_share / clock + (1.0 - compute_share) * max(1.0, knee / clock))


def full_power_w(plant: Plant, state: State) -> tuple[Floats, Flags]:
    """Return what GPUs would draw at full clock [W], and where a lowered clock tells it.

    Elsewhere it is what they draw. By the devices' own law, leakage taken as it is.
    """
    gpus, groups = plant.arrays.gpus, plant.arrays.groups
    power_w, clock = state.gpu_power_w, state.gpu_clock_ratio
    lowered = (clock < 1.0) & (clock > 0.0)
    flat, floor = groups.voltage_flat[gpus.group], groups.voltage_floor[gpus.group]
    share = applied(switching_share, np.where(lowered, clock, 1.0), flat, floor)
    above_w = np.maximum(power_w - gpus.idle_power_w, 0.0) / share
    return np.where(lowered, gpus.idle_power_w + above_w, power_w), lowered


def ladder_of(plant: Plant, full_w: Floats, compute_share: Floats) -> Ladder:
    """Return the curves of GPUs that draw `full_w` at full clock.

    What is above idle power follows V(f)^2 f, as the devices' own control has it
    (``twin.physics.clocks``). Ends below the lowest cap are moved up to it.
    """
    gpus, groups = plant.arrays.gpus, plant.arrays.groups
    lowest = groups.clock_min[:, None]
    clock = lowest + (1.0 - lowest) * np.linspace(0.0, 1.0, POINTS)[None, :]
    flat, floor = groups.voltage_flat[:, None], groups.voltage_floor[:, None]
    share = applied(switching_share, clock, flat, floor)
    above_w = np.maximum(full_w - gpus.idle_power_w, 0.0)
    return Ladder(*_pieces(
        above_w, gpus.idle_power_w, gpus.power_min_w, gpus.power_max_w,
        gpus.group, compute_share, clock, share,
    ))  # fmt: skip


@compiled
def _pieces(
    above_w: Floats, idle_w: Floats, low_w: Floats, high_w: Floats,
    group: Ints, compute_share: Floats, clock: Floats, share: Floats,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Return the powers and worths of ladders; clocks and power shares are by group."""
    points = clock.shape[1]
    power_w, worth = np.zeros((len(group), points)), np.zeros((len(group), points - 1))
    pace = np.zeros(points)
    for g in range(len(group)):
        if g == 0 or group[g] != group[g - 1] or compute_share[g] != compute_share[g - 1]:
            for k in range(points):
                pace[k] = _pace_at(clock[group[g], k], compute_share[g], MEMORY_KNEE)
        least = np.inf
        for k in range(points):
            at_w = idle_w[g] + above_w[g] * share[group[g], k]
            power_w[g, k] = min(max(at_w, low_w[g]), high_w[g])
            if k > 0:
                rise_w = power_w[g, k] - power_w[g, k - 1]
                if rise_w > 0.0:
                    least = min(least, (pace[k] - pace[k - 1]) / rise_w)
                worth[g, k - 1] = least
    return power_w, worth
