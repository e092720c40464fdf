"""What 65 J of capacitors a GPU do to the power wave of a training job.

A wave of 1400 W with 30 % of the time at 35 %: the high part exceeds the mean by 273 W for
0.7 of the period T, so holding the mean takes 191 J/s T: 65 J reach up to T = 0.34 s. Over a
longer high part they can lower the peak by 65 J over its length, whatever steers them.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from benchmarks import training_swing
from benchmarks.evidence import Evidence
from twin.physics.storage import SHELF_J_PER_GPU, smooth

HIGH_W, LOW_SHARE, LOW_TIME = 1400.0, 0.35, 0.3
LOW_W = LOW_SHARE * HIGH_W
MEAN_W = (1.0 - LOW_TIME) * HIGH_W + LOW_TIME * LOW_W
HELD_J_PER_S = (HIGH_W - MEAN_W) * (1.0 - LOW_TIME)
"""Energy that a flat draw takes from the bank, per second of period."""
STEPS = 40
"""A period; both edges of the wave fall on steps."""
SETTLE = 30
"""Periods before one is looked at; at least, and 16 time constants."""


class Wave(NamedTuple):
    """What the shelf draws over one settled period."""

    peak_w: float
    swing_w: float
    """Highest less lowest draw, each the mean of a 40th of the period."""


def rows() -> Iterator[Evidence]:
    """Yield the rows of this subject."""
    by_hand = "closed form: energy above the mean, 65 J over the length of the peak"
    lowest_hz = HELD_J_PER_S / SHELF_J_PER_GPU
    yield Evidence.at_most(
        "Lowest frequency at which 65 J can hold the mean", by_hand, lowest_hz, 3.0, "Hz"
    )
    below = drawn(0.9 * lowest_hz, MEAN_W, math.inf).swing_w
    worst_w = max(drawn(hz, MEAN_W, math.inf).swing_w for hz in (3.0, 4.0, 7.0, 20.0))
    yield Evidence.at_most(
        "Swing left of the wave at 3, 4, 7 and 20 Hz, level held at the mean",
        "flat, by the closed form",
        100.0 * worst_w / (HIGH_W - LOW_W),
        1e-9,
        "% of the wave",
        f"at {0.9 * lowest_hz:.2f} Hz, below the lowest: {100 * below / (HIGH_W - LOW_W):.0f} %",
    )
    slow_w = max(drawn(hz, LOW_W, 5.0).swing_w for hz in (3.0, 4.0, 7.0, 20.0))
    yield Evidence.at_most(
        "The same, level following the load with 5 s, started wrong and settled",
        "ripple of a first-order filter: swing of the bank over the time constant",
        slow_w,
        HELD_J_PER_S / 3.0 / 5.0 * 1.01,
        "W",
        f"without storage: {HIGH_W - LOW_W:.0f} W",
    )
    yield from slow_wave(by_hand)
    yield from training_swing.rows()


def slow_wave(by_hand: str) -> Iterator[Evidence]:
    """Yield what can be done about a period of 2 s."""
    best_w = HIGH_W - SHELF_J_PER_GPU / ((1.0 - LOW_TIME) * 2.0)
    ours_w = drawn(0.5, best_w, math.inf).peak_w
    yield Evidence.at_most(
        "Peak of a 2 s period at the best level: ours against the closed form",
        by_hand,
        abs(ours_w - best_w),
        1e-6,
        "W",
        f"peak {ours_w:.1f} W of {HIGH_W:.0f} W",
    )
    levels_w = np.linspace(LOW_W, HIGH_W, 92)
    peaks_w = [drawn(0.5, float(level_w), math.inf).peak_w for level_w in (*levels_w, best_w)]
    peaks_w += [drawn(0.5, LOW_W, tau_s).peak_w for tau_s in np.geomspace(0.01, 30.0, 30)]
    yield Evidence.at_most(
        "Peak of a 2 s period lowered at most, any level and any time constant",
        by_hand,
        100.0 * (1.0 - min(peaks_w) / HIGH_W),
        4.0,
        "%",
        f"level held at the mean: {100 * (1 - drawn(0.5, MEAN_W, math.inf).peak_w / HIGH_W):.1f} %",
    )


def drawn(frequency_hz: float, level_w: float, tau_s: float) -> Wave:
    """Return what a shelf draws of the wave from a full bank, once it has settled."""
    h_s = 1.0 / (frequency_hz * STEPS)
    energy_j = SHELF_J_PER_GPU
    peak_w, draws_w = -math.inf, []
    settle = SETTLE if math.isinf(tau_s) else max(SETTLE, int(16.0 * tau_s * frequency_hz))
    for k in range((settle + 1) * STEPS):
        high = k % STEPS < round((1.0 - LOW_TIME) * STEPS)
        now = smooth(HIGH_W if high else LOW_W, energy_j, level_w, SHELF_J_PER_GPU, tau_s, h_s)
        energy_j, level_w = now.energy_j, now.level_w
        if k >= settle * STEPS:
            peak_w = max(peak_w, now.peak_w)
            draws_w.append(now.draw_w)
    return Wave(peak_w, max(draws_w) - min(draws_w))
