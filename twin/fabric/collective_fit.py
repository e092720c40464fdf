"""Fitting of the collective laws: the shared constants, and three factors for one site.

The shared constants are fitted on rows of many sources at once. A site's own tables then
scale the three terms of the law: start and path, transfer, pipeline fill. With one table of
one algorithm this is the fit `t = a + S/B + c sqrt(S)`; since the terms come from the law, the
factors found on few nodes carry over to more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.optimize import least_squares, nnls

from site_models.arrays import Flags, Floats
from twin.fabric.collective import predict, shipped_constants
from twin.physics.collective import SIMPLE, Constants, Span

START = Constants(
    0.77, 0.80, 0.61, 0.53, 0.87, 15e-6, 2e-6, 4e-6, 20e-6, 20e-6, 0.3e-6, 2e-6, 1.5, 0.4,
    1.9 / 3.4, 4.0 / 14.0, 0.6 / 3.4, 2.7 / 14.0,
)  # fmt: skip
"""Where a fit begins; the last four are NCCL's published latencies and stay."""

FITTED = 14
"""The first constants are fitted."""

_SMALL_ERROR = 0.03
"""Relative error from which a row's pull no longer grows: a median is what is judged."""
_HOLD = 0.02
"""Weight of the start values, for constants that no row informs."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Measured rows: arrays of one entry a row, and names to group them by."""

    op: tuple[str, ...]
    algorithm: tuple[str, ...]
    """Names of `twin.fabric.collective.ALGORITHMS`; empty: the library chose."""
    source: tuple[str, ...]
    size_bytes: Floats
    time_s: Floats
    span: Span

    def __len__(self) -> int:
        return len(self.op)

    def rows(self, keep: Flags) -> "Table":
        """Return some of the rows."""
        where = np.flatnonzero(keep)
        return Table(
            tuple(self.op[i] for i in where),
            tuple(self.algorithm[i] for i in where),
            tuple(self.source[i] for i in where),
            self.size_bytes[where],
            self.time_s[where],
            taken(self.span, keep),
        )


class Factors(NamedTuple):
    """What a site multiplies the law's three terms with."""

    path: float
    transfer: float
    fill: float


def taken(span: Span, keep: Flags) -> Span:
    """Return some of a span's entries."""
    return Span._make(column[keep] for column in span)


def times(table: Table, c: Constants | None = None) -> Floats:
    """Return the predicted time of every row [s]."""
    out = np.full(len(table), np.nan)
    for (op, algorithm), keep in _kinds(table):
        only = (algorithm,) if algorithm else ()
        part = predict(op, table.size_bytes[keep], taken(table.span, keep), c, only)
        out[keep] = part.time_s
    return out


def fit(table: Table, weights: Floats) -> Constants:
    """Return the constants that fit rows best, by the weighted smooth absolute error.

    Rows of weight 0 have no say. The error is that of the logarithm of the time; beyond some
    percent it counts linearly, so that single odd rows do not bend the rest.
    """
    used = table.rows(weights > 0.0)
    pull = np.sqrt(weights[weights > 0.0])
    measured = np.log(used.time_s)
    start = np.log(np.array(START[:FITTED]))

    def errors(x: Floats) -> Floats:
        error = np.log(times(used, _constants(x))) - measured
        ratio = error / _SMALL_ERROR
        smooth = _SMALL_ERROR * np.sqrt(2.0 * (np.sqrt(1.0 + ratio**2) - 1.0))
        return np.concatenate([np.sign(error) * smooth * pull, _HOLD * (x - start)])

    found = least_squares(errors, start, x_scale=0.1, max_nfev=60)
    return _constants(found.x)


def calibrate(table: Table, c: Constants | None = None, at_bytes: float | None = None) -> Factors:
    """Return the factors of a site's own rows; at least three rows of one operation.

    The algorithm is the one that the law chooses for the largest buffer, run with the plain
    protocol: the factors then stand for smooth curves. The relative error is made small in
    the mean of absolute values. `at_bytes` is as in `three_terms`.
    """
    terms = three_terms(table, c, at_bytes) / table.time_s[:, None]
    scale = np.maximum(terms.max(axis=0), 1e-30)
    terms = terms / scale
    pull = np.ones(len(table))
    for _ in range(60):
        root = np.sqrt(pull)
        found, _ = nnls(terms * root[:, None], root)
        pull = 1.0 / np.maximum(np.abs(terms @ found - 1.0), 0.01)
    return Factors(*(float(value) for value in found / scale))


def calibrated(table: Table, factors: Factors, c: Constants | None = None) -> Floats:
    """Return the times of rows with a site's factors [s]."""
    result: Floats = three_terms(table, c) @ np.array(factors)
    return result


def three_terms(table: Table, c: Constants | None = None, at_bytes: float | None = None) -> Floats:
    """Return start and path, transfer, fill of every row. Shape (rows, 3) [s].

    The algorithm is chosen for a buffer of `at_bytes`; that of the largest row if not given.
    """
    c = c or shipped_constants()
    out = np.full((len(table), 3), np.nan)
    largest = float(table.size_bytes.max()) if at_bytes is None else at_bytes
    for (op, algorithm), keep in _kinds(table):
        span = taken(table.span, keep)
        size = np.full(int(keep.sum()), largest)
        only = (algorithm,) if algorithm else ()
        chosen = predict(op, size, span, c, only, (SIMPLE,))
        transfer_s = chosen.transfer_s * table.size_bytes[keep] / largest
        out[keep, 0], out[keep, 1] = chosen.path_s, transfer_s
        out[keep, 2] = 2.0 * c.fill * np.sqrt(chosen.path_s * transfer_s)
    return out


def _constants(x: Floats) -> Constants:
    return Constants(*(float(v) for v in np.exp(x)), *START[FITTED:])


def _kinds(table: Table) -> list[tuple[tuple[str, str], Flags]]:
    """Return the pairs of operation and algorithm with the rows of each."""
    pairs: Sequence[tuple[str, str]] = list(zip(table.op, table.algorithm, strict=True))
    return [
        (kind, np.array([pair == kind for pair in pairs], dtype=np.bool_))
        for kind in dict.fromkeys(pairs)
    ]
