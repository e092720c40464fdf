"""Standby generators: asked to start, ready after seconds, loaded in blocks."""

import math
from typing import NamedTuple

from twin.physics.law import compiled, law

DIP_AT_FULL_BLOCK = 0.10
"""Frequency dip when the whole rating is taken at once. Source: ENGINEERING section 4."""
RECOVERY_S = 1.5
"""Time constant of the return to rated frequency: within 1 % in under 4 s. Estimate."""


class GeneratorSet(NamedTuple):
    """What a generator set is. Defaults: NFPA 110 Type 10, two blocks."""

    rating_w: float
    start_s: float = 10.0
    """From the call to readiness for load."""
    block_share: float = 0.5
    """Of the rating, that it accepts at once."""
    block_interval_s: float = 5.0
    """Between two blocks: the frequency has come back. Estimate."""
    cooldown_s: float = 300.0
    """That it runs unloaded before it stops. Estimate."""


class Generator(NamedTuple):
    """What a generator set remembers from step to step."""

    turning_s: float = 0.0
    """Since the call to start; 0 at rest."""
    cooling_s: float = 0.0
    """Left to run unloaded; 0 while called for or at rest."""


@compiled
def advance_generator(
    memory: Generator, called: bool, unit: GeneratorSet, dt_s: float
) -> Generator:
    """Return the memory after a step during which the set was called for, or not.

    A call while it cools down finds it ready and loads it from the first block; a call
    taken back before it was ready stops it. Checked: two half steps equal one in
    ``tests/twin/physics/test_generators.py``.
    """
    cooling = memory.cooling_s > 0.0
    if called:
        ready_s = unit.start_s if cooling else memory.turning_s
        return Generator(ready_s + dt_s, 0.0)
    if memory.turning_s < unit.start_s:
        return Generator(0.0, 0.0)
    left_s = (memory.cooling_s if cooling else unit.cooldown_s) - dt_s
    if left_s <= 0.0:
        return Generator(0.0, 0.0)
    return Generator(unit.start_s, left_s)


@compiled
def generator_capacity_w(memory: Generator, unit: GeneratorSet) -> float:
    """Return the load that a set accepts now [W]: nothing, a block, one more, its rating."""
    if memory.turning_s < unit.start_s or memory.cooling_s > 0.0:
        return 0.0
    blocks = 1.0 + math.floor((memory.turning_s - unit.start_s) / unit.block_interval_s)
    return unit.rating_w * min(blocks * unit.block_share, 1.0)


@compiled
def generator_offer_j(memory: Generator, unit: GeneratorSet) -> float:
    """Return all that a set could have given since it was called for [J].

    The integral of :func:`generator_capacity_w` over the time of the call: the difference of
    two is exact over any step, however many blocks lie within it. Over the step's length it
    is the mean capacity that a UPS in front can count on.
    """
    if memory.cooling_s > 0.0:
        return 0.0
    left_s = memory.turning_s - unit.start_s
    offered_s, accepted = 0.0, unit.block_share
    while left_s > unit.block_interval_s and accepted < 1.0:
        offered_s += accepted * unit.block_interval_s
        left_s -= unit.block_interval_s
        accepted += unit.block_share
    return unit.rating_w * (offered_s + max(left_s, 0.0) * min(accepted, 1.0))


@law
def frequency_ratio(since_block_s: float, block_share: float) -> float:
    """Return a generator's frequency over its rated one, after a block was taken. [-]

    A dip in proportion to the block, 10 % for the whole rating, that fades away.
    """
    return 1.0 - DIP_AT_FULL_BLOCK * block_share * math.exp(-since_block_s / RECOVERY_S)
