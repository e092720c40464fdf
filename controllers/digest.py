"""A chain of hashes over a run: equal digests mean equal frames, beliefs and decisions."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from controllers.policy import Decision
from site_models.arrays import Floats
from telemetry.frame import Frame
from twin.state import State

FIRST = "0" * 64
"""The digest of a run that has not begun."""


def chained(digest: str, frame: Frame, state: State, decision: Decision, caps_w: Floats) -> str:
    """Return the digest after one more tick (sha256, hexadecimal).

    Depends on everything before through `digest`, so a run that is interrupted and resumed
    ends in the digest of the uninterrupted one. All NaN count as one.
    """
    link = hashlib.sha256(bytes.fromhex(digest))
    link.update(np.float64(frame.time_s).tobytes())
    _add_readings(link, frame.values)
    _add_readings(link, frame.age_s)
    for part in _numbers(state):
        link.update(part)
    link.update(_bytes(decision.gpu_cap_w))
    link.update(decision.reason.encode())
    link.update(_bytes(caps_w))
    return link.hexdigest()


def _add_readings(link: Any, readings: Mapping[str, Floats]) -> None:
    for name in sorted(readings):
        link.update(name.encode())
        link.update(_bytes(readings[name]))


def _numbers(state: tuple[Any, ...]) -> Iterator[bytes]:
    for item in state:
        if isinstance(item, tuple):
            yield from _numbers(item)
        else:
            yield _bytes(np.asarray(item, dtype=np.float64))


def _bytes(values: Floats) -> bytes:
    """Return little-endian bytes in which every NaN is the same."""
    return np.where(np.isnan(values), np.nan, values).astype("<f8").tobytes()
