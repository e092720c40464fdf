"""One GPU and its share of a capacitor bank: what is cut of bursts and of a training swing."""

from typing import NamedTuple

import numpy as np

from site_models.arrays import Floats
from twin.physics.law import compiled
from twin.physics.level_control import Bank, at_rest, level_control
from twin.physics.storage import SHELF_J_PER_GPU, smooth

HIGH_W, LOW_SHARE = 1400.0, 0.35
LOW_W = LOW_SHARE * HIGH_W
PERIOD_S, LOW_TIME = 2.0, 0.3
MEAN_W = HIGH_W * (1.0 - LOW_TIME) + LOW_W * LOW_TIME
SWING_J = (HIGH_W - MEAN_W) * (1.0 - LOW_TIME) * PERIOD_S
"""That a bank gives and takes in a period to hold the mean."""
LARGE_J = 400.0
STEP_S = 0.001
LEARNING, JUDGED = 40, 20
"""Periods before any is looked at, and those that are."""
BURSTS_S = (0.02, 0.05, 0.1, 0.15)
BURST_PERIOD_S = 1.0


class Cut(NamedTuple):
    """What a bank leaves of a wave, over the judged periods."""

    peak_w: float
    least_w: float
    mean_w: float

    @property
    def lowered(self) -> float:
        """Return how much lower the peak is, over the load's peak. 0..1"""
        return 1.0 - self.peak_w / HIGH_W


def wave(high_s: float, low_s: float, step_spread: float = 0.0, seed: int = 0) -> Floats:
    """Return board power at every step: high and low in turn, each period of its own length."""
    random = np.random.default_rng(seed)
    parts = []
    for _ in range(LEARNING + JUDGED):
        longer = 1.0 + step_spread * float(np.clip(random.standard_normal(), -3.0, 3.0))
        parts.append(np.full(round(high_s * longer / STEP_S), HIGH_W))
        parts.append(np.full(round(low_s * longer / STEP_S), LOW_W))
    return np.concatenate(parts)


def cut(load_w: Floats, capacity_j: float, follows_s: float = 0.0) -> Cut:
    """Return what the level control leaves; with `follows_s` the shelf that follows its load."""
    draw_w = np.empty_like(load_w)
    if follows_s > 0.0:
        _followed(load_w, capacity_j, follows_s, draw_w)
    else:
        controlled(Bank(capacity_j), load_w, STEP_S, draw_w)
    judged_w = draw_w[len(draw_w) * LEARNING // (LEARNING + JUDGED) :]
    return Cut(float(judged_w.max()), float(judged_w.min()), float(load_w.mean()))


@compiled
def controlled(bank: Bank, load_w: Floats, dt_s: float, draw_w: Floats) -> float:
    """Set the draw of a bank under `level_control`; return what it holds more at the end [J]."""
    first_w = load_w[0]
    half_j = 0.5 * bank.capacity_j
    levels = at_rest_of(bank, first_w)
    for i in range(load_w.size):
        levels, draw_w[i] = level_control(bank, levels, load_w[i], dt_s)
    held_j: float = levels.energy_j - half_j
    return held_j


at_rest_of = compiled(at_rest)


@compiled
def _followed(load_w: Floats, capacity_j: float, tau_s: float, draw_w: Floats) -> None:
    energy_j, level_w = 0.5 * capacity_j, load_w.mean()
    for i in range(load_w.size):
        now = smooth(load_w[i], energy_j, level_w, capacity_j, tau_s, STEP_S)
        energy_j, level_w, draw_w[i] = now.energy_j, now.level_w, now.draw_w


class Boards(NamedTuple):
    """All that is asked of one GPU's bank."""

    bursts: dict[float, Cut]
    """65 J, by the length of the burst [s]."""
    bursts_following: Cut
    """The longest burst with the shelf of old."""
    swing: Cut
    """65 J on the period of 2 s."""
    swing_following: Cut
    large: Cut
    """400 J on the period of 2 s."""
    large_kept: float
    """The same with steps that vary by 1 %: share of periods with a peak within 2 % of the
    mean, over all seeds."""


def boards(seeds: tuple[int, ...]) -> Boards:
    """Return what banks of 65 and of 400 J leave of the waves."""
    slow = wave((1.0 - LOW_TIME) * PERIOD_S, LOW_TIME * PERIOD_S)
    longest = wave(BURSTS_S[-1], BURST_PERIOD_S - BURSTS_S[-1])
    return Boards(
        {s: cut(wave(s, BURST_PERIOD_S - s), SHELF_J_PER_GPU) for s in BURSTS_S},
        cut(longest, SHELF_J_PER_GPU, 5.0),
        cut(slow, SHELF_J_PER_GPU),
        cut(slow, SHELF_J_PER_GPU, 5.0),
        cut(slow, LARGE_J),
        float(np.mean([_kept(seed) for seed in seeds])),
    )


def _kept(seed: int) -> float:
    """Return the share of judged periods that 400 J hold within 2 % of the mean."""
    load_w = wave((1.0 - LOW_TIME) * PERIOD_S, LOW_TIME * PERIOD_S, 0.01, seed)
    draw_w = np.empty_like(load_w)
    controlled(Bank(LARGE_J), load_w, STEP_S, draw_w)
    starts = np.flatnonzero(load_w[1:] > load_w[:-1]) + 1
    peaks_w = np.maximum.reduceat(draw_w, starts)[LEARNING:-1]
    return float((peaks_w <= 1.02 * MEAN_W).mean())
