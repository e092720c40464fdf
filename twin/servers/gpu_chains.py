"""The thermal chains of all GPUs: where they stand, and how one of them is advanced."""

import math
from typing import NamedTuple

from site_models.arrays import Floats
from twin.physics.law import borrowing
from twin.physics.thermal_chain import HEAT
from twin.servers.gpu_moves import BY_INLET, Moves

Standing = tuple[float, float, float, float, float, float]
"""Power before a step [W], inlet and four temperatures of a chain [C]."""
Held = tuple[float, float, float, float, float, float, float]
"""Four temperatures of a chain [C], mean power and ramp [W], inlet [C]."""
NOWHERE: Standing = (math.nan, math.nan, math.nan, math.nan, math.nan, math.nan)
"""No GPU stands here."""


class Chains(NamedTuple):
    """The chains of all GPUs, and how much more than its model's each one rises.

    Small tuples go from function to function here: handing on the whole State for each GPU
    costs more than its physics.
    """

    die_c: Floats
    body_c: Floats
    memory_c: Floats
    coolant_c: Floats
    rise_factor: Floats


@borrowing
def unheated_c(chains: Chains, moves: Moves, g: int, q: int, inlet_c: float, row: int) -> float:
    """Return a temperature of the chain after a step without power [C]."""
    a = moves.after
    after_c: float = (
        a[q, row, 0] * chains.die_c[g]
        + a[q, row, 1] * chains.body_c[g]
        + a[q, row, 2] * chains.memory_c[g]
        + a[q, row, 3] * chains.coolant_c[g]
        + moves.by_inlet[q, row] * inlet_c
    )
    return after_c


@borrowing
def unheated_mean_c(chains: Chains, moves: Moves, g: int, q: int, inlet_c: float) -> float:
    """Return the die's mean temperature over a step without power [C]."""
    mean = moves.die_mean
    mean_c: float = (
        mean[q, 0] * chains.die_c[g]
        + mean[q, 1] * chains.body_c[g]
        + mean[q, 2] * chains.memory_c[g]
        + mean[q, 3] * chains.coolant_c[g]
        + mean[q, BY_INLET] * inlet_c
    )
    return mean_c


@borrowing
def advance_chain(
    chains: Chains, moves: Moves, g: int, q: int, mean_w: float, ramp_w: float, inlet_c: float
) -> float:
    """Advance the chain of GPU g; return the heat it gave to its coolant in the step [J].

    A GPU whose rise is a multiple of its model's has the model's chain with resistances so
    much larger and capacities so much smaller: driven by that multiple of its power, it
    gives, and holds, heat divided by it.
    """
    factor = chains.rise_factor[g]
    held = (
        chains.die_c[g], chains.body_c[g], chains.memory_c[g], chains.coolant_c[g],
        factor * mean_w, factor * ramp_w, inlet_c,
    )  # fmt: skip
    chains.die_c[g] = _moved(moves, q, 0, held)
    chains.body_c[g] = _moved(moves, q, 1, held)
    chains.memory_c[g] = _moved(moves, q, 2, held)
    chains.coolant_c[g] = _moved(moves, q, 3, held)
    given_j: float = _moved(moves, q, HEAT, held) / factor
    return given_j


@borrowing
def _moved(moves: Moves, q: int, row: int, held: Held) -> float:
    """Return what a row of a group's moves makes of a chain and what is held over the step."""
    a = moves.after
    after: float = (
        a[q, row, 0] * held[0] + a[q, row, 1] * held[1]
        + a[q, row, 2] * held[2] + a[q, row, 3] * held[3]
        + moves.by_power[q, row] * held[4] + moves.by_ramp[q, row] * held[5]
        + moves.by_inlet[q, row] * held[6]
    )  # fmt: skip
    return after


@borrowing
def standing(chains: Chains, g: int, before_w: float, inlet_c: float) -> Standing:
    """Return all that a step of GPU g starts from, beside its load."""
    return (
        before_w, inlet_c,
        chains.die_c[g], chains.body_c[g], chains.memory_c[g], chains.coolant_c[g],
    )  # fmt: skip


@borrowing
def follow(chains: Chains, first: int, g: int) -> None:
    """Bring the chain of GPU g to where that of another stands."""
    chains.die_c[g], chains.body_c[g] = chains.die_c[first], chains.body_c[first]
    chains.memory_c[g], chains.coolant_c[g] = chains.memory_c[first], chains.coolant_c[first]
