"""Predicted time of a collective operation: the fastest algorithm and protocol that can run it.

The laws are in `twin/physics/collective.py`; the constants in the catalog, kind `collective`.
Operations carry the names of nccl-tests, and so do the two bandwidths: `algbw` is the buffer
over the time, `busbw` that times the factor which makes operations comparable.
"""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from site_models.arrays import Floats, Ints
from site_models.catalog import open_catalog
from site_models.errors import InputError
from site_models.kinds.collective import Collective
from twin.physics.collective import (
    Constants,
    Span,
    Terms,
    direct,
    in_network,
    nvls,
    pairwise,
    ring,
    total_s,
    tree,
)

OPERATIONS = (
    "all_reduce", "all_gather", "reduce_scatter", "alltoall", "broadcast", "sendrecv",
)  # fmt: skip
"""Names of nccl-tests."""

PROTOCOLS = ("Simple", "LL128", "LL")
ALGORITHMS = ("ring", "tree", "nvls", "in_network", "pairwise", "direct")
_OF: dict[str, tuple[str, ...]] = {
    "all_reduce": ("ring", "tree", "nvls", "in_network"),
    "all_gather": ("ring",),
    "reduce_scatter": ("ring",),
    "broadcast": ("ring",),
    "alltoall": ("pairwise",),
    "sendrecv": ("direct",),
}
_WITH_PROTOCOLS = ("ring", "tree")


class Choice(NamedTuple):
    """One way to run operations, with its terms; arrays, one entry an operation."""

    algorithm: str
    protocol: int
    terms: Terms


class Predicted(NamedTuple):
    """Times of operations and how each would run."""

    time_s: Floats
    algorithm: tuple[str, ...]
    protocol: tuple[str, ...]
    path_s: Floats
    """Start and path: the time of an empty buffer."""
    transfer_s: Floats


@cache
def shipped_constants() -> Constants:
    """Return the constants of the catalog."""
    model = open_catalog().get(Collective, "nccl")
    return Constants(*(float(getattr(model, name)) for name in Constants._fields))


def bus_factor(op: str, gpus: Floats) -> Floats:
    """Return busbw over algbw, as nccl-tests defines it [-]."""
    if op == "all_reduce":
        return 2.0 * (gpus - 1.0) / gpus
    if op in ("all_gather", "reduce_scatter", "alltoall"):
        return (gpus - 1.0) / gpus
    return np.ones_like(gpus)


def choices(
    op: str,
    size_bytes: Floats,
    span: Span,
    c: Constants,
    only: Sequence[str] = (),
    protocols: Sequence[int] = (0, 1, 2),
) -> list[Choice]:
    """Return every way to run operations of one kind, by algorithm and protocol."""
    found = []
    for algorithm in _OF[op]:
        if only and algorithm not in only:
            continue
        for protocol in protocols if algorithm in _WITH_PROTOCOLS else (0,):
            terms = _terms(op, algorithm, size_bytes, span, c, protocol)
            found.append(Choice(algorithm, protocol, terms))
    return found


def predict(
    op: str,
    size_bytes: Floats,
    span: Span,
    c: Constants | None = None,
    only: Sequence[str] = (),
    protocols: Sequence[int] = (0, 1, 2),
) -> Predicted:
    """Return the times of operations of one kind, each run in its fastest way.

    Parameters
    ----------
    op
        One of `OPERATIONS`.
    size_bytes
        Buffers as nccl-tests counts them, the total of a rank. Shape (k,)
    span
        The GPUs, arrays of shape (k,).
    c
        Constants; none: those of the catalog.
    only, protocols
        Algorithms and protocols to choose from; empty: all that the operation has.

    Raises InputError for an unknown operation, a size that is not above zero, fewer than two
    GPUs. Checked in `tests/twin/fabric/test_collective.py` and against measured tables in
    `benchmarks/validation/collectives.py`.
    """
    check(op, size_bytes, span)
    c = c or shipped_constants()
    known = choices(op, size_bytes, span, c, only, protocols)
    if not known:
        raise InputError(f"{op}: no algorithm {', '.join(only)}, expected one of: {_OF[op]}")
    times = np.array([total_s(choice.terms, c.start_s, c.fill) for choice in known])
    best: Ints = np.argmin(times, axis=0)
    row = np.arange(len(best))
    return Predicted(
        times[best, row],
        tuple(_shown(known[k].algorithm, d) for k, d in zip(best, span.domains, strict=True)),
        tuple(PROTOCOLS[known[k].protocol] for k in best),
        c.start_s + np.array([choice.terms.path_s for choice in known])[best, row],
        np.array([choice.terms.transfer_s for choice in known])[best, row],
    )


def check(op: str, size_bytes: Floats, span: Span) -> None:
    """Refuse an operation that is none; InputError saying what was expected."""
    if op not in OPERATIONS:
        raise InputError(f"op: unknown operation {op!r}, expected one of: {', '.join(OPERATIONS)}")
    if not np.all((size_bytes > 0.0) & np.isfinite(size_bytes)):
        wrong = size_bytes[~((size_bytes > 0.0) & np.isfinite(size_bytes))][0]
        raise InputError(f"bytes: {wrong:g}, expected a number above 0")
    if not np.all(span.gpus >= 2.0):
        raise InputError(f"gpus: {np.min(span.gpus):g}, expected 2 or more for {op}")
    if not np.all((span.domains <= 1.0) | (span.network_bytes_per_s > 0.0)):
        raise InputError("gpus: in no common fabric, expected GPUs of one domain or one network")


def _shown(algorithm: str, domains: float) -> str:
    return "nvls_tree" if algorithm == "nvls" and domains > 1.0 else algorithm


def _terms(
    op: str, algorithm: str, size_bytes: Floats, span: Span, c: Constants, protocol: int
) -> Terms:
    if algorithm == "ring":
        passes = np.full_like(size_bytes, 2.0 if op == "all_reduce" else 1.0)
        return ring(passes, size_bytes, span, c, protocol)
    if algorithm == "tree":
        return tree(size_bytes, span, c, protocol)
    laws = {"nvls": nvls, "in_network": in_network, "pairwise": pairwise, "direct": direct}
    return laws[algorithm](size_bytes, span, c)
