"""Memory bandwidth of this machine, the yardstick beside which speeds are printed."""

import numpy as np

from benchmarks.row import best_s

CELLS = 20_000_000


def triad_bytes_per_s() -> float:
    """Return what a = b + c * d moves a second, far beyond the caches."""
    a, b, c = np.zeros(CELLS), np.ones(CELLS), np.ones(CELLS)

    def triad() -> None:
        np.multiply(c, 3.0, out=a)
        np.add(a, b, out=a)

    return 5.0 * 8.0 * CELLS / best_s(triad)
