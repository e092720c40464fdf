"""The thermal chains of all GPUs: where they stand, and how one of them is advanced."""

import math
from typing import NamedTuple

from site_models.arrays import Floats
from twin.gpu_moves import BY_INLET, Moves
from twin.physics.law import borrowing
from twin.physics.thermal_chain import HEAT

Standing = tuple[float, float, float, float, float, float]
"""Power before a step [W], inlet and four temperatures of a chain [C]."""
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
    a, u, w, v = moves.after[q], moves.by_power[q], moves.by_ramp[q], moves.by_inlet[q]
    die, body = chains.die_c[g], chains.body_c[g]
    memory, coolant = chains.memory_c[g], chains.coolant_c[g]
    p, r, t = factor * mean_w, factor * ramp_w, inlet_c
    chains.die_c[g] = (
        a[0, 0] * die + a[0, 1] * body + a[0, 2] * memory + a[0, 3] * coolant
        + u[0] * p + w[0] * r + v[0] * t
    )  # fmt: skip
    chains.body_c[g] = (
        a[1, 0] * die + a[1, 1] * body + a[1, 2] * memory + a[1, 3] * coolant
        + u[1] * p + w[1] * r + v[1] * t
    )  # fmt: skip
    chains.memory_c[g] = (
        a[2, 0] * die + a[2, 1] * body + a[2, 2] * memory + a[2, 3] * coolant
        + u[2] * p + w[2] * r + v[2] * t
    )  # fmt: skip
    chains.coolant_c[g] = (
        a[3, 0] * die + a[3, 1] * body + a[3, 2] * memory + a[3, 3] * coolant
        + u[3] * p + w[3] * r + v[3] * t
    )  # fmt: skip
    heat_j = a[HEAT, 0] * die + a[HEAT, 1] * body + a[HEAT, 2] * memory + a[HEAT, 3] * coolant
    given_j: float = (heat_j + u[HEAT] * p + w[HEAT] * r + v[HEAT] * t) / factor
    return given_j


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
