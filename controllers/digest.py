"""A chain of hashes over a run: equal digests mean equal frames, beliefs and decisions."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from controllers.actuators.order import Order
from controllers.policy import Decision
from site_models.arrays import Floats
from telemetry.frame import Frame
from twin.state import State

FIRST = "0" * 64
"""The digest of a run that has not begun."""
SMALL = 4096


def chained(digest: str, frame: Frame, state: State, decision: Decision, order: Order) -> str:
    """Return the digest after one more tick (sha256, hexadecimal).

    Depends on everything before through `digest`, so a run that is interrupted and resumed
    ends in the digest of the uninterrupted one. All NaN count as one.
    """
    numbers: list[Floats] = [np.array([frame.time_s])]
    link = hashlib.sha256(bytes.fromhex(digest))
    for readings in (frame.values, frame.age_s):
        names = sorted(readings)
        link.update("".join(f"{name} {len(readings[name])} " for name in names).encode())
        numbers += [readings[name] for name in names]
    numbers += _numbers(state)
    for asked in (decision, order):
        numbers.append(asked.gpu_cap_w)
        numbers += [] if asked.gpu_clock_share is None else [asked.gpu_clock_share]
        numbers += asked.facility or ()
        link.update("\n".join(sorted(asked.paused)).encode())
        link.update("\n".join(sorted(asked.racks_off)).encode())
        link.update("\n".join(map(str, sorted(asked.moves))).encode())
    link.update(decision.reason.encode())
    for values in _in_runs(numbers):
        link.update(_bytes(values))
    return link.hexdigest()


def _in_runs(numbers: Iterable[Floats]) -> Iterator[Floats]:
    """Yield the same numbers in fewer arrays: small ones together, large ones as they are.

    A small array costs more to look at than to copy, a large one the other way round.
    """
    run: list[Floats] = []
    for values in numbers:
        if values.size <= SMALL:
            run.append(values)
            continue
        if run:
            yield np.concatenate(run)
            run = []
        yield values
    if run:
        yield np.concatenate(run)


def _numbers(state: tuple[Any, ...]) -> Iterator[Floats]:
    """Yield the numbers of nested tuples as flat arrays, in order.

    Flags and codes keep their type: `_bytes` turns all into float64, the same for each.
    """
    for item in state:
        if isinstance(item, np.ndarray):
            yield item if item.ndim == 1 else item.ravel()
        elif isinstance(item, tuple):
            yield from _numbers(item)
        else:
            yield np.array([item], dtype=np.float64)


def _bytes(values: Floats) -> memoryview:
    """Return little-endian bytes in which every NaN is the same; a view where none has to be
    changed, since a site's numbers are millions."""
    plain = np.ascontiguousarray(values, dtype="<f8")
    missing = np.isnan(plain)
    if missing.any():
        plain = np.where(missing, np.nan, plain)
    return plain.data
