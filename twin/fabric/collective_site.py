"""The collective law of one site: its three terms, scaled to what nccl-tests measured there.

A calibrated operation runs by the algorithm that the law chooses for a large buffer, with the
plain protocol; its factors stand for smooth curves and carry over to other sets of GPUs.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from site_models.arrays import Floats, Ints
from site_models.errors import InputError
from site_models.plant import Plant
from twin.fabric.collective import OPERATIONS, predict
from twin.fabric.collective_fit import Factors, Table, calibrate, taken, three_terms
from twin.fabric.span import span_of
from twin.physics.collective import Span

REACHES = ("nvlink", "network")
"""Within one NVLink domain, and across domains: other algorithms, other factors."""
CALIBRATED = tuple(f"{op}/{reach}" for op in OPERATIONS for reach in REACHES)
"""What has factors of its own, such as `all_reduce/network`."""
LEAST_ROWS = 4
"""Sizes of one operation that a calibration needs, over all sets of GPUs."""


class Timed(NamedTuple):
    """Measured times of one operation on equal nodes."""

    op: str
    nodes: int
    gpus_per_node: int
    size_bytes: Floats
    time_s: Floats


@dataclass(frozen=True, slots=True)
class Calibration:
    """Factors of one operation with their standard errors, and what is left."""

    factors: Factors
    std: Factors
    relative_rmse: float


def calibration(plant: Plant, measured: Iterable[Timed]) -> Mapping[str, Calibration]:
    """Return the factors of every operation and reach with enough measured sizes.

    Each set stands on the first nodes of the plant that have its GPUs. Raises InputError for
    a set that the plant has not, and where no operation has enough sizes. Checked: gives back
    factors that times were made with, ``tests/twin/fabric/test_collective_site.py``, and on the
    logs of a cluster, fitted on some node counts and scored on others.
    """
    found: dict[str, list[Table]] = {}
    for one in measured:
        table = _table(plant, one)
        found.setdefault(f"{one.op}/{_reach(table.span)}", []).append(table)
    tables = {name: _joined(found[name]) for name in CALIBRATED if name in found}
    enough = {name: table for name, table in tables.items() if len(table) >= LEAST_ROWS}
    if not enough:
        raise InputError(f"expected collective_s of {LEAST_ROWS} sizes of one operation or more")
    return {name: _fitted(table) for name, table in enough.items()}


def with_factors(plant: Plant, factors: Mapping[str, Mapping[str, float]]) -> Plant:
    """Return the plant whose operations follow factors: a factor's name -> CALIBRATED -> value.

    Raises InputError for one that has not all three.
    """
    rows = plant.fabric.collective_factors.copy()
    for who in sorted({who for values in factors.values() for who in values}):
        missing = [name for name in Factors._fields if who not in factors.get(name, {})]
        if missing:
            raise InputError(f"overlay: {who}: expected collective_{missing[0]} beside the others")
        rows[CALIBRATED.index(who)] = [factors[name][who] for name in Factors._fields]
    rows.setflags(write=False)
    return replace(plant, fabric=plant.fabric._replace(collective_factors=rows))


def site_times(plant: Plant, op: str, size_bytes: Floats, span: Span) -> Floats:
    """Return the times of one operation on a plant [s], calibrated where the plant is.

    Shape of `size_bytes`. Raises InputError as `twin.fabric.collective.predict` does.
    """
    time_s = predict(op, size_bytes, span).time_s.copy()
    for reach, here in zip(REACHES, (span.domains <= 1.0, span.domains > 1.0), strict=True):
        factors = plant.fabric.collective_factors[CALIBRATED.index(f"{op}/{reach}")]
        if here.any() and not np.isnan(factors).any():
            table = _rows(op, size_bytes[here], time_s[here], taken(span, here))
            time_s[here] = three_terms(table, at_bytes=CHOSEN_AT_BYTES) @ factors
    return time_s


CHOSEN_AT_BYTES = 2.0**30
"""The buffer for which the algorithm of a calibrated operation is chosen."""


def _fitted(table: Table) -> Calibration:
    factors = calibrate(table, at_bytes=CHOSEN_AT_BYTES)
    terms = three_terms(table, at_bytes=CHOSEN_AT_BYTES) / table.time_s[:, None]
    off = terms @ np.array(factors) - 1.0
    variance = float(off @ off) / max(len(off) - len(factors), 1)
    # a term that nothing tells of has no finite error; the others keep theirs
    spread = np.linalg.pinv(terms.T @ terms) * variance
    std = Factors(*(float(one) for one in np.sqrt(np.maximum(np.diag(spread), 0.0))))
    return Calibration(factors, std, float(np.sqrt(np.mean(off * off))))


def _table(plant: Plant, one: Timed) -> Table:
    span = span_of(plant, _places(plant, one), one.op)
    spans = Span._make(np.repeat(column, len(one.size_bytes)) for column in span)
    return _rows(one.op, one.size_bytes, one.time_s, spans)


def _reach(span: Span) -> str:
    return REACHES[int(span.domains[0] > 1.0)]


def _joined(tables: list[Table]) -> Table:
    """Return the rows of tables of one operation as one."""
    span = Span._make(
        np.concatenate(columns) for columns in zip(*(table.span for table in tables), strict=True)
    )
    size, time_s = (
        np.concatenate([getattr(table, name) for table in tables])
        for name in ("size_bytes", "time_s")
    )
    return _rows(tables[0].op[0], size, time_s, span)


def _rows(op: str, size_bytes: Floats, time_s: Floats, span: Span) -> Table:
    """Return rows of one operation whose algorithm the library chose."""
    none = ("",) * len(size_bytes)
    return Table((op,) * len(size_bytes), none, none, size_bytes, time_s, span)


def _places(plant: Plant, one: Timed) -> Ints:
    nodes = plant.arrays.nodes
    enough = np.flatnonzero(nodes.gpu_count >= one.gpus_per_node)
    if one.gpus_per_node < 1 or one.nodes < 1 or len(enough) < one.nodes:
        raise InputError(
            f"{one.op}/{one.nodes}x{one.gpus_per_node}: {plant.site} has {len(enough)} nodes with"
            f" {one.gpus_per_node} GPUs, expected {one.nodes}"
        )
    first = nodes.first_gpu[enough[: one.nodes]]
    return (first[:, None] + np.arange(one.gpus_per_node)[None, :]).ravel().astype(np.int64)
