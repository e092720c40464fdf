"""Power of a training job as a rhythm of phases: compute at full power, communication below.

A synchronous job repeats its step: all GPUs compute, then exchange what they found, and wait for
the last. They enter a phase almost together: each a little late, differently every time.
"""

import math
from typing import NamedTuple

import numpy as np

from site_models.arrays import Floats, Ints
from site_models.errors import InputError


class Phase(NamedTuple):
    """A part of a job's step during which its GPUs ask for one power."""

    duration_s: float
    power: float
    """Board power over the GPU's limit. 0..1"""
    ramp_s: float = 0.08
    """From the power before to this one."""
    spread_s: float = 0.0
    """The GPUs enter the phase within this time, each at an instant of its own."""


PRETRAINING = (Phase(1.4, 1.0, spread_s=0.005), Phase(0.6, 0.35, spread_s=0.03))
"""Pre-training with a step of 2 s, 30 % of it communication at 35 % of the power, ramps of 80 ms.
Source: ENGINEERING section 4, synthetic default. The spreads are estimates: the barrier at the
end of the exchange joins the GPUs, what they compute takes some 2 % longer on the slowest."""


class Swing(NamedTuple):
    """A job: its GPUs and the phases that they repeat together."""

    gpus: Ints
    phases: tuple[Phase, ...] = PRETRAINING
    start_s: float = 0.0
    """When its first step begins; up to 0 it has been running all the time."""
    end_s: float = math.inf
    """Its GPUs idle from then on."""
    step_spread: float = 0.01
    """Standard deviation of a step's length, common to the job's GPUs, over its mean."""

    @property
    def period_s(self) -> float:
        """Return the mean length of a step [s]."""
        return sum(phase.duration_s for phase in self.phases)


IDLE = -1.0
"""As a power: whatever the GPU draws idle."""


class Edges(NamedTuple):
    """Instants at which the GPUs of each job go over to another power; flat arrays."""

    first: Ints
    """Of each job, shape (jobs + 1,)."""
    at_s: Floats
    power: Floats
    """Board power over the limit, or IDLE."""
    ramp_s: Floats
    spread_s: Floats


def edges_of(swings: tuple[Swing, ...], seconds: float, seed: int) -> Edges:
    """Return the edges of jobs from one step before 0 to `seconds`.

    Deterministic: the same seed gives the same steps. Raises InputError naming the job and the
    phase that cannot be, or a GPU in two jobs.
    """
    first, columns = [0], []
    taken: set[int] = set()
    for number, swing in enumerate(swings):
        _refuse(swing, number)
        mine = set(swing.gpus.tolist())
        if taken & mine or len(mine) < len(swing.gpus):
            raise InputError(f"swings.{number}.gpus: a GPU is in two jobs, expected each once")
        taken |= mine
        columns.append(_of_one(swing, seconds, np.random.default_rng((seed, number))))
        first.append(first[-1] + columns[-1].shape[1])
    rows = np.concatenate(columns, axis=1) if columns else np.zeros((4, 0))
    flat = [np.ascontiguousarray(row) for row in rows]
    return Edges(np.array(first, dtype=np.int64), *flat)


def staggered(swings: tuple[Swing, ...]) -> tuple[Swing, ...]:
    """Return jobs of one rhythm with their steps spread evenly over the period.

    What one synchronous job cannot do within itself, several can among each other.
    """
    return tuple(
        swing._replace(start_s=swing.start_s - swing.period_s * n / len(swings))
        for n, swing in enumerate(swings)
    )


def _of_one(swing: Swing, seconds: float, random: np.random.Generator) -> Floats:
    """Return instants, powers, ramps and spreads of one job, shape (4, edges)."""
    begin_s = swing.start_s
    if begin_s <= 0.0:
        begin_s = math.fmod(begin_s, swing.period_s) - swing.period_s
    until_s = min(seconds, swing.end_s)
    steps = max(math.ceil((until_s - begin_s) / swing.period_s * 1.25), 0) + 2
    longer = 1.0 + swing.step_spread * np.clip(random.standard_normal(steps), -3.0, 3.0)
    shares = np.array([phase.duration_s for phase in swing.phases])
    lengths_s = (longer[:, None] * shares).ravel()
    at_s = begin_s + np.concatenate([[0.0], np.cumsum(lengths_s)[:-1]])
    rest = np.array([[p.power, p.ramp_s, p.spread_s] for p in swing.phases])
    rows = np.vstack([at_s, np.tile(rest, (steps, 1)).T])[:, at_s < until_s]
    if swing.end_s < seconds:
        rows = np.column_stack([rows, [swing.end_s, IDLE, swing.phases[0].ramp_s, 0.0]])
    return np.asarray(rows)


def _refuse(swing: Swing, number: int) -> None:
    """Raise InputError for what no job can do."""
    if not swing.phases:
        raise InputError(f"swings.{number}.phases: none, expected at least one")
    if not 0.0 <= swing.step_spread <= 0.1:
        raise InputError(f"swings.{number}.step_spread: {swing.step_spread:g}, expected 0..0.1")
    for place, phase in enumerate(swing.phases):
        key = f"swings.{number}.phases.{place}"
        if not 0.0 < phase.duration_s < math.inf:
            raise InputError(f"{key}.duration_s: {phase.duration_s:g}, expected above 0")
        if not 0.0 <= phase.power <= 1.0:
            raise InputError(f"{key}.power: {phase.power:g}, expected a share 0..1")
        for name, value in (("ramp_s", phase.ramp_s), ("spread_s", phase.spread_s)):
            if not 0.0 <= value <= phase.duration_s:
                raise InputError(f"{key}.{name}: {value:g}, expected 0 up to the phase's length")
